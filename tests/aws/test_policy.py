"""The documented policies are what the calls need, and moto, told to enforce them, agrees."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.sdk.exceptions import AirflowFailException
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scripts import aws_policy
from tests.aws import test_alerts, test_whole_life
from tests.aws.conftest import Call, Calls, moto
from tests.end_to_end.test_corrections import FIFTH, event, lines
from warehouse.reporting.ui import Pages, Store

pytestmark = pytest.mark.filterwarnings("ignore")

# The same fixtures serve here.
lake, reader, empty_warehouse = test_alerts.lake, test_alerts.reader, test_alerts.empty_warehouse
subscriber = test_alerts.subscriber
run = test_whole_life.run

# As `make aws-policy` asks for: before they are compared, the policies are written anew.
WRITES = bool(os.environ.get("WRITE_AWS_POLICY"))
PROVISION, RUN = aws_policy.documented("provision"), aws_policy.documented("run")


def actions_of(policy: dict[str, Any]) -> list[str]:
    """What a policy allows."""
    return sorted({action for statement in policy["Statement"] for action in statement["Action"]})


def bucket_of(call: Call) -> str:
    """The bucket of a call, under its name in the document; "" for a call on something else."""
    if call.service != "s3":
        return ""
    return {
        os.environ["AIRFLOW_VAR_SPARKIFY_BUCKET"]: aws_policy.DATA,
        os.environ["AIRFLOW_VAR_SPARKIFY_WORK_PREFIX"].split("/")[2]: aws_policy.WORK,
    }[call.parameters["Bucket"]]


def name_of(bucket: str) -> str:
    """The name in a bucket's ARN."""
    return bucket.rpartition(":")[2]


def compare(name: str, calls: Calls) -> None:
    """Let the document show exactly what these calls need."""
    needed = aws_policy.policy({(call.service, call.operation, bucket_of(call)) for call in calls})
    if WRITES:
        aws_policy.write(name, needed)
    assert needed == aws_policy.documented(name), "run: make aws-policy"


def life(lifecycle: Any, subnets: list[str]) -> None:
    """Provision and tear down, in subnets and in the default VPC."""
    for some in (subnets, []):
        lifecycle.provision(subnets=some)
        lifecycle.teardown()


def test_the_policy_of_provisioning_is_what_its_calls_need(lifecycle, account, calls):
    """No right more, none less."""
    subnets = account.subnets()
    calls.clear()
    life(lifecycle, subnets)
    compare("provision", calls)


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
    """Lets the DAGs act as a user with one policy and nothing else, and moto enforce it; when called, another one."""
    url, region = os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_DEFAULT_REGION"]
    # moto's own S3, which knows that user; the buckets of the tests are elsewhere.
    s3 = boto3.client("s3", endpoint_url=url)
    for bucket in (aws_policy.DATA, aws_policy.WORK):
        s3.create_bucket(Bucket=name_of(bucket), CreateBucketConfiguration={"LocationConstraint": region})
    account.iam.create_user(UserName="airflow")
    moto("seed?a=1")  # the same key in each test, for the sake of the clients that are kept
    key = account.iam.create_access_key(UserName="airflow")["AccessKey"]
    connection = {
        "conn_type": "aws",
        "login": key["AccessKeyId"],
        "password": key["SecretAccessKey"],
        "extra": {"region_name": region, "endpoint_url": url},
    }

    def enforce(policy: dict[str, Any]) -> None:
        moto("reset-auth", "inf")
        account.iam.put_user_policy(UserName="airflow", PolicyName="only", PolicyDocument=json.dumps(policy))
        moto("reset-auth", "0")
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
        monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", name_of(aws_policy.DATA))

    return enforce


def without(action: str, policy: dict[str, Any]) -> dict[str, Any]:
    """A policy less one action."""
    statements = []
    for statement in policy["Statement"]:
        left = [name for name in statement["Action"] if name != action]
        if left:
            statements.append(statement | {"Action": left})
    return {**policy, "Statement": statements}


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


@pytest.mark.parametrize("action", actions_of(PROVISION))
def test_no_action_of_the_documented_policy_is_too_many(lifecycle, account, enforced, action):
    """Without it, provisioning or tearing down fails, and says for want of what."""
    subnets = account.subnets()
    enforced(without(action, PROVISION))
    refused = "may not list it" if action == "s3:ListBucket" else rf"not authorized to perform: {action}\b"
    with pytest.raises((ClientError, AirflowFailException), match=refused):
        life(lifecycle, subnets)


