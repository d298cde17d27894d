"""An UNLOAD, start to end: the query in the client's transaction, its rows into objects, a manifest, a count."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import zstandard

from sandbox.redshift.copy import CopySettings
from sandbox.redshift.copy.authorization import check_keys
from sandbox.redshift.copy.command import S3Path
from sandbox.redshift.copy.source import Source
from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.unload import formats
from sandbox.redshift.unload.command import UnloadCommand, parse_unload
from sandbox.redshift.unload.formats import Field, Row

SLICES = 2  # of the smallest cluster; with PARALLEL each writes files of its own
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "GZIP": gzip.compress,
    "BZIP2": bz2.compress,
    "ZSTD": zstandard.ZstdCompressor().compress,
}
# Values are written as they round-trip, whatever the session shows.
EXACT = {"extra_float_digits": "3", "datestyle": "ISO, MDY"}


class UnloadHost(Protocol):
    """The client's session, as UNLOAD needs it."""

    async def fetch(self, sql: str) -> list[tuple[str | None, ...]]: ...

    async def describe(self, sql: str) -> list[tuple[str, int, int]]: ...

    def notice(self, severity: str, message: str) -> None: ...


async def unload_to_s3(text: str, query: str, host: UnloadHost, settings: CopySettings) -> int:
    """Carry out one UNLOAD of `query`, which is PostgreSQL's already; the number of rows. Raises RedshiftError."""
    command = parse_unload(text)
    check_keys(command.authorization, settings.access_key_id, settings.secret_access_key)
    fields = [Field(*column) for column in await host.describe(query)]
    formats.refuse_unknown_types(fields)
    rows = await _rows(host, query)
    target = Source(settings.s3_endpoint, settings.access_key_id, settings.secret_access_key, settings.region)
    try:
        await asyncio.to_thread(_write, command, fields, rows, target)
    finally:
        target.close()
    host.notice("INFO", f"UNLOAD completed, {len(rows)} record(s) unloaded successfully.")
    return len(rows)


async def _rows(host: UnloadHost, query: str) -> list[Row]:
    shown = await host.fetch("SELECT " + ", ".join(f"current_setting('{name}')" for name in EXACT))
    before = dict(zip(EXACT, shown[0], strict=True))
    await host.fetch(_setting(EXACT))
    rows = await host.fetch(query)
    await host.fetch(_setting(before))
    return list(rows)


def _setting(values: dict[str, Any]) -> str:
    """Set for the rest of the transaction at most: an error on the way rolls it back."""
    return "SELECT " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in values.items())


def _write(command: UnloadCommand, fields: list[Field], rows: list[Row], target: Source) -> None:
    written = command.target
    # All of it before anything is deleted or written: what cannot be unloaded is to cost nothing.
    files = [
        (S3Path(written.bucket, written.key + folder + name), content, count)
        for folder, kept, part in _partitions(command, fields, rows)
        for name, content, count in _files(command, kept, part)
    ]
    there = target.keys(written)
    if command.clean_path:
        target.delete(written.bucket, there)
    elif there and not command.allow_overwrite:
        raise RedshiftError(
            "XX000",
            "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually"
            " removing the target files in S3, or using the ALLOWOVERWRITE option.",
        )
    entries = []
    for path, content, count in files:
        target.put(path, content)
        entries.append({"url": str(path), "meta": {"content_length": len(content), "record_count": count}})
    if command.manifest:
        manifest = _manifest(command, fields, entries, len(rows))
        target.put(S3Path(written.bucket, f"{written.key}manifest"), json.dumps(manifest, indent=2).encode())


def _partitions(
    command: UnloadCommand, fields: list[Field], rows: list[Row]
) -> Iterator[tuple[str, list[Field], list[Row]]]:
    """(folder below the prefix, columns kept, rows) of every combination of the partition's values."""
    if not command.partition:
        yield "", fields, rows
        return
    names = [field.name for field in fields]
    for column in command.partition:
        if column not in names:
            raise RedshiftError("42703", f'column "{column}" of PARTITION BY is not in the query')
    chosen = [names.index(column) for column in command.partition]
    kept = [at for at in range(len(names)) if command.include or at not in chosen]
    if len(chosen) == len(names):
        raise RedshiftError("XX000", "PARTITION BY leaves no column for the files")
    start = "" if command.target.key.endswith("/") or not command.target.key else "/"

    def values(row: Row) -> tuple[str, ...]:
        return tuple(_folder_name(row[at]) for at in chosen)

    for combination, group in itertools.groupby(sorted(rows, key=values), key=values):
        folder = "".join(f"{column}={value}/" for column, value in zip(command.partition, combination, strict=True))
        yield start + folder, [fields[at] for at in kept], [[row[at] for at in kept] for row in group]


def _folder_name(value: str | None) -> str:
    if value is None:
        return NO_VALUE
    if not re.fullmatch(r"[\w .,:+@-]+", value):
        raise unsupported(f"PARTITION BY a value that is no plain name of a folder ({value!r})")
    return value


def _files(command: UnloadCommand, fields: Sequence[Field], rows: list[Row]) -> Iterator[tuple[str, bytes, int]]:
    """(name, content, rows) of each file; a slice without rows has none."""
    half = -(-len(rows) // SLICES)
    slices = [rows[at * half : (at + 1) * half] for at in range(SLICES)] if command.parallel else [rows]
    for number, part in enumerate(slices):
        for file, (content, count) in enumerate(_contents(command, fields, part)):
            name = f"{number:04}_part_{file:02}" if command.parallel else f"{file:03}"
            yield name + command.extension, content, count


def _contents(command: UnloadCommand, fields: Sequence[Field], rows: list[Row]) -> Iterator[tuple[bytes, int]]:
    if command.format == "PARQUET":
        if rows:
            yield formats.parquet(fields, rows), len(rows)
        return
    encode = formats.line_encoder(command, fields)
    header = encode([field.name for field in fields]) if command.header else ""
    lines = (encode(row).encode(errors="surrogateescape") for row in rows)
    for group in _up_to(lines, command.max_bytes):
        content = header.encode() + b"".join(group)
        yield COMPRESS[command.compression](content) if command.compression else content, len(group)


def _up_to(lines: Iterable[bytes], most: int) -> Iterator[list[bytes]]:
    """Lines in groups of at most so many bytes."""
    group: list[bytes] = []
    size = 0
    for line in lines:
        if group and size + len(line) > most:
            yield group
            group, size = [], 0
        group.append(line)
        size += len(line)
    if group:
        yield group


def _manifest(command: UnloadCommand, fields: list[Field], entries: list[dict[str, Any]], rows: int) -> dict[str, Any]:
    if not command.verbose:
        plain = [{"url": each["url"], "meta": {"content_length": each["meta"]["content_length"]}} for each in entries]
        return {"entries": plain}
    lengths = [each["meta"]["content_length"] for each in entries]
    return {
        "entries": entries,
        "schema": {"elements": [{"name": field.name, "type": {"base": formats.base_type(field)}} for field in fields]},
        "meta": {"content_length": sum(lengths), "record_count": rows},
        "author": {"name": "Amazon Redshift", "version": "1.0.0"},
    }
