"""Generate IAM policies from API calls: the actions that the calls need, each on the narrowest possible resource.

The tests in tests/aws record the calls. docs/aws.md contains the policies, each after a marker comment, and
`make aws-policy` rewrites them there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "aws.md"

# The account, region, cluster, buckets and topic of the examples, which readers replace with their own.
REDSHIFT = "arn:aws:redshift:us-west-2:123456789012"
EC2 = "arn:aws:ec2:us-west-2:123456789012"
ROLE = "arn:aws:iam::123456789012:role/redshift-sparkify"
SERVICE_ROLE = "arn:aws:iam::123456789012:role/aws-service-role/redshift.amazonaws.com/AWSServiceRoleForRedshift"
SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:redshift!sparkify-*"  # noqa: S105  # a name
DATA = "arn:aws:s3:::udacity-dend"
WORK = "arn:aws:s3:::sparkify-work"
TOPIC = "arn:aws:sns:us-west-2:123456789012:sparkify-alerts"
OWNER = "sparkify-airflow/sparkify"

# Calls whose IAM action has a different name. GetCallerIdentity needs no permission.
ACTION_NAMES = {
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "sts:GetCallerIdentity": None,
}

# Actions that AWS checks in addition to the called one, as far as we know. Not verified against AWS's own list.
ADDITIONAL_ACTIONS = {
    "iam:CreateRole": ("iam:TagRole",),
    "ec2:CreateSecurityGroup": ("ec2:CreateTags",),
    "redshift:CreateClusterSubnetGroup": ("redshift:CreateTags",),
    "redshift:CreateCluster": (
        "redshift:CreateTags",
        "iam:PassRole",
        "iam:CreateServiceLinkedRole",
        "secretsmanager:CreateSecret",
        "secretsmanager:TagResource",
    ),
}

# For each statement id: resources, condition and actions. Describe actions have no resource-level permissions.
Condition = dict[str, dict[str, str]]
STATEMENTS: dict[str, tuple[list[str], Condition, list[str]]] = {
    "Describe": (
        ["*"],
        {},
        [
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "redshift:DescribeClusterSnapshots",
            "redshift:DescribeClusterSubnetGroups",
            "redshift:DescribeClusters",
        ],
    ),
    "Cluster": (
        [f"{REDSHIFT}:cluster:sparkify"],
        {},
        ["redshift:CreateCluster", "redshift:DeleteCluster", "redshift:PauseCluster", "redshift:ResumeCluster"],
    ),
    "SubnetGroup": (
        [f"{REDSHIFT}:subnetgroup:redshift-sparkify"],
        {},
        ["redshift:CreateClusterSubnetGroup", "redshift:DeleteClusterSubnetGroup"],
    ),
    "TagOnCreation": (
        [f"{REDSHIFT}:cluster:sparkify", f"{REDSHIFT}:subnetgroup:redshift-sparkify"],
        {},
        ["redshift:CreateTags"],
    ),
    "Role": (
        [ROLE],
        {},
        [
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:PassRole",
            "iam:PutRolePolicy",
            "iam:TagRole",
        ],
    ),
    "ServiceLinkedRole": ([SERVICE_ROLE], {}, ["iam:CreateServiceLinkedRole"]),
    "ManagedPassword": ([SECRET], {}, ["secretsmanager:CreateSecret", "secretsmanager:TagResource"]),
    "CreateSecurityGroup": ([f"{EC2}:security-group/*", f"{EC2}:vpc/*"], {}, ["ec2:CreateSecurityGroup"]),
    "TagSecurityGroupOnCreation": (
        [f"{EC2}:security-group/*"],
        {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}},
        ["ec2:CreateTags"],
    ),
    "ManageOwnSecurityGroup": (
        [f"{EC2}:security-group/*"],
        {"StringEquals": {"aws:ResourceTag/managed-by": OWNER}},
        ["ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteSecurityGroup"],
    ),
    "Login": (
        [f"{REDSHIFT}:dbuser:sparkify/awsuser", f"{REDSHIFT}:dbname:sparkify/dev"],
        {},
        ["redshift:GetClusterCredentials"],
    ),
    "ListData": ([DATA], {}, ["s3:ListBucket"]),
    "ReadData": ([f"{DATA}/*"], {}, ["s3:GetObject"]),
    "ListWork": ([WORK], {}, ["s3:ListBucket"]),
    "ReadAndWriteWork": ([f"{WORK}/*"], {}, ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]),
    "SendAlerts": ([TOPIC], {}, ["sns:Publish"]),
}


# A call: service, operation, and the ARN of its bucket; "" for a call that is not on a bucket.
Call = tuple[str, str, str]


def required_action(service: str, operation: str) -> str | None:
    """Return the IAM action that a call needs, or None if it needs no permission."""
    name = f"{service}:{operation}"
    return ACTION_NAMES.get(name, name)


def required_actions(calls: Iterable[Call]) -> set[tuple[str, str]]:
    """Return every action that the calls need, each with the ARN of its bucket or ""."""
    named = {(required_action(service, operation), bucket) for service, operation, bucket in calls}
    found = {(action, bucket) for action, bucket in named if action is not None}
    return found | {(more, bucket) for action, bucket in found for more in ADDITIONAL_ACTIONS.get(action, ())}


def policy(calls: Iterable[Call]) -> dict[str, Any]:
    """Return the policy that allows exactly these calls; raise KeyError with the actions that no statement lists."""
    needed = required_actions(calls)
    known = {
        (action, bucket)
        for resources, _, allowed in STATEMENTS.values()
        for action in allowed
        for bucket in buckets(resources)
    }
    if unknown := sorted(f"{action} {bucket}".rstrip() for action, bucket in needed - known):
        raise KeyError(f"add to STATEMENTS: {', '.join(unknown)}")
    statements = []
    for sid, (resources, condition, allowed) in STATEMENTS.items():
        granted = [action for action in allowed if any((action, bucket) in needed for bucket in buckets(resources))]
        if granted:
            statement = {"Sid": sid, "Effect": "Allow", "Action": granted, "Resource": resources}
            statements.append(statement | ({"Condition": condition} if condition else {}))
    return {"Version": "2012-10-17", "Statement": statements}


def buckets(resources: list[str]) -> set[str]:
    """Return the ARNs of the buckets in a statement's resources, with "" for a resource that is not in S3."""
    return {resource.partition("/")[0] if resource.startswith("arn:aws:s3:") else "" for resource in resources}


def block(name: str) -> re.Pattern[str]:
    """Return the pattern of a policy's block in the document: marker and opening fence, JSON, closing fence."""
    return re.compile(rf"(<!-- policy {name} -->\n```json\n)(.*?)(```\n)", re.DOTALL)


def documented(name: str) -> dict[str, Any]:
    """Return a policy as the document shows it; raise ValueError if the document has no policy of that name."""
    match = block(name).search(DOCUMENT.read_text(encoding="utf-8"))
    if match is None:
        raise ValueError(f"{DOCUMENT.name} has no policy {name!r}")
    found: dict[str, Any] = json.loads(match[2])
    return found


def write(name: str, document: dict[str, Any]) -> None:
    """Write a policy into its block in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    shown = json.dumps(document, indent=2) + "\n"
    DOCUMENT.write_text(block(name).sub(lambda match: match[1] + shown + match[3], text), encoding="utf-8")
