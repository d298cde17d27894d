"""Waiting for the day's first file: who waits, what ends the wait, and what the deadline does."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import logging

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import DAG, timezone
from airflow.sdk.api.datamodels._generated import DagRunType
from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException

from tests.plugins.warehouse.operators.conftest import NOWHERE
from warehouse.operators import wait_for_files
from warehouse.operators.wait_for_files import WaitForFilesSensor

PREFIX = "log_data/2018/11/2018-11-05-events"
MIDNIGHT = datetime.datetime(2018, 11, 6, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


@dataclasses.dataclass
class DagRun:
    """As much of a DAG run as the sensor uses."""

    run_type: str


@dataclasses.dataclass
class TaskInstance:
    """As much of a task instance as the sensor uses."""

    log_url: str = "http://airflow/log"

    def get_first_reschedule_date(self, context):
        """When the sensor first looked."""
        return MIDNIGHT


@pytest.fixture
def at(monkeypatch):
    """Sets the clock to a time after the end of the data interval."""

    def set_clock(after: datetime.timedelta) -> None:
        monkeypatch.setattr(timezone, "utcnow", lambda: MIDNIGHT + after)

    return set_clock


@pytest.fixture
def alerts(monkeypatch):
    """The warnings that were sent."""
    sent = []
    monkeypatch.setattr(wait_for_files, "send_warning", lambda *arguments: sent.append(arguments))
    return sent


@pytest.fixture
def context():
    """The context of a scheduled run."""
    return {
        "dag_run": DagRun(DagRunType.SCHEDULED),
        "run_id": "scheduled__2018-11-06",
        "data_interval_end": MIDNIGHT,
        "ti": TaskInstance(),
        "params": {"hours": 6},
    }


@pytest.fixture
def log():
    """What the sensor logs."""
    return io.StringIO()


@pytest.fixture
def sensor(bucket, log):
    """Makes the sensor as a DAG does, with templates rendered."""

    def wait(context, **changes):
        dag = DAG(dag_id="shop", schedule=None)
        arguments = {"bucket": bucket, "prefix": PREFIX, "wait_hours": "{{ params.hours }}", "alert_topic": "arn:topic"}
        sensor = WaitForFilesSensor(task_id="wait_for_files", dag=dag, **(arguments | changes))
        sensor.render_template_fields(context)
        sensor._cached_logger = logging.Logger("wait_for_files")
        sensor._cached_logger.addHandler(logging.StreamHandler(log))
        return sensor

    return wait


def test_a_scheduled_run_waits_until_its_file_is_there(sensor, context, s3, bucket, at, alerts):
    """It looks every five minutes and holds no worker between two looks; the files of other days do not count."""
    at(5 * HOUR)
    waiting = sensor(context)
    s3.put_object(Bucket=bucket, Key="log_data/2018/11/2018-11-04-events.json", Body=b"")
    with pytest.raises(AirflowRescheduleException) as rescheduled:
        waiting.execute(context)
    assert MIDNIGHT + 5 * HOUR + datetime.timedelta(minutes=5) == rescheduled.value.reschedule_date
    s3.put_object(Bucket=bucket, Key=f"{PREFIX}-2.json.gz", Body=b"{}")
    waiting.execute(context)
    assert [] == alerts


def test_past_the_deadline_the_run_goes_on_with_one_warning(sensor, context, bucket, at, alerts, log):
    """Green; log and alert name the prefix."""
    at(6 * HOUR - datetime.timedelta(seconds=1))
    waiting = sensor(context)
    assert not waiting.poke(context)
    at(6 * HOUR)
    waiting.execute(context)
    location = f"s3://{bucket}/{PREFIX}"
    assert f"no file at {location} by 2018-11-06T06:00:00+00:00; the run goes on without it" in log.getvalue()
    ((topic, subject, message, aws_conn_id, _),) = alerts
    assert ("arn:topic", f"shop: no file at {location}", "aws_default") == (topic, subject, aws_conn_id)
    assert f"Run scheduled__2018-11-06 of shop: no file at {location}" in message
    assert "http://airflow/log" in message


def test_a_file_that_came_after_the_deadline_is_no_warning(sensor, context, s3, bucket, at, alerts):
    """A run that starts late looks before it complains."""
    at(48 * HOUR)
    s3.put_object(Bucket=bucket, Key=f"{PREFIX}.json", Body=b"{}")
    sensor(context).execute(context)
    assert [] == alerts


@pytest.mark.parametrize(("key", "counts"), [("orders/", False), ("orders/2018/", False), ("orders/2018/1.json", True)])
def test_folders_of_the_console_are_no_files(sensor, monkeypatch, context, key, counts):
    """The sandbox's S3 cannot hold an object whose key ends in a slash."""
    monkeypatch.setattr(S3Hook, "iter_file_metadata", lambda *_, **__: iter([{"Key": key}]))
    assert counts == sensor(context, prefix="orders/").has_file()


