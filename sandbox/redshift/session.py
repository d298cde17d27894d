"""One client's conversation: its messages carried out, one at a time, in the PostgreSQL session that belongs to it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from sandbox.redshift import messages, protocol, replies
from sandbox.redshift.backend import Backend, Rows
from sandbox.redshift.channel import Channel
from sandbox.redshift.copy import CopyFailed, CopyHost, CopyOutcome
from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.express import ASKED, Express
from sandbox.redshift.messages import FLUSH
from sandbox.redshift.protocol import Conversation, Message, State
from sandbox.redshift.relay import Question, Relay
from sandbox.redshift.replies import PostgresError
from sandbox.redshift.statement import CASE_SENSITIVE, Statement
from sandbox.redshift.unload import unload_to_s3

Plan = Callable[[str], list[Statement]]
CopyFromS3 = Callable[[str, CopyHost, Any], Coroutine[Any, Any, CopyOutcome]]

# Longer texts are read in a thread: that can take seconds, in which other sessions are to be served.
LONG_TEXT = 10_000

_NOTHING = Statement("")
_REMEMBER_COPY = (
    "SELECT set_config('pg_redshift.last_copy_count', $1, false), set_config('pg_redshift.last_copy_id', $2, false)"
)
_REMEMBER_UNLOAD = "SELECT set_config('pg_redshift.last_unload_count', $1, false)"

# What is not answered before there is need: PostgreSQL is asked all of it at once.
_DEFERRED = "PBDECHS"

T = TypeVar("T")


class Session:
    """A client past its authentication. It is the host of its COPYs from S3 and its UNLOADs."""

    def __init__(
        self,
        client: Channel,
        backend: Backend,
        conversation: Conversation,
        *,
        database: str,
        plan: Plan,
        copy: CopyFromS3,
        copy_settings: Any,
    ) -> None:
        self.pid = backend.pid
        self.database = database
        self.user_id = 0  # of the current user, known once a COPY begins
        self._client = client
        self._backend = backend
        self._conversation = conversation
        self._plan = plan
        self._copy_from_s3 = copy
        self._copy_settings = copy_settings
        # Those alone of which PostgreSQL does not do all, or says it otherwise.
        self._statements: dict[str, Statement] = {}
        self._portals: dict[str, Statement] = {}
        self._relay = Relay(client, backend, conversation)
        backend.aside = self._relay.pass_on
        self._is_waiting = False
        self._express = Express(client, backend, self._has_no_part)
        self._case_sensitive = False  # as it was at the last Sync: an error sets it back
        self._copying: asyncio.Task[Any] | None = None
        self._cancelled = False
        self._outcomes: dict[str, tuple[str, ...]] = {}  # what a rollback may have undone: SQL with its parameters
        self._handlers: dict[str, Callable[[Message], Awaitable[None]]] = {
            "Q": self._query,
            "P": self._parse,
            "B": self._bind,
            "D": self._describe,
            "E": self._execute,
            "C": self._close,
            "H": self._flush,
            "F": self._function_call,
        }

    async def run(self) -> None:
        """Converse until the client ends it. Raises DisconnectedError, ProtocolError."""
        state = self._conversation
        while True:
            message = self._client.arrived(self._unread) or await self._wait()
            kind = message.kind[0]  # of several: these have the same place in the table of states
            if kind not in _DEFERRED:
                await self._settle()
            if not state.on(kind):
                continue
            if state.state is State.CLOSED:
                return
            if ord(kind) in self._unread:
                self._relay.ask(Question(message.raw, message.kind))
            elif kind in self._handlers:
                try:
                    await self._handlers[kind](message)
                except RedshiftError as error:
                    if await self._settle():
                        await self._fail(error)
            if state.state in (State.SIMPLE, State.SYNCING):
                await self._synchronise()

    async def _wait(self) -> Message:
        """The client's next message once it has all its answers."""
        await self._settle()
        await self._client.flush()
        self._is_waiting = self._conversation.state is State.READY
        try:
            return await self._client.next(self._unread)
        finally:
            self._is_waiting = False

    def _has_no_part(self) -> bool:
        """Whether the session waits for the client, with nothing to do for its next statement but to pass it on."""
        is_free = self._is_waiting and not (self._statements or self._portals or self._outcomes)
        return is_free and self._client.is_idle and self._backend.is_idle

    @property
    def _unread(self) -> bytes:
        """The types of message that need no reading here: whatever statement they name is PostgreSQL's alone."""
        return b"" if self._statements or self._portals else ASKED

    async def cancel(self) -> None:
        """Cancel what the client's statement is at: a COPY from S3, an UNLOAD, or whatever PostgreSQL does."""
        if self._copying is None:
            await self._backend.cancel()
        else:
            self._cancelled = True
            self._copying.cancel()

    # --- the client's messages ---

    async def _query(self, message: Message) -> None:
        (sql,), _ = messages.texts(message.raw, 1)
        self._statements.pop("", None)
        statements = await self._planned(sql) or [_NOTHING]
        if any(map(_sets_case, statements[:-1])):
            raise unsupported("enable_case_sensitive_identifier set before other statements")
        for planned in statements:
            if planned.answered and not await self._settle():
                return
            statement = await self._known(planned)
            request = messages.parse("", statement.sql) + messages.bind() + messages.describe("P") + messages.execute()
            question = Question(request, "E", b"12n", statement)
            if statement.is_plain:
                self._relay.ask(question)
            elif await self._settle():
                await self._carry_out(question)
            else:
                return

    async def _parse(self, message: Message) -> None:
        (name, sql), types = messages.texts(message.raw, 2)
        statements = await self._planned(sql)
        if len(statements) > 1:
            raise RedshiftError("42601", "cannot insert multiple commands into a prepared statement")
        statement = statements[0] if statements else _NOTHING
        if statement.answered and not await self._settle():
            return
        statement = await self._known(statement)
        self._relay.ask(Question(messages.parse(name, statement.sql, types), "P", b"", statement))
        await self._name(self._statements, name, statement if statement.tag or not statement.is_plain else None)

    async def _bind(self, message: Message) -> None:
        (portal, name), _ = messages.texts(message.raw, 2)
        statement = self._statements.get(name)
        if statement and statement.answered:
            if not await self._settle():
                return
            if (await self._known(statement)).sql != statement.sql:
                raise RedshiftError("XX000", replies.STALE)
        self._relay.ask(Question(message.raw, "B"))
        await self._name(self._portals, portal, statement)

    async def _describe(self, message: Message) -> None:
        self._relay.ask(Question(message.raw, "D"))

    async def _execute(self, message: Message) -> None:
        (portal,), _ = messages.texts(message.raw, 1)
        statement = self._portals.get(portal, _NOTHING)
        question = Question(message.raw, "E", b"", statement)
        if statement.is_plain:
            self._relay.ask(question)
        elif await self._settle():
            self._portals.pop(portal)
            if not await self._carry_out(question):
                self._portals[portal] = dataclasses.replace(statement, before=())

    async def _close(self, message: Message) -> None:
        (name,), _ = messages.texts(message.raw, 1, start=6)
        self._relay.ask(Question(message.raw, "C"))
        await self._name(self._statements if message.raw[5:6] == b"S" else self._portals, name, None)

    async def _name(self, known: dict[str, Statement], name: str, statement: Statement | None) -> None:
        """Give a name to a statement, or take it from one, once PostgreSQL has."""
        if (statement is not None or name in known) and await self._settle():
            known.pop(name, None)
            if statement is not None:
                known[name] = statement

    async def _flush(self, message: Message) -> None:
        """Nothing to do: see `run`. redshift_connector sends one after every message, and all of them at once."""

    async def _function_call(self, message: Message) -> None:
        raise unsupported("the protocol's FunctionCall message", hint="Call the function in a SELECT.")

    async def _known(self, statement: Statement) -> Statement:
        """The statement as the columns it depends on are now."""
        asked, answered = statement.asked, statement.answered
        while statement.answered:  # an answer may lead to another question
            statement = statement.answered(tuple(await self._backend.run(*statement.asked)))
        return dataclasses.replace(statement, asked=asked, answered=answered) if answered else statement

    # --- carrying out ---

    async def _planned(self, sql: str) -> list[Statement]:
        return self._plan(sql) if len(sql) < LONG_TEXT else await asyncio.to_thread(self._plan, sql)

    async def _settle(self, end: bytes = FLUSH) -> bool:
        """Have PostgreSQL answer all it is to be asked; False when one of the answers is an error."""
        if self._relay.is_settled and end is FLUSH:
            return True
        try:
            await self._relay.settle(end, is_sent=self._express.is_taken())
        except RedshiftError as error:
            await self._fail(error)
            return False
        return True

    async def _carry_out(self, question: Question) -> bool:
        """Execute a statement and all that belongs to it; False while rows are left (suspended)."""
        statement = question.statement
        if statement.alone and self._backend.status != "I":
            raise RedshiftError("25001", f"{statement.alone} cannot run inside a transaction block")
        if _sets_case(statement) and self._backend.status != "I":
            raise unsupported("enable_case_sensitive_identifier set in a transaction block")
        for sql in statement.before:
            await self._backend.run(sql)
        closing = await self._relay.carry(question)
        if closing.kind == "s":
            self._client.write(closing.raw)
            return False
        tag = statement.tag
        if statement.copy is not None:
            # PostgreSQL was given an empty statement in its place, and has refused it if the transaction had failed.
            await self._copy(statement.copy)
            tag = "COPY"
        if statement.unload is not None:
            await self._unload(*statement.unload)
            tag = "UNLOAD"
        for sql in statement.after:
            await self._backend.run(sql)
        if statement.case_sensitive is not None:
            CASE_SENSITIVE.set(statement.case_sensitive)
        self._relay.close(tag, closing)
        return True

    async def _fail(self, error: RedshiftError) -> None:
        """Answer with an error, which the client's session of PostgreSQL must have had itself."""
        if not self._backend.failed:
            try:
                await self._backend.run(
                    "SELECT pg_redshift.fail($1, $2, $3, $4)", error.sqlstate, error.message, error.detail, error.hint
                )
            except PostgresError as raised:
                error = raised
        CASE_SENSITIVE.set(self._case_sensitive)
        self._client.write(replies.error_response(error, self.pid))
        self._conversation.on(protocol.ERROR)

    async def _synchronise(self) -> None:
        """Sync: PostgreSQL commits or rolls back what is not in a transaction block, and tells where it stands."""
        await self._settle(messages.SYNC)
        while (message := await self._backend.next()).kind != "Z":
            if message.kind == "E":
                error = PostgresError(messages.response_fields(message.raw))
                self._client.write(replies.error_response(error, self.pid))
                self._conversation.on(protocol.ERROR)
            else:
                self._relay.pass_on(message)
        self._case_sensitive = CASE_SENSITIVE.get()
        if self._backend.status == "I":
            self._portals.clear()  # they end with their transaction
        if self._backend.status == "I" and self._outcomes:
            for sql, parameters in self._outcomes.items():
                await self._backend.run(sql, *parameters)
            await self._backend.synchronise()
            self._outcomes = {}
        self._client.write(message.raw)
        self._conversation.on(protocol.READY_FOR_QUERY)

    # --- COPY from S3 ---

    async def _copy(self, text: str) -> None:
        ((user_id,),) = await self.fetch("SELECT usesysid::text FROM pg_catalog.pg_user WHERE usename = current_user")
        self.user_id = int(user_id or 0)
        try:
            outcome = await self._cancellable(self._copy_from_s3(text, self, self._copy_settings))
        except CopyFailed as failure:
            self._outcomes[_REMEMBER_COPY] = ("0", str(failure.query_id))
            raise
        await self._remember(_REMEMBER_COPY, str(outcome.rows), str(outcome.query_id))

    async def _unload(self, text: str, query: str) -> None:
        count = await self._cancellable(unload_to_s3(text, query, self, self._copy_settings))
        await self._remember(_REMEMBER_UNLOAD, str(count))

    async def _remember(self, sql: str, *outcome: str) -> None:
        """Tell the session how a COPY or an UNLOAD ended, now and once more should the transaction be rolled back."""
        self._outcomes[sql] = outcome
        await self._backend.run(sql, *outcome)

    async def _cancellable(self, work: Coroutine[Any, Any, T]) -> T:
        """Await what the sandbox does itself, and what cancel() ends."""
        self._cancelled = False  # a cancellation that came too late for the last one is not this one's
        self._copying = task = asyncio.create_task(work)
        try:
            return await task
        except asyncio.CancelledError:
            if not self._cancelled:  # it is the whole session that ends
                raise
            raise replies.cancelled(self.pid) from None
        finally:
            self._copying = None

    async def describe(self, sql: str) -> list[tuple[str, int, int]]:
        """Name, number of the type and its modifier of each column of a hidden query. Raises PostgresError."""
        return await self._backend.unbroken(self._backend.describe(sql))

    async def fetch(self, sql: str) -> Rows:
        """Rows of a hidden query in the client's transaction, values as text. Raises PostgresError."""
        return await self._backend.unbroken(self._backend.run(sql))

    async def copy_in(self, sql: str, chunks: AsyncIterator[bytes]) -> int:
        """Run COPY ... FROM STDIN in the client's transaction; the rows loaded. Raises PostgresError."""
        return await self._backend.copy_in(sql, chunks)

    def notice(self, severity: str, message: str) -> None:
        """Send the client a notice."""
        self._client.write(replies.notice_response(severity, message))


def _sets_case(statement: Statement) -> bool:
    """Whether it would change how names are read; a rollback, or statements planned before, would not know."""
    return statement.case_sensitive not in (None, CASE_SENSITIVE.get())
