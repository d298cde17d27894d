"""Continue only if a DAG has no active runs."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

# A queued run starts within seconds unless its DAG is paused, so it counts as active.
ACTIVE_STATES = ["running", "queued"]


class RequireIdleOperator(BaseOperator):
    """Fail while another DAG has active runs.

    :param dag_id: the DAG whose runs must have finished.
    """

    def __init__(self, *, dag_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.other_dag_id = dag_id

    def execute(self, context: Any) -> None:
        """Return nothing; raise AirflowFailException with the number of active runs if there are any."""
        active = context["ti"].get_dr_count(dag_id=self.other_dag_id, states=ACTIVE_STATES)
        if active:
            raise AirflowFailException(
                f"{self.other_dag_id} has active runs ({active}): wait until they finish, or mark them as failed"
            )