@pytest.mark.parametrize("run_type", ["manual", "backfill", "asset_triggered", "operator_triggered"])
def test_other_runs_do_not_wait(sensor, context, alerts, run_type):
    """Without looking, and without a date: such a run may have none."""
    del context["data_interval_end"]
    context["dag_run"] = DagRun(run_type)
    sensor(context, aws_conn_id=NOWHERE, bucket="no-such-bucket").execute(context)
    assert [] == alerts


@pytest.mark.parametrize("hours", ["a while", "-1", "nan", "inf", "9000", "", None])
def test_what_is_no_number_of_hours_is_refused(sensor, context, hours):
    """Before anything is listed."""
    with pytest.raises(AirflowFailException, match=r"not a number of hours to wait.*expected a number from 0 to 8760"):
        sensor(context, wait_hours=hours, aws_conn_id=NOWHERE).poke(context)


@pytest.mark.parametrize("hours", ["0", 0.5, "8760"])
def test_the_timeout_comes_after_every_deadline(sensor, context, at, alerts, hours):
    """A sensor that times out fails; this one is to go on."""
    waiting = sensor(context, wait_hours=hours)
    at(float(hours) * HOUR - datetime.timedelta(seconds=1))
    with pytest.raises(AirflowRescheduleException):
        waiting.execute(context)
    at(float(hours) * HOUR)
    waiting.execute(context)
    assert 1 == len(alerts)


def test_a_bucket_that_cannot_be_listed_fails_the_task(sensor, context, at):
    """To wait would not help."""
    at(HOUR)
    with pytest.raises(AirflowFailException, match=r"cannot list s3://no-such-bucket/log_data.*NoSuchBucket"):
        sensor(context, bucket="no-such-bucket").execute(context)


DAG_FILE = """
import datetime
from airflow.sdk import DAG
from warehouse.operators.wait_for_files import WaitForFilesSensor

with DAG(dag_id="wait", schedule=None, start_date=datetime.datetime(2018, 11, 6, tzinfo=datetime.UTC)):
    WaitForFilesSensor(
        task_id="wait_for_files",
        bucket="no-such-bucket",
        prefix="log_data/{{ ds }}",
        wait_hours="{{ var.value.get('sparkify_wait_hours', 6) }}",
        alert_topic="{{ var.value.get('sparkify_alert_topic', '') }}",
    )
"""


@pytest.mark.filterwarnings("ignore")
def test_a_manual_run_of_a_dag_goes_on_at_once(airflow_database, tmp_path, monkeypatch):
    """With Airflow's own task runner: the context, the templates and the type of the run are the real ones."""
    from airflow.dag_processing.dagbag import DagBag  # the environment must be complete before Airflow is imported

    (tmp_path / "wait.py").write_text(DAG_FILE, encoding="utf-8")
    bundle = {"name": "wait", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}
    bundles = json.dumps([bundle | {"kwargs": {"path": str(tmp_path)}}])
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", bundles)
    run = DagBag(str(tmp_path)).dags["wait"].test(logical_date=MIDNIGHT)
    assert ["success"] == [ti.state for ti in run.get_task_instances()]
