"""An exact scanner of a stream of JSON values in bytes: records with line numbers, values as spans of the source text.

It works on bytes so that bad UTF-8 inside a string is a matter of that value alone, and keeps spans so that a number or
a nested value reaches a VARCHAR column exactly as it was written.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator

from sandbox.redshift.copy.rows import MAX_ROW

STRING = rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
NUMBER = rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
SCALAR = b"(?:" + STRING + b"|" + NUMBER + b"|true|false|null)"
WHITE = rb"[ \t\r\n]*"
BLANK = re.compile(WHITE)
TOKEN = re.compile(WHITE + b"(?:(" + SCALAR + rb")|([{}\[\],:]))")
# one member whose value is a scalar, with what follows it: most of most files in one match each
MEMBER = re.compile(
    WHITE + b"(" + STRING + b")" + WHITE + b":" + WHITE + b"(?:(" + SCALAR + b")" + WHITE + rb"([,}])|(?=[{\[]))"
)
BRACKETS = re.compile(STRING + rb'|[{}\[\]"]')
NEXT_RECORD = re.compile(rb"\n[ \t\r\n]*(?=[{\[])")

# inside a nested value: what is expected, what comes -> what is expected then
VALUE, VALUE_OR_END, NAME, NAME_OR_END = "a value", "a value or ']'", "a name in quotes", "a name in quotes or '}'"
COLON, MORE_OR_END = "':'", "',' or the end"
AFTER = {
    **{(state, "scalar"): MORE_OR_END for state in (VALUE, VALUE_OR_END)},
    **{(state, "{"): NAME_OR_END for state in (VALUE, VALUE_OR_END)},
    **{(state, "["): VALUE_OR_END for state in (VALUE, VALUE_OR_END)},
    **{(state, "name"): COLON for state in (NAME, NAME_OR_END)},
    (COLON, ":"): VALUE,
    (MORE_OR_END, ","): VALUE,  # or NAME, inside an object
    (MORE_OR_END, "}"): MORE_OR_END,
    (MORE_OR_END, "]"): MORE_OR_END,
    (NAME_OR_END, "}"): MORE_OR_END,
    (VALUE_OR_END, "]"): MORE_OR_END,
}


class JsonError(Exception):
    """The text is no JSON at `position`."""

    def __init__(self, data: bytes, position: int, expected: str) -> None:
        found = BLANK.match(data, position)
        self.position = found.end() if found else position
        came = data[self.position : self.position + 1].decode("utf-8", "replace")
        super().__init__(f"Invalid JSON: {f'{came!r}' if came else 'end of file'} where {expected} was expected")


@dataclasses.dataclass(frozen=True, slots=True)
class Value:
    """A span of the source; `kind` is its first byte: { [ " t f n, and 0 for numbers."""

    kind: str
    start: int
    end: int


Members = dict[str, Value]


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """One root-level value: its members or elements, or what is wrong with it. `line` is its last line, from 1."""

    start: int
    end: int
    line: int
    root: Members | list[Value] | None
    problem: str | None = None


def records(data: bytes, first_line: int = 1) -> Iterator[Record]:
    """All root-level values of a text that begins on line `first_line`."""
    position, line, counted = 0, first_line, 0
    while (position := _skip_blank(data, position)) < len(data):
        root: Members | list[Value] | None = None
        problem = None
        try:
            root, end = scan_container(data, position)
            if end - position > MAX_ROW:
                root, problem = None, f"JSON value of {end - position} bytes exceeds the limit of {MAX_ROW} bytes"
        except JsonError as bad:
            end, problem = _recover(data, position, bad.position), str(bad)
        line += data.count(b"\n", counted, end)
        counted = end
        yield Record(position, end, line, root, problem)
        position = end


def scan_container(data: bytes, start: int) -> tuple[Members | list[Value], int]:
    """Members (of several with one name the first) or elements of the value at `start`, and where it ends."""
    first = data[start : start + 1]
    if first == b"{":
        return _members(data, start + 1)
    if first == b"[":
        return _elements(data, start + 1)
    raise JsonError(data, start, "an object or array")


def text_of(data: bytes, value: Value) -> str:
    """The decoded string, or any other value as written; bytes that are no UTF-8 as surrogates DC80-DCFF."""
    raw = data[value.start : value.end].decode("utf-8", "surrogateescape")
    return _unquote(raw) if value.kind == '"' else raw


def last_boundary(data: bytes) -> int:
    """Where the last complete root-level value ends, by brackets alone; 0 when there is none."""
    depth = boundary = 0
    for token in BRACKETS.finditer(data):
        if token[0] in (b"{", b"["):
            depth += 1
        elif token[0] in (b"}", b"]"):
            depth -= 1
            if depth <= 0:
                depth, boundary = 0, token.end()
    return boundary


def _skip_blank(data: bytes, position: int) -> int:
    found = BLANK.match(data, position)
    return found.end() if found else position


def _unquote(raw: str) -> str:
    if "\\" not in raw:
        return raw[1:-1]
    return str(json.loads(raw))


def _members(data: bytes, position: int) -> tuple[Members, int]:
    members: Members = {}
    end = _skip_blank(data, position)
    if data[end : end + 1] == b"}":
        return members, end + 1
    while True:
        found = MEMBER.match(data, position)
        if not found:
            raise _bad_member(data, position)
        name = _unquote(found[1].decode("utf-8", "surrogateescape"))
        if found[2] is not None:
            value, position, following = _scalar(found[2][:1], found.start(2), found.end(2)), found.end(), found[3]
        else:
            value = Value(chr(data[found.end()]), found.end(), _skip_container(data, found.end()))
            position = _skip_blank(data, value.end) + 1
            following = data[position - 1 : position]
        members.setdefault(name, value)
        if following == b"}":
            return members, position
        if following != b",":
            raise JsonError(data, position - 1, "',' or '}'")


def _elements(data: bytes, position: int) -> tuple[list[Value], int]:
    elements: list[Value] = []
    end = _skip_blank(data, position)
    if data[end : end + 1] == b"]":
        return elements, end + 1
    while True:
        token = TOKEN.match(data, position)
        if token and token[1] is not None:
            value = _scalar(token[1][:1], token.start(1), token.end(1))
        elif token and token[2] in (b"{", b"["):
            value = Value(token[2].decode(), token.start(2), _skip_container(data, token.start(2)))
        else:
            raise JsonError(data, position, "a value")
        elements.append(value)
        position = _skip_blank(data, value.end) + 1
        following = data[position - 1 : position]
        if following == b"]":
            return elements, position
        if following != b",":
            raise JsonError(data, position - 1, "',' or ']'")


def _scalar(first: bytes, start: int, end: int) -> Value:
    return Value(first.decode() if first in (b'"', b"t", b"f", b"n") else "0", start, end)


def _bad_member(data: bytes, position: int) -> JsonError:
    """Which part of a member is not there."""
    for pattern, expected in ((STRING, "a name in quotes"), (b":", "':'"), (SCALAR, "a value")):
        found = re.compile(WHITE + pattern).match(data, position)
        if not found:
            return JsonError(data, position, expected)
        position = found.end()
    return JsonError(data, position, "',' or '}'")


def _skip_container(data: bytes, position: int) -> int:
    """Where the valid nested value at `position` ends. A stack instead of recursion: depth is the data's affair."""
    closers: list[str] = []
    expected = VALUE
    while True:
        token = TOKEN.match(data, position)
        kind = "" if not token else "scalar" if token[1] else token[2].decode()
        if kind == "scalar" and token and token[1].startswith(b'"') and expected in (NAME, NAME_OR_END):
            kind = "name"
        following = AFTER.get((expected, kind))
        if token is None or following is None or (kind in ("}", "]") and closers[-1] != kind):
            raise JsonError(data, position, expected)
        position = token.end()
        if kind in ("{", "["):
            closers.append("}" if kind == "{" else "]")
        elif kind in ("}", "]"):
            closers.pop()
            if not closers:
                return position
        expected = NAME if kind == "," and closers[-1] == "}" else following


def _recover(data: bytes, start: int, problem: int) -> int:
    """Where to go on after a bad record: behind its brackets if they balance, else at the next line that opens one."""
    if data[start : start + 1] in (b"{", b"["):
        depth = 0
        for token in BRACKETS.finditer(data, start):
            if token[0] == b'"':  # an unfinished string: brackets behind it mean nothing
                break
            depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(token[0], 0)
            if depth == 0:
                return token.end()
    else:
        opener = re.compile(rb"[{\[]").search(data, start)
        newline = data.find(b"\n", start)
        if opener and (newline < 0 or opener.start() < newline):
            return opener.start()
    # the problem may be the next record's brace itself, when this one broke off at the end of its line
    following = NEXT_RECORD.search(data, start + len(data[start:problem].rstrip(b" \t\r\n")))
    return following.start() if following else len(data.rstrip(b" \t\r\n"))
