"""What loading a fact and loading a dimension share: versions in, winners out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from warehouse.identifiers import column_name
from warehouse.merge import (
    Merge,
    count_candidates,
    count_news,
    count_versions,
    create_versions,
    delete_all,
    fill_versions,
    insert_candidates,
    published_versions,
)
from warehouse.operators.base import WarehouseOperator
from warehouse.period import Period
from warehouse.run import run_id_of, run_to_change
from warehouse.session import Session

MODES = ("merge", "replace", "rebuild")


class LoadTableOperator(WarehouseOperator):
    """Choose the candidate rows of one table, by the rule of warehouse.merge. Use one of its two subclasses.

    Mode and period are those that the run was opened with. In mode `merge` published rows compete with staged ones; in
    `replace`, only those outside the period; in `rebuild`, none.

    :param sql: a .sql file whose SELECT gives the staged versions. It is rendered with Airflow's context and with
        `mode`, `period_start` and `period_end` (exclusive).
    :param table: the published table, `schema.table`.
    :param candidates: the audit table that receives the candidates.
    :param key: the column that identifies a row.
    :param columns: all columns, in the order of the SELECT.
    :param preference: which version of a key wins: SQL expressions, first decides; NULLs last.
    :param period_column: the TIMESTAMP column that says to which period a published row belongs.
    """

    def __init__(
        self,
        *,
        sql: str,
        table: str,
        candidates: str,
        key: str,
        columns: Sequence[str],
        preference: Sequence[str],
        period_column: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql_file = sql
        self.table = table
        self.candidates = candidates
        self.key = key
        self.columns = columns
        self.preference = preference
        self.period_column = period_column and column_name(period_column)

    def merge(self) -> Merge:
        """The names of this load, checked."""
        return Merge(
            published=self.table,
            candidates=self.candidates,
            key=self.key,
            columns=self.columns,
            preference=self.preference,
        )

    def competition(self, mode: str, period: Period, keys: tuple[Any, Any]) -> tuple[list[str], list[Any]] | None:
        """Conditions, with their bound values, that a published row meets to compete; None when none competes."""
        if mode == "rebuild":
            return None
        conditions, values = self.key_range(*keys)
        if mode == "replace" and self.period_column:
            column = self.period_column
            conditions.append(f"({column} < %s OR {column} >= %s OR {column} IS NULL)")
            values.extend([period.start, period.end])
        return conditions, values

    def key_range(self, smallest: Any, largest: Any) -> tuple[list[str], list[Any]]:
        """Conditions on the key beyond being staged. A dimension needs none."""
        return [], []

    def choose_candidates(self, session: Session, mode: str, period: Period) -> dict[str, int]:
        """Fill the audit table from the versions; return how many rows were staged, new, changed and unchanged."""
        merge = self.merge()
        staged, keys, smallest, largest = session.row(count_versions(merge))
        session.execute(delete_all(merge.candidates))
        if not staged:
            return {"staged": 0, "new": 0, "changed": 0, "unchanged": 0}
        competition = self.competition(mode, period, (smallest, largest))
        if competition is None:
            session.execute(insert_candidates(merge, ""))
            candidates, replaced = session.row(count_candidates(merge, []))
        else:
            conditions, values = competition
            session.execute(insert_candidates(merge, published_versions(merge, conditions)), values)
            key_conditions, key_values = self.key_range(smallest, largest)
            candidates, replaced = session.row(count_candidates(merge, key_conditions), key_values)
        # In replace and rebuild rows that are published as they are become candidates too, to be put back.
        news = candidates if mode == "merge" else session.row(count_news(merge))[0]
        new = candidates - replaced
        return {"staged": staged, "new": new, "changed": news - new, "unchanged": keys - news}

    def execute(self, context: Any) -> dict[str, int]:
        """One transaction: versions, winners, counts."""
        merge = self.merge()
        with self.transaction() as session:
            run = run_to_change(session, self.run_table, run_id_of(context))
            period = Period.parse(run.period)
            select = self.render_sql(
                self.sql_file,
                context,
                mode=run.mode,
                period_start=period.start,
                period_end=period.end,
            )
            session.execute(create_versions(merge))
            session.execute(fill_versions(merge, select))
            counts = self.choose_candidates(session, run.mode, period)
        self.log.info(
            "%s: %d rows staged; %d keys new, %d changed, %d unchanged",
            self.table,
            counts["staged"],
            counts["new"],
            counts["changed"],
            counts["unchanged"],
        )
        return counts
