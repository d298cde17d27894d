"""The documented policies allow exactly what the calls need, and work while moto enforces them."""

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
from tests.aws.conftest import Call, Calls, call_moto
from tests.end_to_end.test_corrections import CATALOGUE, FIFTH, event, lines, song
from warehouse.reporting.ui import Pages, Store

pytestmark = pytest.mark.filterwarnings("ignore")

# Fixtures of other modules.
lake, reader, empty_warehouse = test_alerts.lake, test_alerts.reader, test_alerts.empty_warehouse
subscriber = test_alerts.subscriber
run = test_whole_life.run

# Set by `make aws-policy`: write the policies to the document before comparing them.
WRITE = bool(os.environ.get("WRITE_AWS_POLICY"))
PROVISION, RUN = aws_policy.documented("provision"), aws_policy.documented("run")


def actions_of(policy: dict[str, Any]) -> list[str]:
    """Return the actions that a policy allows, sorted."""
    return sorted({action for statement in policy["Statement"] for action in statement["Action"]})


def bucket_of(call: Call) -> str:
    """Return the ARN that the document uses for a call's bucket; "" for a call that is not on a bucket."""
    if call.service != "s3":
        return ""
    return {
        os.environ["AIRFLOW_VAR_SPARKIFY_BUCKET"]: aws_policy.DATA,
        os.environ["AIRFLOW_VAR_SPARKIFY_WORK_PREFIX"].split("/")[2]: aws_policy.WORK,
    }[call.parameters["Bucket"]]


def name_of(bucket: str) -> str:
    """Return the bucket name in an ARN."""
    return bucket.rpartition(":")[2]


def compare(name: str, calls: Calls) -> None:
    """Assert that the document shows exactly the policy that these calls need."""
    needed = aws_policy.policy({(call.service, call.operation, bucket_of(call)) for call in calls})
    if WRITE:
        aws_policy.write(name, needed)
    assert needed == aws_policy.documented(name), "run: make aws-policy"


def provision_and_tear_down(lifecycle: Any, subnets: list[str]) -> None:
    """Provision and tear down a cluster twice: in subnets and in the default VPC."""
    for network in (subnets, []):
        lifecycle.provision(subnets=network)
        lifecycle.teardown()


def test_the_policy_of_provisioning_is_what_its_calls_need(lifecycle, account, calls):
    """The document lists every needed action and no other."""
    subnets = account.subnets()
    calls.clear()
    provision_and_tear_down(lifecycle, subnets)
    compare("provision", calls)


def test_no_policy_has_a_wildcard_for_an_action():
    """A resource has one only if the name is not known in advance."""
    for name in ("provision", "run"):
        for statement in aws_policy.documented(name)["Statement"]:
            assert "Allow" == statement["Effect"]
            assert not any("*" in action for action in statement["Action"])
            if statement["Resource"] == ["*"]:
                assert all(":Describe" in action for action in statement["Action"])


@pytest.fixture
def enforce(lifecycle, account, monkeypatch) -> Callable[[dict[str, Any]], None]:
    """A function that makes the DAGs act as a user with only the given policy, which moto enforces."""
    url, region = os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_DEFAULT_REGION"]
    # moto's own S3, which knows that user. The buckets of the tests are in the sandbox's S3.
    s3 = boto3.client("s3", endpoint_url=url)
    for bucket in (aws_policy.DATA, aws_policy.WORK):
        s3.create_bucket(Bucket=name_of(bucket), CreateBucketConfiguration={"LocationConstraint": region})
    account.iam.create_user(UserName="airflow")
    call_moto("seed?a=1")  # gives every test the same key, so that cached clients stay valid
    key = account.iam.create_access_key(UserName="airflow")["AccessKey"]
    connection = {
        "conn_type": "aws",
        "login": key["AccessKeyId"],
        "password": key["SecretAccessKey"],
        "extra": {"region_name": region, "endpoint_url": url},
    }

    def apply(policy: dict[str, Any]) -> None:
        call_moto("reset-auth", "inf")
        account.iam.put_user_policy(UserName="airflow", PolicyName="only", PolicyDocument=json.dumps(policy))
        call_moto("reset-auth", "0")
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
        monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", name_of(aws_policy.DATA))

    return apply


def policy_without(action: str, policy: dict[str, Any]) -> dict[str, Any]:
    """Return a policy without one of its actions."""
    statements = []
    for statement in policy["Statement"]:
        left = [name for name in statement["Action"] if name != action]
        if left:
            statements.append(statement | {"Action": left})
    return {**policy, "Statement": statements}


def test_the_documented_policy_is_enough(lifecycle, account, enforce):
    """Provisioning and teardown succeed while moto enforces the policy."""
    before = account.inventory()
    subnets = account.subnets()
    enforce(PROVISION)
    provision_and_tear_down(lifecycle, subnets)
    call_moto("reset-auth", "inf")
    after = account.inventory()
    assert 2 == len(after["snapshots"])
    assert before | {"users": ["airflow"], "snapshots": after["snapshots"]} == after


