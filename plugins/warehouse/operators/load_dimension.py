"""Load a dimension table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from warehouse import winners as sql
from warehouse.operators.load_table import LoadTableOperator
from warehouse.run_schema import Run, candidates, columns_of, deletions
from warehouse.session import Session
from warehouse.tables import Table


class LoadDimensionOperator(LoadTableOperator):
    """Load a dimension of type 1: one row per key, the preferred version in the raw records.

    A dimension whose source is another published table, such as a calendar of a fact's timestamps, has a row for every
    value in that table, no more and no less. Its task must come after the source's.

    All arguments are those of LoadTableOperator.
    """

    def compute(self, session: Session, context: Any, run: Run) -> str:
        """Fill candidates and deletions; return the relation of the published rows that the candidates may replace."""
        if not isinstance(self.table.source, Table):
            return super().compute(session, context, run)
        columns = columns_of(session, self.published)
        if self.published in run.recompute:
            self.choose_all_values(session, context, self.table.source)
            compared, existing = self.published, self.published
        else:
            self.choose_changed_values(session, context, self.table.source, columns)
            compared, existing = sql.PUBLISHED, sql.TAKEN_BACK
        session.execute(sql.insert_candidates(self.candidates, columns, sql.WINNERS, compared))
        session.execute(sql.insert_deletions(self.deletions, self.table.key, existing, sql.WINNERS))
        return compared

    def unanswered(self, source: Table) -> str:
        """The source's values in the rows that the run does not replace."""
        new, gone = candidates(self.run_schema, source), deletions(self.run_schema, source)
        return sql.unanswered_rows(self.warehouse.published(source), self.table.key, source.key, new, gone)

    def choose_all_values(self, session: Session, context: Any, source: Table) -> None:
        """The rows of all values in the source as it will be."""
        names = ", ".join(self.table.key)
        values = f"({self.unanswered(source)}\nUNION ALL\nSELECT {names} FROM {candidates(self.run_schema, source)})"
        session.execute(sql.keep(sql.WINNERS, self.load(context, values)))

    def choose_changed_values(self, session: Session, context: Any, source: Table, columns: Sequence[str]) -> None:
        """The rows of the values that the source gains, and the values that it loses."""
        key = self.table.key
        new, gone = candidates(self.run_schema, source), deletions(self.run_schema, source)
        session.execute(sql.keep(sql.WINNERS, self.load(context, new)))
        session.execute(sql.answered_values(self.warehouse.published(source), key, source.key, new, gone))
        (count,) = session.row(f"SELECT COUNT(*) FROM {sql.OLD_VALUES}")
        session.execute(
            sql.values_taken_back(key, self.unanswered(source))
            if count
            else sql.empty(sql.TAKEN_BACK, key, sql.WINNERS)
        )
        session.execute(sql.touched_values(key))
        bounds = self.bounds(session, sql.TOUCHED)
        session.execute(sql.published_rows(self.published, columns, key, self.table.time_column), bounds)
