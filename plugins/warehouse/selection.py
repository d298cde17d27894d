"""Which files a run reads, which batches that replaces, and which files have vanished: ledger and listing compared.

Pure functions of what the ledger holds and what the bucket holds. A batch is what one COPY brought; rows carry their
batch and not their file, so a batch is replaced as a whole: all its files that are in the bucket are read again.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from warehouse.period import Period
from warehouse.s3_objects import S3Object, compression
from warehouse.tables import Feed


@dataclasses.dataclass(frozen=True)
class LedgerEntry:
    """One file whose records the warehouse holds. `etag` is None when the file is to be read again in any case."""

    bucket: str
    key: str
    etag: str | None
    batch_id: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scope:
    """What a run is asked for.

    :param period: the run's own day, or the period that was asked for.
    :param is_period_given: whether somebody asked for this period. Then new files of it alone are read; otherwise those
        of all days from the first one in the warehouse up to the run's own day.
    :param reload: read the period's files whether they changed or not; files without a day only with period `all`.
    :param drop_vanished: remove the rows of files that are no longer in the bucket.
    """

    period: Period
    is_period_given: bool
    reload: bool = False
    drop_vanished: bool = False

    def includes(self, day: str | None) -> bool:
        """Whether a file of this day is in the period; a file without a day is in every period."""
        return day is None or self.period.start <= datetime.datetime.fromisoformat(day) < self.period.end

    def includes_new(self, day: str | None, first_day: str | None) -> bool:
        """Whether a new file of this day is read. `first_day`: the first one in the warehouse."""
        if day is None or self.is_period_given or first_day is None or self.includes(day):
            return self.includes(day)
        return day >= first_day and datetime.datetime.fromisoformat(day) < self.period.end

    def reloads(self, day: str | None) -> bool:
        """Whether a known file of this day is read again although it has not changed."""
        return self.reload and (self.period.name == "all" if day is None else self.includes(day))


@dataclasses.dataclass(frozen=True)
class Selection:
    """What a run does with the files of one feed.

    :param new: files that the ledger does not know.
    :param changed: known files with another ETag, or to be read again in any case.
    :param siblings: unchanged files that share a batch with a changed or a dropped one, and are read again with it.
    :param replaced: the batches that the files read replace, and those of dropped files.
    :param dropped: ledger entries whose rows go.
    :param vanished: keys of the ledger that are not in the bucket and whose rows stay.
    :param blocked: for changed files that cannot be read, because a file of the same batch has vanished: the changed
        key and the vanished one.
    """

    new: tuple[S3Object, ...] = ()
    changed: tuple[S3Object, ...] = ()
    siblings: tuple[S3Object, ...] = ()
    replaced: frozenset[int] = frozenset()
    dropped: tuple[LedgerEntry, ...] = ()
    vanished: tuple[str, ...] = ()
    blocked: tuple[tuple[str, str], ...] = ()

    @property
    def read(self) -> tuple[S3Object, ...]:
        """The files to read, by key."""
        return tuple(sorted((*self.new, *self.changed, *self.siblings)))


def first_day(feed: Feed, ledger: Iterable[LedgerEntry]) -> str | None:
    """The first day in the ledger; None when it has none."""
    return min(filter(None, (feed.day_of(entry.key) for entry in ledger)), default=None)


def select(
    feed: Feed, bucket: str, listing: Sequence[S3Object], ledger: Sequence[LedgerEntry], scope: Scope
) -> Selection:
    """Compare a listing of the feed's files with the feed's part of the ledger."""
    known = {entry.key: entry for entry in ledger if entry.bucket == bucket}
    there = {item.key: item for item in listing}
    first = first_day(feed, ledger)
    new = [item for item in listing if item.key not in known and scope.includes_new(feed.day_of(item.key), first)]
    changed = [
        item
        for item in listing
        if item.key in known and (known[item.key].etag != item.etag or scope.reloads(feed.day_of(item.key)))
    ]
    gone = [entry for entry in ledger if entry.bucket != bucket or entry.key not in there]
    to_drop = {entry for entry in gone if scope.drop_vanished and scope.includes(feed.day_of(entry.key))}
    # The rows of a vanished file that stays cannot be told from those of the other files of its batch.
    kept = {entry.batch_id: entry.key for entry in gone if entry not in to_drop}
    blocked = [(item.key, kept[known[item.key].batch_id]) for item in changed if known[item.key].batch_id in kept]
    blocked += [(entry.key, kept[entry.batch_id]) for entry in gone if entry in to_drop and entry.batch_id in kept]
    dropped = [entry for entry in gone if entry in to_drop and entry.batch_id not in kept]
    changed = [item for item in changed if known[item.key].batch_id not in kept]
    replaced = {known[item.key].batch_id for item in changed} | {entry.batch_id for entry in dropped}
    read = {item.key for item in changed}
    siblings = [
        there[key] for key, entry in known.items() if entry.batch_id in replaced and key in there and key not in read
    ]
    return Selection(
        tuple(new),
        tuple(changed),
        tuple(siblings),
        frozenset(replaced),
        tuple(dropped),
        tuple(sorted(entry.key for entry in set(gone) - set(dropped))),
        tuple(blocked),
    )


def groups(feed: Feed, files: Sequence[S3Object], bulk_threshold: int) -> list[list[S3Object]]:
    """The files that are copied together. Each by itself; more than `bulk_threshold` files by month and compression."""
    if len(files) <= bulk_threshold:
        return [[item] for item in files]
    found: dict[tuple[str, str], list[S3Object]] = defaultdict(list)
    for item in files:
        month = (feed.day_of(item.key) or "")[:7]
        found[month, compression(item.key) or ""].append(item)
    return list(found.values())


@dataclasses.dataclass(frozen=True)
class Batch:
    """What one COPY brought."""

    batch_id: int
    files: tuple[S3Object, ...]


def left_out_with(
    refused: Collection[str], batches: Sequence[Batch], ledger: Sequence[LedgerEntry], replaced: Collection[int]
) -> tuple[list[Batch], frozenset[int]]:
    """The new batches that cannot be loaded because of refused files, and the old batches that stay because of them.

    A refused file keeps its accepted version, so the batch that holds that version stays; then the other files of that
    batch keep their versions too, and the new batches that read them again are left out, and so on.

    :param ledger: the entries of the bucket that the files are of.
    """
    of_file = {entry.key: entry.batch_id for entry in ledger}
    out_files, stays = set(refused), set()
    out: list[Batch] = []
    while True:
        stays |= {of_file[key] for key in out_files if of_file.get(key) in replaced}
        more = [
            batch
            for batch in batches
            if batch not in out and any(of_file.get(item.key) in stays for item in batch.files)
        ]
        if not more:
            return out, frozenset(stays)
        out += more
        out_files |= {item.key for batch in more for item in batch.files}
