"""Subscribers of the SNS topic receive an alert when the main DAG fails."""

from __future__ import annotations

import json
import logging

import boto3
import pytest

from sparkify.checks import CHECKS
from tests.end_to_end import conftest as end_to_end
from tests.end_to_end.test_corrections import CATALOGUE, FIFTH, event, lines, song
from tests.end_to_end.test_dag_run import DAY
from warehouse.alerts import FailureAlert, send_warning
from warehouse.checks import Check

# Airflow's task runner and its in-process server emit warnings about each other.
pytestmark = pytest.mark.filterwarnings("ignore")

# Fixtures of other modules.
lake = end_to_end.lake
reader = end_to_end.reader
empty_warehouse = end_to_end.empty_warehouse


class Subscriber:
    """An SQS queue that is subscribed to an SNS topic."""

    def __init__(self) -> None:
        sns, self.sqs = boto3.client("sns"), boto3.client("sqs")
        self.topic = sns.create_topic(Name="sparkify-alerts")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="on-call")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def messages(self) -> list[dict[str, str]]:
        """Return the messages that have arrived."""
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]


@pytest.fixture
def subscriber(account, monkeypatch):
    """A subscriber to the topic that the Variable `sparkify_alert_topic` contains."""
    subscriber = Subscriber()
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_ALERT_TOPIC", subscriber.topic)
    return subscriber


@pytest.fixture
def run(short_sleeps, bag, lake, empty_warehouse):
    """A function that runs the main DAG with `dag.test`. Without events there is no log file, and the run fails."""
    lake.put(CATALOGUE, lines(song()))

    def test_run(*events: dict) -> str:
        if events:
            lake.put(FIFTH, lines(*events))
        return str(bag.dags["sparkify_warehouse"].test(logical_date=DAY).state)

    return test_run


def test_an_alert_describes_the_failed_checks_and_links_to_the_log(run, subscriber, bag, monkeypatch):
    """It lists every failed check once, and no other check."""
    many = [
        Check(
            name=f"many {table}",
            sql="checks/row_count.sql",
            table=f"sparkify_run.{table}",
            description=f"there are new or changed {table}",
            at_least=10,
            parameters={"table": table},
        )
        for table in ("songplays", "users")
    ]
    monkeypatch.setattr(bag.dags["sparkify_warehouse"].get_task("check_quality"), "checks", (*CHECKS, *many))
    assert "failed" == run(event())
    (message,) = subscriber.messages()
    assert "sparkify_warehouse: check_quality failed" == message["Subject"]
    text = message["Message"]
    for table in ("songplays", "users"):
        assert f"many {table}: there are new or changed {table}; observed 1, expected at least 10" in text
    assert 2 == text.count("\n- ")
    assert "/dags/sparkify_warehouse/runs/manual__" in text
    assert "/tasks/check_quality" in text


def test_a_successful_run_sends_no_alert(run, subscriber):
    """The queue stays empty."""
    assert "success" == run(event())
    assert [] == subscriber.messages()


def test_without_a_topic_nothing_is_sent(run, subscriber, monkeypatch, calls):
    """If the Variable is not set, a failed run makes no SNS call."""
    monkeypatch.delenv("AIRFLOW_VAR_SPARKIFY_ALERT_TOPIC")
    assert "failed" == run()
    assert [] == [call for call in calls if call.service == "sns"]
    assert [] == subscriber.messages()


def test_a_deleted_topic_does_not_hide_the_failure(run, subscriber, monkeypatch, capfd):
    """The log shows why the run failed, and that the alert was not sent."""
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_ALERT_TOPIC", f"{subscriber.topic}-gone")
    assert "failed" == run()
    log = "".join(capfd.readouterr())
    assert "there is no file of 2018-11-05 below" in log
    assert "Failed to send notification" in log


LOG = logging.getLogger("tests.alerts")


def test_a_warning_arrives(subscriber):
    """SNS refuses subjects of several lines, of other characters than ASCII and of over 100."""
    send_warning(subscriber.topic, "no file\nfor Århus " + "x" * 200, "Nothing at s3://b/ø", "aws_default", LOG)
    (message,) = subscriber.messages()
    assert ("no file for ?rhus " + "x" * 200)[:100] == message["Subject"]
    assert "Nothing at s3://b/ø" == message["Message"]


@pytest.mark.parametrize("topic", ["", None])
def test_without_a_topic_no_warning_is_sent(subscriber, calls, topic, caplog):
    """And no client of AWS is made: a local run has no account."""
    send_warning(topic, "subject", "message", "no_such_connection", LOG)
    assert ([], "") == (calls, caplog.text)


@pytest.mark.parametrize("trouble", ["no topic", "no SNS"])
def test_a_warning_that_cannot_be_sent_is_in_the_log(subscriber, caplog, monkeypatch, trouble):
    """The task goes on."""
    topic = f"{subscriber.topic}-gone" if trouble == "no topic" else subscriber.topic
    if trouble == "no SNS":
        extra = {"region_name": "us-west-2", "endpoint_url": "http://127.0.0.1:1"}
        monkeypatch.setenv("AIRFLOW_CONN_NO_SNS", json.dumps({"conn_type": "aws", "extra": extra}))
    send_warning(topic, "the share grew", "message", "aws_default" if trouble == "no topic" else "no_sns", LOG)
    assert [] == subscriber.messages()
    (record,) = [record for record in caplog.records if record.name == LOG.name]
    assert ("WARNING", True) == (record.levelname, record.exc_info is not None)
    assert f"the warning 'the share grew' was not sent to {topic}" == record.getMessage()


def test_a_long_failure_message_arrives(subscriber):
    """What is too long for SNS, or for a queue that is subscribed, is cut."""
    alert = FailureAlert(topic=subscriber.topic)
    alert.message = "é" * 200_000
    alert.notify({})
    (message,) = subscriber.messages()
    assert "é" * 16_384 == message["Message"]
