"""The threads' side of one COPY: objects in, batches of CSV and error rows out, a few pieces in memory at most."""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import pathlib
import shutil
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, TypeVar

import zstandard

from sandbox.redshift.copy import jsonpaths
from sandbox.redshift.copy.command import CopyCommand, S3Path
from sandbox.redshift.copy.exact import LoadError, PostgresDates, convert_rows
from sandbox.redshift.copy.json_rows import json_rows
from sandbox.redshift.copy.parquet import parquet_rows
from sandbox.redshift.copy.pieces import Piece, groups, is_plain, joined, pieces
from sandbox.redshift.copy.rows import FieldError, Row
from sandbox.redshift.copy.source import S3Object, Source, in_utf8
from sandbox.redshift.copy.system_tables import FileDone
from sandbox.redshift.copy.table import Table
from sandbox.redshift.copy.text import text_rows
from sandbox.redshift.copy.vectorised import Vectorised, open_duckdb
from sandbox.redshift.errors import RedshiftError

ERRORS_AT_ONCE = 1000  # error rows held before they are logged
CSV_AT_ONCE = 8 * 1024 * 1024  # bytes of CSV the exact path collects
SMALL_GROUP = 64 * 1024  # bytes of JSON that the exact path converts before DuckDB has started and planned
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Batch:
    """Rows ready to send and errors ready to log."""

    csv: bytes
    rows: int
    errors: list[LoadError]


def unreadable(compression: str | None, error: Exception) -> RedshiftError:
    """The error for a file that is not what its compression keyword says, in Redshift's words."""
    if compression is None:
        return RedshiftError("XX000", f"Failed to read the data: {error}")
    reason = "unexpected end of file" if isinstance(error, EOFError) else "invalid or incomplete data"
    return RedshiftError("XX000", f"failed to inflate with {compression.lower()}: {reason}.")


