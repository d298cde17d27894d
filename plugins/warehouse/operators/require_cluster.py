"""Continue only if the cluster is ours and in the required state."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from warehouse.cluster.account import AccountError
from warehouse.cluster.cluster import Cluster
from warehouse.cluster.settings import ClusterNames
from warehouse.operators.cluster_base import ClusterOperator


class RequireClusterOperator(ClusterOperator):
    """Fail unless the cluster exists, is ours and has one status; skip the later tasks if it already has the final one.

    :param status: the status that the cluster must have.
    :param done: the status in which there is nothing left to do.
    """

    def __init__(self, *, status: str, done: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.status = status
        self.done = done

    def execute(self, context: Any) -> None:
        """Return nothing; raise AirflowSkipException in the status `done`, AirflowFailException in any other."""
        with self.fail_without_retry():
            cluster = Cluster(self.account, ClusterNames.parse(self.settings))
            existing = cluster.find_own()
            if existing is None:
                raise AccountError(f"{cluster.describe()} does not exist: create it, then run again")
            status = existing.attributes["status"]
            if status == self.done:
                raise AirflowSkipException(f"{cluster.describe()} is already {status}")
            if status != self.status:
                raise AccountError(
                    f"{cluster.describe()} is {status!r}, expected {self.status!r}: wait, then run again"
                )
