"""Publish a run: raw records, ledger and all tables in one transaction."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from warehouse import winners as sql
from warehouse.errors import DatabaseError
from warehouse.identifiers import literal
from warehouse.operators.base import RunOperator
from warehouse.retries import is_serialization_error
from warehouse.run_schema import (
    KEEP_FAILED,
    Run,
    candidates,
    columns_of,
    count_changes,
    deletions,
    drop_schema,
    has_work,
    mark_published,
    named_rows,
    own_schemas,
    read_run,
    tables_in,
)
from warehouse.session import Session
from warehouse.state import now, read_state
from warehouse.tables import Feed, Table

Changes = dict[str, dict[str, int]]


class PublishOperator(RunOperator):
    """Move everything a run has prepared into the warehouse: a reader sees all of it or nothing.

    The first statement replaces the warehouse's token by the run's, if it is still the one that the run began with;
    otherwise another run has published meanwhile, and this one fails. A run whose token is there already has published:
    its answer was lost, and the second try does nothing. DELETE and not TRUNCATE, which would commit on Redshift.

    Skipped, so that nobody is notified, when the run has nothing to publish.
    """

    def take_turn(self, session: Session, run: Run) -> bool:
        """Replace the token; False when this run has published already. Fails when another run has published."""
        try:
            session.execute(
                f"UPDATE {self.warehouse.state} SET token = %s, run_id = %s, changed_at = %s, fingerprints = %s "
                "WHERE token = %s",
                [run.token, run.run_id, now(), run.fingerprints, run.base_token],
            )
            if session.rowcount == 1:
                return True
        except DatabaseError as error:
            if not is_serialization_error(error):
                raise
        session.rollback()
        state = read_state(session, self.warehouse)
        if state.token == run.token:
            return False
        raise AirflowFailException(
            f"the run {state.run_id} has published since this run began, so this run's rows are out of date. "
            "Nothing was published. Clear the whole run to start over"
        )

    def require_checks(self, session: Session, run: Run) -> None:
        """Fail when the checks have not passed on the rows as they are now."""
        if run.checked_changes is None or run.checked_changes != count_changes(session, self.run_schema):
            raise AirflowFailException(
                "the rows of this run, as they are now, have not passed the checks. Nothing was published. "
                "Run the task that checks them first"
            )

    def publish_feed(self, session: Session, feed: Feed) -> None:
        """Replace batches in the raw table, the ledger and the rejected lines."""
        raw, name = self.warehouse.raw(feed), literal(feed.name)
        replaced = f"SELECT batch_id FROM {self.run_schema}.replaced_batches WHERE feed = {name}"
        bounds = session.row(
            f"SELECT MIN(batch_id), MAX(batch_id) FROM {self.run_schema}.replaced_batches WHERE feed = {name}"
        )
        if bounds[0] is not None:
            # The bounds as literals: the raw table is sorted by batch.
            for table in (raw, self.warehouse.rejects):
                session.execute(
                    f"DELETE FROM {table} WHERE batch_id BETWEEN %s AND %s AND batch_id IN ({replaced})", bounds
                )
        columns = columns_of(session, raw)
        names = ", ".join(columns)
        session.execute(f"INSERT INTO {raw} ({names})\n{named_rows(self.run_schema, feed, columns)}")
        names = ", ".join(columns_of(session, self.warehouse.rejects))
        session.execute(
            f"INSERT INTO {self.warehouse.rejects} ({names})\nSELECT {names} FROM {self.run_schema}.rejects "
            f"WHERE batch_id IN (SELECT batch_id FROM {self.run_schema}.files WHERE feed = {name})"
        )

    def publish_ledger(self, session: Session) -> None:
        """The files that were read replace their entries; the dropped ones lose theirs."""
        ledger, columns = self.warehouse.ledger, columns_of(session, self.warehouse.ledger)
        for table in ("files", "dropped_files"):
            session.execute(
                f"DELETE FROM {ledger} USING {self.run_schema}.{table} AS read WHERE "
                + sql.same_key(("feed", "bucket", "key"), "files", "read")
            )
        names = ", ".join(columns)
        session.execute(f"INSERT INTO {ledger} ({names})\nSELECT {names} FROM {self.run_schema}.files")

    def publish_table(self, session: Session, table: Table) -> dict[str, int]:
        """Delete the keys that change or go, insert the rows that are new or changed; how many of each."""
        published, key = self.warehouse.published(table), table.key
        new, gone = candidates(self.run_schema, table), deletions(self.run_schema, table)
        deleted = 0
        for keys in (new, gone):
            bounds = []
            if table.time_column:
                bounds = list(session.row(sql.time_bounds(published, table.time_column, key, keys)))
                if bounds[0] is None:
                    continue
            session.execute(
                f"DELETE FROM {published} USING {keys} AS keys WHERE {sql.same_key(key, table.name, 'keys')} "
                f"AND {sql.in_range(table.time_column, table.name)}",
                bounds,
            )
            deleted += max(session.rowcount, 0)
        columns = columns_of(session, published)
        names = ", ".join(columns)
        session.execute(f"INSERT INTO {published} ({names})\nSELECT {names} FROM {new}")
        inserted = max(session.rowcount, 0)
        self.log.info("%s: %d rows deleted, %d inserted", published, deleted, inserted)
        return {"inserted": inserted, "deleted": deleted}

    def publish(self, session: Session, run: Run) -> Changes:
        """Everything, in one transaction; the changes of each table. Nothing when it has been published already."""
        if not self.take_turn(session, run):
            self.log.info("this run has published already")
            return {}
        self.require_checks(session, run)
        for feed in self.warehouse.feeds:
            self.publish_feed(session, feed)
        self.publish_ledger(session)
        changes = {
            self.warehouse.published(table): self.publish_table(session, table) for table in self.warehouse.tables
        }
        mark_published(session, self.warehouse, self.run_schema)
        return changes

    def analyze(self, changes: Changes) -> None:
        """Renew the statistics. Readers do not depend on them: a failure is a warning."""
        tables = [table for table, counts in changes.items() if any(counts.values())]
        tables += [self.warehouse.raw(feed) for feed in self.warehouse.feeds]
        with self.transaction(autocommit=True) as session:
            for table in tables:
                try:
                    session.execute(f"ANALYZE {table}")
                except DatabaseError as error:
                    self.log.warning("could not analyze %s: %s", table, error)

    def drop_old_schemas(self) -> None:
        """Drop the schemas of runs that ended before: published ones, and failed ones but the last few."""
        try:
            with self.transaction() as session:
                others = own_schemas(session, self.warehouse)
        except Exception as error:  # noqa: BLE001  # as below; another run may be dropping one of them
            self.log.warning("could not list the schemas of old runs: %s", error)
            return
        others.pop(self.run_schema, None)
        failed = sorted((run for run in others.values() if not run.is_published), key=lambda run: run.opened_at)
        doomed = [run for run in others.values() if run.is_published] + failed[:-KEEP_FAILED]
        for run in doomed:
            try:
                with self.transaction() as session:
                    drop_schema(session, run.schema, tables_in(session, run.schema))
            except Exception as error:  # noqa: BLE001  # an old schema more is no reason to fail a run that has published
                self.log.warning("could not drop the schema %s of an old run: %s", run.schema, error)

    def announce(self, context: Any, changes: Changes) -> None:
        """Tell the assets' consumers what changed."""
        for asset in self.outlets:
            if isinstance(asset, Asset) and asset.name in changes:
                context["outlet_events"][asset].extra = changes[asset.name]

    def execute(self, context: Any) -> Changes:
        """One transaction for everything; statistics and cleaning up afterwards. Rows inserted and deleted by table."""
        with self.transaction() as session:
            run = read_run(session, self.run_schema)
            if not has_work(session, self.run_schema, run):
                raise AirflowSkipException("nothing to publish: no file was accepted")
            session.rollback()
            changes = self.publish(session, run)
        self.announce(context, changes)
        self.analyze(changes)
        self.drop_old_schemas()
        return changes