class Load:
    """One COPY's objects, threads and counts. `prepare` first, then `next_batch` until it gives None.

    failed: MAXERROR was reached, or the rest of a file given up; problem: S3 or a compressed file could not be read.
    Either ends the batches.
    """

    def __init__(
        self, command: CopyCommand, table: Table, source: Source, dates: PostgresDates, folder: pathlib.Path
    ) -> None:
        self.command = command
        self.table = table
        self.source = source
        self.dates = dates
        self.folder = folder
        self.thread = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="copy-load")
        self.stopped = threading.Event()
        self.vectorised: Vectorised | None = None
        self.ignore_case = False
        self.paths: list[jsonpaths.Path] = []
        self.batches: Iterator[Batch] = iter(())
        self.files: list[FileDone] = []
        self.line = 0
        self.errors = 0
        self.failed = False
        self.problem: RedshiftError | None = None

    async def run(self, method: Callable[[], T]) -> T:
        """Call one of the blocking methods in this load's thread."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, method)

    async def close(self) -> None:
        """End the threads, whatever they are doing, and wait for that."""
        self.stopped.set()
        if self.vectorised is not None:
            self.vectorised.interrupt()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self.thread.shutdown(cancel_futures=True)
        self.source.close()
        self.dates.close()
        if self.vectorised is not None:
            self.vectorised.close()

    def prepare(self) -> None:
        """Find the objects and the mapping; RedshiftError when there are none or they do not fit the table."""
        command = self.command
        sized = command.format == "PARQUET"
        objects = (
            self.source.manifest(command.source, sized) if command.manifest else self.source.listed(command.source)
        )
        if command.format == "JSON":
            self._prepare_json()
            self.batches = self._json_batches(objects)
            return
        widths, columns = command.text.widths, self.table.columns
        if widths and len(widths) != len(columns):
            raise RedshiftError("XX000", f"FIXEDWIDTH has {len(widths)} fields, the columns to load are {len(columns)}")
        self.batches = self._batches(objects)

    def _prepare_json(self) -> None:
        command, columns = self.command, self.table.columns
        paths = self._jsonpaths(command.json) if isinstance(command.json, S3Path) else None
        if paths is None:
            self.ignore_case = command.json == "auto ignorecase"
            self.paths = [(column.name,) for column in columns]
        else:
            jsonpaths.check_count(paths, len(columns))
            self.paths = paths

    def next_batch(self) -> Batch | None:
        """The next rows and errors; None at the end, or when the load has failed or was stopped."""
        if self.failed or self.stopped.is_set():
            return None
        try:
            return next(self.batches, None)
        except RedshiftError as error:
            self.problem = error
        except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
            self.problem = unreadable(self.command.compression, error)
        return None

    def _jsonpaths(self, path: S3Path) -> list[jsonpaths.Path] | None:
        try:
            return jsonpaths.read_jsonpaths(self.source.get(path))
        except FileNotFoundError as error:
            raise RedshiftError(
                "XX000", f"Problem reading jsonpaths file {path} - the specified key does not exist"
            ) from error

    def _batches(self, objects: list[S3Object]) -> Iterator[Batch]:
        """The batches of a format that has rows from one end of a file to the other."""
        for file, stream in self.source.contents(objects, self.command.compression):
            errors, self.line = self.errors, 0
            yield from self._converted(file, self._rows(file, stream))
            self.files.append(FileDone(str(file.path), file.size, self.line, self.errors - errors))

    def _rows(self, file: S3Object, stream: BinaryIO) -> Iterator[Row]:
        command, columns = self.command, self.table.columns
        if command.format == "PARQUET":
            path = self.folder / "file.parquet"
            with path.open("wb") as copy:
                shutil.copyfileobj(stream, copy)
            with open_duckdb(self.folder) as database:
                for row in parquet_rows(database, path, file, columns, command.text.fillrecord):
                    self.line = row.line
                    yield row
            return
        try:
            stream = in_utf8(stream, command.encoding)
        except FieldError as problem:
            yield Row(1, b"", (), problem, fatal=True)
            return
        for row in text_rows(stream, command.text, columns, command.ignore_header):
            self.line = row.line
            yield row

    def _pieces(self, objects: list[S3Object]) -> Iterator[Piece]:
        for file, stream in self.source.contents(objects, self.command.compression):
            try:
                text = in_utf8(stream, self.command.encoding)
            except FieldError as problem:
                raise RedshiftError("XX000", f"{file.path}: {problem}") from problem
            yield from pieces(file, text, self.command.ignore_header)

    def _json_batches(self, objects: list[S3Object]) -> Iterator[Batch]:
        lines = errors_before = 0
        for group in groups(self._pieces(objects)):
            if self.stopped.is_set():
                return
            fast = self._vectorised(group)
            if fast is not None:
                yield Batch(fast[0], fast[1], [])
            for piece in group:
                if fast is None:
                    yield from self._converted(piece.file, json_rows(piece, self.paths, self.ignore_case))
                lines += piece.data.count(b"\n") + (piece.last and not piece.data.endswith(b"\n") and bool(piece.data))
                if piece.last:
                    errors, errors_before = self.errors - errors_before, self.errors
                    self.files.append(FileDone(str(piece.file.path), piece.file.size, lines, errors))
                    lines = 0

    def _vectorised(self, group: list[Piece]) -> tuple[bytes, int] | None:
        """(CSV, rows) by DuckDB, or None when the exact path has to read the group."""
        if not is_plain(group[0]):
            return None
        if self.vectorised is None:
            if sum(len(piece.data) for piece in group) < SMALL_GROUP:
                return None
            conversion = self.command.conversion
            self.vectorised = Vectorised(self.table.columns, self.paths, self.ignore_case, conversion, self.folder)
        return self.vectorised.convert(joined(group))

    def _converted(self, file: S3Object, rows: Iterable[Row]) -> Iterator[Batch]:
        csv, size, errors = [], 0, []
        options, limit = self.command.conversion, self.command.max_errors
        for line in convert_rows(str(file.path), rows, self.table.columns, options, self.dates.cast):
            if self.stopped.is_set():
                return
            if isinstance(line, bytes):
                csv.append(line)
                size += len(line)
            else:
                errors.append(line)
                self.errors += 1
                # what follows a fatal error is not read: no MAXERROR can have it counted
                self.failed = line.fatal or (limit is not None and self.errors >= limit)
            if self.failed:
                break
            if size >= CSV_AT_ONCE or len(errors) >= ERRORS_AT_ONCE:
                yield Batch(b"".join(csv), len(csv), errors)
                csv, size, errors = [], 0, []
        yield Batch(b"".join(csv), len(csv), errors)
