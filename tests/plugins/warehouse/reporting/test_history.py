"""Records of runs are written, read, and cached."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tests.plugins.warehouse.reporting.records import RECORD, at
from warehouse.reporting.history import History, RunRecord


@pytest.fixture
def fetched(s3):
    """The keys that were fetched from S3."""
    keys = []

    def note(params, **more):
        keys.append(params["Key"])

    s3.meta.events.register("provide-client-params.s3.GetObject", note)
    yield keys
    s3.meta.events.unregister("provide-client-params.s3.GetObject", note)


def test_a_record_survives_json():
    """With every field."""
    assert RECORD == RunRecord.from_json(RECORD.to_json())
    assert "20181105T120000Z_manual__2018-11-05T12-00-00-00-00" == RECORD.name


def test_a_record_of_version_1_is_readable():
    """It calls a description `sentence`, has a mode, and knows nothing of files left out."""
    current = json.loads(RECORD.to_json())
    for name in ("options", "left_out", "changed_rows", "warnings"):
        del current[name]
    (check,) = current["checks"]
    check["sentence"] = check.pop("description")
    current["stages"][0]["table"] = "desk.raw"
    record = RunRecord.from_json(json.dumps(current | {"version": 1, "mode": "replace"}))
    assert dataclasses.replace(RECORD, version=1, options=(), left_out=(), warnings=()) == record


@pytest.mark.parametrize("text", ["", "[]", "{}", RECORD.to_json().replace('"version": 2', '"version": 3')])
def test_other_objects_and_later_versions_are_refused(text):
    """A page cannot show them correctly."""
    with pytest.raises(ValueError, match="RunRecord"):
        RunRecord.from_json(text)


def test_each_of_the_newest_records_is_fetched_once(s3, bucket, put_records, fetched):
    """Later only new and overwritten ones are."""
    put_records(*(at(hours) for hours in range(4)))
    history, work_prefix = History(), f"s3://{bucket}/sparkify"
    found = history.read(s3, work_prefix, limit=3)
    assert ([at(3), at(2), at(1)], 4, []) == (found.records, found.total, found.unreadable)
    put_records(at(4), at(3, outcome="published"))
    fetched.clear()
    assert [at(4), at(3, outcome="published"), at(2)] == history.read(s3, work_prefix, limit=3).records
    assert {f"sparkify/runs/{at(hours).name}.json" for hours in (3, 4)} == set(fetched)


def test_an_unreadable_object_does_not_hide_the_records(s3, bucket, put_records):
    """A message names it, with the reason."""
    put_records(at(0))
    s3.put_object(Bucket=bucket, Key="sparkify/runs/20300101T000000Z_x.json", Body=b'{"version": 1}')
    found = History().read(s3, f"s3://{bucket}/sparkify/", limit=2)
    assert [at(0)] == found.records
    (message,) = found.unreadable
    assert message.startswith(f"s3://{bucket}/sparkify/runs/20300101T000000Z_x.json is not the record of a run: ")


def test_a_record_is_found_by_its_name(s3, bucket, put_records):
    """A name cannot lead to objects outside the folder of the records."""
    put_records(at(0), at(1))
    s3.put_object(Bucket=bucket, Key="sparkify/secret.json", Body=at(2).to_json().encode())
    history, work_prefix = History(), f"s3://{bucket}/sparkify/"
    assert at(0) == history.find(s3, work_prefix, at(0).name)
    assert [None, None] == [history.find(s3, work_prefix, name) for name in (at(2).name, "../secret")]
