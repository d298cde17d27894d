"""The wire protocol's messages: building those made here, reading what must be known of those that pass; no I/O."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator, Mapping, Sequence

from sandbox.redshift.protocol import ProtocolError

# PostgreSQL's MAX_STARTUP_PACKET_LENGTH (pqcomm.h).
START_UP_LIMIT = 10_000

# The start-up parameters that are PostgreSQL's. Redshift's clients send many more (driver_version,
# client_protocol_version, _pq_.compression ...), each of which would make PostgreSQL refuse the connection.
START_UP_PARAMETERS = ("user", "database", "application_name", "client_encoding", "options")

PROTOCOL_3 = 3 << 16
_CANCEL, _SSL, _GSSENC = (1234 << 16 | 5678), (1234 << 16 | 5679), (1234 << 16 | 5680)

_INT16 = struct.Struct(">h")
_INT32 = struct.Struct(">i")


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
        raise ProtocolError("invalid length of startup packet")
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
        version = f"{code >> 16}.{code & 0xFFFF}"
        raise ProtocolError(f"unsupported frontend protocol {version}: server supports 3.0", "0A000")
    words = packet[4:].decode(errors="surrogateescape").split("\0")
    # name, value, name, value, ..., an empty name, and what follows the last NUL
    if len(words) % 2 or words[-2:] != ["", ""]:
        raise ProtocolError("invalid startup packet layout: expected terminator as last byte")
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
        raise ProtocolError("invalid string in message")
    return [text.decode(errors="surrogateescape") for text in found], rest


def response_fields(raw: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse or NoticeResponse by their one-letter codes."""
    return {chr(field[0]): field[1:].decode(errors="surrogateescape") for field in raw[5:].split(b"\0") if field}


def columns(raw: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, number of the type and its modifier of each column of a RowDescription."""
    (count,) = _INT16.unpack_from(raw, 5)
    rest = raw[7:]
    for _ in range(count):
        name, rest = rest.split(b"\0", 1)
        kind, _size, modifier = struct.unpack_from(">ihi", rest, 6)
        yield name.decode(errors="surrogateescape"), kind, modifier
        rest = rest[18:]


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
