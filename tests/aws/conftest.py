"""A fresh moto account for each test, an inventory of it, a record of the API calls, and a way to kill a run."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import datetime
import functools
import itertools
import json
import os
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# The default level, because tests search the log for secrets. Airflow reads this when it is imported.
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "INFO"

import boto3
import botocore.client
import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.amazon.aws.sensors.redshift_cluster import RedshiftClusterSensor
from airflow.sdk.exceptions import AirflowSkipException
from botocore.loaders import JSONFileLoader

from tests.end_to_end.pipeline import Pipeline

ROOT = Path(__file__).resolve().parents[2]
CIDR = "10.0.0.0/16"


def call_moto(path: str, body: str = "") -> bytes:
    """Call moto's own API, which is not part of AWS, and return the response body."""
    url = f"{os.environ['AWS_ENDPOINT_URL']}/moto-api/{path}"
    request = urllib.request.Request(url, data=body.encode(), headers={"Content-Type": "text/plain"}, method="POST")
    with urllib.request.urlopen(request) as answer:
        return answer.read()


# Every boto3 session parses the service descriptions again, which takes a second for EC2. Here all sessions share them.
read_description = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
JSONFileLoader.load_file = lambda _, path: read_description(path)

# Every task creates its own clients in its own process. Here clients with the same settings are shared: creating them
# would take half of a test's time.
create_client = AwsGenericHook.get_client_type
CLIENTS: dict[Any, Any] = {}


