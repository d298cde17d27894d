"""The endpoint: accepts clients, passes authentication on to PostgreSQL, and routes cancel requests."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import ssl
from pathlib import Path
from typing import Any

from sandbox.redshift import messages, protocol, replies
from sandbox.redshift.backend import Backend
from sandbox.redshift.channel import Channel
from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.messages import StartUp
from sandbox.redshift.protocol import Conversation, Framer, ProtocolError, State
from sandbox.redshift.replies import PostgresError
from sandbox.redshift.rewrite.start_up import options
from sandbox.redshift.session import CopyFromS3, Plan, Session

log = logging.getLogger(__name__)

# PostgreSQL lets this role in without a password: it is ours alone.
OWNER = "rdsdb"

# PostgreSQL's default authentication_timeout.
START_UP_SECONDS = 60

# How often it is looked whether the client of a running statement is still there.
WATCH_SECONDS = 1

# Authentication requests that the client is to answer: clear text, MD5, SASL, SASLContinue.
_ASKING = (3, 5, 10, 11)


class RedshiftServer:
    """Listens on `host` in front of the PostgreSQL in `socket_directory`; `port` 0 takes a free one, told by `port`.

    copy_settings: what sandbox.redshift.copy needs beside the session; tls: for clients that ask for it.
    """

    def __init__(
        self,
        *,
        socket_directory: Path,
        port: int,
        copy_settings: Any,
        plan: Plan,
        copy: CopyFromS3,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._tls = tls
        self._socket_directory = socket_directory
        self._copy_settings = copy_settings
        self._plan = plan
        self._copy = copy
        self._server: asyncio.Server | None = None
        self._sessions: dict[bytes, Session] = {}  # by the key of a CancelRequest
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._knock, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end every conversation; what still runs is cancelled."""
        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    async def _start_up(self, client: Channel, conversation: Conversation) -> StartUp:
        """The client's start-up packet or CancelRequest, after TLS if it asks for that."""
        while True:
            packet = await client.take(messages.start_up_length(await client.take(4)))
            start = messages.parse_start_up(packet)
            conversation.on(start.event)
            if conversation.state is not State.START_UP:
                return start
            if start.event == "SSLRequest" and self._tls is not None and not client.is_encrypted:
                await client.encrypt(b"S", self._tls)
            else:
                client.write(b"N")
                await client.flush()

    def _knock(self) -> Channel:
        """The channel of a client to come."""

        def opened(client: Channel) -> None:
            task = asyncio.create_task(self._accept(client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return Channel(Framer(protocol.AUTHENTICATION_LIMITS), opened)

    async def _accept(self, client: Channel) -> None:
        try:
            await self._converse(client)
        except ProtocolError as violation:
            client.write(replies.fatal_response(violation.sqlstate, str(violation)))
        except (ConnectionError, TimeoutError, ssl.SSLError):
            log.debug("a client's connection ended")
        except asyncio.CancelledError:
            client.write(replies.fatal_response("57P01", "terminating connection due to administrator command"))
        except Exception:
            log.exception("the sandbox failed while it served a client")
            client.write(replies.fatal_response("XX000", "internal error of the sandbox; its log tells more"))
        finally:
            await client.close()

    async def _converse(self, client: Channel) -> None:
        conversation = Conversation()
        async with asyncio.timeout(START_UP_SECONDS):
            start = await self._start_up(client, conversation)
        if start.event == "CancelRequest":
            if (session := self._sessions.get(start.key)) is not None:
                await session.cancel()
            return
        if start.parameters.get("user") == OWNER:
            client.write(replies.fatal_response("28000", f'role "{OWNER}" is not permitted to log in'))
            return
        try:
            start = _with_options(start)
        except RedshiftError as error:
            client.write(replies.fatal_response(error.sqlstate, error.message))
            return
        try:
            backend = await Backend.connect(self._socket_directory)
        except OSError:
            client.write(replies.fatal_response("57P03", "the database system is not available"))
            return
        try:
            async with asyncio.timeout(START_UP_SECONDS):
                await _authenticate(client, backend, conversation, start)
            if conversation.state is State.READY:
                client.framer.limits = protocol.FRONTEND_LIMITS
                await self._serve(client, backend, conversation, start)
        finally:
            await backend.close()

    async def _serve(self, client: Channel, backend: Backend, conversation: Conversation, start: StartUp) -> None:
        session = Session(
            client,
            backend,
            conversation,
            database=start.parameters.get("database") or start.parameters["user"],
            plan=self._plan,
            copy=self._copy,
            copy_settings=self._copy_settings,
        )
        self._sessions[backend.key] = session
        running = asyncio.create_task(session.run())
        try:
            while not running.done():
                await asyncio.wait([running], timeout=WATCH_SECONDS)
                if client.gone or backend.gone:
                    break
        finally:
            del self._sessions[backend.key]
            if not running.done():
                await backend.cancel()
                running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        if not running.cancelled():
            running.result()
        backend.write(messages.TERMINATE)


def _with_options(start: StartUp) -> StartUp:
    """The start-up packet with the options PostgreSQL is to have. Raises RedshiftError."""
    given = start.parameters.get("options", "")
    return dataclasses.replace(start, parameters={**start.parameters, "options": options(given)}) if given else start


async def _authenticate(client: Channel, backend: Backend, conversation: Conversation, start: StartUp) -> None:
    """Let PostgreSQL and the client authenticate each other; the conversation is READY then, or CLOSED."""
    backend.write(messages.start_up_message(start))
    await backend.flush()
    while conversation.state is State.AUTHENTICATION:
        message = await backend.next()
        if message.kind == "R":
            client.write(replies.shown_authentication(message.raw, start.parameters.get("driver_version", "")))
            if int.from_bytes(message.raw[5:9]) in _ASKING:
                await client.flush()
                answer = await client.next()
                conversation.on(answer.kind)
                backend.write(answer.raw)
                await backend.flush()
        elif message.kind == "S":
            client.write(replies.shown_parameter(message.raw))
        elif message.kind == "E":
            client.write(replies.error_response(PostgresError(messages.response_fields(message.raw)), 0))
            conversation.on(protocol.ERROR)
        else:
            client.write(message.raw)
            if message.kind == "K":
                backend.key = message.raw[5:]
            elif message.kind == "Z":
                conversation.on(protocol.READY_FOR_QUERY)
