"""The AWS account that a connection leads to: its clients, who it says we are, and the bucket that must be there."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError, PartialCredentialsError

WITHOUT_CREDENTIALS = (NoCredentialsError, PartialCredentialsError)
REFUSED_CREDENTIALS = frozenset(
    {"InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken", "AuthFailure", "UnrecognizedClientException"}
)


class AccountError(Exception):
    """Something in the account is not as it must be; the text is for the person who started the run."""


@dataclasses.dataclass(frozen=True)
class Identity:
    """Whose account it is, and in which partition and region we are in it."""

    account: str
    partition: str
    region: str


class Account:
    """Clients of one connection, made when they are first asked for.

    :param aws_conn_id: the connection that has credentials and region.
    """

    def __init__(self, aws_conn_id: str) -> None:
        self.aws_conn_id = aws_conn_id
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The client of a service."""
        if service not in self._clients:
            self._clients[service] = AwsBaseHook(aws_conn_id=self.aws_conn_id, client_type=service).get_conn()
        return self._clients[service]

    @functools.cached_property
    def identity(self) -> Identity:
        """Who we are. The one call that needs no right at all, so its failure is one of the credentials."""
        try:
            client = self.client("sts")
            found = client.get_caller_identity()
        except NoRegionError as error:
            raise AccountError(
                f"connection {self.aws_conn_id!r} names no region; put region_name into its extra"
            ) from error
        except WITHOUT_CREDENTIALS as error:
            raise AccountError(
                f"there are no AWS credentials for connection {self.aws_conn_id!r}: {error}; give the connection an "
                "access key, or Airflow's workers a role"
            ) from error
        except ClientError as error:
            if error.response["Error"]["Code"] in REFUSED_CREDENTIALS:
                raise AccountError(
                    f"AWS refuses the credentials of connection {self.aws_conn_id!r}: {error}"
                ) from error
            raise
        return Identity(found["Account"], found["Arn"].split(":")[1], client.meta.region_name)

    def require_bucket(self, bucket: str) -> None:
        """Refuse a bucket that is not there, or not ours to see."""
        try:
            self.client("s3").head_bucket(Bucket=bucket)
        except ClientError as error:
            # HEAD has no body: all that comes is the status.
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 404:
                raise AccountError(f"the bucket {bucket!r} does not exist") from error
            if status == 403:
                raise AccountError(
                    f"the bucket {bucket!r} exists, but connection {self.aws_conn_id!r} may not list it"
                ) from error
            raise

    def vpc(self, subnets: tuple[str, ...]) -> str:
        """The VPC of the subnets, or without any the default one."""
        ec2 = self.client("ec2")
        if not subnets:
            found = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
            if not found:
                raise AccountError(f"region {self.identity.region} has no default VPC: name subnets")
            return str(found[0]["VpcId"])
        try:
            answer = ec2.describe_subnets(SubnetIds=list(subnets))["Subnets"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidSubnetID.NotFound":
                raise
            raise AccountError(f"not all subnets exist in region {self.identity.region}: {error}") from error
        vpcs = sorted({item["VpcId"] for item in answer})
        if len(vpcs) != 1:
            raise AccountError(f"the subnets lie in {len(vpcs)} VPCs, expected one: {', '.join(vpcs)}")
        return str(vpcs[0])
