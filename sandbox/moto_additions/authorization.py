"""IAM enforcement that looks at resources and conditions, and at the rights that AWS asks for besides.

moto 5.2, where enforcement is switched on, asks for the right to the called action on the resource `*`: a policy that
names resources is refused throughout, and what AWS checks besides - whether a role may be passed, a thing be tagged, a
secret be made - is not looked at. Here each call becomes the demands that AWS's service authorisation reference and
guides name for it. S3 is left to moto, which knows buckets and keys, but for two calls: the right to HEAD a bucket
is that to list it, and DeleteObjects needs the right to delete each of its keys.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from moto.core.exceptions import AccessDeniedError
from moto.ec2.models import ec2_backends
from moto.iam.access_control import IAMRequest, IAMRequestBase, S3IAMRequest
from moto.iam.models import Policy

from sandbox.moto_additions.clusters import secret_name

SERVICE_ROLE = "aws-service-role/redshift.amazonaws.com/AWSServiceRoleForRedshift"


def add() -> None:
    """Put the check below in the place of moto's."""
    setattr(IAMRequest, "check_action_permitted", check_action_permitted)  # noqa: B010  # mypy: no assignment to methods
    setattr(S3IAMRequest, "check_action_permitted", check_s3_action_permitted)  # noqa: B010


@dataclasses.dataclass(frozen=True)
class Demand:
    """A right that a call needs: an action, on a resource, under what condition keys say."""

    action: str
    resource: str = "*"
    keys: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Call:
    """A call of the query protocol: its action, its parameters as sent, and whose account and region it is for."""

    action: str
    data: Mapping[str, Any]
    account: str
    region: str

    def value(self, name: str) -> str:
        """A parameter; parameters are lists of one."""
        found = self.data.get(name, "")
        return str(found[0] if isinstance(found, list) else found)

    def values(self, prefix: str) -> list[str]:
        """All parameters below a prefix."""
        return [self.value(name) for name in self.data if name.startswith(prefix)]

    def arn(self, service: str, resource: str) -> str:
        """An ARN here; IAM has no regions."""
        return f"arn:aws:{service}:{'' if service == 'iam' else self.region}:{self.account}:{resource}"

    def request_tags(self, prefix: str) -> dict[str, str]:
        """Condition keys of the tags that the call gives."""
        keys = [name for name in self.data if name.startswith(prefix) and name.endswith(".Key")]
        return {
            f"aws:RequestTag/{self.value(key)}": self.value(f"{key.removesuffix('.Key')}.Value") for key in sorted(keys)
        }


def demands(call: Call) -> Iterator[Demand]:
    """The rights that a call needs."""
    service = call.action.partition(":")[0]
    by_service = {"redshift": _redshift, "iam": _iam, "ec2": _ec2, "sns": _sns}
    yield from by_service.get(service, _any)(call)


def _any(call: Call) -> Iterator[Demand]:
    yield Demand(call.action)


def _redshift(call: Call) -> Iterator[Demand]:
    identifier = call.value("ClusterIdentifier")
    cluster = call.arn("redshift", f"cluster:{identifier}")
    if call.action in ("redshift:CreateClusterSubnetGroup", "redshift:DeleteClusterSubnetGroup"):
        group = call.arn("redshift", f"subnetgroup:{call.value('ClusterSubnetGroupName')}")
        yield Demand(call.action, group)
        if call.values("Tags."):
            yield Demand("redshift:CreateTags", group)
    elif call.action == "redshift:GetClusterCredentials":
        yield Demand(call.action, call.arn("redshift", f"dbuser:{identifier}/{call.value('DbUser')}"))
        yield Demand(call.action, call.arn("redshift", f"dbname:{identifier}/{call.value('DbName')}"))
    elif call.action == "redshift:CreateCluster":
        yield Demand(call.action, cluster)
        yield from _besides_a_cluster(call, cluster)
    else:
        yield Demand(call.action, "*" if ":Describe" in call.action else cluster)


def _besides_a_cluster(call: Call, cluster: str) -> Iterator[Demand]:
    if call.values("Tags."):
        yield Demand("redshift:CreateTags", cluster)
    for role in call.values("IamRoles."):
        yield Demand("iam:PassRole", role)
    # Of the account's first cluster; the sandbox's is always the first.
    yield Demand("iam:CreateServiceLinkedRole", call.arn("iam", f"role/{SERVICE_ROLE}"))
    if call.value("ManageMasterPassword") == "true":
        name = secret_name(call.value("ClusterIdentifier"), call.value("MasterUsername"))
        secret = call.arn("secretsmanager", f"secret:{name}-AbCdEf")  # Secrets Manager adds six characters
        yield Demand("secretsmanager:CreateSecret", secret)
        yield Demand("secretsmanager:TagResource", secret)


