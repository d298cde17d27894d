"""After a teardown: what is left."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from warehouse.cluster.cluster import Cluster, parts_of
from warehouse.cluster.settings import ClusterNames
from warehouse.operators.cluster_base import ClusterOperator


class CheckNothingLeftOperator(ClusterOperator):
    """Fail if any part is still there; list the snapshots, which stay on purpose and cost money."""

    def execute(self, context: Any) -> list[str]:
        """The snapshots that were kept."""
        with self.told():
            names = ClusterNames.parse(self.settings)
            left = [part.describe() for part in parts_of(self.account, names).values() if part.own()]
        if left:
            raise AirflowFailException(f"still there: {', '.join(left)}; run the teardown again")
        kept = Cluster(self.account, names).snapshots()
        self.log.info("nothing is left but the snapshots: %s", ", ".join(kept) or "none")
        return kept