def cached_client(hook: Any, **settings: Any) -> Any:
    """Return the hook's client, from the cache if connection, environment and settings are the same."""
    if "config" in settings:
        return create_client(hook, **settings)
    environment = {name: os.environ.get(name) for name in ("AIRFLOW_CONN_AWS_DEFAULT", "HOME")}
    environment |= {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    key = json.dumps([hook.aws_conn_id, hook.client_type, settings, environment], sort_keys=True)
    if key not in CLIENTS:
        CLIENTS[key] = create_client(hook, **settings)
    return CLIENTS[key]


AwsGenericHook.get_client_type = cached_client


class Killed(BaseException):
    """Raised when a test kills the run. It is a BaseException, so that no handler takes it for an AWS error."""


@dataclasses.dataclass(frozen=True)
class Call:
    """An API call: service, operation and parameters."""

    service: str
    operation: str
    parameters: dict[str, Any]

    @property
    def is_write(self) -> bool:
        """Whether the call can change something."""
        return not self.operation.startswith(("Describe", "Get", "List", "Head"))


class Calls(list[Call]):
    """All calls of this process's clients, in order. `limit` is how many succeed before the run is killed."""

    limit: int | None = None

    def record(self, client: Any, operation: str, parameters: dict[str, Any]) -> None:
        """Add a call that is about to be made."""
        self.append(Call(client.meta.service_model.service_name, operation, parameters))

    def check_limit(self) -> None:
        """Raise Killed if the limit is reached, like a process that is killed between two calls."""
        if self.limit is not None and len(self) >= self.limit:
            raise Killed

    def writes(self) -> list[str]:
        """Return the operations that can change something, in order."""
        return [call.operation for call in self if call.is_write]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The API calls made since the test began."""
    calls = Calls()
    original = botocore.client.BaseClient._make_api_call

    def make_api_call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        calls.check_limit()
        calls.record(self, operation, parameters)
        answer = original(self, operation, parameters)
        calls.check_limit()
        return answer

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", make_api_call)
    return calls


class AccountInspector:
    """Inspects the account with its own clients, independently of the code under test."""

    def __init__(self) -> None:
        self.iam, self.ec2, self.redshift, self.secrets, self.sns, self.sqs = (
            boto3.client(name) for name in ("iam", "ec2", "redshift", "secretsmanager", "sns", "sqs")
        )

    def inventory(self) -> dict[str, Any]:
        """Return everything in the account that a cluster could leave behind."""
        groups = self.ec2.describe_security_groups()["SecurityGroups"]
        clusters = self.redshift.describe_clusters()["Clusters"]
        subnet_groups = self.redshift.describe_cluster_subnet_groups()["ClusterSubnetGroups"]
        return {
            "roles": {role["RoleName"]: self.policies(role["RoleName"]) for role in self.iam.list_roles()["Roles"]},
            "policies": sorted(item["Arn"] for item in self.iam.list_policies(Scope="Local")["Policies"]),
            "users": sorted(user["UserName"] for user in self.iam.list_users()["Users"]),
            "vpcs": sorted(vpc["VpcId"] for vpc in self.ec2.describe_vpcs()["Vpcs"]),
            "security groups": {group["GroupName"]: group["IpPermissions"] for group in groups},
            "subnet groups": sorted(group["ClusterSubnetGroupName"] for group in subnet_groups),
            "clusters": {cluster["ClusterIdentifier"]: self.stable_attributes(cluster) for cluster in clusters},
            "secrets": sorted(item["Name"] for item in self.secrets.list_secrets()["SecretList"]),
            "snapshots": self.snapshots(),
            "topics": sorted(topic["TopicArn"] for topic in self.sns.list_topics()["Topics"]),
            "queues": sorted(self.sqs.list_queues().get("QueueUrls", [])),
        }

    def policies(self, role: str) -> dict[str, Any]:
        """Return the role's inline policies by name."""
        names = self.iam.list_role_policies(RoleName=role)["PolicyNames"]
        return {name: self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}

    def stable_attributes(self, cluster: dict[str, Any]) -> dict[str, Any]:
        """Return the attributes that do not depend on when, or in how many runs, the cluster was created."""
        names = (
            "NodeType",
            "NumberOfNodes",
            "Encrypted",
            "PubliclyAccessible",
            "DefaultIamRoleArn",
            "IamRoles",
            "Tags",
        )
        return {name: cluster.get(name) for name in names}

    def snapshots(self, kind: str = "manual") -> list[str]:
        """Return the names of the snapshots of one type."""
        found = self.redshift.describe_cluster_snapshots(SnapshotType=kind)["Snapshots"]
        # moto applies the type as a filter only together with a cluster.
        return sorted(item["SnapshotIdentifier"] for item in found if item["SnapshotType"] == kind)

    def cluster(self) -> dict[str, Any]:
        """Return the only cluster in the account."""
        (cluster,) = self.redshift.describe_clusters()["Clusters"]
        return cluster

    def subnets(self) -> list[str]:
        """Return the ids of two subnets of the default VPC."""
        return sorted(subnet["SubnetId"] for subnet in self.ec2.describe_subnets()["Subnets"])[:2]


@pytest.fixture(scope="session")
def inspector() -> AccountInspector:
    """One inspector for all tests, because creating clients takes time."""
    return AccountInspector()


@pytest.fixture
def account(inspector: AccountInspector) -> Iterator[AccountInspector]:
    """The account after a reset of moto: it contains only a default VPC."""
    call_moto("reset")
    yield inspector
    call_moto("reset-auth", "inf")
    call_moto("reset")


@pytest.fixture(scope="session")
def bag() -> Any:
    """All DAGs, loaded by Airflow."""
    from airflow.dag_processing.dagbag import DagBag  # importing Airflow reads the environment

    return DagBag(str(ROOT / "dags"))


@pytest.fixture
def short_sleeps(airflow_database: None, bag: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the sleeps of `dag.test`, which sleeps for a second whenever no task can run yet.

    That happens while a failure propagates from task to task and while a sensor waits. What `dag.test` leaves in a
    DAG does not reach the next test: hooks with this test's connections, params with the conf of its last run.
    """
    for dag in bag.dags.values():
        for task in dag.tasks:
            monkeypatch.setattr(task, "params", copy.deepcopy(task.params))
            for name in ("s3", "_hook"):
                task.__dict__.pop(name, None)
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.05)))


@dataclasses.dataclass
class FakeDagRun:
    """The part of a DAG run that the templates use."""

    run_after: datetime.datetime


RUN_NUMBERS = itertools.count()


class Lifecycle:
    """Runs the cluster DAGs in this process, task by task, and respects skipped tasks."""

    def __init__(self, bag: Any) -> None:
        self.bag = bag
        self.templates: dict[str, Any] = {}

    def run(self, dag_id: str, **params: Any) -> dict[str, Any]:
        """Run a DAG; return the result of each task, or `skipped` for a task that did not run."""
        pipeline = Pipeline(self.bag.dags[dag_id])
        context = pipeline.context(f"test__{dag_id}", None, params)
        start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        context["dag_run"] = FakeDagRun(start + datetime.timedelta(minutes=next(RUN_NUMBERS)))
        returned: dict[str, Any] = {}
        for task_id in pipeline.tasks():
            task = pipeline.dag.get_task(task_id)
            skipped = [upstream for upstream in task.upstream_task_ids if returned[upstream] == "skipped"]
            if skipped and task.trigger_rule == "all_success":
                returned[task_id] = "skipped"
                continue
            returned[task_id] = self.execute(task.prepare_for_execution(), context)
        return returned

    def execute(self, task: Any, context: dict[str, Any]) -> Any:
        """Render and execute one task; poke a sensor until it succeeds."""
        task.render_template_fields(context, self.cached_templates(task))
        try:
            if isinstance(task, RedshiftClusterSensor):
                assert any(task.poke(context) for _ in range(10)), f"{task.task_id} never succeeds"
                return None
            return task.execute(context)
        except AirflowSkipException:
            return "skipped"

    def cached_templates(self, task: Any) -> Any:
        """Return the DAG's template environment with a cache: compiling per task takes a third of a test's time."""
        if task.dag_id not in self.templates:
            environment = self.templates[task.dag_id] = task.get_template_env()
            environment.compile = functools.cache(environment.compile)
        return self.templates[task.dag_id]

    def provision(self, **params: Any) -> dict[str, Any]:
        """Provision a cluster, with the network CIDR unless the test passes another."""
        return self.run("sparkify_provision", **({"cidr": CIDR} | params))

    def teardown(self, **params: Any) -> dict[str, Any]:
        """Tear the cluster down with the right confirmation."""
        return self.run("sparkify_teardown", **({"confirmation": "sparkify"} | params))


@pytest.fixture(scope="session")
def dags(bag: Any) -> Lifecycle:
    """One Lifecycle for all tests, because compiling templates takes time."""
    return Lifecycle(bag)


@pytest.fixture
def lifecycle(dags: Lifecycle, account: AccountInspector, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Lifecycle:
    """The DAGs with the test's own bucket. The connection `redshift` points to another warehouse."""
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", bucket)
    return dags


@contextlib.contextmanager
def killed_after(calls: Calls, number: int) -> Iterator[None]:
    """Kill the run after this number of calls."""
    calls.clear()
    calls.limit = number
    try:
        yield
    finally:
        calls.limit = None


def connection_to(identifier: str, **changes: Any) -> str:
    """Return a connection to the local Redshift whose extra contains the cluster's identifier."""
    connection = json.loads(os.environ["AIRFLOW_CONN_REDSHIFT"])
    connection["extra"] = {**connection["extra"], "cluster_identifier": identifier}
    return json.dumps({**connection, **changes})