def _iam(call: Call) -> Iterator[Demand]:
    role = call.arn("iam", f"role/{call.value('RoleName')}") if call.value("RoleName") else "*"
    yield Demand(call.action, role)
    if call.action == "iam:CreateRole" and call.values("Tags."):
        yield Demand("iam:TagRole", role)


def _ec2(call: Call) -> Iterator[Demand]:
    any_group = call.arn("ec2", "security-group/*")
    if call.action == "ec2:CreateSecurityGroup":
        tags = call.request_tags("TagSpecification.")
        yield Demand(call.action, any_group, tags)
        yield Demand(call.action, call.arn("ec2", f"vpc/{call.value('VpcId')}"))
        if tags:
            yield Demand("ec2:CreateTags", any_group, {**tags, "ec2:CreateAction": "CreateSecurityGroup"})
    elif call.value("GroupId"):
        backend = ec2_backends[call.account][call.region]
        group = backend.get_security_group_from_id(call.value("GroupId"))
        tags = {f"aws:ResourceTag/{tag['key']}": tag["value"] for tag in (group.get_tags() if group else [])}
        yield Demand(call.action, call.arn("ec2", f"security-group/{call.value('GroupId')}"), tags)
    else:
        yield Demand(call.action)


def _sns(call: Call) -> Iterator[Demand]:
    yield Demand(call.action, call.value("TopicArn") or call.value("TargetArn") or "*")


def listed(value: Any) -> list[Any]:
    """A policy's one or many."""
    return value if isinstance(value, list) else [value]


def applies(statement: Mapping[str, Any], demand: Demand) -> bool:
    """Whether a statement is about a demand. Other elements and operators are refused, not passed over."""
    unknown = set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"}
    conditions = statement.get("Condition", {})
    if unknown or set(conditions) - {"StringEquals"}:
        raise NotImplementedError(f"the sandbox cannot judge {unknown or set(conditions)} of a policy")
    return (
        any(fnmatch.fnmatchcase(demand.action, action) for action in listed(statement["Action"]))
        and any(fnmatch.fnmatchcase(demand.resource, resource) for resource in listed(statement["Resource"]))
        and all(demand.keys.get(key) in listed(value) for key, value in conditions.get("StringEquals", {}).items())
    )


def is_permitted(statements: Iterable[Mapping[str, Any]], demand: Demand) -> bool:
    """One allows it and none denies it."""
    effects = {statement["Effect"] for statement in statements if applies(statement, demand)}
    return effects == {"Allow"}


def documents(policies: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """The statements of policies as moto keeps them: managed, inline, or text."""
    for policy in policies:
        if isinstance(policy, Policy):
            text = next(version.document for version in policy.versions if version.is_default)
        else:
            text = policy if isinstance(policy, str) else policy["policy_document"]
        yield from listed(json.loads(text)["Statement"])


def check_action_permitted(self: Any, resource: str) -> None:
    """In the place of moto's, whose `resource` is `*` throughout."""
    if self._action == "sts:GetCallerIdentity":  # AWS lets everybody ask, whatever the policies say
        return
    statements = list(documents(self._access_key.collect_policies()))
    for demand in demands(Call(self._action, self._data, self.account_id, self._region)):
        if not is_permitted(statements, demand):
            raise AccessDeniedError(user_arn=self._access_key.arn, action=f"{demand.action} on {demand.resource}")


def check_s3_action_permitted(self: Any, resource: str) -> None:
    """As moto's, which takes HEAD for a right of its own, and the bucket for what DeleteObjects is about."""
    resources = [resource]
    if self._action == "s3:HeadBucket":
        self._action = "s3:ListBucket"
    elif self._action == "s3:DeleteObject" and self._method == "POST":
        keys = ElementTree.fromstring(self._body).findall(".//{*}Key")  # noqa: S314  # from this machine
        resources = [f"{resource}/{key.text}" for key in keys]
    for each in resources:
        IAMRequestBase.check_action_permitted(self, each)
