"""The fast path and the exact path are one conversion: same text or, for the fast path, no answer."""

import decimal
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from sandbox.redshift.copy.command import Conversion, S3Path, parse_copy
from sandbox.redshift.copy.exact import LoadError, PostgresDates, convert_rows
from sandbox.redshift.copy.json_rows import json_rows
from sandbox.redshift.copy.pieces import Piece, is_plain
from sandbox.redshift.copy.source import S3Object
from sandbox.redshift.copy.table import Column
from sandbox.redshift.copy.values import AutoCast
from sandbox.redshift.copy.vectorised import Vectorised

FILE = S3Object(S3Path("b", "k"), 0)
TARGETS = [
    Column("c", "varchar", 5),
    Column("c", "varchar", 300),
    Column("c", "bpchar", 4),
    Column("c", "int2"),
    Column("c", "int4"),
    Column("c", "int8"),
    Column("c", "numeric", 8, 2),
    Column("c", "numeric", 18, 0),
    Column("c", "numeric", 38, 37),
    Column("c", "float4"),
    Column("c", "float8"),
    Column("c", "bool"),
    Column("c", "date"),
    Column("c", "timestamp"),
    Column("c", "timestamptz"),
    Column("c", "varchar", 20, not_null=True),
    Column("c", "int4", not_null=True),
]
OPTIONS = [
    "",
    "timeformat 'epochmillisecs' trimblanks",
    "timeformat 'epochsecs' emptyasnull",
    "timeformat 'auto' dateformat 'auto' blanksasnull",
    "timeformat 'DD.MM.YYYY HH:MI:SS' dateformat 'MM/DD/YY' truncatecolumns",
    "trimblanks truncatecolumns emptyasnull blanksasnull roundec acceptanydate acceptinvchars",
]
MAPPINGS: list[tuple[tuple[str | int, ...], bool]] = [
    (("c",), False),
    (("c",), True),
    (("c", "d"), False),
    (("c", 0), False),
    ((1,), False),
]

SPELLINGS = """
0 -0 -0.0 1.50 1e5 1E-400 1e999 12345678901234567890123 0.1e1 32768 1541106106796 1541106106796.0 1.00 100.0 -1 12.7
0.00001 1e16 123456789.123456789 1.0999999999999999999 true false null NaN Infinity -inf nan [] {} [1,2.50] {"d":"x"}
{"d":[1]} "" " " "x " "\\u0000" "a\\u0000b" "\\ud800" "\\ud83d\\ude00" "caf\\u00e9" "é" "\\f" "12" " 12 " "+5" "007"
"1e3" "1_000" "-0" ".5" "5." "nan" "t" "YES" "\t" "2020-02-30" "2020-02-29" "2020-01-02 03:04:05.120"
"2020-01-02T03:04:05Z" "0000-01-01" "24:00:00" "2020-01-02 24:00:00" "2020-1-2 3:4:5" "2020-01-02 03:04:05+02"
"31.12.1999 23:59:59" "12/31/99" "1e-400" "1e39" "4e-46" "-1" "a,b\\"c" "\\r\\n" "\\\\." "\\\\N" "long enough"
tru
"""
NUMBERS = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
)
WORDS = st.sampled_from([found[0] for found in re.finditer(r'"(?:[^"\\]|\\.)*"|[^" \n]+(?:"[^ \n]*)?', SPELLINGS)])
VALUES = st.recursive(
    st.one_of(
        WORDS,
        NUMBERS,
        NUMBERS.map(json.dumps),
        st.text(max_size=8).map(json.dumps),
        st.text(max_size=8).map(lambda text: json.dumps(text, ensure_ascii=False)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: "[" + ", ".join(parts) + "]"),
        st.dictionaries(st.sampled_from(["d", "c", "D", ""]), inner, max_size=2).map(
            lambda d: "{" + ",".join(f"{json.dumps(k)}: {v}" for k, v in d.items()) + "}"
        ),
    ),
    max_leaves=4,
)
NAMES = st.sampled_from(["c", "c", "c", "C", "other", "\\u0063"])
OBJECTS = st.lists(st.tuples(NAMES, VALUES), max_size=3).map(
    lambda members: "{" + ",".join(f'"{name}":{value}' for name, value in members) + "}"
)
ARRAYS = st.lists(VALUES, max_size=3).map(lambda parts: "[" + ",".join(parts) + "]")
PLAIN = st.one_of(WORDS, NUMBERS, st.text(max_size=8).map(json.dumps)).map(lambda value: f'{{"c": {value}, "d": [1]}}')
RECORDS = st.one_of(
    PLAIN,
    PLAIN,
    PLAIN,
    OBJECTS,
    OBJECTS,
    OBJECTS,
    ARRAYS,
    st.sampled_from(["5", "null", "{", "}", ",", "\ufeff", '{"c":1,}']),
)
STREAMS = st.tuples(
    st.lists(RECORDS, min_size=1, max_size=2), st.sampled_from(["\n", "\n", "\n", "", " ", "\r\n", ",", "\v"])
).map(lambda parts: parts[1].join(parts[0]).encode("utf-8", "surrogatepass"))


def exactly(
    data: bytes, column: Column, path: tuple[str | int, ...], ignore_case: bool, options: Conversion, auto: AutoCast
) -> list[Any]:
    piece = Piece(FILE, data, 1, last=True)
    return list(convert_rows("", json_rows(piece, [path], ignore_case), [column], options, auto))


