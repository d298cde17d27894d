"""The record of a run: its content, its outcome, and how many records are kept."""

from __future__ import annotations

import datetime
import types

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tests.plugins.warehouse.operators import order_desk
from tests.plugins.warehouse.operators.conftest import HOSTILE, NOWHERE
from warehouse.operators import record_run
from warehouse.operators.data_quality import DataQualityOperator
from warehouse.operators.load_table import LoadTableOperator
from warehouse.operators.publish import PublishOperator
from warehouse.operators.record_run import RecordRunOperator
from warehouse.operators.stage_to_redshift import StageToRedshiftOperator
from warehouse.reporting.history import CheckRecord, History, StageRecord, TableRecord

# The same fixture serves here.
shop = order_desk.shop

RESULTS = """CREATE TABLE desk.check_results (
    run_id VARCHAR(256), check_name VARCHAR(256), table_name VARCHAR(256), severity VARCHAR(16), passed BOOLEAN,
    observed DOUBLE PRECISION, expected VARCHAR(256), description VARCHAR(1024), checked_at TIMESTAMP
)"""
CHANGED = datetime.datetime(2018, 11, 5, 12, 30)
COPIED = {"rows": 3, "files": 2, "bytes": 120, "seconds": 0.5}
STAGED = COPIED | {"left_out": [], "warnings": ["README is not an order file"]}
LEFT_OUT = STAGED | {"left_out": [{"key": "orders/2.json", "reason": "line 3, column order_id: invalid digit"}]}
LOADED = {"new": 1, "changed": 2, "deleted": 4}
RESULT = ("r", "some", "shop.orders", "error", False, 0, "at least 1", "there are orders", CHANGED)

OPERATORS = {
    "stage": StageToRedshiftOperator,
    "load": LoadTableOperator,
    "check": DataQualityOperator,
    "publish": PublishOperator,
    "report_left_out": BaseOperator,
}
SUCCESS = dict.fromkeys(OPERATORS, "success")
NOT_STARTED = dict.fromkeys(("load", "check", "publish", "report_left_out"), "upstream_failed")
NOTHING_NEW = dict.fromkeys(OPERATORS, "skipped")
# Every file was left out, so there was nothing to publish.
ALL_LEFT_OUT = SUCCESS | {"publish": "skipped", "report_left_out": "failed"}


def task_with(operator: type[BaseOperator]) -> type[BaseOperator]:
    """The operator without arguments of its own: the record depends on the classes of the tasks alone."""
    return type(operator.__name__, (operator,), {"__init__": BaseOperator.__init__})


@pytest.fixture
def record(shop, bucket, s3):
    """Runs the operator in a DAG whose tasks are in these states; returns the newest record."""
    shop.reader.execute(RESULTS)
    for task_id, operator in OPERATORS.items():
        task_with(operator)(task_id=task_id, dag=shop.dag)
    shop.context |= {
        "dag_run": types.SimpleNamespace(logical_date=None, start_date=None),
        "params": {"reload": True, "recompute": False},
    }
    shop.exchange.xcoms |= {("stage", "return_value"): STAGED, ("load", "return_value"): LOADED}

    def run(states, **changed):
        shop.exchange.states = states
        arguments = {
            "task_id": "record",
            "period": "all",
            "options": ("reload", "recompute"),
            "results": "desk.check_results",
            "tables": {"shop.orders": "changed_at", "shop.visits": None},
            "work_prefix": f"s3://{bucket}/sparkify",
            "no_prefix": "set the Variable shop_prefix",
        }
        shop.dag.task_dict.pop("record", None)
        shop.dag.task_group.children.pop("record", None)
        shop.dag.task_group.used_group_ids.discard("record")
        shop.run(RecordRunOperator(dag=shop.dag, **(arguments | changed)))
        return History().read(s3, f"s3://{bucket}/sparkify/", limit=1).records[0]

    return run


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_a_record_has_what_the_tasks_returned_and_what_the_warehouse_has(connection, shop, record):
    """Results of other runs are not in it; a run without a logical date has none."""
    shop.fill("desk.check_results", RESULT, ("another run", *RESULT[1:]))
    shop.fill("shop.orders", (1, "open", CHANGED), (2, "open", None))
    found = record(SUCCESS)
    assert ("shop", "r", "all", ("reload",), None, None) == (
        *(found.dag_id, found.run_id, found.period, found.options),
        *(found.logical_date, found.started_at),
    )
    assert (StageRecord(task="stage", **COPIED),) == found.stages
    assert (("README is not an order file",), 7) == (found.warnings, found.changed_rows)
    assert (
        CheckRecord(
            name="some",
            table="shop.orders",
            severity="error",
            passed=False,
            observed=0,
            expected="at least 1",
            description="there are orders",
        ),
    ) == found.checks
    latest = CHANGED.replace(tzinfo=datetime.UTC)
    assert (
        TableRecord(table="shop.orders", rows=2, time_column="changed_at", latest=latest),
        TableRecord(table="shop.visits", rows=0, time_column=None, latest=None),
    ) == found.tables
    assert abs(datetime.datetime.now(datetime.UTC) - found.recorded_at) < datetime.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("states", "staged", "outcome", "failed"),
    [
        (SUCCESS, STAGED, "published", ()),
        (NOTHING_NEW, STAGED, "nothing new", ()),
        (SUCCESS | {"report_left_out": "failed"}, LEFT_OUT, "files left out", ("report_left_out",)),
        (ALL_LEFT_OUT, LEFT_OUT, "files left out", ("report_left_out",)),
        (SUCCESS | {"report_left_out": "failed"}, STAGED, "failed", ("report_left_out",)),
        (SUCCESS | {"publish": "failed", "report_left_out": "upstream_failed"}, LEFT_OUT, "failed", ("publish",)),
        (SUCCESS | {"check": "failed", "publish": "upstream_failed"}, LEFT_OUT, "checks failed", ("check",)),
        # A user marked the task as succeeded, so it has no return value.
        (SUCCESS, None, "published", ()),
        ({}, STAGED, "failed", ()),
    ],
    ids=["published", "skipped", "left out", "all left out", "report", "publish", "check", "marked", "no states"],
)
def test_the_outcome_depends_on_the_states_and_the_files_left_out(shop, record, states, staged, outcome, failed):
    """A failed check or publish is worse than files left out."""
    shop.exchange.xcoms["stage", "return_value"] = staged
    shop.fill("desk.check_results", RESULT)
    found = record(states)
    assert (outcome, failed) == (found.outcome, found.failed_tasks)
    files = ("orders/2.json: line 3, column order_id: invalid digit",) if staged is LEFT_OUT else ()
    assert files == found.left_out
    assert (7 if states.get("publish") == "success" else None) == found.changed_rows


