"""What loading a fact and loading a dimension share: versions in, changed rows and deletions out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from warehouse import winners as sql
from warehouse.identifiers import literal
from warehouse.operators.base import RunOperator
from warehouse.run_schema import (
    Run,
    candidates,
    columns_of,
    deletions,
    gained,
    lost,
    named_rows,
    note_change,
    raw_to_be,
    read_run,
)
from warehouse.session import Session
from warehouse.tables import Feed, Table


class LoadTableOperator(RunOperator):
    """Compute which rows a published table gains, changes and loses in this run. Use one of its subclasses.

    The result goes into two tables of the run's schema: the rows that are new or changed, and the keys to delete. Rows
    that are published as they should be are in neither. See warehouse.winners for the rules.

    :param table: the published table.
    """

    def __init__(self, *, table: Table, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table

    @property
    def published(self) -> str:
        """The published table with its schema."""
        return self.warehouse.published(self.table)

    @property
    def candidates(self) -> str:
        """The table of the rows that are new or changed."""
        return candidates(self.run_schema, self.table)

    @property
    def deletions(self) -> str:
        """The table of the keys to delete."""
        return deletions(self.run_schema, self.table)

    def load(self, context: Any, source: str) -> str:
        """The SELECT of the versions in `source`, a relation."""
        return self.render_sql(self.table.load, context, **{self.table.source.name: source})

    def replaces(self, session: Session, feed: Feed) -> bool:
        """Whether the run replaces batches of a feed, so that it can lose records."""
        (count,) = session.row(
            f"SELECT COUNT(*) FROM {self.run_schema}.replaced_batches WHERE feed = {literal(feed.name)}"
        )
        return bool(count)

    def all_records(self, feed: Feed) -> str:
        """All records of a feed as they will be after this run, as a relation."""
        return raw_to_be(self.warehouse, self.run_schema, feed)

    def gained_records(self, session: Session, feed: Feed) -> str:
        """The records that a feed gains, as a relation. Without replaced batches these are all that were read."""
        if self.replaces(session, feed):
            return gained(self.run_schema, feed)
        return f"({named_rows(self.run_schema, feed)})"

    def start(self, session: Session) -> Run:
        """Forget what an earlier try of this task wrote; the run."""
        run = read_run(session, self.run_schema)
        session.execute(f"DELETE FROM {self.candidates}")
        session.execute(f"DELETE FROM {self.deletions}")
        return run

    def compute(self, session: Session, context: Any, run: Run) -> str:
        """Fill candidates and deletions; return the relation of the published rows that the candidates may replace."""
        columns = columns_of(session, self.published)
        looked_up = self.table.lookup.columns if self.table.lookup else ()
        own = [column for column in columns if column not in looked_up]
        if self.published in run.recompute:
            self.choose_all(session, context, own)
            compared, before = self.published, self.published
        else:
            self.choose_touched(session, context, columns, own)
            compared, before = sql.PUBLISHED, sql.TAKEN_BACK
        rows = self.look_up(session, context)
        session.execute(sql.insert_candidates(self.candidates, columns, rows, compared))
        session.execute(sql.insert_deletions(self.deletions, self.table.key, before, sql.WINNERS))
        return compared

    def feed(self) -> Feed:
        """The feed whose records make the rows."""
        if not isinstance(self.table.source, Feed):
            raise AirflowFailException(f"{self.published} is made from {self.table.source.name}, expected a feed")
        return self.table.source

    def choose_all(self, session: Session, context: Any, own: Sequence[str]) -> None:
        """The winners of all keys."""
        versions = self.load(context, self.all_records(self.feed()))
        session.execute(sql.keep(sql.WINNERS, sql.best(own, self.table, versions)))

    def choose_touched(self, session: Session, context: Any, columns: Sequence[str], own: Sequence[str]) -> None:
        """The winners of the keys of which versions were gained or lost, and the rows whose lookup is affected."""
        feed, key, time_column = self.feed(), self.table.key, self.table.time_column
        loses = self.replaces(session, feed)
        session.execute(sql.keep(sql.GAINED, self.load(context, self.gained_records(session, feed))))
        if loses:
            session.execute(sql.keep(sql.LOST, self.load(context, lost(self.run_schema, feed))))
        session.execute(sql.touched_keys(key, loses))
        bounds = self.bounds(session, sql.TOUCHED)
        session.execute(sql.published_rows(self.published, columns, key, time_column), bounds)
        session.execute(sql.taken_back(own, key) if loses else sql.empty(sql.TAKEN_BACK, key, sql.TOUCHED))
        (count,) = session.row(f"SELECT COUNT(*) FROM {sql.TAKEN_BACK}")
        everything = self.load(context, self.all_records(feed)) if count else None
        session.execute(
            sql.keep(sql.WINNERS, sql.best(own, self.table, sql.incremental_versions(own, key, everything)))
        )
        self.add_affected(session, context, columns, own)

    def bounds(self, session: Session, keys: str) -> list[Any]:
        """The bounds of the sort key among the published rows with these keys; an empty range when there are none."""
        if not self.table.time_column:
            return []
        return list(session.row(sql.time_bounds(self.published, self.table.time_column, self.table.key, keys)))

    def add_affected(self, session: Session, context: Any, columns: Sequence[str], own: Sequence[str]) -> None:
        """Add the published rows whose lookup may have another result, because its feed gained or lost records."""
        lookup = self.table.lookup
        if lookup is None:
            return
        changed = self.changed_records(session, lookup.feed)
        (count,) = session.row(f"SELECT COUNT(*) FROM {changed} AS changed")
        if not count:
            return
        affected = self.render_sql(lookup.affected, context, **{lookup.feed.name: changed})
        session.execute(sql.affected_keys(self.table.key, affected))
        bounds = self.bounds(session, sql.AFFECTED)
        session.execute(sql.add_affected(self.published, columns, self.table.key, self.table.time_column), bounds)
        session.execute(sql.add_affected_winners(own, self.table.key))

    def changed_records(self, session: Session, feed: Feed) -> str:
        """The records that a feed gains or loses, as a relation."""
        gains = f"SELECT * FROM {self.gained_records(session, feed)} AS gained"
        return f"({gains} UNION ALL SELECT * FROM {lost(self.run_schema, feed)})"

    def look_up(self, session: Session, context: Any) -> str:
        """The winners with the columns of their lookup, as a relation."""
        lookup = self.table.lookup
        if lookup is None:
            return sql.WINNERS
        select = self.render_sql(
            lookup.sql,
            context,
            **{self.table.name: sql.WINNERS, lookup.feed.name: self.all_records(lookup.feed)},
        )
        session.execute(sql.keep(sql.ROWS, select))
        return sql.ROWS

    def execute(self, context: Any) -> dict[str, int]:
        """One transaction; the numbers of rows that are new, changed and to be deleted."""
        with self.transaction() as session:
            run = self.start(session)
            compared = self.compute(session, context, run)
            rows, changed = session.row(sql.count_candidates(self.candidates, self.table.key, compared))
            (deleted,) = session.row(f"SELECT COUNT(*) FROM {self.deletions}")
            counts = {"new": int(rows - changed), "changed": int(changed), "deleted": int(deleted)}
            note_change(session, self.run_schema, self.task_id, self.published, **counts)
        self.log.info(
            "%s: %d new, %d changed, %d deleted rows",
            self.published,
            counts["new"],
            counts["changed"],
            counts["deleted"],
        )
        return counts
