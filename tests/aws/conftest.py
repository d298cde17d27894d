"""An AWS account of moto's for each test: emptied before, listed, its calls counted, its caller killed at will."""

from __future__ import annotations

import contextlib
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

# As people have it: what is logged is looked through for secrets. Airflow reads it when it is imported.
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


def moto(path: str, body: str = "") -> bytes:
    """Call moto's own API, which is no AWS API."""
    url = f"{os.environ['AWS_ENDPOINT_URL']}/moto-api/{path}"
    request = urllib.request.Request(url, data=body.encode(), headers={"Content-Type": "text/plain"}, method="POST")
    with urllib.request.urlopen(request) as answer:
        return answer.read()


# Each session reads the descriptions of services anew, a second for EC2; here all share what the first one read.
read_description = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
JSONFileLoader.load_file = lambda _, path: read_description(path)

# Each task makes clients of its own, in a process of its own; here all share those of the same settings, or to make
# clients would be half of a test's time.
make_client = AwsGenericHook.get_client_type
CLIENTS: dict[Any, Any] = {}


def client_of(hook: Any, **settings: Any) -> Any:
    """The client that the hook would make, or one that was made by the same connection, environment and settings."""
    if "config" in settings:
        return make_client(hook, **settings)
    environment = {name: os.environ.get(name) for name in ("AIRFLOW_CONN_AWS_DEFAULT", "HOME")}
    environment |= {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    key = json.dumps([hook.aws_conn_id, hook.client_type, settings, environment], sort_keys=True)
    if key not in CLIENTS:
        CLIENTS[key] = make_client(hook, **settings)
    return CLIENTS[key]


AwsGenericHook.get_client_type = client_of


class Killed(BaseException):
    """The process died; a BaseException, so that no handler mistakes it for an error of AWS's."""


@dataclasses.dataclass(frozen=True)
class Call:
    """One API call."""

    service: str
    operation: str
    parameters: dict[str, Any]

    @property
    def changes_something(self) -> bool:
        """Whether it is more than a look."""
        return not self.operation.startswith(("Describe", "Get", "List", "Head"))


class Calls(list[Call]):
    """All calls of this process's clients, in order. `last` is how many are answered before the process dies."""

    last: int | None = None

    def note(self, client: Any, operation: str, parameters: dict[str, Any]) -> None:
        """A call is about to be made."""
        self.append(Call(client.meta.service_model.service_name, operation, parameters))

    def die_when_due(self) -> None:
        """As a process that is killed between two calls."""
        if self.last is not None and len(self) >= self.last:
            raise Killed

    def changes(self) -> list[str]:
        """The names of those that were more than a look."""
        return [call.operation for call in self if call.changes_something]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The calls made since the test began."""
    calls = Calls()
    original = botocore.client.BaseClient._make_api_call

    def make_api_call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        calls.die_when_due()
        calls.note(self, operation, parameters)
        answer = original(self, operation, parameters)
        calls.die_when_due()
        return answer

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", make_api_call)
    return calls


class Outside:
    """Looks at the account from outside, by clients of its own."""

    def __init__(self) -> None:
        self.iam, self.ec2, self.redshift, self.secrets, self.sns, self.sqs = (
            boto3.client(name) for name in ("iam", "ec2", "redshift", "secretsmanager", "sns", "sqs")
        )

    def holdings(self) -> dict[str, Any]:
        """Everything in it that a cluster could leave behind."""
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
            "clusters": {cluster["ClusterIdentifier"]: self.settled(cluster) for cluster in clusters},
            "secrets": sorted(item["Name"] for item in self.secrets.list_secrets()["SecretList"]),
            "snapshots": self.snapshots(),
            "topics": sorted(topic["TopicArn"] for topic in self.sns.list_topics()["Topics"]),
            "queues": sorted(self.sqs.list_queues().get("QueueUrls", [])),
        }

    def policies(self, role: str) -> dict[str, Any]:
        """The role's inline policies."""
        names = self.iam.list_role_policies(RoleName=role)["PolicyNames"]
        return {name: self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}

    def settled(self, cluster: dict[str, Any]) -> dict[str, Any]:
        """What of a cluster is the same whenever and by how many calls it was created."""
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
        """Their names."""
        found = self.redshift.describe_cluster_snapshots(SnapshotType=kind)["Snapshots"]
        # moto takes the type for a filter only beside a cluster
        return sorted(item["SnapshotIdentifier"] for item in found if item["SnapshotType"] == kind)

    def cluster(self) -> dict[str, Any]:
        """The only cluster there is."""
        (cluster,) = self.redshift.describe_clusters()["Clusters"]
        return cluster

    def subnets(self) -> list[str]:
        """Two subnets of the default VPC."""
        return sorted(subnet["SubnetId"] for subnet in self.ec2.describe_subnets()["Subnets"])[:2]


@pytest.fixture(scope="session")
def outside() -> Outside:
    """One for all tests, because making clients takes time."""
    return Outside()


@pytest.fixture
def account(outside: Outside) -> Iterator[Outside]:
    """The account as moto has it after a reset: nothing in it but a default VPC."""
    moto("reset")
    yield outside
    moto("reset-auth", "inf")
    moto("reset")


@pytest.fixture(scope="session")
def bag() -> Any:
    """All DAGs, as Airflow reads them."""
    from airflow.dag_processing.dagbag import DagBag  # the environment must be complete before Airflow is imported

    return DagBag(str(ROOT / "dags"))


@pytest.fixture
def brisk(airflow_database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """For `dag.test`, which sleeps a second, and warns, whenever nothing can run yet.

    So it does while it passes a failure on from task to task, and while a sensor waits.
    """
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.05)))


