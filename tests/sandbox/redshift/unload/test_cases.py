"""The behaviour cases of UNLOAD: each works as the guide says, or is a known gap and refused by name."""

import bz2
import gzip
import json
import re
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import zstandard

from tests.sandbox.redshift.cases import GAPS, Place, each, gaps_that_are_no_cases

DECOMPRESS = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".zst": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


def carry_out(case: dict[str, Any], place: Place, s3: Any) -> None:
    for name, content in case.get("files", {}).items():
        s3.put_object(Bucket=place.bucket, Key=f"{place.prefix}/{name}", Body=content.encode())
    place.run(*case["setup_sql"])
    if "expected_error_regex" in case:
        place.fails(case["unload_sql"], case["expected_error_regex"])
        return
    place.run(case["unload_sql"])
    if "after" in case:
        assert case["after"]["expected_rows"] == place.rows(case["after"]["query"])
    check_objects(case, place, s3)
    if "reload" in case:
        place.run(case["reload"]["ddl"], case["reload"]["copy"])
        assert case["reload"]["expected_rows"] == place.rows(case["reload"]["query"])


def check_objects(case: dict[str, Any], place: Place, s3: Any) -> None:
    found = s3.list_objects_v2(Bucket=place.bucket, Prefix=f"{place.prefix}/").get("Contents", [])
    content = {each["Key"]: s3.get_object(Bucket=place.bucket, Key=each["Key"])["Body"].read() for each in found}
    assert content
    for key in content:
        assert re.search(case.get("expected_keys_regex", ""), key.removeprefix(f"{place.prefix}/"))
    if "expected_content" in case:
        check_content(case, content)
    if "expected_manifest" in case:
        (manifest,) = (json.loads(body) for key, body in content.items() if key.endswith("manifest"))
        urls = [place.text(url) for url in case["expected_manifest"]]
        assert urls == [entry["url"] for entry in manifest["entries"]]


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


@each("unload_cases")
def test_case_works_or_is_a_known_gap_and_refused(case: dict[str, Any], cursor: Any, s3: Any, case_bucket: str) -> None:
    place = Place(cursor, case_bucket)
    if case["name"] not in GAPS["unload_cases"]:
        carry_out(case, place, s3)
        return
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        carry_out(case, place, s3)


def test_every_known_gap_is_a_case() -> None:
    assert set() == gaps_that_are_no_cases("unload_cases")
