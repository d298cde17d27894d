"""Before anything is deleted: whether it was confirmed, and what would go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from warehouse.cluster.cluster import parts_of
from warehouse.cluster.settings import ClusterNames
from warehouse.operators.cluster_base import ClusterOperator


class PlanTeardownOperator(ClusterOperator):
    """Show what will be deleted; fail unless the cluster's name was typed, or if any part is someone else's.

    :param confirmation: must be the cluster's identifier.
    :param dry_run: `true` shows the plan and skips the rest.
    :param final_snapshot: the name of the snapshot that will be taken; nothing for none.
    """

    template_fields: Sequence[str] = (*ClusterOperator.template_fields, "confirmation", "dry_run", "final_snapshot")

    def __init__(self, *, confirmation: str, dry_run: str, final_snapshot: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.confirmation = confirmation
        self.dry_run = dry_run
        self.final_snapshot = final_snapshot

    def execute(self, context: Any) -> list[str]:
        """What will be deleted, in order."""
        with self.told():
            names = ClusterNames.parse(self.settings)
            if self.confirmation != names.identifier:
                raise AirflowFailException(
                    f"nothing was deleted: the cluster is {names.identifier!r}, the confirmation says "
                    f"{self.confirmation!r}"
                )
            found = [part.describe() for part in reversed(parts_of(self.account, names).values()) if part.own()]
        snapshot = f"snapshot {self.final_snapshot!r} is taken first" if self.final_snapshot else "no snapshot is taken"
        self.log.info("to be deleted: %s; %s", ", ".join(found) or "nothing", snapshot)
        if self.dry_run.lower() == "true":
            raise AirflowSkipException("a dry run: nothing was deleted")
        return found
