"""Records of runs: written, read again, and read once only."""

from __future__ import annotations

import pytest

from tests.plugins.warehouse.reporting.records import RECORD, at
from warehouse.reporting.history import History, RunRecord


@pytest.fixture
def fetched(s3):
    """The keys that were fetched."""
    keys = []

    def note(params, **more):
        keys.append(params["Key"])

    s3.meta.events.register("provide-client-params.s3.GetObject", note)
    yield keys
    s3.meta.events.unregister("provide-client-params.s3.GetObject", note)


def test_a_record_comes_back_from_json_as_it_was():
    """Every field of it."""
    assert RECORD == RunRecord.from_json(RECORD.to_json())
    assert "20181105T120000Z_manual__2018-11-05T12-00-00-00-00" == RECORD.name


@pytest.mark.parametrize("text", ["", "[]", "{}", RECORD.to_json().replace('"version": 1', '"version": 2')])
def test_what_is_no_record_of_this_version_is_refused(text):
    """Rather than shown with holes in it."""
    with pytest.raises(ValueError, match="RunRecord"):
        RunRecord.from_json(text)


def test_the_newest_are_read_each_of_them_once(s3, bucket, put_records, fetched):
    """Again only what is new, or was written anew."""
    put_records(*(at(hours) for hours in range(4)))
    history, where = History(), f"s3://{bucket}/sparkify"
    reading = history.read(s3, where, most=3)
    assert ([at(3), at(2), at(1)], 4, []) == (reading.records, reading.total, reading.unreadable)
    put_records(at(4), at(3, outcome="published"))
    fetched.clear()
    assert [at(4), at(3, outcome="published"), at(2)] == history.read(s3, where, most=3).records
    assert {f"sparkify/runs/{at(hours).name}.json" for hours in (3, 4)} == set(fetched)


def test_an_object_that_is_no_record_hides_no_other(s3, bucket, put_records):
    """It is named, with what is wrong with it."""
    put_records(at(0))
    s3.put_object(Bucket=bucket, Key="sparkify/runs/20300101T000000Z_x.json", Body=b'{"version": 1}')
    reading = History().read(s3, f"s3://{bucket}/sparkify/", most=2)
    assert [at(0)] == reading.records
    (sentence,) = reading.unreadable
    assert sentence.startswith(f"s3://{bucket}/sparkify/runs/20300101T000000Z_x.json is no record of a run: ")


def test_one_record_is_found_by_its_name(s3, bucket, put_records):
    """However old; a name is no path."""
    put_records(at(0), at(1))
    s3.put_object(Bucket=bucket, Key="sparkify/secret.json", Body=at(2).to_json().encode())
    history, where = History(), f"s3://{bucket}/sparkify/"
    assert at(0) == history.find(s3, where, at(0).name)
    assert [None, None] == [history.find(s3, where, name) for name in (at(2).name, "../secret")]
