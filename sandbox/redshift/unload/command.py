"""The text of an UNLOAD becomes an UnloadCommand: options in any order, what is not supported refused by name."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import cast

from sandbox.redshift.copy.authorization import Authorization
from sandbox.redshift.copy.clauses import Clauses, syntax_error
from sandbox.redshift.copy.command import S3Path, s3_path
from sandbox.redshift.errors import RedshiftError, unsupported

FORMATS = ("CSV", "JSON", "PARQUET", "FIXEDWIDTH")
COMPRESSIONS = {"GZIP": ".gz", "BZIP2": ".bz2", "ZSTD": ".zst"}
FLAGS = {"ADDQUOTES", "ALLOWOVERWRITE", "CLEANPATH", "CSV", "ESCAPE", "HEADER", "PARQUET", "JSON", *COMPRESSIONS}
NOT_YET = {"KMS_KEY_ID", "MASTER_SYMMETRIC_KEY"}
# What each of these cannot stand beside, by the guide's notes on UNLOAD.
EXCLUDED = {
    "CLEANPATH": {"ALLOWOVERWRITE"},
    "CSV": {"ADDQUOTES", "ESCAPE", "FIXEDWIDTH", "JSON", "PARQUET"},
    "FIXEDWIDTH": {"ADDQUOTES", "DELIMITER", "ESCAPE", "HEADER", "JSON", "PARQUET", "PARTITION"},
    "JSON": {"ADDQUOTES", "DELIMITER", "ESCAPE", "HEADER", "NULL", "PARQUET"},
    "PARQUET": {"ADDQUOTES", "DELIMITER", "ESCAPE", "HEADER", "NULL", *COMPRESSIONS},
}
MEGABYTE = 1024 * 1024
SMALLEST, LARGEST = 5 * MEGABYTE, int(6.2 * 1024 * MEGABYTE)  # bytes of a file


@dataclasses.dataclass(frozen=True)
class UnloadCommand:
    """An UNLOAD to S3. `target` is the prefix of all keys.

    `format` is TEXT or one of FORMATS; `null` stands for NULL in TEXT, CSV and FIXEDWIDTH; `widths` are (label, bytes)
    of FIXEDWIDTH; `partition` names the columns whose values become folders, which `include` keeps in the files too.
    A file has at most `max_bytes` before it is compressed. `verbose` is a manifest's.
    """

    target: S3Path
    authorization: Authorization
    format: str
    delimiter: str
    null: str
    widths: tuple[tuple[str, int], ...]
    partition: tuple[str, ...]
    include: bool
    compression: str | None
    extension: str
    max_bytes: int
    manifest: bool
    verbose: bool
    parallel: bool
    add_quotes: bool
    escape: bool
    header: bool
    allow_overwrite: bool
    clean_path: bool


def parse_unload(text: str) -> UnloadCommand:
    """The command of an UNLOAD; RedshiftError 42601 for syntax, 0A000 for what is not supported, XX000 otherwise."""
    return _Unload(text).unload()


def keywords() -> frozenset[str]:
    """The clauses UNLOAD takes, for the reference in docs/sandbox.md."""
    unload = _Unload("")
    return frozenset({**unload.authorization_readers(), **unload.unload_readers()}) | FLAGS


class _Unload(Clauses):
    """UNLOAD ('query') TO 's3://...' and its options."""

    def unload(self) -> UnloadCommand:
        self.expect("UNLOAD")
        self.must("(")
        self.string()  # the query, which was read before
        self.must(")")
        self.expect("TO")
        target = s3_path(self.string())
        while not self.ended():
            self.clause()
        return self.build_unload(target)

    def argument(self, keyword: str, value: str) -> object:
        if keyword in FLAGS:
            return True
        if keyword in NOT_YET:
            raise unsupported(f"UNLOAD with {keyword}")
        reader = {**self.authorization_readers(), **self.unload_readers()}.get(keyword)
        if reader is None:
            raise syntax_error(value)
        return reader()

    def unload_readers(self) -> dict[str, Callable[[], object]]:
        return {
            "DELIMITER": self.string,
            "ENCRYPTED": self.encrypted,
            "EXTENSION": self.string,
            "FIXEDWIDTH": self.string,
            "NULL": self.string,
            "MANIFEST": lambda: "VERBOSE" if self.word("VERBOSE") else "PLAIN",
            "MAXFILESIZE": self.size,
            "ROWGROUPSIZE": self.size,  # a matter of speed: no row depends on it
            "PARALLEL": self.switch,
            "PARTITION": self.partition,
        }

    def partition(self) -> tuple[tuple[str, ...], bool]:
        self.expect("BY")
        self.must("(")
        return self.column_list(), self.word("INCLUDE")

    def encrypted(self) -> bool:
        """By S3 itself, which no reader notices; awswrangler always wants it."""
        if self.word("AUTO"):
            raise unsupported("UNLOAD with ENCRYPTED AUTO")
        return True

    def size(self) -> int:
        """A number of megabytes or gigabytes, in bytes."""
        self.word("AS")
        kind, found = self.next()
        if kind != "number":
            raise syntax_error(found)
        unit = "GB" if self.word("GB") else "MB"
        if unit == "MB":
            self.word("MB")
        return int(float(found) * MEGABYTE * (1024 if unit == "GB" else 1))

    def build_unload(self, target: S3Path) -> UnloadCommand:
        given = self.given
        for keyword, others in EXCLUDED.items():
            for other in sorted(others & given.keys()) if keyword in given else ():
                raise RedshiftError("XX000", f"{other} is not supported with {keyword} in UNLOAD")
        compressions = sorted(COMPRESSIONS.keys() & given.keys())
        if len(compressions) > 1:
            raise RedshiftError("42601", f"{compressions[0]} and {compressions[1]} exclude each other")
        size = int(str(given.get("MAXFILESIZE", LARGEST)))
        if not SMALLEST <= size <= LARGEST:
            raise RedshiftError("22023", "invalid MAXFILESIZE, expected 5 MB to 6.2 GB")
        form = next((form for form in FORMATS if form in given), "TEXT")
        delimiter = self.text_of("DELIMITER")
        if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii()):
            raise RedshiftError("22023", f"invalid DELIMITER '{delimiter}', expected one ASCII character")
        compression = compressions[0] if compressions else None
        suffix = (".parquet" if form == "PARQUET" else "") + (COMPRESSIONS[compression] if compression else "")
        columns, include = cast(tuple[tuple[str, ...], bool], given.get("PARTITION", ((), False)))
        return UnloadCommand(
            target=target,
            authorization=self.authorization(),
            format=form,
            delimiter=delimiter or ("," if form == "CSV" else "|"),
            null=self.text_of("NULL") or "",
            widths=_widths(self.text_of("FIXEDWIDTH") or ""),
            partition=columns,
            include=include,
            compression=compression,
            extension=suffix if self.text_of("EXTENSION") is None else str(self.text_of("EXTENSION")),
            max_bytes=size,
            manifest="MANIFEST" in given,
            verbose=given.get("MANIFEST") == "VERBOSE",
            parallel=given.get("PARALLEL", True) is not False,
            add_quotes="ADDQUOTES" in given,
            escape="ESCAPE" in given,
            header="HEADER" in given,
            allow_overwrite="ALLOWOVERWRITE" in given,
            clean_path="CLEANPATH" in given,
        )


def _widths(text: str) -> tuple[tuple[str, int], ...]:
    pairs = [part.partition(":") for part in text.split(",")] if text else []
    if not all(re.fullmatch(r"\s*\d+\s*", width) for _, _, width in pairs):
        raise RedshiftError("22023", f"invalid FIXEDWIDTH '{text}', expected 'label:width,...'")
    return tuple((label.strip(), int(width)) for label, _, width in pairs)
