"""The PostgreSQL wire protocol, version 3, which Redshift speaks too: bytes in, messages out; no I/O.

Errors raised here: ProtocolViolation, always the end of the conversation, since what follows cannot be told apart.
"""

from __future__ import annotations

import dataclasses
import enum
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

# PostgreSQL's own limits: MAX_STARTUP_PACKET_LENGTH (pqcomm.h), PQ_LARGE_MESSAGE_LIMIT and PQ_SMALL_MESSAGE_LIMIT (libpq.h).
START_UP_LIMIT = 10_000
LARGE = 0x3FFFFFFF - 1
SMALL = 10_000

FRONTEND_LIMITS: Mapping[int, int] = {
    **dict.fromkeys(b"QFPBd", LARGE),
    **dict.fromkeys(b"CDEHSXcfp", SMALL),
}

# The start-up parameters that are PostgreSQL's. Redshift's clients send many more (driver_version,
# client_protocol_version, _pq_.compression ...), each of which would make PostgreSQL refuse the connection.
START_UP_PARAMETERS = ("user", "database", "application_name", "client_encoding", "options")

PROTOCOL_3 = 3 << 16
_CANCEL, _SSL, _GSSENC = (1234 << 16 | 5678), (1234 << 16 | 5679), (1234 << 16 | 5680)

_HEADER = struct.Struct(">BI")
_INT16 = struct.Struct(">h")
_INT32 = struct.Struct(">i")
_DATA_ROW, _COPY_DATA = b"Dd"


class ProtocolViolation(Exception):
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

# Nothing but Conversation.on() changes a state, and only by this table; what is not in it is a ProtocolViolation.
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
        self.state = State.START_UP

    def on(self, event: str) -> bool:
        """Take note of an event; False when the message is to be dropped."""
        transitions = TRANSITIONS[self.state]
        if event not in transitions:
            raise ProtocolViolation(f'unexpected message "{event}" while {self.state.value}')
        after = transitions[event]
        if after is None:
            return False
        self.state = after
        return True


# --- framing ----------------------------------------------------------------------------------------------------------


class Message(NamedTuple):
    """One message as it came, or an unbroken run of DataRows or of CopyData: those pass through many at a time."""

    kind: str
    raw: bytes


class Framer:
    """Cuts a byte stream, in pieces of any size, into messages: receive() bytes, then next() until it gives None.

    limits: the longest length allowed by type byte; a type not in it is a ProtocolViolation. None allows all.
    """

    def __init__(self, limits: Mapping[int, int] | None = None) -> None:
        self._limits = limits
        self._buffer = b""
        self._position = 0
        self._parts: list[bytes] = []
        self._missing = 0  # bytes at least before there is another message

    def receive(self, data: bytes) -> None:
        self._parts.append(data)
        self._missing -= len(data)

    def next(self) -> Message | None:
        if self._missing > 0:  # joining the parts now would copy a large message anew with every part
            return None
        if self._parts:
            self._buffer = b"".join((self._buffer[self._position :], *self._parts))
            self._position = 0
            self._parts.clear()
        start, kind = self._position, 0
        while size := self._complete(self._position):
            if self._position == start:
                kind = self._buffer[start]
            elif self._buffer[self._position] != kind:
                break
            self._position += size
            if kind != _DATA_ROW and kind != _COPY_DATA:
                break
        if self._position == start:
            return None
        self._missing = 0
        return Message(chr(kind), self._buffer[start : self._position])

    def _complete(self, start: int) -> int:
        """The size of the message at `start` with its header, 0 while there is only a part of it."""
        available = len(self._buffer) - start
        if available < _HEADER.size:
            self._missing = _HEADER.size - available
            return 0
        kind, length = _HEADER.unpack_from(self._buffer, start)
        if self._limits is not None:
            if kind not in self._limits:
                raise ProtocolViolation(f"invalid frontend message type {kind}")
            if not 4 <= length <= self._limits[kind]:
                raise ProtocolViolation(f"invalid message length {length} of message type {chr(kind)}")
        if available < 1 + length:
            self._missing = 1 + length - available
            return 0
        return 1 + int(length)


# --- start-up packets -------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class StartUp:
    """A start-up packet. event: its name in TRANSITIONS; parameters: of a StartupMessage; key: of a CancelRequest."""

    event: str
    version: int = PROTOCOL_3
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    key: bytes = b""


def start_up_length(prefix: bytes) -> int:
    """How many bytes follow the four that a start-up packet begins with."""
    length: int = _INT32.unpack(prefix)[0]
    if not 8 <= length <= START_UP_LIMIT:
        raise ProtocolViolation("invalid length of startup packet")
    return length - 4


