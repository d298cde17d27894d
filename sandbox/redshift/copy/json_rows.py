"""The rows of JSON: each root-level value of a piece of a file, its parts mapped to the columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandbox.redshift.copy.jsonpaths import Path, PathError, find
from sandbox.redshift.copy.pieces import Piece
from sandbox.redshift.copy.records import Value, records, text_of
from sandbox.redshift.copy.rows import INVALID_LINE, MAX_ROW, FieldError, Row

RAW = 1024  # bytes of a record kept for the tables of errors


def json_rows(piece: Piece, paths: Sequence[Path], ignore_case: bool) -> Iterator[Row]:
    """The rows of a piece, bad records among them."""
    data = piece.data
    if piece.oversized:
        problem = FieldError(INVALID_LINE, f"JSON value exceeds the limit of {MAX_ROW} bytes")
        yield Row(piece.first_line + data.count(b"\n"), data[:RAW], (), problem, fatal=True)
        return
    only_objects = all(len(path) == 1 and isinstance(path[0], str) for path in paths)
    for record in records(data, piece.first_line):
        raw = data[record.start : min(record.end, record.start + RAW)]
        root = record.root
        if root is None or (only_objects and not isinstance(root, dict)):
            reason = record.problem or "Invalid JSON: an array cannot be mapped to columns by name"
            yield Row(record.line, raw, (), FieldError(INVALID_LINE, reason))
            continue
        if ignore_case and isinstance(root, dict):
            root = _lower(root)
        fields: list[str | None] = []
        try:
            for path in paths:
                value = find(data, root, path)
                fields.append(None if value is None or value.kind == "n" else text_of(data, value))
        except PathError as problem:
            yield Row(record.line, raw, fields, FieldError(INVALID_LINE, str(problem)), at=len(fields))
            continue
        yield Row(record.line, raw, fields)


def _lower(root: dict[str, Value]) -> dict[str, Value]:
    lowered: dict[str, Value] = {}
    for name, value in root.items():
        lowered.setdefault(name.lower(), value)
    return lowered
