"""The cluster's network: the subnets it runs in and the security group that opens its port."""

from __future__ import annotations

from typing import Any

from warehouse.cluster.account import AccountError
from warehouse.cluster.part import ExistingPart, Part, tag_list, tags_of


class SubnetGroup(Part):
    """The subnets that the cluster may run in. Without subnets it runs in the default VPC and needs no group."""

    kind = "cluster subnet group"

    @property
    def redshift(self) -> Any:
        """The Redshift client."""
        return self.account.client("redshift")

    @property
    def is_needed(self) -> bool:
        """Whether the settings specify subnets."""
        return bool(self.settings.subnets)

    def find(self) -> ExistingPart | None:
        """Look the group up by its name, which is unique in account and region."""
        try:
            answer = self.redshift.describe_cluster_subnet_groups(ClusterSubnetGroupName=self.name)
        except self.redshift.exceptions.ClusterSubnetGroupNotFoundFault:
            return None
        group = answer["ClusterSubnetGroups"][0]
        subnets = tuple(sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"]))
        return ExistingPart(self.name, tags_of(group.get("Tags")), {"subnets": subnets})

    def desired(self) -> dict[str, Any]:
        """Return the subnets of the settings."""
        return {"subnets": self.settings.subnets}

    def create(self) -> str:
        """Create the group with its subnets and tags."""
        self.redshift.create_cluster_subnet_group(
            ClusterSubnetGroupName=self.name,
            Description=f"Subnets of the Redshift cluster {self.names.identifier}",
            SubnetIds=list(self.settings.subnets),
            Tags=tag_list(self.settings.tags),
        )
        return self.name

    def delete(self, existing: ExistingPart) -> None:
        """Delete the group. Redshift refuses while a cluster uses it."""
        self.redshift.delete_cluster_subnet_group(ClusterSubnetGroupName=self.name)


def ingress_rules(permissions: list[dict[str, Any]]) -> tuple[str, ...]:
    """Describe ingress permissions as text, one entry per source: `tcp 5439-5439 from 10.0.0.0/16`."""
    rules = []
    for rule in permissions:
        ports = f"{rule['IpProtocol']} {rule.get('FromPort', 'all')}-{rule.get('ToPort', 'all')}"
        sources = [
            *(source["CidrIp"] for source in rule.get("IpRanges", [])),
            *(source["CidrIpv6"] for source in rule.get("Ipv6Ranges", [])),
            *(source["GroupId"] for source in rule.get("UserIdGroupPairs", [])),
            *(source["PrefixListId"] for source in rule.get("PrefixListIds", [])),
        ]
        rules += [f"{ports} from {source}" for source in sources]
    return tuple(sorted(rules))


class SecurityGroup(Part):
    """Opens the cluster's port to one network and nothing else."""

    kind = "security group"
    added_later = frozenset({"ingress"})

    @property
    def ec2(self) -> Any:
        """The EC2 client."""
        return self.account.client("ec2")

    def find(self) -> ExistingPart | None:
        """Look the group up by its name in all VPCs; raise AccountError if several groups have the name."""
        filters = [{"Name": "group-name", "Values": [self.name]}]
        groups = self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        if len(groups) > 1:
            ids = ", ".join(f"{group['GroupId']} in {group['VpcId']}" for group in groups)
            raise AccountError(
                f"there are {len(groups)} security groups named {self.name!r}, expected at most one: {ids}"
            )
        for group in groups:
            attributes = {"VPC": group["VpcId"], "ingress": ingress_rules(group["IpPermissions"])}
            return ExistingPart(group["GroupId"], tags_of(group.get("Tags")), attributes)
        return None

    def permissions(self) -> list[dict[str, Any]]:
        """Return the single ingress rule, in the form that the EC2 API takes."""
        port, cidr = self.settings.port, self.settings.cidr
        source = {"CidrIp": cidr, "Description": f"Redshift cluster {self.names.identifier}"}
        return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [source]}]

    def desired(self) -> dict[str, Any]:
        """Return the VPC of the subnets and the single ingress rule."""
        return {"VPC": self.account.vpc(self.settings.subnets), "ingress": ingress_rules(self.permissions())}

    def create(self) -> str:
        """Create the group with its tags; `complete` adds the ingress rule."""
        group = self.ec2.create_security_group(
            GroupName=self.name,
            Description=f"Network access to the Redshift cluster {self.names.identifier}",
            VpcId=self.account.vpc(self.settings.subnets),
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tag_list(self.settings.tags)}],
        )
        return str(group["GroupId"])

    def complete(self, part_id: str) -> None:
        """Add the ingress rule to the group."""
        self.ec2.authorize_security_group_ingress(GroupId=part_id, IpPermissions=self.permissions())

    def delete(self, existing: ExistingPart) -> None:
        """Delete the group and its rules. EC2 refuses while a cluster uses it."""
        self.ec2.delete_security_group(GroupId=existing.id)
