"""PostgreSQL's wire protocol 3.0, which Redshift speaks too: the states of a conversation, and framing; no I/O."""

from __future__ import annotations

import enum
import struct
from collections.abc import Mapping
from typing import NamedTuple

# PostgreSQL's own: PQ_LARGE_MESSAGE_LIMIT and PQ_SMALL_MESSAGE_LIMIT (libpq.h).
LARGE = 0x3FFFFFFF - 1
SMALL = 10_000

FRONTEND_LIMITS: Mapping[int, int] = {
    **dict.fromkeys(b"QFPBd", LARGE),
    **dict.fromkeys(b"CDEHSXcfp", SMALL),
}
# Whoever is not yet known has little to say: PostgreSQL's PG_MAX_AUTH_TOKEN_LENGTH (auth.h).
AUTHENTICATION_LIMITS: Mapping[int, int] = {ord("p"): 65_535}

_HEADER = struct.Struct(">BI")
_LENGTH = struct.Struct(">I").unpack_from
_IN_RUNS = b"Dd"  # DataRow, CopyData


class ProtocolError(Exception):
    """The client sent what the protocol does not allow; it gets a FATAL error with this SQLSTATE, then the end."""

    def __init__(self, message: str, sqlstate: str = "08P01") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


# --- the states of a conversation -------------------------------------------------------------------------------------


class State(enum.Enum):
    """Where one client's conversation stands."""

    START_UP = "nothing but a start-up packet is understood"
    AUTHENTICATION = "PostgreSQL asks, the client answers"
    READY = "between commands"
    SIMPLE = "a Query is being carried out"
    EXTENDED = "extended messages since the last Sync"
    SKIPPING = "an extended message failed: all is dropped until Sync"
    SYNCING = "a Sync is being carried out"
    COPY_IN_SIMPLE = "the client sends the data of a COPY in a Query"
    COPY_IN_EXTENDED = "the client sends the data of a COPY in an Execute"
    CLOSED = "over"


# Events are the client's messages by their type byte, its start-up packets by name, and what PostgreSQL answers.
ERROR, READY_FOR_QUERY, COPY_IN = "error", "ready", "copy in"
_DROPPED = None

# Nothing but Conversation.on() changes a state, and only by this table; what is not in it is a ProtocolError.
# _DROPPED: the message is ignored and the state stays, as PostgreSQL has it - copy data that was under way when
# the COPY failed, Flush and Sync in the middle of copy data, all messages after an error.
TRANSITIONS: Mapping[State, Mapping[str, State | None]] = {
    State.START_UP: {
        **dict.fromkeys(("SSLRequest", "GSSENCRequest"), State.START_UP),
        "StartupMessage": State.AUTHENTICATION,
        "CancelRequest": State.CLOSED,
    },
    State.AUTHENTICATION: {"p": State.AUTHENTICATION, ERROR: State.CLOSED, READY_FOR_QUERY: State.READY},
    State.READY: {
        **dict.fromkeys("QF", State.SIMPLE),
        **dict.fromkeys("PBDECH", State.EXTENDED),
        **dict.fromkeys("dcf", _DROPPED),
        "S": State.SYNCING,
        "X": State.CLOSED,
    },
    State.SIMPLE: {ERROR: State.SIMPLE, COPY_IN: State.COPY_IN_SIMPLE, READY_FOR_QUERY: State.READY},
    State.EXTENDED: {
        **dict.fromkeys("QF", State.SIMPLE),
        **dict.fromkeys("PBDECH", State.EXTENDED),
        **dict.fromkeys("dcf", _DROPPED),
        "S": State.SYNCING,
        "X": State.CLOSED,
        ERROR: State.SKIPPING,
        COPY_IN: State.COPY_IN_EXTENDED,
    },
    State.SKIPPING: {**dict.fromkeys("QFPBDECHdcf", _DROPPED), "S": State.SYNCING, "X": State.CLOSED},
    State.SYNCING: {ERROR: State.SYNCING, READY_FOR_QUERY: State.READY},
    State.COPY_IN_SIMPLE: {
        "d": State.COPY_IN_SIMPLE,
        **dict.fromkeys("cf", State.SIMPLE),
        **dict.fromkeys("HS", _DROPPED),
        "X": State.CLOSED,
        ERROR: State.SIMPLE,
    },
    State.COPY_IN_EXTENDED: {
        "d": State.COPY_IN_EXTENDED,
        **dict.fromkeys("cf", State.EXTENDED),
        **dict.fromkeys("HS", _DROPPED),
        "X": State.CLOSED,
        ERROR: State.SKIPPING,
    },
    State.CLOSED: {},
}


