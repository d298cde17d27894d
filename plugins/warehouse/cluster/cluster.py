"""The Redshift cluster, and all of its parts in the order in which they are created."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from warehouse.cluster.account import Account, AccountError
from warehouse.cluster.network import SecurityGroup, SubnetGroup
from warehouse.cluster.part import ExistingPart, Part, tag_list, tags_of
from warehouse.cluster.role import Role
from warehouse.cluster.settings import ClusterNames

# States in which the cluster is already being deleted, so that `delete` has nothing to do.
BEING_DELETED = frozenset({"deleting", "final-snapshot"})
# States from which the cluster never becomes available by itself.
PAUSED = frozenset({"pausing", "paused"})


class Cluster(Part):
    """An encrypted cluster whose default role is ours and whose password only Secrets Manager holds.

    :param final_snapshot: the name of the snapshot to take before deleting the cluster; None takes no snapshot.
    """

    kind = "cluster"

    def __init__(self, account: Account, names: ClusterNames, final_snapshot: str | None = None) -> None:
        super().__init__(account, names)
        self.final_snapshot = final_snapshot

    @property
    def redshift(self) -> Any:
        """The Redshift client."""
        return self.account.client("redshift")

    @property
    def name(self) -> str:
        """The cluster's identifier, without the prefix that the other parts have."""
        return self.names.identifier

    def find(self) -> ExistingPart | None:
        """Look the cluster up by its identifier, which is unique in account and region."""
        try:
            cluster = self.redshift.describe_clusters(ClusterIdentifier=self.name)["Clusters"][0]
        except self.redshift.exceptions.ClusterNotFoundFault:
            return None
        return ExistingPart(self.name, tags_of(cluster.get("Tags")), attributes_of(cluster))

    def desired(self) -> dict[str, Any]:
        """Return the attributes that follow from the settings; subnets and window only if the settings have them."""
        settings = self.settings
        role = Role(self.account, self.names).arn
        group = SecurityGroup(self.account, self.names).find_own()
        attributes = {
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
            attributes["subnet group"] = SubnetGroup(self.account, self.names).name
        if settings.maintenance_window:
            attributes["maintenance window"] = settings.maintenance_window
        return attributes

    def differences(self, existing: ExistingPart) -> list[str]:
        """Describe each difference from the desired state; raise AccountError if the cluster is deleted or paused.

        Such a cluster does not become available by itself, so the run must not wait for it.
        """
        status = existing.attributes["status"]
        if status in BEING_DELETED:
            raise AccountError(f"{self.describe()} is being deleted: wait until it is gone, then run again")
        if status in PAUSED:
            raise AccountError(f"{self.describe()} is {status!r}: resume it, then run again")
        # A cluster without an endpoint has no port yet, so the port cannot differ.
        port = {} if existing.attributes["endpoint"] else {"port": self.settings.port}
        return super().differences(dataclasses.replace(existing, attributes={**existing.attributes, **port}))

    def create(self) -> str:
        """Create the cluster. Redshift generates the password and stores it in Secrets Manager; nobody sees it."""
        settings = self.settings
        role = Role(self.account, self.names).arn
        group = SecurityGroup(self.account, self.names).find_own()
        if group is None:
            raise AccountError(f"security group {self.names.name!r} was deleted during this run: run again")
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

    def delete(self, existing: ExistingPart) -> None:
        """Delete the cluster, with a final snapshot if one is set; do nothing if it is already being deleted."""
        if existing.attributes["status"] in BEING_DELETED:
            return
        snapshot: dict[str, Any] = {"SkipFinalClusterSnapshot": True}
        if self.final_snapshot:
            snapshot = {"SkipFinalClusterSnapshot": False, "FinalClusterSnapshotIdentifier": self.final_snapshot}
        self.redshift.delete_cluster(ClusterIdentifier=self.name, **snapshot)

    def snapshots(self) -> list[str]:
        """Return the names of the manual and final snapshots. They outlive the cluster and cost money until deleted."""
        pages = self.redshift.get_paginator("describe_cluster_snapshots")
        found = pages.paginate(ClusterIdentifier=self.name, SnapshotType="manual").search("Snapshots[]")
        return sorted(
            item["SnapshotIdentifier"]
            for item in found
            if item["ClusterIdentifier"] == self.name and item["SnapshotType"] == "manual"
        )


def attributes_of(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a cluster in a DescribeClusters response, under the names that messages use."""
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


# In creation order. Deletion runs in the opposite order, so that nothing is deleted while another part uses it.
PARTS: dict[str, type[Part]] = {
    "role": Role,
    "subnet_group": SubnetGroup,
    "security_group": SecurityGroup,
    "cluster": Cluster,
}


def part_class(part: str) -> type[Part]:
    """Return the class of a part; raise ValueError if there is no part of that name."""
    if part not in PARTS:
        raise ValueError(f"unknown part of a cluster: {part!r}; expected one of {', '.join(PARTS)}")
    return PARTS[part]


def parts_of(account: Account, names: ClusterNames) -> dict[str, Part]:
    """Return all parts of one cluster by name, in creation order."""
    return {name: part(account, names) for name, part in PARTS.items()}
