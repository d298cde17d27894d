"""Check the confirmation and show what a teardown will delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from warehouse.cluster.cluster import parts_of
from warehouse.cluster.settings import ClusterNames
from warehouse.operators.cluster_base import ClusterOperator


class PlanTeardownOperator(ClusterOperator):
    """Log what will be deleted. Fail if the confirmation is not the cluster's identifier or a part is not ours.

    :param confirmation: must equal the cluster's identifier.
    :param dry_run: `true` logs the plan and skips all later tasks.
    :param final_snapshot: the name of the snapshot that will be taken; empty means no snapshot.
    """

    template_fields: Sequence[str] = (*ClusterOperator.template_fields, "confirmation", "dry_run", "final_snapshot")

    def __init__(self, *, confirmation: str, dry_run: str, final_snapshot: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.confirmation = confirmation
        self.dry_run = dry_run
        self.final_snapshot = final_snapshot

    def execute(self, context: Any) -> list[str]:
        """Return descriptions of the parts that will be deleted, in order."""
        with self.fail_without_retry():
            names = ClusterNames.parse(self.settings)
            if self.confirmation != names.identifier:
                raise AirflowFailException(
                    f"nothing was deleted: confirmation is {self.confirmation!r}, expected the cluster's identifier "
                    f"{names.identifier!r}"
                )
            found = [part.describe() for part in reversed(parts_of(self.account, names).values()) if part.find_own()]
        snapshot = f"snapshot {self.final_snapshot!r} is taken first" if self.final_snapshot else "no snapshot is taken"
        self.log.info("will be deleted: %s; %s", ", ".join(found) or "nothing", snapshot)
        if self.dry_run.lower() == "true":
            raise AirflowSkipException("dry run: nothing was deleted")
        return found
