"""The trust policy and the access policy of the cluster's role."""

from __future__ import annotations

from typing import Any

from warehouse.s3_objects import split_url

VERSION = "2012-10-17"
POLICY_NAME = "s3"


def trust_policy() -> dict[str, Any]:
    """Return the policy that lets Redshift, and no other service or user, assume the role."""
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "redshift.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }


def access_policy(partition: str, bucket: str, work_prefix: str) -> dict[str, Any]:
    """Return the policy that allows reading one bucket and, if there is a work prefix, reading and writing below it.

    COPY lists the objects below its prefix, which is a permission on the bucket, and then reads them.

    :param partition: `aws`, `aws-cn` or `aws-us-gov`.
    :param bucket: the bucket to load from.
    :param work_prefix: `s3://bucket/prefix`, or an empty string.
    """
    data = f"arn:{partition}:s3:::{bucket}"
    statements: list[dict[str, Any]] = [
        {"Sid": "ListData", "Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": [data]},
        {"Sid": "ReadData", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"{data}/*"]},
    ]
    if work_prefix:
        work_bucket, prefix = split_url(work_prefix)
        work, below = f"arn:{partition}:s3:::{work_bucket}", prefix.rstrip("/") + "/" if prefix else ""
        statements += [
            {
                "Sid": "ListWork",
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": [work],
                "Condition": {"StringLike": {"s3:prefix": [f"{below}*"]}},
            },
            {
                "Sid": "ReadAndWriteWork",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": [f"{work}/{below}*"],
            },
        ]
    return {"Version": VERSION, "Statement": statements}
