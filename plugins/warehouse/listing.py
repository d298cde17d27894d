"""Lists the files of a feed in S3, and reads the feed's part of the ledger."""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
from collections.abc import Iterable
from typing import Any

from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError

from warehouse.s3_objects import S3Object, objects, utc_second
from warehouse.selection import LedgerEntry
from warehouse.session import Session
from warehouse.tables import Feed, Warehouse

# What S3 answers when the bucket's name or the rights are wrong. Trying again does not help.
LASTING = ("NoSuchBucket", "AccessDenied", "AllAccessDisabled", "403", "404")


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files of a feed at one time.

    :param files: the files, by key.
    :param others: keys below the prefix that are not the feed's.
    :param second: the second in which the listing began, by S3's clock, UTC without a zone.
    """

    files: tuple[S3Object, ...]
    others: tuple[str, ...]
    second: datetime.datetime

    def is_settled(self, files: Iterable[S3Object]) -> bool:
        """Whether all these files were written before the second of the listing.

        S3 dates objects to the second: a file that changes again within its second looks the same to the next listing.
        """
        return all(item.last_modified < self.second for item in files)


def list_files(client: Any, bucket: str, feed: Feed) -> Listing:
    """All files of a feed; fails for good when the bucket cannot be listed."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=feed.prefix)
    contents: list[dict[str, Any]] = []
    second = None
    try:
        for page in pages:
            date = page["ResponseMetadata"]["HTTPHeaders"].get("date")
            second = second or (email.utils.parsedate_to_datetime(date) if date else None)
            contents += page.get("Contents", [])
    except ClientError as error:
        if error.response["Error"]["Code"] in LASTING:
            raise AirflowFailException(
                f"cannot list s3://{bucket}/{feed.prefix}: {error}; expected a bucket that may be read"
            ) from error
        raise
    found = objects(contents)
    return Listing(
        tuple(item for item in found if feed.belongs(item.key)),
        tuple(item.key for item in found if not feed.belongs(item.key)),
        utc_second(second or datetime.datetime.now(datetime.UTC)),
    )


def read_ledger(session: Session, warehouse: Warehouse, feed: Feed) -> list[LedgerEntry]:
    """The ledger's entries of a feed."""
    rows = session.rows(f"SELECT bucket, key, etag, batch_id FROM {warehouse.ledger} WHERE feed = %s", [feed.name])
    return [LedgerEntry(*row) for row in rows]