def parse_start_up(packet: bytes) -> StartUp:
    """Read a start-up packet (without its length)."""
    code: int = _INT32.unpack_from(packet)[0]
    if code == _SSL:
        return StartUp("SSLRequest")
    if code == _GSSENC:
        return StartUp("GSSENCRequest")
    if code == _CANCEL:
        return StartUp("CancelRequest", key=packet[4:])
    if code >> 16 != 3:
        raise ProtocolViolation(f"unsupported frontend protocol {code >> 16}.{code & 0xFFFF}: server supports 3.0", "0A000")
    words = packet[4:].decode(errors="surrogateescape").split("\0")
    # name, value, name, value, ..., an empty name, and what follows the last NUL
    if len(words) % 2 or words[-2:] != ["", ""]:
        raise ProtocolViolation("invalid startup packet layout: expected terminator as last byte")
    return StartUp("StartupMessage", version=code, parameters=dict(zip(words[:-2:2], words[1:-2:2], strict=True)))


def start_up_message(start: StartUp) -> bytes:
    """The start-up packet for PostgreSQL: only parameters it knows, the database being the user's name if not given."""
    kept = {name: start.parameters[name] for name in START_UP_PARAMETERS if name in start.parameters}
    if not kept.get("database") and "user" in kept:
        kept["database"] = kept["user"]
    body = _INT32.pack(start.version) + b"".join(_text(word) for pair in kept.items() for word in pair) + b"\0"
    return _INT32.pack(len(body) + 4) + body


def cancel_request(key: bytes) -> bytes:
    return _INT32.pack(len(key) + 8) + _INT32.pack(_CANCEL) + key


# --- building messages ------------------------------------------------------------------------------------------------


def message(kind: str, body: bytes = b"") -> bytes:
    return kind.encode() + _INT32.pack(len(body) + 4) + body


def _text(text: str) -> bytes:
    # What the client sent in another encoding than UTF-8 passes through the rewriting as it came.
    return text.encode(errors="surrogateescape") + b"\0"


SYNC = message("S")
FLUSH = message("H")
TERMINATE = message("X")
COPY_DONE = message("c")


def parse(name: str, sql: str, types: bytes = b"\0\0") -> bytes:
    """types: the parameters' types as they stand in a Parse message, by default none."""
    return message("P", _text(name) + _text(sql) + types)


def bind(portal: str = "", statement: str = "", parameters: Sequence[str | None] = ()) -> bytes:
    """All parameters and results in text format."""
    values = b""
    for value in parameters:
        encoded = None if value is None else value.encode(errors="surrogateescape")
        values += _INT32.pack(-1) if encoded is None else _INT32.pack(len(encoded)) + encoded
    return message("B", _text(portal) + _text(statement) + b"\0\0" + _INT16.pack(len(parameters)) + values + b"\0\0")


def describe(kind: str, name: str = "") -> bytes:
    return message("D", kind.encode() + _text(name))


def execute(portal: str = "") -> bytes:
    return message("E", _text(portal) + b"\0\0\0\0")


def close(kind: str, name: str = "") -> bytes:
    return message("C", kind.encode() + _text(name))


def copy_data(data: bytes) -> bytes:
    return message("d", data)


def copy_fail(reason: str) -> bytes:
    return message("f", _text(reason))


def command_complete(tag: str) -> bytes:
    return message("C", _text(tag))


def parameter_status(name: str, value: str) -> bytes:
    return message("S", _text(name) + _text(value))


def response(kind: str, fields: Mapping[str, str]) -> bytes:
    """An ErrorResponse ("E") or NoticeResponse ("N")."""
    return message(kind, b"".join(code.encode() + _text(value) for code, value in fields.items()) + b"\0")


# --- reading messages -------------------------------------------------------------------------------------------------


def texts(raw: bytes, count: int, start: int = 5) -> tuple[list[str], bytes]:
    """`count` NUL-terminated texts of a message from `start` on, and the bytes after them."""
    *found, rest = raw[start:].split(b"\0", count)
    if len(found) < count:
        raise ProtocolViolation("invalid string in message")
    return [text.decode(errors="surrogateescape") for text in found], rest


def response_fields(raw: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse or NoticeResponse by their one-letter codes."""
    return {chr(field[0]): field[1:].decode(errors="surrogateescape") for field in raw[5:].split(b"\0") if field}


def data_rows(raw: bytes) -> Iterator[tuple[str | None, ...]]:
    """The values, in text format, of a run of DataRows."""
    position = 0
    while position < len(raw):
        (count,) = _INT16.unpack_from(raw, position + 5)
        position += 7
        row: list[str | None] = []
        for _ in range(count):
            (length,) = _INT32.unpack_from(raw, position)
            position += 4
            row.append(None if length < 0 else raw[position : position + length].decode(errors="surrogateescape"))
            position += max(length, 0)
        yield tuple(row)
