"""The rows of delimited text, CSV and text of fixed width: lines become records, records fields."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol

from sandbox.redshift.copy.command import TextFormat
from sandbox.redshift.copy.pieces import skip_lines
from sandbox.redshift.copy.rows import INVALID_LINE, MAX_ROW, FieldError, Row
from sandbox.redshift.copy.table import Column
from sandbox.redshift.errors import unsupported

NEVER = "(?!)"
BARE_RETURN = re.compile(r"(?<!\\)\r")


def text_rows(stream: BinaryIO, text: TextFormat, columns: Sequence[Column], ignore_header: int) -> Iterator[Row]:
    """The rows of a file in UTF-8, bad records among them; RedshiftError where Redshift's answer is not known."""
    splitter = _FixedWidth(text, columns) if text.widths else _Delimited(text)
    for line, record in _records(stream, text, ignore_header, splitter):
        if len(record) > MAX_ROW:
            problem = FieldError(INVALID_LINE, f"Row exceeds the limit of {MAX_ROW} bytes")
            yield Row(line, record[:MAX_ROW], (), problem, fatal=True)
            return
        if not record and text.ignore_blank_lines:
            continue
        fields: list[str | None] = []
        try:
            splitter.split(record, fields)
        except FieldError as problem:
            yield Row(line, record, fields, problem, at=len(fields) if len(fields) < len(columns) else None)
            continue
        yield _fitted(line, record, fields, text, columns)


def _fitted(line: int, record: bytes, fields: list[str | None], text: TextFormat, columns: Sequence[Column]) -> Row:
    """The row with as many fields as there are columns, or what is wrong with their number."""
    if len(fields) == len(columns) + 1 and not fields[-1]:
        fields.pop()  # a delimiter may end the line too
    if len(fields) > len(columns):
        return Row(line, record, fields[: len(columns)], FieldError(1202, "Extra column(s) found"))
    if len(fields) < len(columns):
        if not text.fillrecord:
            return Row(line, record, fields, FieldError(1214, "Delimiter not found"), at=max(len(fields) - 1, 0))
        fields += ["" if column.type in ("varchar", "text") else None for column in columns[len(fields) :]]
    return Row(line, record, fields)


def _records(
    stream: BinaryIO, text: TextFormat, ignore_header: int, splitter: _Splitter
) -> Iterator[tuple[int, bytes]]:
    """(last line, bytes without the line's end) of each record; one longer than a row may be is the last, and cut."""
    line = skip_lines(stream, ignore_header) - 1
    parts: list[bytes] = []
    size = quotes = 0
    while part := stream.readline(MAX_ROW + 1):
        line += 1
        if line == 1 and part.startswith(codecs.BOM_UTF8):
            raise unsupported("COPY of UTF-8 that begins with a byte order mark, but in a header that is ignored")
        parts.append(part)
        size += len(part)
        quotes += part.count(text.quote.encode()) if text.csv else 0
        goes_on = quotes % 2 and (len(parts) > 1 or splitter.opens(_without_end(part, text)))
        if size <= MAX_ROW and (goes_on or (text.escape and _escapes(part[:-1]))):
            continue
        if size > MAX_ROW:
            yield line, b"".join(parts)
            return
        yield line, _without_end(b"".join(parts), text)
        parts, size, quotes = [], 0, 0
    if parts:  # an open quote or a backslash at the end of the file
        yield line, _without_end(b"".join(parts), text)


def _escapes(data: bytes) -> bool:
    """Whether the last byte is a backslash that is not itself escaped."""
    return (len(data) - len(data.rstrip(b"\\"))) % 2 == 1


def _without_end(record: bytes, text: TextFormat) -> bytes:
    for end in (b"\n", b"\r"):
        if record.endswith(end) and not (text.escape and _escapes(record[:-1])):
            record = record[:-1]
    return record


def _checked(value: str, text: TextFormat) -> str:
    """A value without NUL, which PostgreSQL cannot store and Redshift could."""
    if "\0" in value and text.null == "\0":
        raise FieldError(1218, "Invalid null byte - field longer than 1 byte")
    if "\0" in value:
        raise unsupported("COPY of text with NUL bytes in it")
    return value