make_api_call = BaseClient._make_api_call


def ask(client: Any, call: Call) -> None:
    """Make a call on moto, as the client's user. That the right bucket is empty there is no refusal."""
    parameters = dict(call.parameters)
    if call.service == "s3":
        parameters["Bucket"] = name_of(bucket_of(call))
        parameters |= {"Body": b""} if "Body" in parameters else {}
    try:
        answer = make_api_call(client, call.operation, parameters)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
    else:
        for error in answer.get("Errors", []):  # DeleteObjects answers key by key
            raise ClientError({"Error": error}, call.operation)


def is_refused(client: Any, call: Call) -> bool:
    """Whether the client's user has no right to a call."""
    try:
        ask(client, call)
    except ClientError as error:
        return error.response["Error"]["Code"] in ("AccessDenied", "403")
    return False


@pytest.fixture
def judged(s3, monkeypatch) -> None:
    """Lets moto judge the calls on buckets, too, before the sandbox's S3, from which COPY reads, answers them."""

    def ask_and_make(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if client.meta.service_model.service_name != "s3" or client is s3:
            return make_api_call(client, operation, parameters)
        ask(client, Call("s3", operation, parameters))
        return make_api_call(s3, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", ask_and_make)


@pytest.fixture
def full_work_prefix(bag, s3, monkeypatch) -> str:
    """One with a record and a report in it that are one too many."""
    bucket = os.environ["AIRFLOW_VAR_SPARKIFY_WORK_PREFIX"].split("/")[2]
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", f"s3://{bucket}/policy/")
    s3.put_object(Bucket=bucket, Key="policy/runs/20180101T000000Z_old.json", Body=b"{}")
    s3.put_object(Bucket=bucket, Key="policy/reports/20180101T000000Z.html", Body=b"old")
    for dag_id, task_id in (("sparkify_warehouse", "record_run"), ("sparkify_report", "ask_questions")):
        monkeypatch.setattr(bag.dags[dag_id].get_task(task_id), "keep", 1)
    return os.environ["AIRFLOW_VAR_SPARKIFY_WORK_PREFIX"]


def by_iam(connection: str) -> str:
    """A connection that was shown, with the way to the local Redshift: it has no TLS, and moto made the host up."""
    found = json.loads(connection)
    extra = {**found["extra"], "hostaddr": os.environ["PGHOST"], "sslmode": "disable"}
    return json.dumps({**found, "port": int(os.environ["PGPORT"]), "extra": extra})


def test_the_policy_of_running_is_what_its_calls_need_and_enough(
    run, lake, empty_warehouse, full_work_prefix, subscriber, lifecycle, account, enforced, judged, calls, monkeypatch
):
    """Pausing, resuming, logging in by IAM both ways, loading and reporting below a work prefix that is full, the pages
    that show it, and telling of a failure: with moto enforcing the policy, and with none of its actions too many.
    """
    from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook

    shown = lifecycle.provision()["show_connection"]
    lake.put("song_data/A/A/A/TRAAA1.json", json.dumps({"song_id": "S1", "artist_id": "A1"}))
    lake.put(FIFTH, lines(event()))
    if not WRITES:
        enforced(RUN)
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", lake.bucket)
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", by_iam(shown["other_connection"]))
    calls.clear()
    assert "success" == run("sparkify_pause")["run"]
    assert "success" == run("sparkify_resume")["run"]
    assert "success" == run("sparkify_warehouse", period="2018-11-05")["run"]
    assert "success" == run("sparkify_report")["run"]
    assert "failed" == run("sparkify_warehouse", period="2018-11-04")["run"]
    words = {"title": "", "without_work_prefix": "", "without_runs": "", "without_report": ""}
    store = Store(Pages(work_prefix=lambda: full_work_prefix, **words))
    assert store.history(2)[0].records
    assert b"<html" in store.report()[2]
    with monkeypatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_REDSHIFT", shown["connection"])
        RedshiftSQLHook(redshift_conn_id="redshift").get_iam_token(RedshiftSQLHook(redshift_conn_id="redshift").conn)
    compare("run", calls)

    made = {aws_policy.right_of(call.service, call.operation): call for call in calls}
    policy = aws_policy.documented("run")
    refused = []
    for action in actions_of(policy):
        enforced(without(action, policy))
        monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", lake.bucket)
        client = AwsBaseHook(aws_conn_id="aws_default", client_type=made[action].service).get_conn()
        refused += [action] if is_refused(client, made[action]) else []
    assert actions_of(policy) == refused
