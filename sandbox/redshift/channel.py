"""One end of a connection as a stream of messages."""

from __future__ import annotations

import asyncio

from sandbox.redshift.protocol import Framer, Message

# A read takes at most this; asyncio's own transports read 256 KiB at a time.
READ_BYTES = 256 * 1024

# How long an end that does not read may delay the closing of its connection.
CLOSE_SECONDS = 1


class DisconnectedError(ConnectionError):
    """The other end is gone."""


class Channel:
    """Messages from `reader`; what is written is kept until flush(), as PostgreSQL does."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, framer: Framer) -> None:
        self.reader = reader
        self._writer = writer
        self.framer = framer
        self._unsent = bytearray()

    def arrived(self) -> Message | None:
        """The next message if it has been read already."""
        return self.framer.next()

    async def next(self) -> Message:
        """The next message; raises DisconnectedError at the end of the stream."""
        while (message := self.framer.next()) is None:
            data = await self.reader.read(READ_BYTES)
            if not data:
                raise DisconnectedError
            self.framer.receive(data)
        return message

    @property
    def unsent(self) -> int:
        return len(self._unsent)

    def write(self, data: bytes) -> None:
        self._unsent += data

    async def flush(self) -> None:
        """Send what was written, waiting while the other end does not keep up."""
        if self._unsent:
            self._writer.write(self._unsent)
            self._unsent = bytearray()
            await self._writer.drain()

    @property
    def gone(self) -> bool:
        """Whether the other end has closed and everything it sent was read."""
        return self.reader.at_eof() or self._writer.is_closing()

    async def close(self) -> None:
        """Send what is unsent, if the other end takes it soon enough, and close."""
        self._writer.write(self._unsent)
        self._unsent = bytearray()
        self._writer.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._writer.wait_closed()
        except (ConnectionError, TimeoutError):
            self.abort()

    def abort(self) -> None:
        """Close at once; who reads gets DisconnectedError."""
        self._writer.transport.abort()
