"""Create one part of a cluster, unless it is there."""

from __future__ import annotations

from typing import Any

from warehouse.cluster.cluster import kind_of
from warehouse.cluster.settings import ClusterSettings
from warehouse.operators.cluster_base import ClusterOperator


class CreateClusterPartOperator(ClusterOperator):
    """Leave what exists as it should be, complete what a run that died left unfinished, create what is missing.

    What exists and differs, or is not ours, fails the task and is left alone.

    :param part: `role`, `subnet_group`, `security_group` or `cluster`.
    """

    def __init__(self, *, part: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        kind_of(part)
        self.part = part

    def execute(self, context: Any) -> str:
        """What was done, in words."""
        with self.told():
            part = kind_of(self.part)(self.account, ClusterSettings.parse(self.settings))
            outcome = part.provide()
        self.log.info("%s: %s", part.describe(), outcome)
        return outcome
