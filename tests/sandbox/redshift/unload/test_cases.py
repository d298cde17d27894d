"""The behaviour cases of UNLOAD: each works as the guide says, or is a known gap and refused by name."""

import bz2
import contextlib
import gzip
import json
import os
import re
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import zstandard
from psycopg2 import extensions

PROJECT = Path(__file__).resolve().parents[4]
CASES = PROJECT.parent / "shared" / "cases" / "unload_cases.json"
GAPS = tomllib.loads((PROJECT / "sandbox" / "redshift" / "known_gaps.toml").read_text())["unload_cases"]
ROLE = "arn:aws:iam::123456789012:role/local"
TEXT = extensions.new_type(tuple(extensions.string_types), "TEXT", lambda value, cursor: value)
DECOMPRESS = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".zst": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


def cases() -> list[dict[str, Any]]:
    return json.loads(CASES.read_text()) if CASES.exists() else []


@pytest.fixture(scope="module")
def case_bucket(s3: Any) -> str:
    region = {"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
    s3.create_bucket(Bucket="unload-cases", CreateBucketConfiguration=region)
    return "unload-cases"


@pytest.fixture
def cursor() -> Iterator[Any]:
    connection = psycopg2.connect("")
    connection.autocommit = True
    extensions.register_type(TEXT, connection)
    with contextlib.closing(connection):
        yield connection.cursor()


def carry_out(case: dict[str, Any], cursor: Any, s3: Any, bucket: str) -> None:
    prefix = f"u{uuid.uuid4().hex[:10]}"
    names = {"{s3}": f"s3://{bucket}/{prefix}/", "{prefix}": prefix, "{auth}": f"iam_role '{ROLE}'"}

    def substituted(text: str) -> str:
        return re.sub(r"\{(?:s3|prefix|auth)\}", lambda found: names[found[0]], text)

    def rows(query: str) -> list[list[str | None]]:
        cursor.execute(query)
        return [list(row) for row in cursor.fetchall()]

    cursor.execute(f"create schema s_{prefix}")
    cursor.execute(f"set search_path to s_{prefix}")
    for name, content in case.get("files", {}).items():
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=content.encode())
    for statement in case["setup_sql"]:
        cursor.execute(statement)
    if "expected_error_regex" in case:
        with pytest.raises(psycopg2.Error) as failure:
            cursor.execute(substituted(case["unload_sql"]))
        if failure.value.pgcode == "0A000":  # not Redshift's error but our refusal
            raise failure.value
        return
    cursor.execute(substituted(case["unload_sql"]))
    if "after" in case:
        assert case["after"]["expected_rows"] == rows(case["after"]["query"])
    check_objects(case, s3, bucket, prefix)
    if "reload" in case:
        cursor.execute(case["reload"]["ddl"])
        cursor.execute(substituted(case["reload"]["copy"]))
        assert case["reload"]["expected_rows"] == rows(case["reload"]["query"])


def check_objects(case: dict[str, Any], s3: Any, bucket: str, prefix: str) -> None:
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/").get("Contents", [])
    content = {each["Key"]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in found}
    assert content
    for key in content:
        assert re.search(case.get("expected_keys_regex", ""), key.removeprefix(f"{prefix}/"))
    if "expected_content" in case:
        check_content(case, content)
    if "expected_manifest" in case:
        (manifest,) = (json.loads(body) for key, body in content.items() if key.endswith("manifest"))
        urls = [url.replace("{s3}", f"s3://{bucket}/{prefix}/") for url in case["expected_manifest"]]
        assert urls == [each["url"] for each in manifest["entries"]]


def check_content(case: dict[str, Any], content: dict[str, bytes]) -> None:
    bodies = [
        DECOMPRESS.get(Path(key).suffix, bytes)(body)
        for key, body in sorted(content.items())
        if not key.endswith("manifest")
    ]
    lines: list[Any] = b"".join(bodies).decode().splitlines()
    expected = case["expected_content"]
    if case.get("compare") == "json":
        lines = [json.loads(line) for line in lines]
    elif case.get("compare") == "rstrip":
        lines = [line.rstrip() for line in lines]
    elif "parallel" not in case["unload_sql"]:
        lines, expected = sorted(lines), sorted(expected)
    assert expected == lines


@pytest.mark.skipif(not CASES.exists(), reason=f"needs the behaviour cases in {CASES}")
@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in cases()])
def test_case_works_or_is_a_known_gap_and_refused(case: dict[str, Any], cursor: Any, s3: Any, case_bucket: str) -> None:
    if case["name"] not in GAPS:
        carry_out(case, cursor, s3, case_bucket)
        return
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        carry_out(case, cursor, s3, case_bucket)
