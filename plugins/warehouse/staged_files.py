"""What a run notes about the files of one feed: which were read, which batches they replace, what is left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from warehouse.identifiers import literal
from warehouse.run_schema import gained, insert_rows, lost, named_rows, staged
from warehouse.s3_objects import S3Object
from warehouse.selection import Batch, LedgerEntry
from warehouse.session import Session
from warehouse.tables import Feed, Warehouse

FILE_COLUMNS = ("feed", "bucket", "key", "etag", "last_modified", "size", "batch_id", "run_id", "day")
# The reason of a file that is left out, in the run's schema; the whole one is in the log.
LONGEST_REASON = 1000


@dataclasses.dataclass(frozen=True, kw_only=True)
class StagedFiles:
    """The tables of a run's schema that say what becomes of the files of a feed."""

    session: Session
    warehouse: Warehouse
    run_schema: str
    run_id: str
    feed: Feed
    bucket: str

    def name(self, batches: Sequence[Batch], is_known: Callable[[S3Object], bool]) -> None:
        """Write the files of these batches into `files`, and no others of the feed: only their rows go on.

        `is_known`: whether the file is known to be what was copied. Otherwise it goes into the ledger without its ETag,
        and the next run reads it again.
        """
        self.session.execute(f"DELETE FROM {self.run_schema}.files WHERE feed = %s", [self.feed.name])
        rows = [
            (
                *(self.feed.name, self.bucket, item.key, item.etag if is_known(item) else None),
                *(item.last_modified, item.size, batch.batch_id, self.run_id, self.feed.day_of(item.key)),
            )
            for batch in batches
            for item in batch.files
        ]
        insert_rows(self.session, f"{self.run_schema}.files", FILE_COLUMNS, rows)

    def write(self, replaced: Sequence[int], dropped: Sequence[LedgerEntry], left_out: Mapping[str, str]) -> None:
        """Write which batches are replaced, which files are dropped, and which are left out for which reason."""
        feed = self.feed.name
        rows: dict[str, tuple[tuple[str, ...], list[tuple[object, ...]]]] = {
            "replaced_batches": (("feed", "batch_id"), [(feed, batch_id) for batch_id in replaced]),
            "dropped_files": (("feed", "bucket", "key"), [(feed, entry.bucket, entry.key) for entry in dropped]),
            "left_out": (
                ("feed", "key", "reason"),
                [(feed, key, reason[:LONGEST_REASON]) for key, reason in left_out.items()],
            ),
        }
        for table, (columns, values) in rows.items():
            self.session.execute(f"DELETE FROM {self.run_schema}.{table} WHERE feed = %s", [feed])
            insert_rows(self.session, f"{self.run_schema}.{table}", columns, values)
        # Rows of refused batches, and of an earlier try of the task.
        self.session.execute(
            f"DELETE FROM {staged(self.run_schema, self.feed)} WHERE batch_id NOT IN "
            f"(SELECT batch_id FROM {self.run_schema}.files WHERE feed = {literal(feed)})"
        )

    def write_differences(self, columns: Sequence[str], replaced: Sequence[int]) -> None:
        """Fill the tables of the records that the raw table gains and loses; without replaced batches: none."""
        gains, losses = gained(self.run_schema, self.feed), lost(self.run_schema, self.feed)
        for table in (gains, losses):
            self.session.execute(f"DELETE FROM {table}")
        if not replaced:
            return
        names = ", ".join(columns)
        after = named_rows(self.run_schema, self.feed, columns)
        # The bounds as literals: the raw table is sorted by batch.
        before = (
            f"SELECT {names} FROM {self.warehouse.raw(self.feed)} WHERE batch_id BETWEEN %s AND %s AND batch_id IN "
            f"(SELECT batch_id FROM {self.run_schema}.replaced_batches WHERE feed = {literal(self.feed.name)})"
        )
        bounds = [min(replaced), max(replaced)]
        self.session.execute(f"INSERT INTO {gains} ({names})\n{after}\nEXCEPT\n{before}", bounds)
        self.session.execute(f"INSERT INTO {losses} ({names})\n{before}\nEXCEPT\n{after}", bounds)