@pytest.mark.parametrize("action", actions_of(PROVISION))
def test_no_action_of_the_documented_policy_is_superfluous(lifecycle, account, enforce, action):
    """Without it, provisioning or teardown fails and names the missing action."""
    subnets = account.subnets()
    enforce(policy_without(action, PROVISION))
    denied = "is not allowed to list" if action == "s3:ListBucket" else rf"not authorized to perform: {action}\b"
    with pytest.raises((ClientError, AirflowFailException), match=denied):
        provision_and_tear_down(lifecycle, subnets)


make_api_call = BaseClient._make_api_call


def authorize(client: Any, call: Call) -> None:
    """Make the call on moto as the client's user; raise ClientError if it is denied.

    The buckets on moto are empty, so a missing object does not count as denied.
    """
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
        for error in answer.get("Errors", []):  # DeleteObjects reports an error per key
            raise ClientError({"Error": error}, call.operation)


def is_denied(client: Any, call: Call) -> bool:
    """Return whether the policy of the client's user denies a call."""
    try:
        authorize(client, call)
    except ClientError as error:
        return error.response["Error"]["Code"] in ("AccessDenied", "403")
    return False


@pytest.fixture
def s3_enforced(s3, monkeypatch) -> None:
    """Let moto authorize each S3 call before the sandbox's S3, which COPY reads from, executes it."""

    def authorize_and_call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if client.meta.service_model.service_name != "s3" or client is s3:
            return make_api_call(client, operation, parameters)
        authorize(client, Call("s3", operation, parameters))
        return make_api_call(s3, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", authorize_and_call)


@pytest.fixture
def work_prefix(bag, s3, monkeypatch) -> str:
    """A work prefix with an old record and an old report, which the run must delete."""
    bucket = os.environ["AIRFLOW_VAR_SPARKIFY_WORK_PREFIX"].split("/")[2]
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", f"s3://{bucket}/policy/")
    s3.put_object(Bucket=bucket, Key="policy/runs/20180101T000000Z_old.json", Body=b"{}")
    s3.put_object(Bucket=bucket, Key="policy/reports/20180101T000000Z.html", Body=b"old")
    for dag_id, task_id in (("sparkify_warehouse", "record_run"), ("sparkify_report", "ask_questions")):
        monkeypatch.setattr(bag.dags[dag_id].get_task(task_id), "keep", 1)
    return os.environ["AIRFLOW_VAR_SPARKIFY_WORK_PREFIX"]


def to_local_redshift(connection: str) -> str:
    """Return a connection that was shown, with the address of the local Redshift, because moto invents the host."""
    found = json.loads(connection)
    extra = {**found["extra"], "hostaddr": os.environ["PGHOST"]}
    return json.dumps({**found, "port": int(os.environ["PGPORT"]), "extra": extra})


def test_the_policy_of_running_is_what_its_calls_need_and_enough(
    run, lake, empty_warehouse, work_prefix, subscriber, lifecycle, account, enforce, s3_enforced, calls, monkeypatch
):
    """While moto enforces the policy: pause, resume, log in through IAM with both connections, load, report, delete old
    records, show the page in the UI and send an alert. Without any one of its actions, a call is denied.
    """
    from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook

    shown = lifecycle.provision()["show_connection"]
    lake.put(CATALOGUE, lines(song()))
    lake.put(FIFTH, lines(event()))
    if not WRITE:
        enforce(RUN)
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", lake.bucket)
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", to_local_redshift(shown["other_connection"]))
    calls.clear()
    assert "success" == run("sparkify_pause")["run"]
    assert "success" == run("sparkify_resume")["run"]
    assert "success" == run("sparkify_warehouse", period="2018-11-05")["run"]
    assert "success" == run("sparkify_report")["run"]
    assert "failed" == run("sparkify_warehouse", period="2018-11-04")["run"]
    words = {"title": "", "without_work_prefix": "", "without_runs": "", "without_report": ""}
    store = Store(Pages(work_prefix=lambda: work_prefix, **words))
    assert store.history(2)[0].records
    assert b"<html" in store.report()[2]
    with monkeypatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_REDSHIFT", shown["connection"])
        RedshiftSQLHook(redshift_conn_id="redshift").get_iam_token(RedshiftSQLHook(redshift_conn_id="redshift").conn)
    compare("run", calls)

    made = {aws_policy.required_action(call.service, call.operation): call for call in calls}
    policy = aws_policy.documented("run")
    denied = []
    for action in actions_of(policy):
        enforce(policy_without(action, policy))
        monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", lake.bucket)
        client = AwsBaseHook(aws_conn_id="aws_default", client_type=made[action].service).get_conn()
        denied += [action] if is_denied(client, made[action]) else []
    assert actions_of(policy) == denied
