"""The documented policies are what the calls need, and moto, told to enforce them, agrees."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError

from scripts import aws_policy
from tests.aws import test_alerts, test_whole_life
from tests.aws.conftest import Call, Calls, moto
from tests.end_to_end.test_corrections import FIFTH, FOURTH, event, lines
from warehouse.ui import Pages, Shelf

pytestmark = pytest.mark.filterwarnings("ignore")

# The same fixtures serve here.
lake, reader, empty_warehouse = test_alerts.lake, test_alerts.reader, test_alerts.empty_warehouse
subscriber = test_alerts.subscriber
run = test_whole_life.run

PROVISION = aws_policy.documented("provision")
ACTIONS = sorted(action for statement in PROVISION["Statement"] for action in statement["Action"])


def bucket_of(call: Call) -> str:
    """The bucket of a call, under its name in the document; "" for a call on something else."""
    if call.service != "s3":
        return ""
    return {
        os.environ["AIRFLOW_VAR_SPARKIFY_BUCKET"]: aws_policy.DATA,
        os.environ["AIRFLOW_VAR_SPARKIFY_WORK_PREFIX"].split("/")[2]: aws_policy.WORK,
    }[call.parameters["Bucket"]]


def compare(name: str, calls: Calls) -> None:
    """Let the document show exactly what these calls need; WRITE_AWS_POLICY writes it there first."""
    needed = aws_policy.policy({(call.service, call.operation, bucket_of(call)) for call in calls})
    if os.environ.get("WRITE_AWS_POLICY"):
        aws_policy.write(name, needed)
    assert needed == aws_policy.documented(name), "run: make aws-policy"


def life(lifecycle: Any, subnets: list[str]) -> None:
    """Provision and tear down, in the default VPC and in subnets."""
    for some in ([], subnets):
        lifecycle.provision(subnets=some)
        lifecycle.teardown()


def test_the_policy_of_provisioning_is_what_its_calls_need(lifecycle, account, calls):
    """No right more, none less."""
    subnets = account.subnets()
    calls.clear()
    life(lifecycle, subnets)
    compare("provision", calls)


@pytest.fixture
def old_files(s3, monkeypatch) -> None:
    """A work prefix with a record and a report in it that are one too many."""
    bucket = os.environ["AIRFLOW_VAR_SPARKIFY_WORK_PREFIX"].split("/")[2]
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", f"s3://{bucket}/policy/")
    for number in range(400):
        s3.put_object(Bucket=bucket, Key=f"policy/runs/20180101T{number:06}Z_old.json", Body=b"{}")
    for number in range(30):
        s3.put_object(Bucket=bucket, Key=f"policy/reports/20180101T{number:06}Z.html", Body=b"old")


def test_the_policy_of_running_is_what_its_calls_need(
    run, lake, empty_warehouse, old_files, subscriber, lifecycle, account, calls, monkeypatch
):
    """Pausing, resuming, logging in by IAM, loading and reporting below a work prefix that is full, the pages that
    show it, and telling of a failure.
    """
    from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook

    shown = lifecycle.provision()["show_connection"]
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", lake.bucket)
    lake.put("song_data/A/A/A/TRAAA1.json", json.dumps({"song_id": "S1", "artist_id": "A1"}))
    lake.put(FIFTH, lines(event()))
    lake.put(FOURTH, lines(event(level="gratis")))
    work_prefix = os.environ["AIRFLOW_VAR_SPARKIFY_WORK_PREFIX"]
    calls.clear()
    assert "success" == run("sparkify_pause")["run"]
    assert "success" == run("sparkify_resume")["run"]
    assert "success" == run("sparkify_warehouse", period="2018-11-05")["run"]
    assert "success" == run("sparkify_report")["run"]
    assert "failed" == run("sparkify_warehouse", period="2018-11-04")["run"]
    words = {"title": "", "without_work_prefix": "", "without_runs": "", "without_report": ""}
    shelf = Shelf(Pages(work_prefix=lambda: work_prefix, **words))
    assert shelf.history(2)[0].records
    assert b"<html" in shelf.report()[2]
    with monkeypatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_REDSHIFT", shown["connection"])
        RedshiftSQLHook(redshift_conn_id="redshift").get_iam_token(RedshiftSQLHook(redshift_conn_id="redshift").conn)
    compare("run", calls)


def test_no_policy_has_a_wildcard_for_an_action():
    """And resources end in one only where a name cannot be known before."""
    for name in ("provision", "run"):
        for statement in aws_policy.documented(name)["Statement"]:
            assert "Allow" == statement["Effect"]
            assert not any("*" in action for action in statement["Action"])
            if statement["Resource"] == ["*"]:
                assert all(":Describe" in action for action in statement["Action"])


@pytest.fixture
def enforced(lifecycle, account, monkeypatch) -> Callable[[dict[str, Any]], None]:
    """Lets the DAGs act as a user with one policy and nothing else, and moto enforce it."""

    def enforce(policy: dict[str, Any]) -> None:
        url = os.environ["AWS_ENDPOINT_URL"]
        # moto's own S3, which knows that user; the buckets of the tests are elsewhere.
        where = {"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
        boto3.client("s3", endpoint_url=url).create_bucket(Bucket="udacity-dend", CreateBucketConfiguration=where)
        account.iam.create_user(UserName="airflow")
        account.iam.put_user_policy(UserName="airflow", PolicyName="only", PolicyDocument=json.dumps(policy))
        key = account.iam.create_access_key(UserName="airflow")["AccessKey"]
        connection = {
            "conn_type": "aws",
            "login": key["AccessKeyId"],
            "password": key["SecretAccessKey"],
            "extra": {"region_name": os.environ["AWS_DEFAULT_REGION"], "endpoint_url": url},
        }
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
        monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", "udacity-dend")
        moto("reset-auth", "0")

    return enforce


def without(action: str) -> dict[str, Any]:
    """The documented policy less one action."""
    statements = []
    for statement in PROVISION["Statement"]:
        left = [name for name in statement["Action"] if name != action]
        if left:
            statements.append(statement | {"Action": left})
    return {**PROVISION, "Statement": statements}


def test_the_documented_policy_is_enough(lifecycle, account, enforced):
    """To provision and to tear down, with moto enforcing it."""
    before = account.holdings()
    subnets = account.subnets()
    enforced(PROVISION)
    life(lifecycle, subnets)
    moto("reset-auth", "inf")
    after = account.holdings()
    assert 2 == len(after["snapshots"])
    assert before | {"users": ["airflow"], "snapshots": after["snapshots"]} == after


@pytest.mark.parametrize("action", ACTIONS)
def test_no_action_of_the_documented_policy_is_too_many(lifecycle, account, enforced, action):
    """Without it, provisioning or tearing down fails, and says for want of what."""
    subnets = account.subnets()
    enforced(without(action))
    refused = "may not list it" if action == "s3:ListBucket" else rf"not authorized to perform: {action}\b"
    with pytest.raises((ClientError, AirflowFailException), match=refused):
        life(lifecycle, subnets)
