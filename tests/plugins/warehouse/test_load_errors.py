"""The lines that a COPY could not load: named without what people wrote, kept where they belong."""

from __future__ import annotations

import json

import pytest

from tests.plugins.warehouse.conftest import BOTH_DRIVERS
from warehouse import load_errors as module
from warehouse.errors import DatabaseError
from warehouse.load_errors import CopyDataError, Reject, load_errors, rejected_lines

GOOD = {"person_id": 1, "name": "Ada", "born": "1815-12-10"}
LINES = [
    json.dumps(GOOD),
    json.dumps(GOOD | {"person_id": "Lovelace"}),
    json.dumps(GOOD | {"name": "Augusta Ada King, Countess of Lovelace"}),
    json.dumps(GOOD | {"born": "Marylebone"}),
    json.dumps(GOOD | {"name": None}),
    '{"person_id": 2, "name": "Lovelace"; "Marylebone"}',
]
WHAT_PEOPLE_WROTE = ("Ada", "Augusta", "Lovelace", "Marylebone", "1815")


@pytest.fixture
def copy(s3, bucket, table):
    """Writes the lines as one object; gives the COPY of it."""

    def statement(*lines: str, max_errors: int = 0) -> str:
        s3.put_object(Bucket=bucket, Key="people.json", Body="\n".join(lines).encode())
        return f"COPY {table} FROM 's3://{bucket}/people.json' IAM_ROLE default JSON 'auto' MAXERROR {max_errors}"

    return statement


@pytest.fixture(params=["provisioned", "serverless"])
def has_stl(request, monkeypatch):
    """Whether the STL tables can be read; where not, the query fails, which would end a transaction."""
    if request.param == "serverless":
        monkeypatch.setattr(module, "STL_LOAD_ERRORS", "SELECT 1 FROM stl_that_is_not_there WHERE 1 = %s LIMIT")
    return request.param == "provisioned"


@BOTH_DRIVERS
@pytest.mark.parametrize("line", LINES[1:])
def test_a_refused_line_is_described_without_what_people_wrote(connection, open_session, copy, has_stl, line, caplog):
    """File, line, code and reason, and the column if one is to blame; nothing of the line, in the log neither."""
    caplog.set_level("DEBUG")
    with open_session() as session:
        with pytest.raises(DatabaseError, match="Load into table 'people' failed"):
            session.execute(copy(LINES[0], line))
        (description,) = load_errors(session)
    assert description.startswith("s3://")
    assert "people.json, line 2" in description
    assert description.endswith(")")
    shown = description + caplog.text
    assert [] == [word for word in WHAT_PEOPLE_WROTE if word in shown]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            LINES[1],
            ", line 1, column person_id, value 'Lovelace': Invalid digit, Value '...', Pos 0, Type: Integer (code",
        ),
        (LINES[3], ", line 1, column born: Invalid timestamp format or value ["),
        (LINES[5], ", line 1: Invalid JSON: '...' was expected (code 1216)"),
    ],
)
def test_a_harmless_column_shows_its_value(open_session, copy, table, line, words):
    """Up to a hundred characters; another column shows none."""
    with open_session() as session:
        with pytest.raises(DatabaseError):
            session.execute(copy(line))
        (description,) = load_errors(session, harmless={"person_id"})
    assert words in description


@BOTH_DRIVERS
def test_rejected_lines_are_read_while_the_load_goes_on(connection, open_session, copy, table, has_stl, bucket, reader):
    """The COPY succeeded and is not rolled back, though STL tables may not be readable. Good lines are loaded."""
    url = f"s3://{bucket}/people.json"
    with open_session() as session:
        session.execute(copy(*LINES, LINES[0], max_errors=10))
        rejects = rejected_lines(session)
        session.execute(f"INSERT INTO {table} VALUES (7, 'after')")
    assert [(1, "Ada"), (1, "Ada"), (7, "after")] == reader.execute(
        f"SELECT person_id, name FROM {table} ORDER BY person_id"
    ).fetchall()
    assert [(2, "person_id"), (3, "name"), (4, "born"), (5, "name"), (6, None)] == [
        (reject.line, reject.column) for reject in rejects
    ]
    assert {url} == {reject.url for reject in rejects}
    assert (LINES[1:] if has_stl else [None] * 5) == [reject.raw_line for reject in rejects]
    assert Reject(url, 3, "name", 1204, "String length exceeds DDL length", LINES[2] if has_stl else None) == rejects[1]
    assert [] == [word for word in WHAT_PEOPLE_WROTE for reject in rejects if word in reject.reason]


def test_without_rejected_lines_there_are_none(open_session, copy):
    """Those of an earlier COPY of the session do not count."""
    with open_session() as session:
        session.execute(copy(*LINES, max_errors=10))
        session.execute(copy(LINES[0], max_errors=10))
        assert [] == rejected_lines(session)


def test_ten_errors_are_described_and_ten_thousand_lines_kept(open_session, copy):
    """A file full of the same mistake needs no more words; what the table keeps has an end too."""
    with open_session() as session:
        session.execute(copy(*[LINES[1]] * 10_050, max_errors=100_000))
        assert list(range(1, 10_001)) == [reject.line for reject in rejected_lines(session)]
        with pytest.raises(DatabaseError):
            session.execute(copy(*[LINES[1]] * 30, max_errors=30))
        assert 10 == len(load_errors(session))


def test_unreadable_load_errors_do_not_hide_a_failed_copy_but_fail_a_load(open_session, copy, monkeypatch):
    """The failure has its own message; rejected lines that nobody can read would be lost."""
    for name in ("STL_LOAD_ERRORS", "SYS_LOAD_ERROR_DETAIL"):
        monkeypatch.setattr(module, name, "SELECT 1 FROM not_there WHERE 1 = %s LIMIT")
    with open_session() as session:
        with pytest.raises(DatabaseError):
            session.execute(copy(LINES[1]))
        assert [] == load_errors(session)
        session.execute(copy(*LINES, max_errors=10))
        with pytest.raises(DatabaseError, match="not_there"):
            rejected_lines(session)


def test_a_refused_copy_keeps_its_descriptions():
    """For the record of the run."""
    assert ["line 1 is bad"] == CopyDataError("COPY failed", ["line 1 is bad"]).descriptions
