"""The cluster itself, and the order in which it and what it needs come and go."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from warehouse.cluster.account import Account, AccountError
from warehouse.cluster.network import SecurityGroup, SubnetGroup
from warehouse.cluster.part import Found, Part, tag_list, tags_of
from warehouse.cluster.role import Role
from warehouse.cluster.settings import ClusterNames

# States in which a cluster is on its way out; what `delete` would ask for is being done.
GOING = frozenset({"deleting", "final-snapshot"})
# States that never end in `available` by themselves.
ASLEEP = frozenset({"pausing", "paused"})


class Cluster(Part):
    """A cluster with the role as its default one, encrypted, its password known to Secrets Manager alone.

    :param final_snapshot: the name of the snapshot that deleting it takes first; None for none.
    """

    kind = "cluster"

    def __init__(self, account: Account, names: ClusterNames, final_snapshot: str | None = None) -> None:
        super().__init__(account, names)
        self.final_snapshot = final_snapshot

    @property
    def redshift(self) -> Any:
        """The client."""
        return self.account.client("redshift")

    @property
    def name(self) -> str:
        """The identifier itself."""
        return self.names.identifier

    def find(self) -> Found | None:
        """By its identifier, which is unique in account and region."""
        try:
            cluster = self.redshift.describe_clusters(ClusterIdentifier=self.name)["Clusters"][0]
        except self.redshift.exceptions.ClusterNotFoundFault:
            return None
        return Found(self.name, tags_of(cluster.get("Tags")), facts_of(cluster))

    def wanted(self) -> dict[str, Any]:
        """What was asked for; a maintenance window only if one was."""
        settings = self.settings
        role = Role(self.account, self.names).arn
        group = SecurityGroup(self.account, self.names).own()
        facts = {
            "node type": settings.node_type,
            "nodes": settings.nodes,
            "database": settings.database,
            "master user": settings.master_user,
            "port": settings.port,
            "encrypted": True,
            "public": settings.public,
            "snapshot days": settings.snapshot_days,
            "roles": (role,),
            "default role": role,
            "security groups": (group.id,) if group else (),
        }
        if settings.subnets:
            facts["subnet group"] = SubnetGroup(self.account, self.names).name
        if settings.maintenance_window:
            facts["maintenance window"] = settings.maintenance_window
        return facts

    def differences(self, found: Found) -> list[str]:
        """As for every part; but a cluster that is going or asleep is nothing to wait for."""
        status = found.facts["status"]
        if status in GOING:
            raise AccountError(f"{self.describe()} is being deleted: wait until it has gone, then run again")
        if status in ASLEEP:
            raise AccountError(f"{self.describe()} is {status!r}: resume it, then run again")
        # Until it has an endpoint it has no port that could differ.
        port = {} if found.facts["endpoint"] else {"port": self.settings.port}
        return super().differences(dataclasses.replace(found, facts={**found.facts, **port}))

    def create(self) -> str:
        """All at once. Nobody ever sees the password: Redshift makes it and keeps it in Secrets Manager."""
        settings = self.settings
        role = Role(self.account, self.names).arn
        group = SecurityGroup(self.account, self.names).own()
        if group is None:
            raise AccountError(f"security group {self.names.name!r} has gone meanwhile: run again")
        optional: dict[str, Any] = {}
        if settings.nodes > 1:
            optional["NumberOfNodes"] = settings.nodes
        if settings.subnets:
            optional["ClusterSubnetGroupName"] = SubnetGroup(self.account, self.names).name
        if settings.maintenance_window:
            optional["PreferredMaintenanceWindow"] = settings.maintenance_window
        self.redshift.create_cluster(
            ClusterIdentifier=self.name,
            ClusterType="single-node" if settings.nodes == 1 else "multi-node",
            NodeType=settings.node_type,
            DBName=settings.database,
            MasterUsername=settings.master_user,
            ManageMasterPassword=True,
            Port=settings.port,
            Encrypted=True,
            PubliclyAccessible=settings.public,
            AutomatedSnapshotRetentionPeriod=settings.snapshot_days,
            IamRoles=[role],
            DefaultIamRoleArn=role,
            VpcSecurityGroupIds=[group.id],
            Tags=tag_list(settings.tags),
            **optional,
        )
        return self.name

    def delete(self, found: Found) -> None:
        """With the final snapshot, if one is wanted; nothing where it is going already."""
        if found.facts["status"] in GOING:
            return
        snapshot: dict[str, Any] = {"SkipFinalClusterSnapshot": True}
        if self.final_snapshot:
            snapshot = {"SkipFinalClusterSnapshot": False, "FinalClusterSnapshotIdentifier": self.final_snapshot}
        self.redshift.delete_cluster(ClusterIdentifier=self.name, **snapshot)

    def snapshots(self) -> list[str]:
        """The manual snapshots that outlive the cluster, final ones too; they cost money until someone deletes them."""
        pages = self.redshift.get_paginator("describe_cluster_snapshots")
        found = pages.paginate(ClusterIdentifier=self.name, SnapshotType="manual").search("Snapshots[]")
        return sorted(
            item["SnapshotIdentifier"]
            for item in found
            if item["ClusterIdentifier"] == self.name and item["SnapshotType"] == "manual"
        )


def facts_of(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """What DescribeClusters says, under the names that people read."""
    endpoint = cluster.get("Endpoint", {})
    return {
        "status": cluster["ClusterStatus"],
        "node type": cluster["NodeType"],
        "nodes": cluster["NumberOfNodes"],
        "database": cluster["DBName"],
        "master user": cluster["MasterUsername"],
        "endpoint": endpoint.get("Address"),
        "port": endpoint.get("Port"),
        "encrypted": cluster["Encrypted"],
        "public": cluster["PubliclyAccessible"],
        "snapshot days": cluster["AutomatedSnapshotRetentionPeriod"],
        "roles": tuple(role["IamRoleArn"] for role in cluster["IamRoles"]),
        "default role": cluster.get("DefaultIamRoleArn"),
        "security groups": tuple(group["VpcSecurityGroupId"] for group in cluster["VpcSecurityGroups"]),
        "subnet group": cluster.get("ClusterSubnetGroupName"),
        "maintenance window": cluster["PreferredMaintenanceWindow"].lower(),
    }


# In the order of creation; each is deleted before what it needs.
PARTS: dict[str, type[Part]] = {
    "role": Role,
    "subnet_group": SubnetGroup,
    "security_group": SecurityGroup,
    "cluster": Cluster,
}


def kind_of(part: str) -> type[Part]:
    """The class of a part; ValueError for a word that names none."""
    if part not in PARTS:
        raise ValueError(f"not a part of a cluster: {part!r}; expected one of {', '.join(PARTS)}")
    return PARTS[part]


def parts_of(account: Account, names: ClusterNames) -> dict[str, Part]:
    """All parts of one cluster."""
    return {name: kind(account, names) for name, kind in PARTS.items()}
