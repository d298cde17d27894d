"""Where the cluster lies and who reaches its port: subnet group and security group."""

from __future__ import annotations

from typing import Any

from warehouse.cluster.account import AccountError
from warehouse.cluster.part import Found, Part, tag_list, tags_of


class SubnetGroup(Part):
    """The subnets the cluster may lie in. Without any, it lies in the default VPC and needs no group."""

    kind = "cluster subnet group"

    @property
    def redshift(self) -> Any:
        """The client."""
        return self.account.client("redshift")

    @property
    def is_wanted(self) -> bool:
        """Only where subnets are given."""
        return bool(self.settings.subnets)

    def find(self) -> Found | None:
        """By its name, which is unique in account and region."""
        try:
            answer = self.redshift.describe_cluster_subnet_groups(ClusterSubnetGroupName=self.name)
        except self.redshift.exceptions.ClusterSubnetGroupNotFoundFault:
            return None
        group = answer["ClusterSubnetGroups"][0]
        subnets = tuple(sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"]))
        return Found(self.name, tags_of(group.get("Tags")), {"subnets": subnets})

    def wanted(self) -> dict[str, Any]:
        """These subnets."""
        return {"subnets": self.settings.subnets}

    def create(self) -> str:
        """Of these subnets."""
        self.redshift.create_cluster_subnet_group(
            ClusterSubnetGroupName=self.name,
            Description=f"Of the cluster {self.names.identifier}",
            SubnetIds=list(self.settings.subnets),
            Tags=tag_list(self.settings.tags),
        )
        return self.name

    def delete(self, found: Found) -> None:
        """One call."""
        self.redshift.delete_cluster_subnet_group(ClusterSubnetGroupName=self.name)


def openings(permissions: list[dict[str, Any]]) -> tuple[str, ...]:
    """Ingress rules in words, one for each source."""
    found = []
    for rule in permissions:
        ports = f"{rule['IpProtocol']} {rule.get('FromPort', 'all')}-{rule.get('ToPort', 'all')}"
        sources = [
            *(source["CidrIp"] for source in rule.get("IpRanges", [])),
            *(source["CidrIpv6"] for source in rule.get("Ipv6Ranges", [])),
            *(source["GroupId"] for source in rule.get("UserIdGroupPairs", [])),
            *(source["PrefixListId"] for source in rule.get("PrefixListIds", [])),
        ]
        found += [f"{ports} from {source}" for source in sources]
    return tuple(sorted(found))


class SecurityGroup(Part):
    """Lets one network reach the cluster's port, and nobody else reach anything."""

    kind = "security group"
    later = frozenset({"ingress"})

    @property
    def ec2(self) -> Any:
        """The client."""
        return self.account.client("ec2")

    def find(self) -> Found | None:
        """By its name, in whichever VPC."""
        filters = [{"Name": "group-name", "Values": [self.name]}]
        groups = self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        if len(groups) > 1:
            ids = ", ".join(f"{group['GroupId']} in {group['VpcId']}" for group in groups)
            raise AccountError(f"there are {len(groups)} security groups {self.name!r}, expected one at most: {ids}")
        for group in groups:
            facts = {"VPC": group["VpcId"], "ingress": openings(group["IpPermissions"])}
            return Found(group["GroupId"], tags_of(group.get("Tags")), facts)
        return None

    def permissions(self) -> list[dict[str, Any]]:
        """The one rule."""
        port, cidr = self.settings.port, self.settings.cidr
        source = {"CidrIp": cidr, "Description": f"To the cluster {self.names.identifier}"}
        return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [source]}]

    def wanted(self) -> dict[str, Any]:
        """That rule, in the VPC of the subnets."""
        return {"VPC": self.account.vpc(self.settings.subnets), "ingress": openings(self.permissions())}

    def create(self) -> str:
        """The group with its tags, without its rule."""
        group = self.ec2.create_security_group(
            GroupName=self.name,
            Description=f"Who reaches the Redshift cluster {self.names.identifier}",
            VpcId=self.account.vpc(self.settings.subnets),
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tag_list(self.settings.tags)}],
        )
        return str(group["GroupId"])

    def finish(self, part_id: str) -> None:
        """Its rule."""
        self.ec2.authorize_security_group_ingress(GroupId=part_id, IpPermissions=self.permissions())

    def delete(self, found: Found) -> None:
        """One call; its rules go with it."""
        self.ec2.delete_security_group(GroupId=found.id)