def fields(data: bytes) -> list[str | None]:
    """The fields of one-column CSV, where nothing is NULL and two quotes are the empty string."""
    rows: list[str | None] = []
    text = data.decode()
    while text:
        if text.startswith('"'):
            end = 1
            while text[end] != '"' or text[end + 1 : end + 2] == '"':
                end += 2 if text[end] == '"' else 1
            rows.append(text[1:end].replace('""', '"'))
            text = text[end + 2 :]
        else:
            field, _, text = text.partition("\n")
            rows.append(field or None)
    return rows


def meaning(field: str | None, column: Column) -> object:
    """What PostgreSQL makes of it: 12.5 and 12.50 are one number."""
    if field is not None and column.type == "numeric":
        return decimal.Decimal(field)
    if field is not None and column.type.startswith("float"):
        return repr(float(field))
    return field


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("groups")


@pytest.fixture(scope="session")
def dates() -> Iterator[PostgresDates]:
    """PostgreSQL's reading of 'auto', by way of the endpoint."""
    dates = PostgresDates("")
    yield dates
    dates.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(
    data=STREAMS,
    column=st.sampled_from(TARGETS),
    mapping=st.sampled_from(MAPPINGS),
    options=st.sampled_from(OPTIONS),
)
@example(data=b'{"c":-0}', column=TARGETS[0], mapping=MAPPINGS[0], options="")
@example(data=b'{"c":1.5,"d":1.50}', column=TARGETS[0], mapping=MAPPINGS[0], options="")
@example(data='{"c":"é"}'.encode(), column=TARGETS[2], mapping=MAPPINGS[0], options="")
@example(data=b'{"c":"x","other":[1, NaN]}', column=TARGETS[0], mapping=MAPPINGS[0], options="")
@example(data=b'{"c":"x","other":[inf]}', column=TARGETS[0], mapping=MAPPINGS[0], options="")
@example(data=b'{"c":"x","other":[1 , ]}', column=TARGETS[0], mapping=MAPPINGS[0], options="")
@example(data=b"[1,-0]", column=TARGETS[0], mapping=MAPPINGS[4], options="")
@example(data=b'{"c":"2020-02-29"}', column=TARGETS[12], mapping=MAPPINGS[0], options=OPTIONS[3])
@example(data=b'{"c":"x","other":NaN}', column=TARGETS[0], mapping=MAPPINGS[0], options="")
def test_what_the_fast_path_answers_is_what_the_exact_path_says(
    data: bytes,
    column: Column,
    mapping: tuple[tuple[str | int, ...], bool],
    options: str,
    folder: Path,
    dates: PostgresDates,
) -> None:
    conversion = parse_copy(f"copy t from 's3://b/k' iam_role default json 'auto' {options}").conversion
    path, ignore_case = mapping
    assume(is_plain(Piece(FILE, data, 1, last=True)))  # nothing else is given to it
    fast = Vectorised([column], [path], ignore_case, conversion, folder)
    try:
        answer = fast.convert(data)
    finally:
        fast.close()
    if answer is None:
        return
    exact = exactly(data, column, path, ignore_case, conversion, dates.cast)
    assert not [each for each in exact if isinstance(each, LoadError)]
    expected = [meaning(field, column) for line in exact for field in fields(line)]
    assert expected == [meaning(field, column) for field in fields(answer[0])]
    assert len(exact) == answer[1]


@pytest.mark.parametrize(
    ("value", "column", "options"),
    [
        ('"Des\'ree"', Column("c", "varchar", 1024), "trimblanks"),
        ('"10.000 Maniacs "', Column("c", "varchar", 1024), "trimblanks"),
        ("246.30812", Column("c", "float8"), ""),
        ("1540344794796.0", Column("c", "float8"), ""),
        ("12.5", Column("c", "numeric", 8, 2), ""),
        ('""', Column("c", "int4"), ""),
        ('"39"', Column("c", "int4"), ""),
        ("1541106106796", Column("c", "timestamp"), "timeformat 'epochmillisecs'"),
        ('"2018-11-01 21:01:46.796"', Column("c", "timestamp"), ""),
        ("null", Column("c", "varchar", 10), ""),
        ("12.25", Column("c", "varchar", 10), ""),
        ("true", Column("c", "bool"), ""),
    ],
)
def test_common_values_take_the_fast_path(value: str, column: Column, options: str, folder: Path) -> None:
    conversion = parse_copy(f"copy t from 's3://b/k' iam_role default json 'auto' {options}").conversion
    fast = Vectorised([column], [("c",)], False, conversion, folder)
    answer = fast.convert(f'{{"c": {value}}}\n'.encode())
    fast.close()
    assert answer is not None
    assert 1 == answer[1]


def test_groups_of_one_copy_are_read_anew_each_time(folder: Path) -> None:
    conversion = parse_copy("copy t from 's3://b/k' iam_role default json 'auto'").conversion
    fast = Vectorised([Column("c", "int4")], [("c",)], False, conversion, folder)
    answers = [fast.convert(b'{"c":%d}' % number) for number in range(10, 20)]
    fast.close()
    assert [(b"%d\n" % number, 1) for number in range(10, 20)] == answers
