"""Publish the candidates of all tables in one transaction."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from warehouse.identifiers import column_name, table_name
from warehouse.merge import delete_all
from warehouse.operators.base import WarehouseOperator
from warehouse.period import Period
from warehouse.run import Run, require_run, run_id_of
from warehouse.session import Session


@dataclasses.dataclass(frozen=True, kw_only=True)
class Publication:
    """How one table takes over its candidates.

    :param table: the table readers see.
    :param candidates: the table of the rows to take over, of the same column names.
    :param columns: the columns to take over.
    :param key: rows of the same key are replaced; without a key the rows are appended.
    :param is_key_range_bound: bind the smallest and largest key as literals, for a long table with a numeric key.
    :param period_column: in mode `replace` the published rows of the period go, by this TIMESTAMP column.
    """

    table: str
    candidates: str
    columns: Sequence[str]
    key: str | None = None
    is_key_range_bound: bool = False
    period_column: str | None = None

    def __post_init__(self) -> None:
        table_name(self.table)
        table_name(self.candidates)
        for name in (*self.columns, *filter(None, (self.key, self.period_column))):
            column_name(name)


class PublishOperator(WarehouseOperator):
    """Move the candidates of all tables into the published ones: a reader sees all of it or nothing.

    In mode `rebuild` the published rows of every table go before the candidates come in. A run is published once; a
    second try after a lost answer finds it published and does nothing.

    :param publications: the tables, in the order in which they are written.
    """

    def __init__(self, *, publications: Sequence[Publication], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.publications = publications

    def make_room(self, session: Session, publication: Publication, run: Run) -> None:
        """Delete what the candidates replace. DELETE, not TRUNCATE, which would commit on Redshift."""
        if run.mode == "rebuild":
            session.execute(delete_all(publication.table))
            return
        if run.mode == "replace" and publication.period_column:
            period = Period.parse(run.period)
            column = publication.period_column
            session.execute(
                f"{delete_all(publication.table)} WHERE {column} >= %s AND {column} < %s",
                [period.start, period.end],
            )
        if publication.key:
            self.delete_replaced(session, publication, publication.key)

    def delete_replaced(self, session: Session, publication: Publication, key: str) -> None:
        """Delete the published rows whose key is among the candidates."""
        statement = f"{delete_all(publication.table)} WHERE {key} IN (SELECT {key} FROM {publication.candidates})"
        if not publication.is_key_range_bound:
            session.execute(statement)
            return
        bounds = session.row(f"SELECT MIN({key}), MAX({key}) FROM {publication.candidates}")
        if bounds[0] is not None:
            session.execute(f"{statement} AND {key} BETWEEN %s AND %s", bounds)

    def publish(self, session: Session, publication: Publication, run: Run) -> int:
        """Take over one table; return how many rows it has afterwards."""
        self.make_room(session, publication, run)
        columns = ", ".join(publication.columns)
        session.execute(f"INSERT INTO {publication.table} ({columns})\nSELECT {columns}\nFROM {publication.candidates}")
        (rows,) = session.row(f"SELECT COUNT(*) FROM {publication.table}")
        self.log.info("%s: %d rows", publication.table, rows)
        return int(rows)

    def publish_all(self, session: Session, run_id: str) -> dict[str, int]:
        """Take over all tables; nothing when the run has been published already."""
        run = require_run(session, self.run_table, run_id)
        if run.is_published:
            self.log.info("run %r has been published already", run.run_id)
            return {}
        if not run.is_checked:
            raise AirflowFailException(
                f"the candidates of run {run.run_id!r}, as they are now, have not passed the checks; run these first"
            )
        rows = {publication.table: self.publish(session, publication, run) for publication in self.publications}
        session.execute(f"UPDATE {self.run_table} SET is_published = TRUE")
        return rows

    def analyze(self) -> None:
        """Renew the statistics. They are no part of what readers are promised: a failure is a warning."""
        with self.transaction(autocommit=True) as session:
            for publication in self.publications:
                try:
                    session.execute(f"ANALYZE {publication.table}")
                except session.database_errors as error:
                    self.log.warning("could not analyze %s: %s", publication.table, error)

    def execute(self, context: Any) -> dict[str, int]:
        """One transaction for all tables; statistics afterwards."""
        with self.transaction() as session:
            rows = self.publish_all(session, run_id_of(context))
        self.analyze()
        return rows
