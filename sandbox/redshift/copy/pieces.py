"""Files become pieces of some megabytes cut between root-level values, and small pieces become groups.

A cut or a joint never makes good JSON of bad: a `}` or `]`, a newline and a `{` or `[` cannot follow each other inside
one valid value, since a comma would stand between them and a raw newline cannot stand inside a string.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from sandbox.redshift.copy.records import last_boundary
from sandbox.redshift.copy.rows import MAX_ROW
from sandbox.redshift.copy.source import S3Object

SIZE = 8 * 1024 * 1024  # bytes: two values of the largest size, so that a piece always holds a boundary
BLANK = b" \t\r\n"


@dataclasses.dataclass(frozen=True)
class Piece:
    """Part of a file that begins on line `first_line`, from 1. `last`: the file ends with it.

    `oversized`: one unfinished value longer than any may be; the rest of the file is given up, and the load fails.
    """

    file: S3Object
    data: bytes
    first_line: int
    last: bool
    oversized: bool = False


def pieces(file: S3Object, stream: BinaryIO, ignore_header: int) -> Iterator[Piece]:
    """A file's pieces, after its header lines."""
    line = skip_lines(stream, ignore_header)
    rest = b""
    while chunk := stream.read(SIZE):
        rest += chunk
        if len(rest) < SIZE:
            continue
        cut = _boundary(rest) or last_boundary(rest)
        if cut:
            yield Piece(file, rest[:cut], line, last=False)
            line += rest.count(b"\n", 0, cut)
            rest = rest[cut:]
        elif len(rest) > 2 * MAX_ROW:
            yield Piece(file, rest, line, last=True, oversized=True)
            return
    yield Piece(file, rest, line, last=True)


def skip_lines(stream: BinaryIO, count: int) -> int:
    """Read over a file's header; the number of the line that follows."""
    line = 1
    for _ in range(count):
        while not (part := stream.readline(SIZE)).endswith(b"\n") and part:
            pass  # a header line longer than a piece
        line += bool(part)
    return line


def groups(parts: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Pieces that are plain at both ends together, up to SIZE bytes; any other one alone."""
    group: list[Piece] = []
    size = 0
    for piece in parts:
        plain = is_plain(piece)
        if group and (not plain or size + len(piece.data) > SIZE):
            yield group
            group, size = [], 0
        if not plain:
            yield [piece]
            continue
        group.append(piece)
        size += len(piece.data)
    if group:
        yield group


def is_plain(piece: Piece) -> bool:
    """Whether it begins and ends with a bracket (or is empty), so that it may be joined to others."""
    data = piece.data.strip(BLANK)
    return not piece.oversized and (not data or (data[:1] in (b"{", b"[") and data[-1:] in (b"}", b"]")))


def joined(group: list[Piece]) -> bytes:
    """The text of a group of plain pieces, a newline between them."""
    return group[0].data if len(group) == 1 else b"\n".join(piece.data for piece in group)


def _boundary(data: bytes) -> int:
    """Behind the last newline between a closing and an opening bracket; 0 when there is none."""
    newline = data.rfind(b"\n")
    while newline > 0:
        # short slices: blanks between records are few, and a boundary missed here is found by last_boundary
        before, after = data[max(newline - 80, 0) : newline].rstrip(BLANK), data[newline : newline + 80].lstrip(BLANK)
        if before[-1:] in (b"}", b"]") and after[:1] in (b"{", b"["):
            return newline + 1
        newline = data.rfind(b"\n", 0, newline)
    return 0