@dataclasses.dataclass
class Moment:
    """As much of a DAG run as templates use."""

    run_after: datetime.datetime


MOMENTS = itertools.count()


class Lifecycle:
    """Runs of the cluster's DAGs in this process, task by task, skips included."""

    def __init__(self, bag: Any) -> None:
        self.bag = bag
        self.templates: dict[str, Any] = {}

    def run(self, dag_id: str, **params: Any) -> dict[str, Any]:
        """One run; return what each task returned, `skipped` for those that did not run."""
        pipeline = Pipeline(self.bag.dags[dag_id])
        context = pipeline.context(f"test__{dag_id}", None, params)
        start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        context["dag_run"] = Moment(start + datetime.timedelta(minutes=next(MOMENTS)))
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
        """Render and execute one task; a sensor looks until it has seen what it waits for."""
        task.render_template_fields(context, self.compiling_once(task))
        try:
            if isinstance(task, RedshiftClusterSensor):
                assert any(task.poke(context) for _ in range(10)), f"{task.task_id} waits in vain"
                return None
            return task.execute(context)
        except AirflowSkipException:
            return "skipped"

    def compiling_once(self, task: Any) -> Any:
        """The DAG's templates; Airflow compiles them anew for each task, which would be a third of a test's time."""
        if task.dag_id not in self.templates:
            environment = self.templates[task.dag_id] = task.get_template_env()
            environment.compile = functools.cache(environment.compile)
        return self.templates[task.dag_id]

    def provision(self, **params: Any) -> dict[str, Any]:
        """Provision a cluster; the network is given unless a test gives another."""
        return self.run("sparkify_provision", **({"cidr": CIDR} | params))

    def teardown(self, **params: Any) -> dict[str, Any]:
        """Tear it down, confirmed."""
        return self.run("sparkify_teardown", **({"confirmation": "sparkify"} | params))


@pytest.fixture(scope="session")
def dags(bag: Any) -> Lifecycle:
    """The DAGs; one for all tests, because compiling templates takes time."""
    return Lifecycle(bag)


@pytest.fixture
def lifecycle(dags: Lifecycle, account: Outside, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Lifecycle:
    """The DAGs over a bucket of its own; the connection `redshift` leads to another warehouse."""
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", bucket)
    return dags


@contextlib.contextmanager
def killed_after(calls: Calls, number: int) -> Iterator[None]:
    """Let the process die after so many calls."""
    calls.clear()
    calls.last = number
    try:
        yield
    finally:
        calls.last = None


def to_cluster(identifier: str, **changes: Any) -> str:
    """The sandbox's own Redshift, as a connection that names the cluster."""
    connection = json.loads(os.environ["AIRFLOW_CONN_REDSHIFT"])
    connection["extra"] = {**connection["extra"], "cluster_identifier": identifier}
    return json.dumps({**connection, **changes})
