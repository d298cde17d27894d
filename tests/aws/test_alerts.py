"""A failure of the main DAG reaches whoever subscribed to the topic."""

from __future__ import annotations

import json

import boto3
import pytest

from tests.end_to_end import conftest as end_to_end
from tests.end_to_end.test_corrections import FIFTH, event, lines
from tests.end_to_end.test_dag_run import DAY

# Airflow's own task runner and its in-process server warn of each other's parts.
pytestmark = pytest.mark.filterwarnings("ignore")

# The same fixtures serve here.
lake = end_to_end.lake
reader = end_to_end.reader
empty_warehouse = end_to_end.empty_warehouse


class Subscriber:
    """A queue subscribed to a topic."""

    def __init__(self) -> None:
        sns, self.sqs = boto3.client("sns"), boto3.client("sqs")
        self.topic = sns.create_topic(Name="sparkify-alerts")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="on-call")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def messages(self) -> list[dict[str, str]]:
        """What has arrived."""
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]


@pytest.fixture
def subscriber(account, monkeypatch):
    """Somebody on call; the Variable names the topic."""
    subscriber = Subscriber()
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_ALERT_TOPIC", subscriber.topic)
    return subscriber


@pytest.fixture
def run(brisk, bag, lake, empty_warehouse):
    """Runs the main DAG by `dag.test`; without events there is no file, and staging fails."""
    lake.put("song_data/A/A/A/TRAAA1.json", json.dumps({"song_id": "S1", "artist_id": "A1"}))

    def test_run(*events: dict) -> str:
        if events:
            lake.put(FIFTH, lines(*events))
        return str(bag.dags["sparkify_warehouse"].test(logical_date=DAY).state)

    return test_run


def test_failed_checks_arrive_in_words_with_a_link(run, subscriber):
    """Every failed check and no other, once; the link is that of the task's log."""
    assert "failed" == run(event(level="gratis"))
    (message,) = subscriber.messages()
    assert "sparkify_warehouse: check_quality failed" == message["Subject"]
    text = message["Message"]
    assert "songplays.level is accepted: every level among the candidates of sparkify.songplays is one of" in text
    assert "users.level is accepted" in text
    assert text.count("observed 1, expected 0") == text.count("\n- ") >= 2
    assert "/dags/sparkify_warehouse/runs/manual__" in text
    assert "/tasks/check_quality" in text


def test_a_success_is_no_news(run, subscriber):
    """Nobody is woken."""
    assert "success" == run(event())
    assert [] == subscriber.messages()


def test_without_a_topic_nothing_is_sent(run, subscriber, monkeypatch, calls):
    """The Variable is not set; the failure is only in the log."""
    monkeypatch.delenv("AIRFLOW_VAR_SPARKIFY_ALERT_TOPIC")
    assert "failed" == run()
    assert [] == [call for call in calls if call.service == "sns"]
    assert [] == subscriber.messages()


def test_a_topic_that_is_gone_does_not_hide_the_failure(run, subscriber, monkeypatch, capfd):
    """The run fails for its own reason, and the log says that nobody was told."""
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_ALERT_TOPIC", f"{subscriber.topic}-gone")
    assert "failed" == run()
    log = "".join(capfd.readouterr())
    assert "nothing lies below" in log
    assert "Failed to send notification" in log
