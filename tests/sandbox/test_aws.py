"""S3 over plain folders and the other AWS APIs: what boto3 sees."""

import os
import time
from pathlib import Path

import boto3
import botocore.exceptions
import pytest

from sandbox.aws import lay_out_buckets
from sandbox.processes import SandboxError


def listing(s3, bucket: str, prefix: str = "") -> list[tuple[str, str]]:
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return [(entry["Key"], entry["ETag"].strip('"')) for entry in found]


def test_an_object_is_there_at_once_and_its_version_too(s3, bucket):
    first = s3.put_object(Bucket=bucket, Key="a/b.json", Body=b"1")["ETag"].strip('"')
    assert [("a/b.json", first)] == listing(s3, bucket)

    second = s3.put_object(Bucket=bucket, Key="a/b.json", Body=b"2")["ETag"].strip('"')
    assert first != second
    assert [("a/b.json", second)] == listing(s3, bucket)
    assert b"2" == s3.get_object(Bucket=bucket, Key="a/b.json")["Body"].read()

    s3.delete_object(Bucket=bucket, Key="a/b.json")
    assert [] == listing(s3, bucket)


def test_a_prefix_is_the_beginning_of_a_key_not_a_folder(s3, bucket):
    for key in ("day/2018-11-01.json", "day/2018-11-02.json", "day/2018-12-01.json", "days.json"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
    assert ["day/2018-11-01.json", "day/2018-11-02.json"] == [key for key, _ in listing(s3, bucket, "day/2018-11")]
    assert 4 == len(listing(s3, bucket, "day"))


def test_a_bucket_is_a_folder_anyone_can_look_into(s3, bucket):
    s3.put_object(Bucket=bucket, Key="seen/from outside.json", Body=b"{}")
    folder = Path(os.environ["SANDBOX_STATE"]) / "s3" / bucket
    assert b"{}" == (folder / "seen" / "from outside.json").read_bytes()

    (folder / "seen" / "put in by hand.json").write_bytes(b"[]")
    deadline = time.monotonic() + 5
    while len(listing(s3, bucket)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert ["seen/from outside.json", "seen/put in by hand.json"] == [key for key, _ in listing(s3, bucket)]


def test_a_wrong_key_is_refused():
    known = os.environ["AWS_ACCESS_KEY_ID"]
    stranger = boto3.client("s3", aws_access_key_id=known, aws_secret_access_key="wrong")
    with pytest.raises(botocore.exceptions.ClientError, match="SignatureDoesNotMatch"):
        stranger.list_buckets()


def test_the_other_apis_answer():
    role = boto3.client("iam").create_role(RoleName="reader", AssumeRolePolicyDocument="{}")["Role"]
    assert role["Arn"].endswith(":role/reader")
    assert [] == boto3.client("redshift").describe_clusters()["Clusters"]


def test_a_bucket_that_was_created_and_one_that_is_given_must_not_have_one_name(tmp_path):
    (tmp_path / "given" / "listening").mkdir(parents=True)
    (tmp_path / "s3" / "listening").mkdir(parents=True)
    with pytest.raises(SandboxError, match="bucket listening is both in"):
        lay_out_buckets(tmp_path / "s3", tmp_path / "given")


def test_buckets_given_at_an_earlier_start_are_gone(tmp_path):
    for given, name in (("one", "a"), ("two", "b")):
        (tmp_path / given / name).mkdir(parents=True)
        lay_out_buckets(tmp_path / "s3", tmp_path / given)
    assert ["b"] == [entry.name for entry in (tmp_path / "s3").iterdir()]
    assert (tmp_path / "one" / "a").is_dir()
