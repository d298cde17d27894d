"""The record of a run: what it takes from whom, which of it is this try's, and how many records stay."""

from __future__ import annotations

import datetime
import types

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tests.plugins.warehouse.operators.conftest import HOSTILE, NOWHERE
from warehouse.checks import Check
from warehouse.operators.data_quality import DataQualityOperator
from warehouse.operators.load_dimension import LoadDimensionOperator
from warehouse.operators.publish import Publication, PublishOperator
from warehouse.operators.record_run import RecordRunOperator
from warehouse.operators.stage_to_redshift import StageToRedshiftOperator
from warehouse.reporting.history import CheckRecord, History, StageRecord, TableRecord

CHANGED = datetime.datetime(2018, 11, 5, 12, 30)
STAGED = {"rows": 3, "files": 2, "bytes": 120, "seconds": 0.5}
LOADED = {"staged": 3, "new": 1, "changed": 1, "unchanged": 1}
CHECK = Check(name="some", sql="x.sql", table="desk.orders", sentence="there are orders", at_least=1)
RESULT = ("r", "some", "desk.orders", "error", False, 0, "at least 1", "there are orders", CHANGED)
SUCCESS = dict.fromkeys(("stage", "load", "check", "publish"), "success")


@pytest.fixture
def record(shop, bucket, s3):
    """The shop's DAG with a task of each kind, and its record of a run whose tasks ended in these states."""
    more = {"dag": shop.dag, "run_table": "desk.run"}
    names = {"table": "shop.orders", "candidates": "desk.orders", "key": "order_id", "columns": ["order_id"]}
    StageToRedshiftOperator(task_id="stage", table="desk.raw", columns=["order_id"], bucket="b", prefix="p", **more)
    LoadDimensionOperator(task_id="load", sql="x.sql", preference=["status"], **names, **more)
    DataQualityOperator(task_id="check", checks=[CHECK], results="desk.results", **more)
    PublishOperator(task_id="publish", publications=[Publication(**names)], **more)
    shop.context["dag_run"] = types.SimpleNamespace(logical_date=None, start_date=None)

    def run(states, **changed):
        shop.exchange.states = states
        arguments = {
            "task_id": "record",
            "period": "all",
            "mode": "merge",
            "results": "desk.results",
            "tables": {"shop.orders": "changed_at", "shop.visits": None},
            "work_prefix": f"s3://{bucket}/sparkify",
            "no_prefix": "tell where to write",
        }
        shop.dag.task_dict.pop("record", None)
        shop.dag.task_group.children.pop("record", None)
        shop.dag.task_group.used_group_ids.discard("record")
        shop.run(RecordRunOperator(dag=shop.dag, **(arguments | changed)))
        return History().read(s3, f"s3://{bucket}/sparkify/", most=1).records[0]

    return run


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_a_record_holds_what_tasks_returned_and_the_warehouse_says(connection, shop, record):
    """Each figure from who knows it; a run without a date has none."""
    shop.exchange.xcoms |= {("stage", "return_value"): STAGED, ("load", "return_value"): LOADED}
    shop.fill("desk.results", RESULT, ("another run", *RESULT[1:]))
    shop.fill("shop.orders", (1, "open", CHANGED), (2, "open", None))
    found = record(SUCCESS)
    assert ("shop", "r", "all", "merge", None, None) == (
        *(found.dag_id, found.run_id, found.period, found.mode),
        *(found.logical_date, found.started_at),
    )
    assert (StageRecord(task="stage", table="desk.raw", **STAGED),) == found.stages
    assert (
        CheckRecord(
            name="some",
            table="desk.orders",
            severity="error",
            passed=False,
            observed=0,
            expected="at least 1",
            sentence="there are orders",
        ),
    ) == found.checks
    latest = CHANGED.replace(tzinfo=datetime.UTC)
    assert (
        TableRecord(table="shop.orders", rows=2, time_column="changed_at", latest=latest),
        TableRecord(table="shop.visits", rows=0, time_column=None, latest=None),
    ) == found.tables
    assert abs(datetime.datetime.now(datetime.UTC) - found.recorded_at) < datetime.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("states", "changes", "outcome", "failed"),
    [
        (SUCCESS, {}, "published", ()),
        (SUCCESS, {"load": LOADED | {"new": 0, "changed": 0}}, "nothing new", ()),
        (SUCCESS | {"publish": "skipped"}, {}, "failed", ()),
        (SUCCESS | {"publish": "failed"}, {}, "failed", ("publish",)),
        (SUCCESS | {"check": "failed", "publish": "upstream_failed"}, {}, "checks failed", ("check",)),
        # Somebody marked them: they returned nothing.
        (SUCCESS, {"stage": None, "load": None}, "nothing new", ()),
        ({}, {}, "failed", ()),
    ],
    ids=["all well", "no row differs", "not published", "publish failed", "a check failed", "marked", "nothing ran"],
)
def test_the_outcome_in_a_word(shop, record, states, changes, outcome, failed):
    """By the tasks' states, and by whether a row differed."""
    returned = {"stage": STAGED, "load": LOADED} | changes
    shop.exchange.xcoms |= {(task, "return_value"): value for task, value in returned.items()}
    shop.fill("desk.results", RESULT)
    found = record(states)
    assert (outcome, failed) == (found.outcome, found.failed_tasks)


def test_what_an_earlier_try_left_is_not_this_ones(shop, record):
    """XComs and results stay when a run is cleared, until its tasks run again: some do not come to it."""
    shop.exchange.xcoms |= {
        ("stage", "return_value"): STAGED,
        ("stage", "load_errors"): ["line 3 was bad"],
        ("load", "return_value"): LOADED,
    }
    shop.fill("desk.results", RESULT)
    not_started = {"load": "upstream_failed", "check": "upstream_failed", "publish": "upstream_failed"}
    again = record({"stage": "failed", **not_started})
    assert ((), (), ["line 3 was bad"]) == (again.stages, again.checks, list(again.load_errors))
    assert ((), "failed") == (record({"stage": "upstream_failed", **not_started}).load_errors, again.outcome)


def test_the_newest_records_stay(record, s3, bucket):
    """Older ones go, and nothing else that lies beside them."""
    kept = ["sparkify/reports/20180101T000000Z.json", "sparkify/runs/README.md"]
    old = [f"sparkify/runs/2018010{day}T000000Z_r.json" for day in (1, 2, 3)]
    for key in (*kept, *old):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    found = record(SUCCESS, keep=2)
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert {*kept, old[2], f"sparkify/runs/{found.name}.json"} == keys


def test_without_a_place_to_write_it_is_skipped_and_a_wrong_one_is_refused(record):
    """In the words of the DAG; neither asks for a connection."""
    with pytest.raises(AirflowSkipException, match=r"^tell where to write$"):
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
def test_doubtful_arguments_are_refused(record, changed, message):
    """When the DAG is read."""
    with pytest.raises(ValueError, match=message):
        record(SUCCESS, **changed)
