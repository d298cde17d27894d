"""The text of COPY: what is understood, what is refused by name, what is an error to Redshift too."""

import pytest

from sandbox.redshift.copy.command import S3Path, parse_copy
from sandbox.redshift.errors import RedshiftError

ROLE = "'arn:aws:iam::123456789012:role/r'"


def test_clauses_come_in_any_order_and_case() -> None:
    command = parse_copy(
        f"""copy Public."Events" (A, "b") -- the log
        FROM 's3://bucket/a''b/' region as 'us-west-2' MAXERROR AS 7 gzip
        timeformat 'epochmillisecs' format as json 's3://bucket/paths.json'
        /* keys */ iam_role {ROLE} compupdate preset statupdate off TrimBlanks acceptinvchars;"""
    )
    assert ("public", "events", ("a", "b")) == (command.schema, command.table, command.columns)
    assert (S3Path("bucket", "a'b/"), S3Path("bucket", "paths.json")) == (command.source, command.json)
    assert (7, "GZIP", False) == (command.max_errors, command.compression, command.manifest)
    assert ("epochmillisecs", True, "?") == (
        command.conversion.timeformat.text,
        command.conversion.trimblanks,
        command.conversion.acceptinvchars,
    )
    assert (("COMPUPDATE", "PRESET"), ("STATUPDATE", False), ("REGION", "us-west-2")) == command.recorded


@pytest.mark.parametrize(
    "clauses",
    ["json", "json 'auto'", "json as 'auto'", "format json 'auto'", "format as json as 'auto'", "json $$auto$$"],
)
def test_json_has_many_spellings(clauses: str) -> None:
    assert "auto" == parse_copy(f"copy t from 's3://b/k' {clauses} iam_role default").json


@pytest.mark.parametrize(
    ("clause", "errors"), [("", 1), ("maxerror 0", 1), ("maxerror 1", 1), ("ignoreallerrors", None)]
)
def test_how_many_errors_fail_the_load(clause: str, errors: int | None) -> None:
    assert errors == parse_copy(f"copy t from 's3://b/k' json iam_role default {clause}").max_errors


@pytest.mark.parametrize(
    "clauses",
    [
        *("", "csv", "delimiter ','", "fixedwidth 'a:1,b:2'", "format as parquet", "orc", "avro 'auto'"),
        *("json 'noshred'", "json lzop", "json encrypted", "json encoding utf16", "json encoding as 'utf16le'"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(clauses: str) -> None:
    with pytest.raises(RedshiftError) as refusal:
        parse_copy(f"copy t from 's3://b/k' iam_role default {clauses}")
    assert "0A000" == refusal.value.sqlstate
    named = clauses.replace("json ", "").replace("format as ", "").split()[:1] or ["delimited text"]
    assert named[0].strip("'").upper() in refusal.value.message.upper()


@pytest.mark.parametrize(
    ("clauses", "error"),
    [
        ("json csv", "CSV is not supported with JSON"),
        ("json escape", "ESCAPE is not supported with JSON"),
        ("json gzip bzip2", "BZIP2 and GZIP exclude each other"),
        ("json maxerror 100001", "invalid value 100001 for MAXERROR, expected 0 to 100000"),
        ("json comprows 10", "invalid value 10 for COMPROWS"),
        ("json ignoreallerrors maxerror 5", "IGNOREALLERRORS and MAXERROR exclude each other"),
        ("json region 'here'", "invalid REGION 'here'"),
        ("json timeformat 'YYYY-MM-DD HH:MI:SS OF'", "invalid TIMEFORMAT"),
        ("json dateformat 'epochsecs'", "invalid DATEFORMAT"),
        ("json acceptinvchars 'ab'", "expected one ASCII character"),
        ("json gzip gzip", "GZIP is given twice"),
        ("json frobnicate", 'syntax error at or near "frobnicate"'),
        ("json maxerror 'x'", 'syntax error at or near "x"'),
        ("json 'autos'", "invalid S3 path 'autos'"),
    ],
)
def test_what_redshift_refuses_is_refused(clauses: str, error: str) -> None:
    with pytest.raises(RedshiftError) as refusal:
        parse_copy(f"copy t from 's3://b/k' iam_role default {clauses}")
    assert error in refusal.value.message
    assert "0A000" != refusal.value.sqlstate
