"""The connection to PostgreSQL that belongs to one client, and the SQL that runs there unseen by the client."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

from sandbox.redshift import messages
from sandbox.redshift.channel import Channel
from sandbox.redshift.messages import FLUSH
from sandbox.redshift.protocol import Framer, Message
from sandbox.redshift.replies import PostgresError

# PostgreSQL's socket is named by its port; the private server always has the default one.
SOCKET_NAME = ".s.PGSQL.5432"

# How long to wait for the effect of a cancel request before it is repeated.
CANCEL_SECONDS = 0.1

# The prepared statement and portal of hidden SQL: the unnamed ones are the client's.
_HIDDEN = "sandbox hidden"

Rows = list[tuple[str | None, ...]]
T = TypeVar("T")


class Backend(Channel):
    """One session of PostgreSQL.

    key: process and secret as BackendKeyData has them, once known.
    failed: an error was answered since the last Sync, so PostgreSQL ignores everything until the next.
    status: I, T or E as of the last ReadyForQuery.
    aside: called with the messages that belong to no statement (ParameterStatus and the like).
    """

    socket_directory: Path
    key = b""
    failed = False
    status = "I"
    aside: Callable[[Message], None] = staticmethod(lambda message: None)

    @classmethod
    async def connect(cls, socket_directory: Path) -> Self:
        backend = cls(Framer())
        backend.socket_directory = socket_directory
        path = str(socket_directory / SOCKET_NAME)
        await asyncio.get_running_loop().create_unix_connection(lambda: backend, path)
        return backend

    @property
    def pid(self) -> int:
        return int.from_bytes(self.key[:4])

    async def cancel(self) -> None:
        """Have PostgreSQL cancel what it runs, if anything; returns when the session has been told."""
        try:
            reader, writer = await asyncio.open_unix_connection(self.socket_directory / SOCKET_NAME)
        except OSError:
            return  # no PostgreSQL, nothing to cancel
        try:
            writer.write(messages.cancel_request(self.key))
            await reader.read()
        except ConnectionError:
            return  # it closes without an answer
        finally:
            writer.close()

    def arrived(self, passing: bytes = b"") -> Message | None:
        message = super().arrived(passing)
        if message is None:
            return None
        if message.kind == "E":
            self.failed = True
        elif message.kind == "Z":
            self.failed = False
            self.status = chr(message.raw[5])
        return message

    async def run(self, sql: str, *parameters: str | None) -> Rows:
        """Run hidden SQL in the client's transaction; its rows. Raises PostgresError."""
        self._begin(sql, *parameters)
        self.write(messages.close("P", _HIDDEN) + FLUSH)
        await self.flush()
        rows: Rows = []
        await self._finish(rows)
        return rows

    async def describe(self, sql: str) -> list[tuple[str, int, int]]:
        """Name, number of the type and its modifier of each column of a hidden query. Raises PostgresError."""
        self.write(
            messages.close("S", _HIDDEN) + messages.parse(_HIDDEN, sql) + messages.describe("S", _HIDDEN) + FLUSH
        )
        await self.flush()
        answer = await self._answer("Tn")
        return list(messages.columns(answer.raw)) if answer.kind == "T" else []

    async def copy_in(self, sql: str, chunks: AsyncIterator[bytes]) -> int:
        """Run a hidden COPY ... FROM STDIN with these data; the number of rows. Raises PostgresError.

        An error of PostgreSQL ends it at once; an error of `chunks` or a cancellation fails the COPY before it goes on.
        """
        finish: asyncio.Task[str] | None = None
        try:
            await self.unbroken(self._open_copy(sql))
            finish = asyncio.create_task(self._finish([]))
            async for chunk in chunks:
                if finish.done():
                    break
                self.write(messages.copy_data(chunk))
                await self.flush()
            self.write(messages.COPY_DONE + messages.close("P", _HIDDEN) + FLUSH)
            await self.flush()
        except BaseException:
            if not self.failed:
                self.write(messages.copy_fail("the source of the data failed"))
                with contextlib.suppress(ConnectionError):  # then `finish` ends by it too
                    await self.flush()
                finish = finish or asyncio.create_task(self._finish([]))
            if finish is not None:
                await asyncio.wait([finish])
                finish.exception()
            raise
        finally:
            if inspect.isasyncgen(chunks):
                await chunks.aclose()
        return int((await finish).rpartition(" ")[2])

    async def unbroken(self, exchange: Coroutine[Any, Any, T]) -> T:
        """Await an exchange of messages to its end even if cancelled meanwhile.

        Otherwise its answers would be taken for those of the next.
        """
        task = asyncio.create_task(exchange)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():  # a request that comes before the statement is ignored
                await self.cancel()
                await asyncio.wait([task], timeout=CANCEL_SECONDS)
            task.exception()
            raise

    async def synchronise(self) -> None:
        """A Sync of our own, for when the client is not in the middle of anything."""
        self.write(messages.SYNC)
        await self.flush()
        await self._answer("Z")

    async def _open_copy(self, sql: str) -> None:
        self._begin(sql)
        self.write(FLUSH)
        await self.flush()
        await self._answer("G")

    def _begin(self, sql: str, *parameters: str | None) -> None:
        self.write(
            messages.close("S", _HIDDEN)
            + messages.parse(_HIDDEN, sql)
            + messages.bind(_HIDDEN, _HIDDEN, parameters)
            + messages.execute(_HIDDEN)
        )

    async def _finish(self, rows: Rows) -> str:
        """Read up to the closing of the hidden portal; the command tag."""
        completion = await self._answer("CI", rows)
        # An open portal would keep its tables from being dropped.
        await self._answer("3")
        return messages.texts(completion.raw, 1)[0][0] if completion.kind == "C" else ""

    async def _answer(self, until: str, rows: Rows | None = None) -> Message:
        while True:
            message = await self.next()
            if message.kind in until:
                return message
            if message.kind == "E":
                raise PostgresError(messages.response_fields(message.raw))
            if message.kind == "D" and rows is not None:
                rows.extend(messages.data_rows(message.raw))
            elif message.kind in "SA":
                self.aside(message)
