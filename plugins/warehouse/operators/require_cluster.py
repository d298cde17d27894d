"""Go on only with a cluster that is ours and in the right state."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from warehouse.cluster.account import AccountError
from warehouse.cluster.cluster import Cluster
from warehouse.cluster.settings import ClusterNames
from warehouse.operators.cluster_base import ClusterOperator


class RequireClusterOperator(ClusterOperator):
    """Fail unless the cluster exists, is ours and has a status; skip what follows if it has got where it should go.

    :param status: the status it must have.
    :param done: the status in which there is nothing left to do.
    """

    def __init__(self, *, status: str, done: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.status = status
        self.done = done

    def execute(self, context: Any) -> None:
        """Look."""
        with self.told():
            cluster = Cluster(self.account, ClusterNames.parse(self.settings))
            found = cluster.own()
            if found is None:
                raise AccountError(f"{cluster.describe()} does not exist")
            status = found.facts["status"]
            if status == self.done:
                raise AirflowSkipException(f"{cluster.describe()} is {status} already")
            if status != self.status:
                raise AccountError(
                    f"{cluster.describe()} is {status!r}, expected {self.status!r}: wait, then run again"
                )
