"""The fast path: DuckDB turns a group of JSON files into CSV, or refuses the group as soon as one value is not plain.

Every expression either gives exactly what values.py would give or calls error(): then the whole group goes the exact way.
What DuckDB's JSON reader accepts beyond JSON (2.0.0: trailing commas, NaN and Infinity, vertical tabs, a byte order mark, a
root-level scalar, -0 read as 0) is looked for in each record's text.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Sequence

import duckdb

from sandbox.redshift.copy.command import Conversion
from sandbox.redshift.copy.jsonpaths import Path
from sandbox.redshift.copy.records import MAX_VALUE
from sandbox.redshift.copy.table import Column

REFUSE = "error('hand over')"
# also \u0000, which ends a value in COPY
SUSPECT = r',\s*[}\]]|[:,\[]\s*-?(?i:nan|inf)|\\u0000|[:,\[]\s*-0\s*[,}\]]|[\x0b\x0c]'
# A number that is written otherwise than DuckDB would write it again: 16 digits or more (beyond what a double keeps),
# trailing zeros, an exponent.  A record without one has all its numbers in the shortest form, hence as written.
REWRITTEN = r"[0-9.]{16}|\.[0-9]*0[^0-9]|[0-9][eE][-+]?[0-9]"
INEXACT = r"[0-9.]{16}|[0-9][eE][-+]?[0-9]"
PLAIN_FLOAT = r"-?[0-9]{1,20}(?:\.[0-9]{1,30})?(?:[eE][-+]?[0-9]{1,2})?"
INTEGERS = {"int2": "SMALLINT", "int4": "INTEGER", "int8": "BIGINT"}
ISO = r"[0-9]{4}-(?:0[1-9]|1[0-2])-[0-3][0-9](?:[ T](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?)?"
BLANKS = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"
# about what one group, its parsed strings and its CSV take, several times over
MEMORY = "512MB"


class Vectorised:
    """One DuckDB for one COPY. Not safe for two threads at once, but `interrupt` may come from another."""

    def __init__(
        self, columns: Sequence[Column], paths: Sequence[Path], ignore_case: bool, options: Conversion, folder: pathlib.Path
    ) -> None:
        self.columns = columns
        self.paths = paths
        self.ignore_case = ignore_case
        self.options = options
        self.source = folder / "group.json"
        self.target = folder / "group.csv"
        self.possible = all(_expressible(step) for path in paths for step in path)
        settings = {"threads": "1", "memory_limit": MEMORY, "temp_directory": str(folder)}
        offline = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        self.duckdb = duckdb.connect(":memory:", config={**settings, **offline})

    def interrupt(self) -> None:
        """Ends a running conversion with an error."""
        self.duckdb.interrupt()

    def close(self) -> None:
        self.duckdb.close()

    def convert(self, data: bytes) -> tuple[bytes, int] | None:
        """(CSV, rows) of a text of JSON values, or None when the exact path has to look at it."""
        if not self.possible:
            return None
        self.source.write_bytes(data)
        try:
            names = self._spellings() if self.ignore_case else {}
            if names is None:
                return None
            query = self.query(names)
            self.duckdb.execute(f"COPY ({query}) TO {_literal(self.target)} (FORMAT csv, HEADER false)")
            rows = int(self.duckdb.fetchall()[0][0])
        except (duckdb.InvalidInputException, duckdb.OutOfMemoryException, duckdb.ConversionException):
            return None
        return self.target.read_bytes(), rows

    def query(self, names: dict[str, str]) -> str:
        """The SELECT of one group; `names`: column name -> its spelling in the data, for 'auto ignorecase'."""
        paths = [tuple(names.get(s, s) if isinstance(s, str) else s for s in path) for path in self.paths]
        opener = "'{'" if all(isinstance(path[0], str) and len(path) == 1 for path in paths) else "'{', '['"
        fields = ",\n".join(
            _field(f"f[{i}]", _json_path(path), column, self.options)
            for i, (column, path) in enumerate(zip(self.columns, paths, strict=True), start=1)
        )
        guard = f"CASE WHEN json[1] NOT IN ({opener}) OR regexp_matches(json, '{SUSPECT}') THEN {REFUSE} ELSE"
        extracted = ", ".join(f"'{_json_path(path)}'" for path in paths)
        return (
            f"SELECT {fields} FROM (SELECT json, {guard} json_extract_string(json, [{extracted}]) END AS f"
            f" FROM {self._records()})"
        )

    def _records(self) -> str:
        return f"read_json_objects({_literal(self.source)}, format='unstructured', maximum_object_size={MAX_VALUE})"

    def _spellings(self) -> dict[str, str] | None:
        """How the group spells each column's key; None when it spells one in several ways."""
        query = f"SELECT DISTINCT unnest(json_keys(json)) FROM {self._records()} WHERE json[1] = '{{'"
        spellings: dict[str, str] = {}
        for (key,) in self.duckdb.execute(query).fetchall():
            if not _expressible(key) or spellings.setdefault(key.lower(), key) != key:
                return None
        return spellings


def _literal(path: pathlib.Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _expressible(step: str | int) -> bool:
    """Whether DuckDB's path syntax can name this key without escapes or wildcards."""
    return isinstance(step, int) or (bool(step) and not re.search(r"[\"\\*'\x00-\x1f]", step))


def _json_path(path: Path) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in path)


