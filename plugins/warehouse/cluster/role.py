"""The IAM role by which the cluster reads S3."""

from __future__ import annotations

import json
from typing import Any

from warehouse.cluster.part import Found, Part, tag_list, tags_of
from warehouse.cluster.policies import POLICY_NAME, access, trust


class Role(Part):
    """A role that Redshift may take on, with one policy of its own."""

    kind = "IAM role"
    later = frozenset({"policy"})

    @property
    def iam(self) -> Any:
        """The client."""
        return self.account.client("iam")

    @property
    def arn(self) -> str:
        """Known before the role exists."""
        identity = self.account.identity
        return f"arn:{identity.partition}:iam::{identity.account}:role/{self.name}"

    def policy(self) -> dict[str, Any] | None:
        """The policy it has, if it has it already."""
        try:
            answer = self.iam.get_role_policy(RoleName=self.name, PolicyName=POLICY_NAME)
        except self.iam.exceptions.NoSuchEntityException:
            return None
        found: dict[str, Any] = answer["PolicyDocument"]
        return found

    def find(self) -> Found | None:
        """By its name, which is unique in the account."""
        try:
            role = self.iam.get_role(RoleName=self.name)["Role"]
        except self.iam.exceptions.NoSuchEntityException:
            return None
        facts = {"trust": role["AssumeRolePolicyDocument"], "policy": self.policy()}
        return Found(self.name, tags_of(role.get("Tags")), facts)

    def wanted(self) -> dict[str, Any]:
        """Both documents, to the letter."""
        settings = self.settings
        partition = self.account.identity.partition
        return {"trust": trust(), "policy": access(partition, settings.bucket, settings.work_prefix)}

    def create(self) -> str:
        """The role with its tags, without its policy."""
        self.iam.create_role(
            RoleName=self.name,
            AssumeRolePolicyDocument=json.dumps(trust()),
            Description=f"What the Redshift cluster {self.names.identifier} may do",
            Tags=tag_list(self.settings.tags),
        )
        return self.name

    def finish(self, part_id: str) -> None:
        """Its policy."""
        self.iam.put_role_policy(
            RoleName=part_id, PolicyName=POLICY_NAME, PolicyDocument=json.dumps(self.wanted()["policy"])
        )

    def delete(self, found: Found) -> None:
        """The policy first: a role that has one cannot go. Policies others attached to it make AWS refuse, as well."""
        if found.facts["policy"] is not None:
            self.iam.delete_role_policy(RoleName=self.name, PolicyName=POLICY_NAME)
        self.iam.delete_role(RoleName=self.name)
