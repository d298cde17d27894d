"""Lines of text become fields: what was written by the rules comes back, anything else is an error of its line."""

import contextlib
import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.redshift.copy import text as text_module
from sandbox.redshift.copy.command import TextFormat
from sandbox.redshift.copy.rows import Row
from sandbox.redshift.copy.table import Column
from sandbox.redshift.copy.text import text_rows
from sandbox.redshift.errors import RedshiftError

# all that means something to one of the formats, and some that does not
FIELDS = st.text(st.sampled_from(list("|,;~\\\"' \tN\n\raé€\U0001f3b5\udcff")), max_size=6).filter(lambda f: f != "\\N")
TABLES = st.integers(1, 3).flatmap(lambda n: st.lists(st.lists(FIELDS, min_size=n, max_size=n), min_size=1, max_size=4))


def columns(count: int, kind: str = "varchar") -> list[Column]:
    return [Column(f"c{i}", kind, 9) for i in range(count)]


def read(data: str, text: TextFormat, count: int = 2, header: int = 0) -> list[Row]:
    return list(text_rows(io.BytesIO(data.encode("utf-8", "surrogateescape")), text, columns(count), header))


def errors(rows: list[Row]) -> list[tuple[int, int, str]]:
    return [(row.line, row.problem.code, row.problem.reason) for row in rows if row.problem]


@given(TABLES, st.sampled_from([",", "|", "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_what_was_written_as_csv_comes_back(table: list[list[str]], delimiter: str, end: str) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(table)
    rows = read(file.getvalue(), TextFormat(csv=True, delimiter=delimiter), len(table[0]))
    assert table == [list(row.fields) for row in rows]
    assert file.getvalue().count("\n") == rows[-1].line


@given(TABLES, st.sampled_from([",", "|", "\t", "|~|"]), st.booleans())
def test_what_was_written_with_escapes_comes_back(table: list[list[str]], delimiter: str, quoted: bool) -> None:
    """As UNLOAD writes it: a backslash before itself, delimiters, ends of lines and, with ADDQUOTES, quotes."""
    special = re.compile(r"[\\\n\r\"']|" + "|".join(map(re.escape, delimiter)))
    quote = '"' if quoted else ""
    text = "".join(
        delimiter.join(quote + special.sub(r"\\\g<0>", field) + quote for field in fields) + "\n" for fields in table
    )
    rows = read(text, TextFormat(delimiter=delimiter, escape=True, removequotes=quoted), len(table[0]))
    assert table == [list(row.fields) for row in rows]


@given(st.binary(max_size=60), st.sampled_from([TextFormat(), TextFormat(csv=True), TextFormat(widths=(2, 3))]))
def test_any_bytes_are_rows_or_refused_and_never_more_than_the_columns(data: bytes, text: TextFormat) -> None:
    rows = []
    with contextlib.suppress(RedshiftError):
        rows.extend(text_rows(io.BytesIO(data), text, columns(2), 0))
    assert all(row.problem or len(row.fields) == 2 for row in rows)
    assert data.count(b"\n") + (not data.endswith(b"\n")) >= len(rows)


@pytest.mark.parametrize(
    ("written", "fields"),
    [
        ('"The delimiter is a pipe (|) character"', ["The delimiter is a pipe (|) character"]),
        ("'Black'", ["Black"]),
        ('"White"', ["White"]),
        ("Blue'", ["Blue'"]),
        ("''Black''", ["'Black'"]),
        ("'  '", ["  "]),
        ("'Blue", None),
        ('"Blue', None),
    ],
)
def test_removequotes_takes_an_outer_pair_and_refuses_half_of_one(written: str, fields: list[str] | None) -> None:
    """The guide's own table."""
    (row,) = read(written + "\n", TextFormat(removequotes=True), count=1)
    assert (fields or [], fields is None) == (list(row.fields), row.problem is not None)


def test_null_is_a_whole_field() -> None:
    assert [None, "x\\N"] == read("\\N|x\\N\n", TextFormat())[0].fields
    assert [None, None] == read("\\N|\\\\N\n", TextFormat(escape=True))[0].fields
    assert [None, "NAN"] == read("NA,NAN\n", TextFormat(csv=True, delimiter=",", null="NA"))[0].fields
    assert [None, "\\N"] == read("|\\N\n", TextFormat(null=""))[0].fields
    assert [None, "b"] == read("\0|b\n", TextFormat(null="\0"))[0].fields
    assert [(1, 1218, "Invalid null byte - field longer than 1 byte")] == errors(read("a\0|b\n", TextFormat(null="\0")))


def test_the_number_of_fields_has_to_fit() -> None:
    rows = read("a|b\na\na|b|\na|b|c\n\na|b", TextFormat())
    assert [(2, 1214, "Delimiter not found"), (4, 1202, "Extra column(s) found"), (5, 1214, "Delimiter not found")] == (
        errors(rows)
    )
    assert [["a", "b"]] * 3 == [row.fields for row in rows if not row.problem]


def test_fillrecord_fills_varchar_with_nothing_and_others_with_null() -> None:
    mixed = [Column("a", "int4"), Column("b", "varchar", 9), Column("c", "bpchar", 9), Column("d", "date")]
    (row,) = text_rows(io.BytesIO(b"1\n"), TextFormat(fillrecord=True), mixed, 0)
    assert ["1", "", None, None] == row.fields


def test_headers_and_blank_lines_are_skipped_and_counted() -> None:
    rows = read("title\n\nx|1\n\r\n\ny\n", TextFormat(ignore_blank_lines=True), header=1)
    assert [(3, ["x", "1"]), (6, ["y"])] == [(row.line, row.fields) for row in rows]


def test_a_quote_inside_a_plain_field_is_an_error_and_blanks_around_a_quoted_one_are_nothing() -> None:
    csv_text = TextFormat(csv=True, delimiter="\t")
    assert [(1, 1214, "Invalid quote formatting for CSV")] == errors(read('aaaa"zz"\tb\n', csv_text))
    assert [["3", "c"]] == [row.fields for row in read('1\t5" disk\n3\tc\n"4\n4"x\td\n', csv_text) if not row.problem]
    assert [" a ", "b"] == read(' a \t "b" \n', csv_text)[0].fields
    assert ["", "b"] == read('\t"b"\n', csv_text)[0].fields


def test_fixed_width_counts_bytes_and_drops_the_blanks_a_column_has_no_room_for() -> None:
    text = TextFormat(widths=(3, 12))
    assert ["é ", "Toyota   "] == read("é Toyota      \n", text)[0].fields
    assert [(1, 1216, "Missing newline: Unexpected character 0x78 found at location 15")] == errors(
        read("abcdefghi      x\n", text)
    )
    assert [None, "\\N     x "] == read("\\N \\N     x    \n", text)[0].fields
    with pytest.raises(RedshiftError, match="a line that ends inside a field"):
        read("abcd\n", text)


@pytest.mark.parametrize(
    ("data", "named"), [("a\rb|c\n", "carriage returns"), ("a\0|b\n", "NUL bytes"), ("\ufeffa|b\n", "byte order mark")]
)
def test_what_redshift_would_make_of_it_is_not_known(data: str, named: str) -> None:
    with pytest.raises(RedshiftError, match=named):
        read(data, TextFormat())


def test_an_endless_row_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "MAX_ROW", 20)
    rows = read('a,b\n"' + "x\n" * 30 + "c,d\n", TextFormat(csv=True, delimiter=","))
    assert [False, True] == [row.fatal for row in rows]
    assert 1216 == errors(rows)[0][1]
