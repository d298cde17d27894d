"""One end of a connection as a stream of messages."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from sandbox.redshift.protocol import Framer, Message, ProtocolError

# An end that is this much ahead of who listens to it is made to wait.
AHEAD_BYTES = 512 * 1024

# How long an end that does not read may delay the closing of its connection.
CLOSE_SECONDS = 1


class DisconnectedError(ConnectionError):
    """The other end is gone."""


class Channel(asyncio.Protocol):
    """Messages of the other end; what is written is kept until flush(), as PostgreSQL does.

    A protocol of asyncio's, not its streams: they would take half as long again for a short statement.

    opened: called once the connection is there. gone: the other end has closed. short_way: called with what comes,
    returns whether it has dealt with it.
    """

    transport: asyncio.Transport
    gone = False
    short_way: Callable[[bytes], bool] = staticmethod(lambda data: False)

    def __init__(self, framer: Framer, opened: Callable[[Channel], None] = lambda channel: None) -> None:
        self.framer = framer
        self._opened = opened
        self._unsent = bytearray()
        self._ahead = 0
        self._listener: asyncio.Future[None] | None = None
        self._lost = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    # --- called by the event loop ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._opened(self)

    def data_received(self, data: bytes) -> None:
        if not self.short_way(data):
            self.receive(data)

    def receive(self, data: bytes) -> None:
        """Take what comes from the other end."""
        self.framer.receive(data)
        self._ahead += len(data)
        if self._ahead > AHEAD_BYTES:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self.gone = True
        self._wake()
        return not self.is_encrypted  # then it can still be answered

    def connection_lost(self, error: Exception | None) -> None:
        self.gone = True
        self._lost.set()
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _wake(self) -> None:
        if self._listener is not None and not self._listener.done():
            self._listener.set_result(None)

    # --- called by who converses ---

    def arrived(self, passing: bytes = b"") -> Message | None:
        """The next message if it has come already; or several of the types in `passing`: see Framer.next."""
        return self.framer.next(passing)

    async def next(self, passing: bytes = b"") -> Message:
        """The next message (see `arrived`); raises DisconnectedError at the end of the stream."""
        while (message := self.arrived(passing)) is None:
            await self._more()
        return message

    async def take(self, size: int) -> bytes:
        """As many bytes that are no message; raises DisconnectedError at the end of the stream."""
        while (data := self.framer.take(size)) is None:
            await self._more()
        return data

    async def _more(self) -> None:
        if self.gone or self.transport.is_closing():
            raise DisconnectedError
        if self._ahead > AHEAD_BYTES:
            self.transport.resume_reading()
        self._ahead = 0
        self._listener = asyncio.get_running_loop().create_future()
        await self._listener

    @property
    def is_idle(self) -> bool:
        """Whether all that came was taken, and the other end takes what is sent."""
        return self.framer.is_empty and self._writable.is_set()

    @property
    def unsent(self) -> int:
        return len(self._unsent)

    def write(self, data: bytes) -> None:
        self._unsent += data

    def send(self) -> None:
        """Send what was written, without waiting."""
        if self._unsent and not self.transport.is_closing():
            self.transport.write(self._unsent)
            self._unsent = bytearray()

    async def flush(self) -> None:
        """Send what was written, waiting while the other end does not keep up."""
        self.send()
        if not self._writable.is_set():
            await self._writable.wait()
        if self._lost.is_set():
            raise DisconnectedError

    @property
    def is_encrypted(self) -> bool:
        return self.transport.get_extra_info("sslcontext") is not None

    async def encrypt(self, agreed: bytes, context: ssl.SSLContext) -> None:
        """Say that we agree and go on in TLS. Raises ssl.SSLError, ConnectionError, ProtocolError."""
        self.transport.pause_reading()  # what comes from here on is TLS's
        if not self.framer.is_empty:  # somebody between us would have it taken for the client's own: CVE-2021-23214
            raise ProtocolError("received unencrypted data after SSL request")
        self.transport.write(agreed)
        loop = asyncio.get_running_loop()
        encrypted = await loop.start_tls(self.transport, self, context, server_side=True)
        self.transport = cast(asyncio.Transport, encrypted)

    async def close(self) -> None:
        """Send what is unsent, if the other end takes it soon enough, and close."""
        self.send()
        self.transport.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._lost.wait()
        except TimeoutError:
            self.abort()

    def abort(self) -> None:
        """Close at once; who reads gets DisconnectedError."""
        self.transport.abort()
