"""A bucket and the warehouse that is loaded from it, compared with the model after every run."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

from tests.end_to_end import model
from tests.end_to_end.bucket_edits import Bucket, Edit, File, day_of, is_log
from tests.end_to_end.pipeline import Killed, Pipeline, Run, Watch

STAGES = ("stage_events", "stage_songs")
ONE_FILE_A_BATCH, IN_BULK = 20, 1  # values of `bulk_threshold`: over so many files of a feed share batches
MANIFEST = re.compile(r"FROM\s+'s3://([^/']+)/([^']+)'", re.IGNORECASE)
RAW = {
    "events": (tuple(model.EVENT_FIELDS), model.raw_events),
    "songs": (model.SONG_FIELDS, model.raw_songs),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run is started with.

    day: the run's own day, as of a dated run; None for a run without any date, which means all.
    is_bulk: files of a feed share batches.
    """

    day: str | None = None
    period: str | None = None
    reload: bool = False
    drop_vanished: bool = False
    recompute: bool = False
    is_bulk: bool = False

    @property
    def params(self) -> dict[str, Any]:
        """The DAG's params."""
        return {
            "period": self.period,
            "reload": self.reload,
            "drop_vanished": self.drop_vanished,
            "confirm_empty": self.drop_vanished,
            "recompute": self.recompute,
        }

    def covers(self, key: str) -> bool:
        """Whether a file is of the run's period; the catalogue is of every period."""
        period = self.period or self.day or "all"
        return not is_log(key) or period == "all" or day_of(key).startswith(period)

    def reads_new(self, key: str, first_day: str | None) -> bool:
        """Whether the run reads a file that is new; `first_day` is the first that the warehouse holds."""
        if self.recompute:
            return False
        if self.covers(key):
            return True
        return bool(self.period is None and self.day and first_day and first_day <= day_of(key) <= self.day)

    def has_its_day(self, keys: Iterable[str]) -> bool:
        """Whether there is a log of the run's period among the keys: without, a run may fail."""
        return any(is_log(key) and self.covers(key) for key in keys)


EVERYTHING = Plan(period="all")


@dataclasses.dataclass(frozen=True)
class Entry:
    """As much of a row of the ledger as the test looks at."""

    batch_id: int
    run_id: str
    etag: str | None


