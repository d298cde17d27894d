"""Create one part of a cluster if it does not exist."""

from __future__ import annotations

from typing import Any

from warehouse.cluster.cluster import part_class
from warehouse.cluster.settings import ClusterSettings
from warehouse.operators.cluster_base import ClusterOperator


class CreateClusterPartOperator(ClusterOperator):
    """Create a part if it is missing, complete it if an earlier run died half way, and leave it if it is up to date.

    If the part exists but differs from the settings or is not ours, the task fails and changes nothing.

    :param part: `role`, `subnet_group`, `security_group` or `cluster`.
    """

    def __init__(self, *, part: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        part_class(part)
        self.part = part

    def execute(self, context: Any) -> str:
        """Return `created`, `completed`, `up to date` or `not needed`."""
        with self.fail_without_retry():
            part = part_class(self.part)(self.account, ClusterSettings.parse(self.settings))
            outcome = part.ensure_created()
        self.log.info("%s: %s", part.describe(), outcome)
        return outcome
