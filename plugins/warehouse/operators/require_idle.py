"""Go on only while a DAG is not running."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

# A queued run starts within seconds, unless its DAG is switched off.
ACTIVE = ["running", "queued"]


class RequireIdleOperator(BaseOperator):
    """Fail while runs of a DAG are active.

    :param dag_id: the DAG whose runs must have ended.
    """

    def __init__(self, *, dag_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.other_dag_id = dag_id

    def execute(self, context: Any) -> None:
        """Count."""
        active = context["ti"].get_dr_count(dag_id=self.other_dag_id, states=ACTIVE)
        if active:
            raise AirflowFailException(
                f"{active} runs of {self.other_dag_id} are active: wait until they have ended, or mark them failed"
            )
