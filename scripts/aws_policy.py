"""IAM policies out of API calls: the rights that calls need, each on as little as the service allows.

The tests in tests/aws record the calls; docs/aws.md has the policies between two marks. `make aws-policy` writes them
there anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "aws.md"

# The account, region, cluster, buckets and topic of the examples; their reader puts in their own.
REDSHIFT = "arn:aws:redshift:us-west-2:123456789012"
EC2 = "arn:aws:ec2:us-west-2:123456789012"
ROLE = "arn:aws:iam::123456789012:role/redshift-sparkify"
SERVICE_ROLE = "arn:aws:iam::123456789012:role/aws-service-role/redshift.amazonaws.com/AWSServiceRoleForRedshift"
SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:redshift!sparkify-*"  # noqa: S105  # a name
DATA = "arn:aws:s3:::udacity-dend"
WORK = "arn:aws:s3:::sparkify-work"
TOPIC = "arn:aws:sns:us-west-2:123456789012:sparkify-alerts"
OWNER = "sparkify-airflow/sparkify"

# Calls whose right has another name. GetCallerIdentity needs none.
NAMES = {
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "sts:GetCallerIdentity": None,
}

# What AWS asks for besides the right to the call itself, as far as known: not verified against AWS's own list.
BESIDES = {
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

# By statement: its resources and condition, and the actions that belong to it. Looks at lists know no resource.
Condition = dict[str, dict[str, str]]
STATEMENTS: dict[str, tuple[list[str], Condition, list[str]]] = {
    "Look": (
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
    "TagAtCreation": (
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
    "FirstClusterOfTheAccount": ([SERVICE_ROLE], {}, ["iam:CreateServiceLinkedRole"]),
    "ManagedPassword": ([SECRET], {}, ["secretsmanager:CreateSecret", "secretsmanager:TagResource"]),
    "NewSecurityGroup": ([f"{EC2}:security-group/*", f"{EC2}:vpc/*"], {}, ["ec2:CreateSecurityGroup"]),
    "TagNewSecurityGroup": (
        [f"{EC2}:security-group/*"],
        {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}},
        ["ec2:CreateTags"],
    ),
    "OwnSecurityGroup": (
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
    "ListWork": ([WORK], {}, ["s3:ListBucket"]),
    "Work": ([f"{WORK}/*"], {}, ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]),
    "Alert": ([TOPIC], {}, ["sns:Publish"]),
}


# A call: service, operation, and the ARN of the bucket where it is one on a bucket, else "".
Call = tuple[str, str, str]


def right_of(service: str, operation: str) -> str | None:
    """The right to a call; None for one that needs none."""
    name = f"{service}:{operation}"
    return NAMES.get(name, name)


def rights(calls: Iterable[Call]) -> set[tuple[str, str]]:
    """The actions that calls need, each with the bucket."""
    named = {(right_of(service, operation), bucket) for service, operation, bucket in calls}
    found = {(action, bucket) for action, bucket in named if action is not None}
    return found | {(besides, bucket) for action, bucket in found for besides in BESIDES.get(action, ())}


def policy(calls: Iterable[Call]) -> dict[str, Any]:
    """The policy that allows these calls and no other; KeyError names rights that no statement has."""
    needed = rights(calls)
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
    """The buckets that a statement is about; "" for one that is about something else."""
    return {resource.partition("/")[0] if resource.startswith("arn:aws:s3:") else "" for resource in resources}


def block(name: str) -> re.Pattern[str]:
    """Where the document has the policy of a name."""
    return re.compile(rf"(<!-- policy {name} -->\n```json\n)(.*?)(```\n)", re.DOTALL)


def documented(name: str) -> dict[str, Any]:
    """The policy that the document shows."""
    match = block(name).search(DOCUMENT.read_text(encoding="utf-8"))
    if match is None:
        raise ValueError(f"{DOCUMENT.name} has no policy {name!r}")
    found: dict[str, Any] = json.loads(match[2])
    return found


def write(name: str, document: dict[str, Any]) -> None:
    """Put a policy into the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    shown = json.dumps(document, indent=2) + "\n"
    DOCUMENT.write_text(block(name).sub(lambda match: match[1] + shown + match[3], text), encoding="utf-8")
