"""Finds JSON keys that COPY ignores, and expected ones that a file lacks, in a sample of each file.

COPY says nothing of either: a renamed key is a column full of NULLs.
"""

from __future__ import annotations

import bz2
import dataclasses
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from warehouse.s3_objects import compression, split_url

# Bytes read of a file, records looked at in them, and files of one run that are looked at.
SAMPLE_BYTES = 64 * 1024
SAMPLE_RECORDS = 200
SAMPLE_FILES = 100
THREADS = 8
# Keys of a file that a message names at most, and what they look like.
SHOWN_KEYS = 10
FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
# The first member of a JSONPath, in bracket or dot notation.
FIRST_MEMBER = re.compile(r"^\$(?:\[['\"](?P<bracket>[^'\"]+)['\"]\]|\.(?P<dot>[^.\[]+))")


def shown(keys: Collection[str]) -> str:
    """Some of the keys, and how many more there are. What does not look like a field's name may be somebody's value."""
    names = sorted(filter(FIELD_NAME.fullmatch, keys))[:SHOWN_KEYS]
    more = len(keys) - len(names)
    return ", ".join([*names, *([f"{more} more"] if more else [])])


@dataclasses.dataclass(frozen=True)
class KeyDifference:
    """The keys that no column is filled from, and those that every record of the sample lacks."""

    unknown: frozenset[str]
    missing: frozenset[str]

    def __str__(self) -> str:
        parts = []
        if self.unknown:
            parts.append(f"no column is filled from the keys {shown(self.unknown)}")
        if self.missing:
            parts.append(f"no record has the keys {shown(self.missing)}")
        return "; ".join(parts)


def expected_keys(json_option: str, columns: Collection[str], read: Callable[[str, str], bytes]) -> frozenset[str]:
    """The first-level keys that COPY reads: those of the jsonpaths file, or with `auto` the columns' names."""
    if not json_option.startswith("s3://"):
        return frozenset(columns)
    # A file without the key jsonpaths is ignored by COPY, which then takes the columns' names.
    paths = json.loads(read(*split_url(json_option))).get("jsonpaths")
    if paths is None:
        return frozenset(columns)
    found = [FIRST_MEMBER.match(path) for path in paths]
    return frozenset(match["bracket"] or match["dot"] for match in found if match)


def decompressed(key: str, start: bytes) -> bytes:
    """The start of a file, decompressed as far as it goes; nothing for a compression that Python cannot read."""
    kind = compression(key)
    try:
        if kind == "GZIP":
            return zlib.decompressobj(wbits=31).decompress(start)
        if kind == "BZIP2":
            return bz2.BZ2Decompressor().decompress(start)
    except (zlib.error, OSError):
        return b""
    return start if kind is None else b""


def records(start: bytes) -> list[dict[str, Any]]:
    """The whole records at the start of a file. What is broken ends the sample: COPY has its own word on it."""
    text = start.decode("utf-8", errors="ignore")
    found: list[dict[str, Any]] = []
    decoder, position = json.JSONDecoder(), 0
    while len(found) < SAMPLE_RECORDS:
        while position < len(text) and text[position].isspace():
            position += 1
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError:
            break
        if isinstance(value, dict):
            found.append(value)
    return found


def difference(sample: Collection[Mapping[str, Any]], expected: frozenset[str], *, ignore_case: bool) -> KeyDifference:
    """What the keys of a sample's records have that is not expected, and the other way round."""
    keys = frozenset(key for record in sample for key in record)
    if ignore_case:
        keys, expected = frozenset(map(str.lower, keys)), frozenset(map(str.lower, expected))
    return KeyDifference(keys - expected, expected - keys) if sample else KeyDifference(frozenset(), frozenset())


def unexpected_keys(
    client: Any, bucket: str, keys: Collection[str], json_option: str, columns: Collection[str]
) -> list[str]:
    """One sentence for each kind of difference, with the files that have it. Of many files some are looked at."""

    def read(bucket: str, key: str, size: int | None = None) -> bytes:
        with client.get_object(Bucket=bucket, Key=key)["Body"] as body:
            return bytes(body.read(size))

    expected = expected_keys(json_option, columns, read)
    step = max(1, len(keys) // SAMPLE_FILES)
    sampled = sorted(keys)[::step][:SAMPLE_FILES]

    def look(key: str) -> KeyDifference:
        try:
            start = read(bucket, key, SAMPLE_BYTES)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            start = b""  # the file is gone by now
        return difference(records(decompressed(key, start)), expected, ignore_case="ignorecase" in json_option)

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(zip(sampled, pool.map(look, sampled), strict=True))
    files: dict[KeyDifference, list[str]] = defaultdict(list)
    for key, kind in found:
        if kind.unknown or kind.missing:
            files[kind].append(key)
    return [
        f"{names[0]}{f' and {len(names) - 1} more files' if len(names) > 1 else ''}: {kind}"
        for kind, names in files.items()
    ]
