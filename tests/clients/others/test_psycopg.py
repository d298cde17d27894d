"""psycopg2, which only has the simple protocol, and psycopg 3 by each of its cursors."""

from __future__ import annotations

import contextlib
import datetime
import decimal
from collections.abc import Iterator

import psycopg
import psycopg2
import psycopg2.extras
import pytest
from psycopg.rows import dict_row

COLUMNS = "id BIGINT, name VARCHAR(40), price DECIMAL(8, 2), sold TIMESTAMP, day DATE, paid BOOLEAN, weight FLOAT8"
ROWS = [
    (1, "Ann's \\ é", decimal.Decimal("9.50"), datetime.datetime(2020, 2, 29, 13, 14, 15, 160), None, True, 1.25),
    (2, None, None, None, datetime.date(2020, 2, 29), False, None),
    (3, "100%", decimal.Decimal("-0.01"), datetime.datetime(1999, 1, 1), datetime.date(1999, 1, 1), None, -1e-9),
]
CURSORS = {
    "extended": psycopg.Cursor,
    "simple": psycopg.ClientCursor,
    "raw": psycopg.RawCursor,
}


@pytest.fixture
def sales(schema: str) -> Iterator[str]:
    """An empty table."""
    with psycopg.connect("", autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {schema}.sales ({COLUMNS}) DISTKEY (id) SORTKEY (sold)")
        yield f"{schema}.sales"
        connection.execute(f"DROP TABLE {schema}.sales")


@pytest.fixture(params=CURSORS)
def connection(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    """A connection of psycopg 3 by one kind of cursor, which prepares every statement if it can."""
    kind = CURSORS[request.param]
    with psycopg.connect("", cursor_factory=kind, prepare_threshold=0) as connection:
        yield connection


def marks(connection: psycopg.Connection, count: int) -> str:
    """Placeholders as the connection's cursors write them."""
    raw = connection.cursor_factory is psycopg.RawCursor
    return ", ".join(f"${number}" if raw else "%s" for number in range(1, count + 1))


def send(connection: psycopg.Connection, *statements: str) -> None:
    """Send them in one pipeline."""
    with connection.pipeline():
        for statement in statements:
            connection.execute(statement)


# --- psycopg2 ---


def test_psycopg2_writes_and_reads(sales):
    """One row, many, many at once; a named cursor reads them in pieces; the transaction ends with its block."""
    with contextlib.closing(psycopg2.connect("")) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {sales} VALUES (%s, %s, %s, %s, %s, %s, %s)", ROWS[0])
            cursor.executemany(f"INSERT INTO {sales} VALUES (%s, %s, %s, %s, %s, %s, %s)", ROWS[1:2])
            psycopg2.extras.execute_values(cursor, f"INSERT INTO {sales} VALUES %s", ROWS[2:])
            assert 1 == cursor.rowcount
        with connection, connection.cursor("pieces") as cursor:
            cursor.itersize = 2
            cursor.execute(f"SELECT * FROM {sales} ORDER BY id")
            assert ROWS == list(cursor)
        with contextlib.suppress(ZeroDivisionError), connection, connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {sales}")
            raise ZeroDivisionError
        with connection, connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(f"SELECT COUNT(*), AVG(id) FROM {sales} WHERE id IN %(ids)s", {"ids": (1, 2)})
            assert {"count": 2, "avg": 1} == cursor.fetchone()


def test_psycopg2_tells_errors_apart(sales):
    with contextlib.closing(psycopg2.connect("")) as connection, connection.cursor() as cursor:
        for statement, error in {
            "SELECT * FROM nowhere": psycopg2.errors.UndefinedTable,
            "SELECT FROM WHERE": psycopg2.errors.SyntaxError,
            f"INSERT INTO {sales} (name) VALUES (REPEAT('x', 41))": psycopg2.errors.StringDataRightTruncation,
            "CREATE INDEX i ON sales (id)": psycopg2.errors.FeatureNotSupported,
        }.items():
            with pytest.raises(error):
                cursor.execute(statement)
            connection.rollback()


# --- psycopg 3 ---


def test_psycopg_writes_and_reads(sales, connection):
    """Rows come back as they were sent, and as dictionaries and objects."""
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {sales} VALUES ({marks(connection, 7)})", ROWS)
        assert 3 == cursor.rowcount
        connection.commit()
        for _ in range(2):  # the second time it is prepared
            cursor.execute(f"SELECT * FROM {sales} WHERE id < {marks(connection, 1)} ORDER BY id", (9,))
            assert ROWS == cursor.fetchall()
    connection.row_factory = dict_row
    assert [{"min": 1, "max": 3}] == connection.execute(f"SELECT MIN(id), MAX(id) FROM {sales}").fetchall()


def test_psycopg_nests_no_transactions(sales, connection):
    """A block ends its transaction; one inside it would be a savepoint, which Redshift does not have."""
    with connection.transaction():
        connection.execute(f"INSERT INTO {sales} (id) VALUES (1)")
    with contextlib.suppress(psycopg.errors.FeatureNotSupported), connection.transaction():
        connection.execute(f"INSERT INTO {sales} (id) VALUES (2)")
        with connection.transaction():
            pytest.fail("there are no savepoints")
    assert (1,) == connection.execute(f"SELECT COUNT(*) FROM {sales}").fetchone()


def test_psycopg_reads_by_a_cursor_of_the_servers(sales):
    with psycopg.connect("") as connection:
        connection.cursor().executemany(f"INSERT INTO {sales} (id) VALUES (%s)", [(number,) for number in range(25)])
        with connection.cursor("pieces") as cursor:
            cursor.itersize = 10
            cursor.execute(f"SELECT id FROM {sales} WHERE id >= %s ORDER BY id", (3,))
            assert [(3,), (4,)] == cursor.fetchmany(2)
            assert list(range(5, 25)) == [number for (number,) in cursor]


def test_psycopg_streams(sales):
    """Row by row as they come."""
    with psycopg.connect("") as connection:
        connection.cursor().executemany(f"INSERT INTO {sales} (id) VALUES (%s)", [(number,) for number in range(25)])
        stream = connection.cursor().stream(f"SELECT id FROM {sales} ORDER BY id")
        assert list(range(25)) == [number for (number,) in stream]


def test_psycopg_sends_a_pipeline(sales):
    """Statements go out before the answers to the earlier ones are read; what fails takes the rest with it."""
    with psycopg.connect("", autocommit=True) as connection:
        with connection.pipeline():
            connection.execute(f"INSERT INTO {sales} (id) VALUES (%s)", (1,))
            counts = [connection.execute(f"SELECT COUNT(*) FROM {sales} WHERE id > %s", (at,)) for at in range(2)]
            connection.execute("SET query_group TO 'piped'")
            shown = connection.execute("SHOW query_group")
        assert [(1,), (0,)] == [cursor.fetchone() for cursor in counts]
        assert ("piped",) == shown.fetchone()
        with pytest.raises(psycopg.errors.DivisionByZero):
            send(connection, f"INSERT INTO {sales} VALUES (2)", "SELECT 1 / 0", f"INSERT INTO {sales} VALUES (3)")
        assert (1,) == connection.execute(f"SELECT COUNT(*) FROM {sales}").fetchone()
