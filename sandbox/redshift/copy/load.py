"""A COPY from S3, start to end: rows into the client's transaction, errors into the system tables."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import pathlib
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

import psycopg

from sandbox.redshift.copy.authorization import check_keys
from sandbox.redshift.copy.batches import Load
from sandbox.redshift.copy.command import parse_copy
from sandbox.redshift.copy.exact import PostgresDates
from sandbox.redshift.copy.source import Source
from sandbox.redshift.copy.system_tables import LoadLog, utc_now
from sandbox.redshift.copy.table import read_table
from sandbox.redshift.errors import RedshiftError

MESSAGE = 256 * 1024  # bytes of one CopyData message


class CopyHost(Protocol):
    """The client's session, as COPY needs it."""

    @property
    def pid(self) -> int: ...

    @property
    def user_id(self) -> int: ...

    @property
    def database(self) -> str: ...

    async def fetch(self, sql: str) -> list[tuple[str | None, ...]]: ...

    async def copy_in(self, sql: str, chunks: AsyncIterator[bytes]) -> int: ...

    def notice(self, severity: str, message: str) -> None: ...


@dataclasses.dataclass(frozen=True)
class CopySettings:
    """Where S3 and our own database connection are; the keys are this sandbox's."""

    s3_endpoint: str
    access_key_id: str
    secret_access_key: str
    region: str
    service_dsn: str


@dataclasses.dataclass(frozen=True)
class CopyOutcome:
    """What the session answers and remembers: pg_last_copy_id, pg_last_copy_count and the command tag."""

    query_id: int
    rows: int
    tag: str = "COPY"


class CopyFailed(RedshiftError):  # noqa: N818 - as Redshift says it: the load failed
    """A COPY that had begun to load; `query_id` is its pg_last_copy_id."""

    def __init__(self, query_id: int, message: str, detail: str | None = None, sqlstate: str = "XX000") -> None:
        super().__init__(sqlstate, message, detail)
        self.query_id = query_id


async def copy_from_s3(text: str, host: CopyHost, settings: CopySettings) -> CopyOutcome:
    """Carry out one COPY; RedshiftError before it began to load, CopyFailed after."""
    try:
        return await _copy(text, host, settings)
    except psycopg.Error as error:  # of a connection of ours: the client's session goes on
        raise RedshiftError("XX000", f"the sandbox's own connection to PostgreSQL failed: {error}") from error


async def _copy(text: str, host: CopyHost, settings: CopySettings) -> CopyOutcome:
    command = parse_copy(text)
    table = await read_table(host, command)
    check_keys(command.authorization, settings.access_key_id, settings.secret_access_key)
    source = Source(settings.s3_endpoint, settings.access_key_id, settings.secret_access_key, settings.region)
    with tempfile.TemporaryDirectory(prefix="copy-") as folder:
        load = Load(command, table, source, PostgresDates(settings.service_dsn), pathlib.Path(folder))
        try:
            await load.run(load.prepare)
            async with await psycopg.AsyncConnection.connect(settings.service_dsn, autocommit=True) as service:
                return await _load(load, host, service)
        finally:
            await load.close()


async def _load(load: Load, host: CopyHost, service: psycopg.AsyncConnection) -> CopyOutcome:
    """The part of a COPY that has a query id."""
    table = load.table
    row = await (await service.execute("SELECT nextval('pg_redshift_store.query_id')")).fetchone()
    query_id = int(row[0]) if row else 0
    log = LoadLog(service, query_id, host.user_id, table.oid, host.pid, host.database, utc_now())
    rows = 0
    async with contextlib.aclosing(_chunks(load, log)) as chunks:
        if load.command.noload:
            async for _ in chunks:
                pass
        else:
            rows = await host.copy_in(table.copy_statement(), chunks)
    if load.problem is not None:
        raise CopyFailed(query_id, load.problem.message, load.problem.detail, load.problem.sqlstate)
    if load.failed:
        details = "Check 'stl_load_errors' system table for details."
        raise CopyFailed(query_id, f"Load into table '{table.name}' failed.  {details}")
    await log.files(load.files, load.command.format)
    completed = f"Load into table '{table.name}' completed"
    host.notice("INFO", f"{completed}, {rows} record(s) loaded successfully.")
    if load.errors:
        details = "Check 'stl_load_errors' system table for details."
        host.notice("INFO", f"{completed}, {load.errors} record(s) could not be loaded.  {details}")
    return CopyOutcome(query_id, rows)


async def _chunks(load: Load, log: LoadLog) -> AsyncGenerator[bytes, None]:
    """CSV in messages, the next batch being made meanwhile.

    It ends without an error when the load has failed: an error here would abort the transaction in PostgreSQL's words,
    whereas the session is to abort it in Redshift's.
    """
    coming = asyncio.ensure_future(load.run(load.next_batch))
    try:
        while (batch := await coming) is not None:
            if batch.errors:
                await log.errors(batch.errors)
            if load.failed:
                return
            coming = asyncio.ensure_future(load.run(load.next_batch))
            for start in range(0, len(batch.csv), MESSAGE):
                yield batch.csv[start : start + MESSAGE]
    finally:
        coming.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await coming
