"""Listings, compressions and manifests."""

from __future__ import annotations

import datetime
import json

import pytest

from warehouse import s3_objects
from warehouse.s3_objects import S3Object


def test_a_listing_is_read_without_quotes_and_folders():
    """ETags come in quotes, times with a zone; the console's folders are no data."""
    cet = datetime.timezone(datetime.timedelta(hours=1))
    moment = datetime.datetime(2018, 11, 5, 1, 2, 3, tzinfo=cet)
    listing = [
        {"Key": "b", "ETag": '"2"', "Size": 3, "LastModified": moment},
        {"Key": "a/", "ETag": '"0"', "Size": 0, "LastModified": moment},
        {"Key": "a", "ETag": '"1"', "Size": 1, "LastModified": moment},
    ]
    utc = datetime.datetime(2018, 11, 5, 0, 2, 3)
    assert [S3Object("a", "1", 1, utc), S3Object("b", "2", 3, utc)] == s3_objects.objects(listing)


@pytest.mark.parametrize(
    ("key", "keyword"), [("a.json", None), ("a.json.gz", "GZIP"), ("a.bz2", "BZIP2"), ("a.zst", "ZSTD"), ("gz", None)]
)
def test_the_ending_of_a_key_gives_the_keyword(key, keyword):
    """COPY does not look at endings itself."""
    assert keyword == s3_objects.compression(key)


def test_a_manifest_lists_exact_keys_and_needs_each():
    """A key that has gone since must not be left out silently."""
    entries = json.loads(s3_objects.manifest("lake", ["a", "é b"]))["entries"]
    assert [{"url": "s3://lake/a", "mandatory": True}, {"url": "s3://lake/é b", "mandatory": True}] == entries


def test_a_run_id_becomes_a_name_of_a_file():
    """Whatever the run is called."""
    assert "manual__2018-11-05T00-00-00-00-00" == s3_objects.file_name("manual__2018-11-05T00:00:00+00:00")
    assert "..-..-a-b--" == s3_objects.file_name("../../a b\u0661\u202e")


def test_a_location_is_split_into_bucket_and_key():
    """A bucket alone has an empty key."""
    assert ("work", "a/b") == s3_objects.split_url("s3://work/a/b")
    assert ("work", "") == s3_objects.split_url("s3://work")


@pytest.mark.parametrize("url", ["work", "https://a/b", "s3://", "s3:///key"])
def test_what_is_no_location_is_refused(url):
    """With what was expected."""
    with pytest.raises(ValueError, match="expected s3://bucket/prefix"):
        s3_objects.split_url(url)
