"""Check that a teardown deleted everything."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from warehouse.cluster.cluster import Cluster, parts_of
from warehouse.cluster.settings import ClusterNames
from warehouse.operators.cluster_base import ClusterOperator


class CheckNothingLeftOperator(ClusterOperator):
    """Fail if any part still exists. Log the snapshots, which are kept on purpose and cost money."""

    def execute(self, context: Any) -> list[str]:
        """Return the names of the snapshots that were kept."""
        with self.fail_without_retry():
            names = ClusterNames.parse(self.settings)
            left = [part.describe() for part in parts_of(self.account, names).values() if part.find_own()]
        if left:
            raise AirflowFailException(f"not deleted: {', '.join(left)}; run the teardown again")
        kept = Cluster(self.account, names).snapshots()
        self.log.info("everything is deleted; remaining snapshots: %s", ", ".join(kept) or "none")
        return kept
