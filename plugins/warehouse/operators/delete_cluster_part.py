"""Delete one part of a cluster if it exists and is ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from warehouse.cluster.cluster import Cluster, part_class
from warehouse.cluster.settings import ClusterNames
from warehouse.operators.cluster_base import ClusterOperator


class DeleteClusterPartOperator(ClusterOperator):
    """Delete a part that has our tag. Succeed if it does not exist; fail if it exists without the tag.

    :param part: `role`, `subnet_group`, `security_group` or `cluster`.
    :param final_snapshot: the name of the snapshot to take before deleting a cluster; empty takes no snapshot.
    """

    template_fields: Sequence[str] = (*ClusterOperator.template_fields, "final_snapshot")

    def __init__(self, *, part: str, final_snapshot: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        kind = part_class(part)
        if final_snapshot and kind is not Cluster:
            raise ValueError(f"final_snapshot is only valid for the part 'cluster', not for {part!r}")
        self.part = part
        self.final_snapshot = final_snapshot

    def execute(self, context: Any) -> str:
        """Return `deleted` or `does not exist`."""
        with self.fail_without_retry():
            part = part_class(self.part)(self.account, ClusterNames.parse(self.settings))
            if isinstance(part, Cluster):
                part.final_snapshot = self.final_snapshot or None
            outcome = part.ensure_deleted()
        self.log.info("%s: %s", part.describe(), outcome)
        return outcome
