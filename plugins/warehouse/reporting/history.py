"""The history of runs: each run writes one record, a JSON object in S3, and the pages read these records.

Reading them needs only S3, so the history is available while the warehouse is paused, and without access to it.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
from typing import Annotated, Any, Literal

import pydantic
from botocore.exceptions import ClientError

from warehouse.s3_objects import S3Object, file_name, objects, split_url

RUNS = "runs/"
REPORTS = "reports/"

Outcome = Literal["published", "nothing new", "files left out", "checks failed", "failed"]

# A request to S3 takes about 50 ms; with this many in parallel, a page of a hundred records is read within a second.
PARALLEL_REQUESTS = 8
# Records of about 20 kB that a reader caches: twice as many as one page shows.
CACHED_RECORDS = 200


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckRecord:
    """The result of one check; `expected` and `description` are text."""

    name: str
    table: str
    severity: str
    passed: bool
    observed: float | None
    expected: str
    # Records of version 1 call it `sentence`.
    description: Annotated[str, pydantic.Field(validation_alias=pydantic.AliasChoices("description", "sentence"))]

    @property
    def status(self) -> str:
        """`passed`, `warned` or `failed`."""
        if self.passed:
            return "passed"
        return "warned" if self.severity == "warn" else "failed"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableRecord:
    """A published table after the run: its number of rows, and the latest value of `time_column`."""

    table: str
    rows: int
    time_column: str | None
    latest: datetime.datetime | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class StageRecord:
    """What one stage task copied, and how long it took."""

    task: str
    rows: int
    files: int
    bytes: int
    seconds: float

    @property
    def rate(self) -> float:
        """Rows per second."""
        return self.rows / self.seconds if self.seconds else 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run at the time of recording. Timestamps are UTC.

    :param options: the boolean params that were set.
    :param outcome: `published`, `nothing new` (there was nothing to publish), `files left out` (files were not
        accepted, all others are published), `checks failed` or `failed`.
    :param failed_tasks: the tasks that failed, without those that did not start because of them.
    :param left_out: the files that were not accepted, each as "key: reason".
    :param changed_rows: how many rows the run inserted, updated or deleted; None if it published nothing.
    :param warnings: warnings of the stage tasks.
    :param load_errors: why a stage task failed.
    :param notes: what could not be recorded, and why.
    """

    # Version 1, written before files could be left out, is readable: it lacks what has a default here.
    version: Literal[1, 2] = 2
    dag_id: str
    run_id: str
    period: str
    options: tuple[str, ...] = ()
    logical_date: datetime.datetime | None
    started_at: datetime.datetime | None
    recorded_at: datetime.datetime
    outcome: Outcome
    failed_tasks: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    changed_rows: int | None = None
    checks: tuple[CheckRecord, ...] = ()
    tables: tuple[TableRecord, ...] = ()
    stages: tuple[StageRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    load_errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the record. Names sort by time, and a run that is recorded again gets a new one."""
        return f"{utc_stamp(self.recorded_at)}_{file_name(self.run_id)}"

    def to_json(self) -> str:
        """The record as JSON."""
        return RECORD.dump_json(self, indent=1).decode()

    @classmethod
    def from_json(cls, text: bytes | str) -> RunRecord:
        """The record from JSON. Raises ValueError, with the reason, if the text is not a record."""
        return RECORD.validate_json(text)


RECORD = pydantic.TypeAdapter(RunRecord)


@dataclasses.dataclass(frozen=True)
class RecordList:
    """The newest records, newest first; how many records exist; and a message for each that could not be read."""

    records: list[RunRecord]
    total: int
    unreadable: list[str]


def utc_stamp(timestamp: datetime.datetime) -> str:
    """A timestamp in UTC as the beginning of an object's name."""
    return f"{timestamp.astimezone(datetime.UTC):%Y%m%dT%H%M%SZ}"


def folder_location(work_prefix: str, folder: str) -> tuple[str, str]:
    """Bucket and key prefix of a folder below the work prefix. Raises ValueError if that is not an S3 location."""
    bucket, prefix = split_url(work_prefix)
    return bucket, f"{prefix.rstrip('/')}/{folder}".lstrip("/")


def list_folder(client: Any, work_prefix: str, folder: str, extension: str) -> list[S3Object]:
    """The objects with this extension in a folder below the work prefix, oldest first."""
    bucket, prefix = folder_location(work_prefix, folder)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    listed = objects(item for page in pages for item in page.get("Contents", []))
    return [item for item in listed if item.key.endswith(extension)]


class History:
    """Reads records and caches them. An object that was overwritten has a new ETag and is read again."""

    def __init__(self) -> None:
        self._cache: dict[tuple[str, S3Object], RunRecord] = {}

    def read(self, client: Any, work_prefix: str, limit: int) -> RecordList:
        """The newest records, at most `limit`. Raises ValueError if the work prefix is not an S3 location."""
        bucket, _ = folder_location(work_prefix, RUNS)
        listed = list_folder(client, work_prefix, RUNS, ".json")
        newest = listed[: -limit - 1 : -1]
        with concurrent.futures.ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
            results = list(pool.map(lambda item: self._read_one(client, bucket, item), newest))
        records = [result for result in results if isinstance(result, RunRecord)]
        return RecordList(records, len(listed), [result for result in results if isinstance(result, str)])

    def find(self, client: Any, work_prefix: str, name: str) -> RunRecord | None:
        """The record with this name; None if it does not exist (any more) or cannot be read."""
        bucket, prefix = folder_location(work_prefix, RUNS)
        key = f"{prefix}{name}.json"
        matches = [item for item in list_folder(client, work_prefix, RUNS, ".json") if item.key == key]
        result = self._read_one(client, bucket, matches[0]) if matches else None
        return result if isinstance(result, RunRecord) else None

    def _read_one(self, client: Any, bucket: str, item: S3Object) -> RunRecord | str | None:
        """One record; a message if it cannot be read; None if it was deleted after it was listed."""
        if cached := self._cache.get((bucket, item)):
            return cached
        try:
            record = RunRecord.from_json(client.get_object(Bucket=bucket, Key=item.key)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        except ValueError as error:
            return f"s3://{bucket}/{item.key} is not the record of a run: {error}"
        self._add_to_cache((bucket, item), record)
        return record

    def _add_to_cache(self, key: tuple[str, S3Object], record: RunRecord) -> None:
        """Cache a record and evict the oldest entries beyond the limit."""
        self._cache[key] = record
        for oldest in list(self._cache)[:-CACHED_RECORDS]:
            self._cache.pop(oldest, None)
