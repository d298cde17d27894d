"""Open a run: from here on staging and audit belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from warehouse.identifiers import table_name
from warehouse.merge import delete_all
from warehouse.operators.base import WarehouseOperator
from warehouse.operators.load_table import MODES
from warehouse.period import Period
from warehouse.run import run_id_of


class OpenRunOperator(WarehouseOperator):
    """Write the run's id, period and mode into the run table, and empty the tables that belong to a run.

    Nothing of the run before is left that could pass for this run's.

    :param empties: the staging and audit tables that hold the rows of one run.
    :param period: `all`, YYYY, YYYY-MM or YYYY-MM-DD.
    :param mode: `merge`, `replace` or `rebuild`; a rebuild is of period `all`.
    """

    template_fields: Sequence[str] = (*WarehouseOperator.template_fields, "period", "mode")

    def __init__(self, *, empties: Sequence[str], period: str, mode: str = "merge", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.empties = [table_name(name) for name in empties]
        self.period = period
        self.mode = mode

    def check_arguments(self) -> None:
        """Refuse a period or mode that is none, before any SQL is sent."""
        try:
            Period.parse(self.period)
        except ValueError as error:
            raise AirflowFailException(str(error)) from error
        if self.mode not in MODES:
            raise AirflowFailException(f"not a mode: {self.mode!r}; expected one of {', '.join(MODES)}")
        if self.mode == "rebuild" and self.period != "all":
            raise AirflowFailException(
                f"a rebuild is of period 'all', got {self.period!r}; to correct a part, use mode replace"
            )

    def execute(self, context: Any) -> dict[str, str]:
        """Replace the one row of the run table."""
        self.check_arguments()
        with self.transaction() as session:
            for table in (self.run_table, *self.empties):
                session.execute(delete_all(table))
            session.execute(
                f"INSERT INTO {self.run_table} (run_id, period, mode, is_checked, is_published) "
                "VALUES (%s, %s, %s, FALSE, FALSE)",
                [run_id_of(context), self.period, self.mode],
            )
        return {"period": self.period, "mode": self.mode}
