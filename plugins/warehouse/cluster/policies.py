"""The two documents of the cluster's role: who may take it on, and what it may do."""

from __future__ import annotations

from typing import Any

from warehouse.s3_objects import split_url

VERSION = "2012-10-17"
POLICY_NAME = "s3"


def trust() -> dict[str, Any]:
    """Redshift alone may take the role on."""
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


def access(partition: str, bucket: str, work_prefix: str) -> dict[str, Any]:
    """Reading of exactly one bucket; reading and writing below the work prefix, where there is one; nothing else.

    COPY lists what lies below its prefix, which is a right on the bucket, and reads the objects.

    :param partition: `aws`, or that of China or GovCloud.
    :param bucket: the bucket that is loaded from.
    :param work_prefix: s3://bucket/prefix, or nothing.
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
