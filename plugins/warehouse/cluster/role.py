"""The IAM role that the cluster assumes to read S3."""

from __future__ import annotations

import json
from typing import Any

from warehouse.cluster.part import ExistingPart, Part, tag_list, tags_of
from warehouse.cluster.policies import POLICY_NAME, access_policy, trust_policy


class Role(Part):
    """A role that Redshift assumes, with a single inline policy."""

    kind = "IAM role"
    added_later = frozenset({"policy"})

    @property
    def iam(self) -> Any:
        """The IAM client."""
        return self.account.client("iam")

    @property
    def arn(self) -> str:
        """The role's ARN, which follows from account and name and is known before the role exists."""
        identity = self.account.identity
        return f"arn:{identity.partition}:iam::{identity.account}:role/{self.name}"

    def policy(self) -> dict[str, Any] | None:
        """Return the role's inline policy, or None if the role does not have it yet."""
        try:
            answer = self.iam.get_role_policy(RoleName=self.name, PolicyName=POLICY_NAME)
        except self.iam.exceptions.NoSuchEntityException:
            return None
        document: dict[str, Any] = answer["PolicyDocument"]
        return document

    def find(self) -> ExistingPart | None:
        """Look the role up by its name, which is unique in the account."""
        try:
            role = self.iam.get_role(RoleName=self.name)["Role"]
        except self.iam.exceptions.NoSuchEntityException:
            return None
        attributes = {"trust": role["AssumeRolePolicyDocument"], "policy": self.policy()}
        return ExistingPart(self.name, tags_of(role.get("Tags")), attributes)

    def desired(self) -> dict[str, Any]:
        """Return both policy documents; an existing role must have exactly these."""
        settings = self.settings
        partition = self.account.identity.partition
        return {"trust": trust_policy(), "policy": access_policy(partition, settings.bucket, settings.work_prefix)}

    def create(self) -> str:
        """Create the role with its tags; `complete` adds the policy."""
        self.iam.create_role(
            RoleName=self.name,
            AssumeRolePolicyDocument=json.dumps(trust_policy()),
            Description=f"S3 access of the Redshift cluster {self.names.identifier}",
            Tags=tag_list(self.settings.tags),
        )
        return self.name

    def complete(self, part_id: str) -> None:
        """Put the inline policy on the role."""
        self.iam.put_role_policy(
            RoleName=part_id, PolicyName=POLICY_NAME, PolicyDocument=json.dumps(self.desired()["policy"])
        )

    def delete(self, existing: ExistingPart) -> None:
        """Delete the policy, then the role.

        IAM does not delete a role that still has policies, so one that somebody attached to it makes this fail.
        """
        if existing.attributes["policy"] is not None:
            self.iam.delete_role_policy(RoleName=self.name, PolicyName=POLICY_NAME)
        self.iam.delete_role(RoleName=self.name)
