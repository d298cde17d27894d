"""The S3 objects below a prefix: their versions, and how they are compressed."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from collections.abc import Iterable, Sequence

COMPRESSIONS = {".gz": "GZIP", ".bz2": "BZIP2", ".zst": "ZSTD"}


@dataclasses.dataclass(frozen=True, order=True)
class S3Object:
    """One version of one object: its key, its ETag without quotes, its size in bytes, when S3 received it (UTC)."""

    key: str
    etag: str
    size: int
    last_modified: datetime.datetime


def utc_second(moment: datetime.datetime) -> datetime.datetime:
    """A time as S3 states it and the ledger keeps it: UTC without a zone, to the second."""
    return moment.astimezone(datetime.UTC).replace(tzinfo=None, microsecond=0)


def objects(listing: Iterable[dict[str, object]]) -> list[S3Object]:
    """The objects of a ListObjectsV2 answer, by key. Keys that end in a slash are folders of the console, not data."""
    return sorted(
        S3Object(
            str(item["Key"]),
            str(item["ETag"]).strip('"'),
            int(str(item["Size"])),
            utc_second(item["LastModified"]),  # type: ignore[arg-type]  # boto3 gives a datetime
        )
        for item in listing
        if not str(item["Key"]).endswith("/")
    )


def compression(key: str) -> str | None:
    """The COPY keyword that a key's ending asks for, None for a plain file.

    COPY does not look at endings: without the keyword it reads compressed bytes as text.
    """
    return next((keyword for ending, keyword in COMPRESSIONS.items() if key.endswith(ending)), None)


def manifest(bucket: str, keys: Sequence[str]) -> str:
    """A COPY manifest of exactly these keys; a key that is gone since it was listed fails the COPY."""
    entries = [{"url": f"s3://{bucket}/{key}", "mandatory": True} for key in keys]
    return json.dumps({"entries": entries})


def file_name(run_id: str) -> str:
    """`run_id` as part of a key: every character that is no ASCII letter, digit, `-`, `_` or `.` becomes a dash."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", run_id)


def split_url(url: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`; ValueError for anything else."""
    scheme, _, rest = url.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(f"not an S3 location: {url!r}; expected s3://bucket/prefix")
    return bucket, key