def _field(field: str, path: str, column: Column, options: Conversion) -> str:
    """The expression of one column: CSV text, NULL, or error()."""
    if column.type in ("varchar", "text", "bpchar"):
        value = _characters(field, path, column, options)
    elif column.type == "jsonb":
        # the compact spelling of the whole record being its own text, so is that of each part of it
        value = (
            f"CASE WHEN json_type(json, '{path}') IS NULL OR json_type(json, '{path}') = 'NULL' THEN NULL"
            f" WHEN json(json)::VARCHAR = json::VARCHAR THEN json_extract(json, '{path}')::VARCHAR ELSE {REFUSE} END"
        )
    else:
        accepted = _accepted(field, path, column, options)
        value = f"CASE WHEN {field} IS NULL OR trim({field}, {BLANKS}) = '' THEN NULL {accepted} ELSE {REFUSE} END"
    if "[" in path or column.not_null:
        # a missing array element is an error of its own, a missing value another
        value = f"coalesce({value}, {REFUSE})"
    return value


def _as_written(field: str, path: str, rewritten: str) -> str:
    """True unless the field may be a number or nested value that DuckDB has spelled anew."""
    return (
        f"(json_type(json, '{path}') IN ('VARCHAR', 'BOOLEAN', 'UBIGINT', 'BIGINT') OR (regexp_full_match({field},"
        f" '-?[0-9]+(\\.[0-9]+)?') AND NOT regexp_matches(json, '{rewritten}')))"
    )


def _characters(field: str, path: str, column: Column, options: Conversion) -> str:
    branches = [f"WHEN {field} IS NULL THEN NULL"]
    branches.append(
        f"WHEN ascii({field}) IN (45, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 91, 123)"
        f" AND NOT {_as_written(field, path, REWRITTEN)} THEN {REFUSE}"
    )
    if options.emptyasnull:
        branches.append(f"WHEN {field} = '' THEN NULL")
    if options.blanksasnull:
        branches.append(f"WHEN {field} <> '' AND trim({field}, {BLANKS}) = '' THEN NULL")
    if column.type == "bpchar":
        branches.append(f"WHEN strlen({field}) <> length({field}) THEN {REFUSE}")
    text = f"rtrim({field}, {BLANKS})" if options.trimblanks and column.type != "bpchar" else field
    branches.append(f"WHEN strlen({text}) <= {column.size} THEN {text}")
    if options.truncatecolumns:
        branches.append(f"WHEN strlen({text}) = length({text}) THEN left({text}, {column.size})")
    return f"CASE {' '.join(branches)} ELSE {REFUSE} END"


def _accepted(field: str, path: str, column: Column, options: Conversion) -> str:
    """WHEN branches for the plain values of a type; what none of them takes is handed over."""
    if column.type in INTEGERS:
        return f"WHEN CAST(TRY_CAST({field} AS {INTEGERS[column.type]}) AS VARCHAR) = {field} THEN {field}"
    if column.type == "numeric":
        whole = column.size - column.scale
        digits = f"[0-9]{{1,{whole}}}" if whole else "0"
        point = f"(?:\\.[0-9]{{1,{column.scale}}})?" if column.scale else ""
        return (
            f"WHEN regexp_full_match({field}, '-?{digits}{point}')"
            f" AND (NOT contains({field}, '.') OR {_as_written(field, path, INEXACT)}) THEN {field}"
        )
    if column.type == "float8":
        return f"WHEN regexp_full_match({field}, '{PLAIN_FLOAT}') THEN {field}"
    if column.type == "float4":
        in_range = f"(abs(TRY_CAST({field} AS DOUBLE)) BETWEEN 1e-30 AND 1e30 OR TRY_CAST({field} AS DOUBLE) = 0)"
        return f"WHEN regexp_full_match({field}, '{PLAIN_FLOAT}') AND {in_range} THEN {field}"
    if column.type == "bool":
        yes, no = "('t', 'true', 'y', 'yes', '1')", "('f', 'false', 'n', 'no', '0')"
        return f"WHEN lower({field}) IN {yes} THEN 't' WHEN lower({field}) IN {no} THEN 'f'"
    return _moment(field, column, options)


def _moment(field: str, column: Column, options: Conversion) -> str:
    form = options.dateformat if column.type == "date" else options.timeformat
    if form.text in ("epochsecs", "epochmillisecs"):
        micros = 1_000_000 if form.text == "epochsecs" else 1_000
        zone = " || '+00'" if column.type == "timestamptz" else ""
        # 13 digits: up to the year 2286 in milliseconds; seconds beyond the year 9999 are refused by their length
        digits = 11 if form.text == "epochsecs" else 14
        return (
            f"WHEN regexp_full_match({field}, '[0-9]{{1,{digits}}}')"
            f" THEN CAST(make_timestamp(CAST({field} AS BIGINT) * {micros}) AS VARCHAR){zone}"
        )
    if form.text not in ("auto", "YYYY-MM-DD", "YYYY-MM-DD HH:MI:SS", "YYYY-MM-DD HH24:MI:SS"):
        return ""
    if column.type == "timestamptz" and form.text == "auto":
        return ""
    shape = ISO if form.text == "auto" or column.type == "date" else ISO.replace("[ T]", " ")
    target = "DATE" if column.type == "date" else "TIMESTAMP"
    source = f"left({field}, 10)" if column.type == "date" else field
    return (
        f"WHEN regexp_full_match({field}, '{shape}') AND TRY_CAST({source} AS {target}) IS NOT NULL"
        f" AND NOT starts_with({field}, '0000') THEN CAST(TRY_CAST({source} AS {target}) AS VARCHAR)"
    )