class World:
    """A bucket, a warehouse, and which version of each file the published runs have accepted.

    That bookkeeping alone is read from the ledger; what the tables must hold is worked out from the versions.
    """

    def __init__(
        self, pipeline: Pipeline, bucket: Bucket, reader: psycopg.Connection, published: Callable[[], dict[str, set]]
    ) -> None:
        self.pipeline = pipeline
        self.bucket = bucket
        self.reader = reader
        self.published = published
        self.ledger: dict[str, Entry] = {}
        self.accepted: dict[str, File] = {}
        self.read: dict[str, dict[str, File]] = {}  # by run, what its last COPY of each file found

    # Runs

    def open(self, plan: Plan, watch: Watch | None = None) -> Run:
        """A run to go through task by task. What its COPYs read is noted before `watch` may change the bucket."""
        read: dict[str, File] = {}

        def note(moment: str, number: int, sql: str) -> None:
            if moment == "after" and sql.lstrip().upper().startswith("COPY"):
                read.update({key: self.bucket.files[key] for key in self.copied(sql) if key in self.bucket.files})
            if watch:
                watch(moment, number, sql)

        self.set_threshold(plan)
        run = self.pipeline.open(plan.day, watch=note, **plan.params)
        self.read[run.run_id] = read
        return run

    def set_threshold(self, plan: Plan) -> None:
        """Make the stages share batches or not; they are the same tasks for all runs."""
        for task_id in STAGES:
            task = self.pipeline.dag.get_task(task_id)
            assert hasattr(task, "bulk_threshold")
            task.bulk_threshold = IN_BULK if plan.is_bulk else ONE_FILE_A_BATCH

    def copied(self, sql: str) -> list[str]:
        """The keys that a COPY reads, by its manifest."""
        found = MANIFEST.search(sql)
        assert found, sql
        body = self.bucket.lake.client.get_object(Bucket=found[1], Key=found[2])["Body"].read()
        return [entry["url"].removeprefix(f"s3://{self.bucket.lake.bucket}/") for entry in json.loads(body)["entries"]]

    def quiet(self, plan: Plan) -> Run:
        """A run that nothing disturbs: it succeeds, and has read what its plan says."""
        before = self.ledger
        run = self.open(plan)
        run.finish()
        self.settle()
        self.assert_as_planned(run, plan, before)
        return run

    def edit(self, edits: Iterable[Edit]) -> None:
        """Change the bucket."""
        for edit in edits:
            self.bucket.edit(edit)

    def meanwhile(self, plan: Plan, before_copy: Iterable[Edit], after_copy: Iterable[Edit], copy: int = 1) -> Run:
        """A run during which the bucket changes, right before and right after its n-th COPY."""
        copies = 0

        def watch(moment: str, number: int, sql: str) -> None:
            nonlocal copies
            if not sql.lstrip().upper().startswith("COPY"):
                return
            copies += moment == "before"
            if copies == copy:
                self.edit(before_copy if moment == "before" else after_copy)

        before = self.ledger
        run = self.open(plan, watch)
        run.finish()
        self.settle()
        # A file that has gone meanwhile cannot be read.
        assert run.errors.keys() <= self.may_fail(plan, before) | {*STAGES, "report_left_out"}, run.errors
        return run

    def killed(self, plan: Plan, statement: int, moment: str, is_tried_again: bool = False) -> Run:
        """A run whose task is killed before or after a statement has run; maybe the task is tried again."""
        before = self.ledger
        is_killed = False

        def watch(now: str, number: int, sql: str) -> None:
            nonlocal is_killed
            if not is_killed and (now, number) == (moment, statement):
                is_killed = True
                raise Killed

        run = self.open(plan, watch)
        try:
            run.finish()
        except Killed:
            self.settle()
            if not is_tried_again:
                return run
            run.finish()
        self.settle()
        self.assert_as_planned(run, plan, before)
        return run

    def failed(self, plan: Plan, statement: int, moment: str) -> Run:
        """A run with a task that fails at a statement; the tasks that run in spite of it do so."""

        def watch(now: str, number: int, sql: str) -> None:
            if (now, number) == (moment, statement):
                raise RuntimeError("a failure between two statements")

        run = self.open(plan, watch)
        run.finish()
        self.settle()
        return run

    def overtaken(self, plan: Plan, task_id: str, other: Plan) -> Run:
        """A run that stops before a task while another runs whole: if that one publishes, the first fails."""
        before = self.ledger
        run = self.open(plan)
        while run.waiting and run.waiting[0] != task_id:
            run.step()
        has_opened = run.states.get("open_run") == "success"
        overtaking = self.quiet(other)
        self.set_threshold(plan)
        run.finish()
        self.settle()
        if overtaking.states["publish"] != "success":
            self.assert_as_planned(run, plan, before)
        elif has_opened and run.states["publish"] != "skipped":
            assert "publish" in run.errors, (run.states, run.errors)
            assert overtaking.run_id in str(run.errors["publish"])
        return run

    # What must hold

    def settle(self) -> None:
        """Bring the bookkeeping up to the ledger, and compare the warehouse with the model."""
        rows = self.reader.execute("SELECT key, batch_id, run_id, etag FROM sparkify_raw.files").fetchall()
        ledger = {key: Entry(*row) for key, *row in rows}
        assert len(ledger) == len(rows)
        for key, entry in ledger.items():
            if key not in self.ledger or entry.batch_id != self.ledger[key].batch_id:
                self.accepted[key] = self.read[entry.run_id][key]
            # An ETag in the ledger says: this very version is what the rows are of.
            assert not entry.etag or entry.etag == self.accepted[key].etag, key
        for key in self.ledger.keys() - ledger.keys():
            del self.accepted[key]
        self.ledger = ledger
        self.compare()

    def contents(self, *, of_logs: bool) -> list[list[model.Record]]:
        """The accepted contents of one feed's files."""
        return [file.records for key, file in self.accepted.items() if is_log(key) == of_logs]

    def compare(self) -> None:
        """Published tables and raw rows are those of the accepted versions of the files."""
        expected = model.warehouse(self.contents(of_logs=True), self.contents(of_logs=False))
        found = self.published()
        for table, rows in expected.items():
            assert rows == found[table], table
        for table, (columns, raw_rows) in RAW.items():
            batches: dict[int, list[list[model.Record]]] = {}
            for key, entry in self.ledger.items():
                if is_log(key) == (table == "events"):
                    batches.setdefault(entry.batch_id, []).append(self.accepted[key].records)
            by_batch = {batch_id: raw_rows(contents) for batch_id, contents in batches.items()}
            assert by_batch == self.raw(table, columns), f"sparkify_raw.{table}"

    def raw(self, table: str, columns: Iterable[str]) -> dict[int, Counter[tuple]]:
        """The raw rows by batch, each with its count."""
        found: dict[int, Counter[tuple]] = {}
        for batch_id, *row in self.reader.execute(
            f"SELECT batch_id, {', '.join(columns)} FROM sparkify_raw.{table}"
        ).fetchall():
            found.setdefault(batch_id, Counter())[tuple(row)] += 1
        return found

    def may_fail(self, plan: Plan, before: dict[str, Entry]) -> set[str]:
        """The tasks that may fail because there is nothing to load: no file of the period."""
        return set() if plan.has_its_day([*before, *self.bucket.files]) else {"find_files"}

    def held_up(self, before: dict[str, Entry], *, is_dropping: Callable[[str], bool]) -> set[str]:
        """The files that keep their version because of themselves or of one that shares their batch.

        A file is the reason if it cannot be loaded, or has vanished and is not being dropped.
        """
        reasons = {key for key in self.bucket.files if self.bucket.files[key].is_broken}
        reasons |= {key for key in before if key not in self.bucket.files and not is_dropping(key)}
        batches = {before[key].batch_id for key in reasons if key in before}
        return reasons | {key for key, entry in before.items() if entry.batch_id in batches}

    def assert_as_planned(self, run: Run, plan: Plan, before: dict[str, Entry]) -> None:
        """The run went well, but for what it had to leave out, and has read and dropped what its plan says."""

        def is_dropping(key: str) -> bool:
            return plan.drop_vanished and plan.covers(key)

        held_up = self.held_up(before, is_dropping=is_dropping)
        left_out = {item["key"] for stage in STAGES for item in (run.returned.get(stage) or {}).get("left_out", ())}
        assert left_out <= held_up, left_out - held_up
        if run.errors.keys() & self.may_fail(plan, before):
            assert before == self.ledger
            return
        assert run.errors.keys() <= ({"report_left_out"} if left_out else set()), run.errors
        first_day = min(map(day_of, filter(is_log, before)), default=None)
        for key in (self.bucket.files.keys() | before.keys()) - held_up:
            if key not in self.bucket.files:
                assert key not in self.ledger, f"{key} has vanished and is to be dropped"
            elif (key in before and not plan.recompute) or plan.reads_new(key, first_day):
                assert key in self.ledger, f"{key} has not been read"
                assert self.accepted[key].records == self.bucket.files[key].records, f"{key} is not as in the bucket"
            else:
                assert (key in before) == (key in self.ledger), f"{key} is outside the period"

    def finish(self, plan: Plan = EVERYTHING) -> None:
        """One run over everything; after it, another finds nothing to do."""
        self.quiet(plan)
        if plan.recompute:
            self.quiet(EVERYTHING)
        again = self.quiet(EVERYTHING)
        assert again.states["publish"] != "success", "a run with nothing new has published"
