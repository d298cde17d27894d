"""The text of COPY: what is understood, what is refused by name, what is an error to Redshift too."""

import pytest

from sandbox.redshift.copy.command import S3Path, TextFormat, parse_copy
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
        *("orc", "avro 'auto'", "shapefile", "json 'noshred'", "json lzop", "json encrypted", "ssh"),
        "csv delimiter '||'",
    ],
)
def test_what_is_not_supported_is_refused_by_name(clauses: str) -> None:
    with pytest.raises(RedshiftError) as refusal:
        parse_copy(f"copy t from 's3://b/k' iam_role default {clauses}")
    assert "0A000" == refusal.value.sqlstate
    assert clauses.removeprefix("json ").split()[0].strip("'").upper() in refusal.value.message.upper()


@pytest.mark.parametrize(
    ("clauses", "error"),
    [
        ("json csv", "JSON is not compatible with CSV"),
        ("json escape", "JSON is not compatible with ESCAPE"),
        ("csv removequotes", "CSV is not compatible with REMOVEQUOTES"),
        ("csv fixedwidth 'a:1'", "FIXEDWIDTH is not compatible with CSV"),
        ("fixedwidth 'a:1' delimiter ','", "FIXEDWIDTH is not compatible with DELIMITER"),
        ("fixedwidth 'a1'", "invalid FIXEDWIDTH 'a1'"),
        ("quote ''''", "QUOTE is only supported with CSV"),
        ("csv quote ','", "invalid QUOTE"),
        (r"delimiter '\n'", "invalid DELIMITER"),
        ("delimiter 'é'", "invalid DELIMITER"),
        (r"null as '\n'", "invalid NULL AS"),
        ("encoding latin9", "invalid ENCODING 'LATIN9'"),
        ("readratio 50", "READRATIO is not supported for COPY from S3"),
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


@pytest.mark.parametrize("clause", ["maxerror 2", "gzip", "trimblanks", "noload", "region 'us-west-2'", "null as ''"])
def test_parquet_takes_few_parameters(clause: str) -> None:
    with pytest.raises(RedshiftError, match=r"[A-Z]+ argument is not supported for PARQUET based COPY"):
        parse_copy(f"copy t from 's3://b/k' iam_role default format parquet {clause}")


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ("", TextFormat()),
        ("csv", TextFormat(csv=True, delimiter=",")),
        ("format as csv delimiter as ';' quote as '%'", TextFormat(csv=True, delimiter=";", quote="%")),
        (r"delimiter '\t' null as '\N'", TextFormat(delimiter="\t")),
        (r"delimiter '\\t' null as '\\N'", TextFormat(delimiter="\t")),
        (r"delimiter '\001' null as '\000'", TextFormat(delimiter="\x01", null="\0")),
        ("delimiter '|~|' null 'a''b' fillrecord", TextFormat(delimiter="|~|", null="a'b", fillrecord=True)),
        ("escape removequotes", TextFormat(escape=True, removequotes=True)),
        ("fixedwidth 'a:3, 1:20' ignoreblanklines", TextFormat(widths=(3, 20), ignore_blank_lines=True)),
    ],
)
def test_how_lines_become_fields(clauses: str, expected: TextFormat) -> None:
    assert expected == parse_copy(f"copy t from 's3://b/k' iam_role default {clauses}").text