def test_a_record_stays_small_if_a_whole_feed_is_left_out(shop, record, monkeypatch):
    """A warning says how many more files there are."""
    monkeypatch.setattr(record_run, "MAX_LEFT_OUT", 2)
    files = [{"key": f"{number}.json", "reason": "no JSON"} for number in range(5)]
    shop.exchange.xcoms["stage", "return_value"] = STAGED | {"left_out": files}
    found = record(ALL_LEFT_OUT)
    assert ("0.json: no JSON", "1.json: no JSON") == found.left_out
    assert "3 more files were left out; the logs of the stage tasks list them" == found.warnings[0]


def test_a_run_with_nothing_new_needs_no_connection(record):
    """Its record has no checks and no sizes, and no note about an error."""
    found = record(NOTHING_NEW, conn_id=NOWHERE)
    assert ("nothing new", (), (), (), ()) == (found.outcome, found.checks, found.tables, found.stages, found.notes)


def test_a_run_that_published_nothing_has_checks_but_no_sizes(shop, record):
    """The sizes have not changed since the run before."""
    shop.fill("desk.check_results", RESULT)
    found = record(ALL_LEFT_OUT)
    assert (["some"], ()) == ([check.name for check in found.checks], found.tables)


def test_an_error_of_the_warehouse_is_a_note(record):
    """The rest of the record is written all the same."""
    found = record(SUCCESS, results="desk.no_such_table")
    assert ("published", 7, ()) == (found.outcome, found.changed_rows, found.tables)
    (note,) = found.notes
    assert note.startswith("check results and table sizes could not be queried: ")
    assert "no_such_table" in note


def test_data_of_an_earlier_try_is_not_in_the_record(shop, record):
    """XComs and results remain when a run is cleared, until its tasks run again."""
    shop.exchange.xcoms["stage", "load_errors"] = ["the bucket cannot be listed"]
    shop.exchange.xcoms["stage", "return_value"] = LEFT_OUT
    shop.fill("desk.check_results", RESULT)
    again = record({"stage": "failed", **NOT_STARTED})
    assert ((), (), (), (), None) == (again.stages, again.left_out, again.warnings, again.checks, again.changed_rows)
    assert ("failed", ("the bucket cannot be listed",)) == (again.outcome, again.load_errors)
    assert () == record({"stage": "upstream_failed", **NOT_STARTED}).load_errors


def test_the_newest_records_are_kept(record, s3, bucket):
    """Older ones are deleted, and no other objects."""
    kept = ["sparkify/reports/20180101T000000Z.json", "sparkify/runs/README.md"]
    old = [f"sparkify/runs/2018010{day}T000000Z_r.json" for day in (1, 2, 3)]
    for key in (*kept, *old):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    found = record(SUCCESS, keep=2)
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert {*kept, old[2], f"sparkify/runs/{found.name}.json"} == keys


def test_without_a_work_prefix_it_is_skipped_with_a_message(record):
    """A work prefix that is not an S3 location is an error; neither case needs a connection."""
    with pytest.raises(AirflowSkipException, match=r"^set the Variable shop_prefix$"):
        record(SUCCESS, work_prefix="", conn_id=NOWHERE, aws_conn_id=NOWHERE)
    with pytest.raises(AirflowFailException, match="not an S3 location: 'work'; expected s3://bucket/prefix"):
        record(SUCCESS, work_prefix="work", conn_id=NOWHERE, aws_conn_id=NOWHERE)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"results": HOSTILE}, "not a plain table name"),
        ({"tables": {HOSTILE: None}}, "not a plain table name"),
        ({"tables": {"shop.orders": "x) FROM y --"}}, "not a plain column name"),
        ({"keep": 0}, "cannot keep 0 records; expected 1 or more"),
    ],
)
def test_invalid_arguments_are_refused(record, changed, message):
    """When the DAG is parsed."""
    with pytest.raises(ValueError, match=message):
        record(SUCCESS, **changed)
