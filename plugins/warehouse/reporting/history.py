"""What each run leaves for people to see: its record, one JSON object in S3, and how the records are read again.

Whoever shows the history needs S3 alone: it can be read while the warehouse is asleep, and by those who may not ask it.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
from typing import Any, Literal

import pydantic
from botocore.exceptions import ClientError

from warehouse.s3_objects import S3Object, file_name, objects, split_url

RUNS = "runs/"
REPORTS = "reports/"

# A request to S3 takes some 50 ms; this many at a time, a page of a hundred records is read in less than a second.
REQUESTS_AT_A_TIME = 8
# Records kept by those who read them again and again, some 20 kB each: twice as many as a page shows.
KEPT_IN_MEMORY = 200


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckRecord:
    """What one check found; `expected` and `sentence` are in words."""

    name: str
    table: str
    severity: str
    passed: bool
    observed: float | None
    expected: str
    sentence: str

    @property
    def status(self) -> str:
        """`passed`, `warned` or `failed`."""
        if self.passed:
            return "passed"
        return "warned" if self.severity == "warn" else "failed"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableRecord:
    """A published table after the run: its rows, and the latest value of the column that says how fresh it is."""

    table: str
    rows: int
    time_column: str | None
    latest: datetime.datetime | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class StageRecord:
    """What one task copied, and how long it took."""

    task: str
    table: str
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
    """One run, as it was when it was recorded. Times are UTC.

    :param outcome: `published`, `nothing new` (published, but no row differed), `checks failed` or `failed`.
    :param failed_tasks: the tasks that failed themselves, not those that did not start because of them.
    :param load_errors: why a task that copies failed, a sentence each.
    :param notes: what could not be recorded, and why, a sentence each.
    """

    version: Literal[1] = 1
    dag_id: str
    run_id: str
    period: str
    mode: str
    logical_date: datetime.datetime | None
    started_at: datetime.datetime | None
    recorded_at: datetime.datetime
    outcome: str
    failed_tasks: tuple[str, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    tables: tuple[TableRecord, ...] = ()
    stages: tuple[StageRecord, ...] = ()
    load_errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the record is called: names sort by time, and a run that is recorded again gets another."""
        return f"{stamp(self.recorded_at)}_{file_name(self.run_id)}"

    def to_json(self) -> str:
        """The record as text."""
        return RECORD.dump_json(self, indent=1).decode()

    @classmethod
    def from_json(cls, text: bytes | str) -> RunRecord:
        """The record of a text; ValueError, saying what is wrong with it, for anything else."""
        return RECORD.validate_json(text)


RECORD = pydantic.TypeAdapter(RunRecord)


@dataclasses.dataclass(frozen=True)
class Reading:
    """What was read of a history: records, newest first, how many there are in all, and what could not be read."""

    records: list[RunRecord]
    total: int
    unreadable: list[str]


def stamp(moment: datetime.datetime) -> str:
    """A moment, in UTC, as it begins a name."""
    return f"{moment.astimezone(datetime.UTC):%Y%m%dT%H%M%SZ}"


def place(work_prefix: str, folder: str) -> tuple[str, str]:
    """Bucket and key prefix of a folder below the work prefix; ValueError if that is no S3 location."""
    bucket, prefix = split_url(work_prefix)
    return bucket, f"{prefix.rstrip('/')}/{folder}".lstrip("/")


def listing(client: Any, work_prefix: str, folder: str, ending: str) -> list[S3Object]:
    """The objects of a folder below the work prefix, oldest first."""
    bucket, prefix = place(work_prefix, folder)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = objects(item for page in pages for item in page.get("Contents", []))
    return [item for item in found if item.key.endswith(ending)]


class History:
    """Reads records, each from S3 once: an object that was written again has another ETag."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, S3Object], RunRecord] = {}

    def read(self, client: Any, work_prefix: str, most: int) -> Reading:
        """The newest records, at most so many. ValueError if the work prefix is no S3 location."""
        bucket, _ = place(work_prefix, RUNS)
        found = listing(client, work_prefix, RUNS, ".json")
        newest = found[: -most - 1 : -1]
        with concurrent.futures.ThreadPoolExecutor(REQUESTS_AT_A_TIME) as pool:
            answers = list(pool.map(lambda item: self._one(client, bucket, item), newest))
        records = [answer for answer in answers if isinstance(answer, RunRecord)]
        return Reading(records, len(found), [answer for answer in answers if isinstance(answer, str)])

    def find(self, client: Any, work_prefix: str, name: str) -> RunRecord | None:
        """The record of this name; None if there is none (any more), or it cannot be read."""
        bucket, prefix = place(work_prefix, RUNS)
        wanted = f"{prefix}{name}.json"
        found = [item for item in listing(client, work_prefix, RUNS, ".json") if item.key == wanted]
        answer = self._one(client, bucket, found[0]) if found else None
        return answer if isinstance(answer, RunRecord) else None

    def _one(self, client: Any, bucket: str, item: S3Object) -> RunRecord | str | None:
        """One record; a sentence when it cannot be read; None when it has been deleted since it was listed."""
        if kept := self._kept.get((bucket, item)):
            return kept
        try:
            record = RunRecord.from_json(client.get_object(Bucket=bucket, Key=item.key)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        except ValueError as error:
            return f"s3://{bucket}/{item.key} is no record of a run: {error}"
        self._keep((bucket, item), record)
        return record

    def _keep(self, key: tuple[str, S3Object], record: RunRecord) -> None:
        """Remember a record; the one that was read first makes room."""
        self._kept[key] = record
        for oldest in list(self._kept)[:-KEPT_IN_MEMORY]:
            self._kept.pop(oldest, None)
