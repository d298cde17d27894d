"""Redshift clusters: names, managed passwords, the default role, `creating`, what is in use, and a login that works.

moto 5.2 takes any identifier, ignores ManageMasterPassword and DefaultIamRoleArn, has a cluster available at once, lets
go a security group or subnet group that a cluster uses, and makes up a password that no server knows.
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.responses.security_groups import SecurityGroups
from moto.moto_api._internal import mock_random
from moto.redshift.exceptions import RedshiftClientError
from moto.redshift.models import RedshiftBackend, redshift_backends
from moto.redshift.responses import RedshiftResponse
from moto.secretsmanager.models import secretsmanager_backends

from sandbox.redshift.engine import PASSWORD, USER

IDENTIFIER = re.compile(r"(?=.{1,63}$)[a-z](?:-?[a-z0-9])*")


def add() -> None:
    """Put the functions below in the place of moto's."""
    for owner, name, addition in (
        (RedshiftResponse, "create_cluster", create_cluster),
        (RedshiftResponse, "describe_clusters", describe_clusters),
        (RedshiftResponse, "delete_cluster", delete_cluster),
        (RedshiftResponse, "delete_cluster_subnet_group", delete_cluster_subnet_group),
        (SecurityGroups, "delete_security_group", delete_security_group),
        (RedshiftBackend, "get_cluster_credentials", get_cluster_credentials),
    ):
        setattr(owner, name, _instead(getattr(owner, name), addition))


def _instead(original: Any, addition: Any) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return addition(original, self, *args, **kwargs)

    return method


def _secrets(backend: Any) -> Any:
    return secretsmanager_backends[backend.account_id][backend.region_name]


def secret_name(identifier: str, user: str) -> str:
    """What Redshift calls the secret of a managed password."""
    return f"redshift!{identifier}-{user}"


def create_cluster(original: Any, self: Any) -> ActionResult:
    """Refuse what AWS refuses; keep the default role; keep the password in Secrets Manager; begin as `creating`."""
    identifier, user = self._get_param("ClusterIdentifier"), self._get_param("MasterUsername")
    if not IDENTIFIER.fullmatch(identifier):
        raise RedshiftClientError(
            "InvalidParameterValue", f"The parameter ClusterIdentifier is not valid: {identifier}"
        )
    is_managed = self._get_bool_param("ManageMasterPassword", False)
    if is_managed == bool(self._get_param("MasterUserPassword")):
        raise RedshiftClientError(
            "InvalidParameterCombination", "Specify either MasterUserPassword or ManageMasterPassword."
        )
    default_role = self._get_param("DefaultIamRoleArn")
    if default_role and default_role not in self._get_param("IamRoles", []):
        raise RedshiftClientError(
            "InvalidParameterValue", "The default IAM role must be one of the cluster's IAM roles."
        )
    result: ActionResult = original(self)
    cluster = self.redshift_backend.clusters[identifier]
    cluster.default_iam_role_arn = default_role
    cluster.status = "creating"
    if is_managed:
        password = {"username": user, "password": mock_random.get_random_string(32)}
        secret = _secrets(self.redshift_backend).create_managed_secret(
            "redshift", secret_name(identifier, user), secret_string=json.dumps(password)
        )
        cluster.master_password_secret_arn = secret.arn
    return result


def describe_clusters(original: Any, self: Any) -> ActionResult:
    """A new cluster is `creating` when it is first looked at, and available from the second look on."""
    result: ActionResult = original(self)
    for cluster in self.redshift_backend.describe_clusters(self._get_param("ClusterIdentifier")):
        if cluster.status == "creating":
            cluster.status = "available" if getattr(cluster, "was_seen", False) else "creating"
            cluster.was_seen = True
    return result


def delete_cluster(original: Any, self: Any) -> ActionResult:
    """The managed password goes with the cluster."""
    identifier = self._get_param("ClusterIdentifier")
    cluster = self.redshift_backend.clusters.get(identifier)
    result: ActionResult = original(self)
    if getattr(cluster, "master_password_secret_arn", None):
        name = secret_name(identifier, cluster.master_username)
        _secrets(self.redshift_backend).delete_secret(name, None, force_delete_without_recovery=True)
    return result


def delete_cluster_subnet_group(original: Any, self: Any) -> ActionResult:
    """Refuse while a cluster lies in it."""
    name = self._get_param("ClusterSubnetGroupName")
    if any(cluster.cluster_subnet_group_name == name for cluster in self.redshift_backend.clusters.values()):
        raise RedshiftClientError("InvalidClusterSubnetGroupStateFault", f"Cluster subnet group {name} is in use.")
    result: ActionResult = original(self)
    return result


def delete_security_group(original: Any, self: Any) -> ActionResult:
    """Refuse while a cluster has it."""
    group = self._get_param("GroupId")
    clusters = redshift_backends[self.current_account][self.region].clusters.values()
    if any(group in cluster.vpc_security_group_ids for cluster in clusters):
        raise DependencyViolationError(f"resource {group} has a dependent object")
    result: ActionResult = original(self)
    return result


def get_cluster_credentials(original: Any, self: Any, identifier: str, user: str, *more: Any) -> dict[str, Any]:
    """The local Redshift's own first user gets a password that it takes; AWS would write `IAM:` before the name."""
    result: dict[str, Any] = original(self, identifier, user, *more)
    return {**result, "DbUser": USER, "DbPassword": PASSWORD} if user == USER else result
