"""The AWS account behind an Airflow connection: its clients, the caller's identity, and checks of buckets and VPCs."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError, PartialCredentialsError

MISSING_CREDENTIALS = (NoCredentialsError, PartialCredentialsError)
REJECTED_CREDENTIALS = frozenset(
    {"InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken", "AuthFailure", "UnrecognizedClientException"}
)


class AccountError(Exception):
    """The account is not in the required state. The message is written for the person who triggered the run."""


@dataclasses.dataclass(frozen=True)
class Identity:
    """The account number, partition (`aws`, `aws-cn`, `aws-us-gov`) and region that a connection works in."""

    account: str
    partition: str
    region: str


class Account:
    """The boto3 clients of one connection, each created on first use.

    :param aws_conn_id: the connection that holds the credentials and the region.
    """

    def __init__(self, aws_conn_id: str) -> None:
        self.aws_conn_id = aws_conn_id
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service, for example `redshift`."""
        if service not in self._clients:
            self._clients[service] = AwsBaseHook(aws_conn_id=self.aws_conn_id, client_type=service).get_conn()
        return self._clients[service]

    @functools.cached_property
    def identity(self) -> Identity:
        """The caller's identity. GetCallerIdentity needs no permission, so it fails only if the credentials are bad."""
        try:
            client = self.client("sts")
            caller = client.get_caller_identity()
        except NoRegionError as error:
            raise AccountError(
                f"connection {self.aws_conn_id!r} has no region: set region_name in its extra"
            ) from error
        except MISSING_CREDENTIALS as error:
            raise AccountError(
                f"connection {self.aws_conn_id!r} has no AWS credentials ({error}): add an access key to the "
                "connection, or run Airflow's workers with an IAM role"
            ) from error
        except ClientError as error:
            if error.response["Error"]["Code"] in REJECTED_CREDENTIALS:
                raise AccountError(
                    f"AWS rejects the credentials of connection {self.aws_conn_id!r}: {error}"
                ) from error
            raise
        return Identity(caller["Account"], caller["Arn"].split(":")[1], client.meta.region_name)

    def require_bucket(self, bucket: str) -> None:
        """Raise AccountError if the bucket does not exist or the connection is not allowed to list it."""
        try:
            self.client("s3").head_bucket(Bucket=bucket)
        except ClientError as error:
            # A response to HEAD has no body, so the status is all there is.
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 404:
                raise AccountError(
                    f"bucket {bucket!r} does not exist: create it, or correct the bucket's name in the settings"
                ) from error
            if status == 403:
                raise AccountError(
                    f"connection {self.aws_conn_id!r} is not allowed to list bucket {bucket!r}: grant it s3:ListBucket "
                    "on the bucket, or name another bucket"
                ) from error
            raise

    def vpc(self, subnets: tuple[str, ...]) -> str:
        """Return the id of the VPC that contains the subnets, or of the default VPC if there are no subnets."""
        ec2 = self.client("ec2")
        if not subnets:
            found = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
            if not found:
                raise AccountError(f"region {self.identity.region} has no default VPC: specify subnets")
            return str(found[0]["VpcId"])
        try:
            answer = ec2.describe_subnets(SubnetIds=list(subnets))["Subnets"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidSubnetID.NotFound":
                raise
            raise AccountError(f"not all subnets exist in region {self.identity.region}: {error}") from error
        vpcs = sorted({item["VpcId"] for item in answer})
        if len(vpcs) != 1:
            raise AccountError(f"the subnets belong to {len(vpcs)} VPCs, expected one: {', '.join(vpcs)}")
        return str(vpcs[0])
