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

from tests.sandbox.redshift.cases import Place, each, gaps_that_are_no_cases

DECOMPRESS = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".zst": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


def carry_out(case: dict[str, Any], place: Place) -> None:
    for name, content in case.get("files", {}).items():
        place.put(name, content.encode())
    place.run(*case["setup_sql"])
    if "expected_error_regex" in case:
        place.fails(case["unload_sql"], case["expected_error_regex"])
        return
    place.run(case["unload_sql"])
    if "after" in case:
        assert case["after"]["expected_rows"] == place.rows(case["after"]["query"])
    check_objects(case, place)
    if "reload" in case:
        place.run(case["reload"]["ddl"], case["reload"]["copy"])
        assert case["reload"]["expected_rows"] == place.rows(case["reload"]["query"])


def check_objects(case: dict[str, Any], place: Place) -> None:
    content = {key: place.get(key) for key in place.objects()}
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
def test_case_works_or_is_a_known_gap_and_refused(case: dict[str, Any], place: Place) -> None:
    place.target.needs_s3()
    if not place.is_gap("unload_cases", case):
        carry_out(case, place)
        return
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        carry_out(case, place)


def test_every_known_gap_is_a_case() -> None:
    assert set() == gaps_that_are_no_cases("unload_cases")
