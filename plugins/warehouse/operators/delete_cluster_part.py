"""Delete one part of a cluster, if it is there and ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from warehouse.cluster.cluster import Cluster, kind_of
from warehouse.cluster.settings import ClusterNames
from warehouse.operators.cluster_base import ClusterOperator


class DeleteClusterPartOperator(ClusterOperator):
    """Delete what carries our tag; what is not there is done, what is someone else's fails the task.

    :param part: `role`, `subnet_group`, `security_group` or `cluster`.
    :param final_snapshot: the name of the snapshot that is taken of a cluster before it goes; nothing for none.
    """

    template_fields: Sequence[str] = (*ClusterOperator.template_fields, "final_snapshot")

    def __init__(self, *, part: str, final_snapshot: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        kind = kind_of(part)
        if final_snapshot and kind is not Cluster:
            raise ValueError(f"a snapshot is of the cluster, not of its {part}")
        self.part = part
        self.final_snapshot = final_snapshot

    def execute(self, context: Any) -> str:
        """What was done, in words."""
        with self.told():
            part = kind_of(self.part)(self.account, ClusterNames.parse(self.settings))
            if isinstance(part, Cluster):
                part.final_snapshot = self.final_snapshot or None
            outcome = part.remove()
        self.log.info("%s: %s", part.describe(), outcome)
        return outcome
