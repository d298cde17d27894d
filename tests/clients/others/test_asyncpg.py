"""asyncpg: everything by the extended protocol, values in their binary formats."""

from __future__ import annotations

import asyncio
import datetime
import decimal
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

COLUMNS = "id BIGINT, name VARCHAR(40), price DECIMAL(8, 2), sold TIMESTAMP, seen TIMESTAMPTZ, day DATE, paid BOOLEAN"
ROWS = [
    (
        *(1, "Ann's \\ é", decimal.Decimal("9.50"), datetime.datetime(2020, 2, 29, 13, 14, 15, 160)),
        *(datetime.datetime(2020, 2, 29, 13, tzinfo=datetime.UTC), None, True),
    ),
    (2, None, None, None, None, datetime.date(2020, 2, 29), False),
]


def run(work: Callable[[asyncpg.Connection], Awaitable[Any]], **settings: Any) -> None:
    """Do something with a connection. The variables PG* say where to; without `ssl` it asks for TLS."""

    async def connected() -> None:
        connection = await asyncpg.connect(**settings)
        try:
            await work(connection)
        finally:
            await connection.close()

    asyncio.run(connected())


async def fail_in_a_transaction(connection: asyncpg.Connection, statement: str) -> None:
    async with connection.transaction():
        await connection.execute(statement)
        raise ZeroDivisionError


def test_rows_come_back_as_they_were_sent(schema):
    async def work(connection: asyncpg.Connection) -> None:
        await connection.execute(f"CREATE TABLE {schema}.sales ({COLUMNS}) DISTSTYLE ALL")  # simple, without arguments
        insert = f"INSERT INTO {schema}.sales VALUES ($1, $2, $3, $4, $5, $6, $7)"
        assert "INSERT 0 1" == await connection.execute(insert, *ROWS[0])
        await connection.executemany(insert, ROWS[1:])
        found = await connection.fetch(f"SELECT * FROM {schema}.sales WHERE id < $1 ORDER BY id", 9)
        assert ROWS == [tuple(record) for record in found]
        assert "Ann's \\ é" == (await connection.fetchrow(f"SELECT * FROM {schema}.sales WHERE id = 1"))["name"]
        assert 2 == await connection.fetchval(f"SELECT COUNT(*) FROM {schema}.sales")

    run(work)


def test_a_prepared_statement_tells_its_columns_and_is_used_again(schema):
    async def work(connection: asyncpg.Connection) -> None:
        statement = await connection.prepare("SELECT $1::INTEGER + 1 AS next, LEN($2::VARCHAR(9)) AS len")
        assert ["int4", "varchar"] == [parameter.name for parameter in statement.get_parameters()]
        assert [("next", "int4"), ("len", "int4")] == [
            (column.name, column.type.name) for column in statement.get_attributes()
        ]
        assert [(2, 1), (3, 2)] == [tuple(await statement.fetchrow(at, "é" * at)) for at in (1, 2)]

    run(work)


def test_a_cursor_reads_in_pieces_inside_a_transaction(schema):
    async def work(connection: asyncpg.Connection) -> None:
        await connection.execute(f"CREATE TABLE {schema}.numbers (n INTEGER)")
        async with connection.transaction():
            await connection.executemany(f"INSERT INTO {schema}.numbers VALUES ($1)", [(n,) for n in range(25)])
            cursor = connection.cursor(f"SELECT n FROM {schema}.numbers WHERE n > $1 ORDER BY n", 2, prefetch=10)
            assert list(range(3, 25)) == [record["n"] async for record in cursor]
        with pytest.raises(ZeroDivisionError):
            await fail_in_a_transaction(connection, f"DELETE FROM {schema}.numbers")
        assert 25 == await connection.fetchval(f"SELECT COUNT(*) FROM {schema}.numbers")

    run(work)


def test_types_are_looked_up_in_the_catalogue():
    """Those the driver does not know by heart, and those that are named to it."""

    async def work(connection: asyncpg.Connection) -> None:
        owners = await connection.fetchval("SELECT relacl FROM pg_catalog.pg_class WHERE relname = 'pg_type'")
        assert any("awsuser" in str(owner) or "=r" in str(owner) for owner in owners)
        await connection.set_type_codec("numeric", schema="pg_catalog", encoder=str, decoder=float, format="text")
        assert 0.25 == await connection.fetchval("SELECT 0.25::DECIMAL(3, 2)")

    run(work)


def test_a_pool_gives_its_sessions_on_as_new(schema):
    """It resets them in between as it does on Redshift, without advisory locks and LISTEN."""

    async def work() -> None:
        async with asyncpg.create_pool(min_size=1, max_size=1) as pool:
            async with pool.acquire() as connection:
                await connection.execute("SET query_group TO 'mine'")
                await connection.execute(f"SET search_path TO {schema}")
            async with pool.acquire() as connection:
                assert "default" == await connection.fetchval("SHOW query_group")
                assert '"$user", public' == await connection.fetchval("SHOW search_path")
                assert datetime.datetime(2020, 3, 1) == await connection.fetchval(
                    "SELECT DATEADD(day, 1, '2020-02-29'::TIMESTAMP)"
                )

    asyncio.run(work())


def test_errors_have_their_classes():
    async def work(connection: asyncpg.Connection) -> None:
        for statement, error in {
            "SELECT * FROM nowhere": asyncpg.UndefinedTableError,
            "SELECT 1 / $1::INTEGER": asyncpg.DivisionByZeroError,
            "SELECT generate_series(1, $1)": asyncpg.FeatureNotSupportedError,
        }.items():
            with pytest.raises(error):
                await connection.fetch(statement, *([0] if "$1" in statement else []))

    run(work)