class _Splitter(Protocol):
    def split(self, record: bytes, fields: list[str | None]) -> None:
        """Append the fields of a record; FieldError at the first that cannot be read."""

    def opens(self, line: bytes) -> bool:
        """Whether a line ends inside a quoted field; it does not when a quote is where none may be."""


class _Delimited:
    """Fields between delimiters, by one expression: a quoted field, else a plain one, then a delimiter or the end."""

    def __init__(self, text: TextFormat) -> None:
        self.text = text
        delimiter, quote = re.escape(text.delimiter), re.escape(text.quote)
        plain, quoted = rf"(?:(?!{delimiter}).)*+", NEVER
        self.problem = "Invalid quote formatting for CSV"
        if text.csv:
            blanks = rf"(?:(?!{delimiter})[ \t])*+"
            plain = rf"(?:(?!{delimiter})[^{quote}])*+"
            unfinished = rf"{blanks}{quote}(?P<body>(?:[^{quote}]|{quote}{quote})*+)"
            self.unfinished = re.compile(rf"{unfinished}\Z")
            quoted = rf"{unfinished}{quote}{blanks}"
        elif text.escape:
            plain = rf"(?:\\.|(?!{delimiter}).)*+"
        if text.removequotes:
            self.problem = "Quote without a matching one at the end of the field"
            inside = r"(?:\\.|[^\\])*?" if text.escape else ".*?"
            plain = rf"(?!['\"]){plain}"
            quoted = rf"(?P<quote>['\"])(?P<body>{inside})(?P=quote)(?={delimiter}|\Z)"
        body = quoted if "<body>" in quoted else f"(?P<body>{NEVER})"
        self.pattern = re.compile(rf"(?:{body}|(?P<plain>{plain}))(?P<end>{delimiter}|\Z)", re.DOTALL)

    def split(self, record: bytes, fields: list[str | None]) -> None:
        line, position = record.decode("utf-8", "surrogateescape"), 0
        while True:
            found = self.pattern.match(line, position)
            if not found:
                raise FieldError(1214, self.problem, position)
            quoted = found["body"] is not None
            fields.append(self._value(found["body"] if quoted else found["plain"], quoted))
            if not found["end"]:
                return
            position = found.end()

    def opens(self, line: bytes) -> bool:
        try:
            self.split(line, [])
        except FieldError as stop:
            return self.unfinished.match(line.decode("utf-8", "surrogateescape"), stop.position) is not None
        return False

    def _value(self, written: str, quoted: bool) -> str | None:
        text = self.text
        if not (text.csv and quoted) and BARE_RETURN.search(written):
            raise unsupported("COPY of text with carriage returns that no newline follows")
        if written == text.null:
            return None
        value = written
        if text.csv and quoted:
            value = written.replace(text.quote * 2, text.quote)
        elif text.escape:
            value = re.sub(r"\\(.)", r"\1", written, flags=re.DOTALL)
            # \N and \\N are both NULL
            if value == text.null:
                return None
        return _checked(value, text)


class _FixedWidth:
    """Fields of so many bytes each."""

    def __init__(self, text: TextFormat, columns: Sequence[Column]) -> None:
        self.text = text
        self.columns = columns

    def opens(self, line: bytes) -> bool:
        return False

    def split(self, record: bytes, fields: list[str | None]) -> None:
        start = 0
        for width, column in zip(self.text.widths, self.columns, strict=True):
            field = record[start : start + width]
            if not field:
                return
            if len(field) < width:
                raise unsupported("COPY with FIXEDWIDTH of a line that ends inside a field")
            start += width
            # blanks fill a field up: those that its column has no room for are none of the value
            if column.type in ("varchar", "text", "bpchar"):
                field = field[: column.size] + field[column.size :].rstrip(b" ")
            value = field.decode("utf-8", "surrogateescape")
            fields.append(None if self.text.null in (value, value.rstrip(" ")) else _checked(value, self.text))
        if len(record) > start:
            reason = f"Missing newline: Unexpected character {record[start]:#04x} found at location {start}"
            raise FieldError(INVALID_LINE, reason, start)