class Conversation:
    """The state of one client's conversation."""

    def __init__(self) -> None:
        self._move(State.START_UP)

    def _move(self, state: State) -> None:
        self.state = state
        self._transitions = TRANSITIONS[state]

    def on(self, event: str) -> bool:
        """Take note of an event; False when the message is to be dropped."""
        if event not in self._transitions:
            raise ProtocolError(f'unexpected message "{event}" while {self.state.value}')
        after = self._transitions[event]
        if after is None:
            return False
        if after is not self.state:
            self._move(after)
        return True


# --- framing ----------------------------------------------------------------------------------------------------------


class Message(NamedTuple):
    """One message as it came, or several: unbroken runs of DataRows or of CopyData pass through many at a time.

    kind: its type, or the types of all of them, a run counting as one.
    """

    kind: str
    raw: bytes


def is_run(data: bytes, kinds: bytes, last: bytes) -> bool:
    """Whether this is whole messages of some types, then one of the type `last`, and nothing else."""
    position, headed = 0, len(data) - 4
    while position < headed:
        kind, (length,) = data[position], _LENGTH(data, position + 1)
        position += 1 + length
        if kind not in kinds or length < 4:
            return kind == last[0] and position == headed + 4
    return False


class Framer:
    """Cuts a byte stream, in pieces of any size, into messages: receive() bytes, then next() until it gives None.

    limits: the longest length allowed by type byte; a type not in it is a ProtocolError. None allows all.
    """

    def __init__(self, limits: Mapping[int, int] | None = None) -> None:
        self.limits = limits
        self._buffer = b""
        self._position = 0
        self._parts: list[bytes] = []
        self._missing = 0  # bytes at least before there is another message

    def receive(self, data: bytes) -> None:
        self._parts.append(data)
        self._missing -= len(data)

    @property
    def is_empty(self) -> bool:
        """Whether all that came was taken."""
        return self._position == len(self._buffer) and not self._parts

    def next(self, passing: bytes = b"") -> Message | None:
        """The next message; if it is one of the types in `passing`, all that have come after it and are too."""
        if not self._join():
            return None
        buffer, start, end = self._buffer, self._position, len(self._buffer)
        if not (size := self._complete(start)):
            return None
        kind, after, headed = buffer[start], start + size, end - 4
        kinds, passes = chr(kind), kind in passing
        while after < headed:
            if kind in _IN_RUNS:
                # In a large result these few lines, once a row, take most of the sandbox's time.
                while after < headed and buffer[after] == kind:
                    (length,) = _LENGTH(buffer, after + 1)
                    if length < 4 or after + length >= end:
                        break
                    after += 1 + length
                if after >= headed:
                    break
            following, (length,) = buffer[after], _LENGTH(buffer, after + 1)
            if not (passes and following in passing) or length < 4 or after + length >= end:
                break
            after += 1 + length
            kind = following
            kinds += chr(kind)
        self._position = after
        return Message(kinds, buffer[start:after])

    def take(self, size: int) -> bytes | None:
        """So many bytes, whatever they are; None while there are less."""
        if not self._join() or len(self._buffer) - self._position < size:
            return None
        self._position += size
        return self._buffer[self._position - size : self._position]

    def _join(self) -> bool:
        """Make one buffer of all that came; False while that is surely no whole message."""
        if self._missing > 0:  # joining the parts now would copy a large message anew with every part
            return False
        if self._parts:
            self._buffer = b"".join((self._buffer[self._position :], *self._parts))
            self._position = 0
            self._parts.clear()
        return True

    def _complete(self, start: int) -> int:
        """The size of the message at `start` with its header, 0 while there is only a part of it."""
        available = len(self._buffer) - start
        if available < _HEADER.size:
            self._missing = _HEADER.size - available
            return 0
        kind, length = _HEADER.unpack_from(self._buffer, start)
        if self.limits is not None:
            if kind not in self.limits:
                raise ProtocolError(f"invalid frontend message type {kind}")
            if not 4 <= length <= self.limits[kind]:
                raise ProtocolError(f"invalid message length {length} of message type {chr(kind)}")
        if available < 1 + length:
            self._missing = 1 + length - available
            return 0
        return 1 + int(length)
