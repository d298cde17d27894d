"""The short way of a statement that PostgreSQL answers alone and at once: from socket to socket, past the session."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.redshift.backend import Backend
from sandbox.redshift.channel import Channel
from sandbox.redshift.protocol import is_run

# What passes unread: Bind, Describe, Execute and Close, and what answers them without error, notice or parameter.
ASKED = b"BDEC"
ANSWERED = b"123CDITnst"


class Express:
    """Takes what comes from the client while `may` says that the session waits for it and has no part in it.

    Whatever is not the usual is left to the session, as if it came now: is_taken() tells it that PostgreSQL has it.
    """

    def __init__(self, client: Channel, backend: Backend, may: Callable[[], bool]) -> None:
        self._client = client
        self._backend = backend
        self._may = may
        self._under_way = b""
        self._is_taken = False
        client.short_way = self._ask
        backend.short_way = self._answer

    def is_taken(self) -> bool:
        """Whether the session's next Sync, and what came with it, was sent already."""
        taken, self._is_taken = self._is_taken, False
        return taken

    def _ask(self, data: bytes) -> bool:
        if self._under_way:
            self._give_up()
        elif self._may() and is_run(data, ASKED, b"S"):
            self._under_way = data
            self._backend.transport.write(data)
            return True
        return False

    def _answer(self, data: bytes) -> bool:
        if not self._under_way:
            return False
        if is_run(data, ANSWERED, b"Z"):
            self._under_way = b""
            self._backend.status = chr(data[-1])
            self._client.transport.write(data)
            return True
        self._give_up()
        return False

    def _give_up(self) -> None:
        asked, self._under_way = self._under_way, b""
        self._is_taken = True
        self._client.receive(asked)
