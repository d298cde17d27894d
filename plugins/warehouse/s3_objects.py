"""The S3 objects below a prefix: what they are, how they are compressed, which of them are new."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Sequence

COMPRESSIONS = {".gz": "GZIP", ".bz2": "BZIP2", ".zst": "ZSTD"}


@dataclasses.dataclass(frozen=True, order=True)
class S3Object:
    """One object: its key, its ETag without quotes, its size in bytes."""

    key: str
    etag: str
    size: int


def objects(listing: Iterable[dict[str, object]]) -> list[S3Object]:
    """The objects of a ListObjectsV2 answer, by key. Keys that end in a slash are folders of the console, not data."""
    return sorted(
        S3Object(str(item["Key"]), str(item["ETag"]).strip('"'), int(str(item["Size"])))
        for item in listing
        if not str(item["Key"]).endswith("/")
    )


def compression(keys: Sequence[str]) -> str | None:
    """The COPY keyword that all keys' endings ask for, None for plain ones; ValueError, naming two, for a mixture.

    COPY does not look at endings: without the keyword it reads compressed bytes as text.
    """
    first: dict[str | None, str] = {}
    for key in keys:
        ending = next((ending for ending in COMPRESSIONS if key.endswith(ending)), None)
        first.setdefault(ending, key)
    if len(first) > 1:
        one, other = list(first.values())[:2]
        raise ValueError(f"one COPY takes one compression, but the files differ: {one!r} and {other!r}; separate them")
    return COMPRESSIONS.get(next(iter(first), None) or "")


def manifest(bucket: str, keys: Iterable[str]) -> str:
    """A COPY manifest of exactly these keys; a key that has gone since it was listed fails the COPY."""
    entries = [{"url": f"s3://{bucket}/{key}", "mandatory": True} for key in keys]
    return json.dumps({"entries": entries})


def file_name(run_id: str) -> str:
    """`run_id` as part of a key: what is no letter from A to z, digit or one of -_. becomes a dash."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", run_id)


def split_url(url: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`; ValueError for anything else."""
    scheme, _, rest = url.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(f"not an S3 location: {url!r}; expected s3://bucket/prefix")
    return bucket, key
