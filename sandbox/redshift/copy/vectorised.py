"""The fast path: DuckDB turns a group of JSON files into CSV, or refuses the group as soon as one value is not plain.

Every expression either gives exactly what values.py would give or calls error(): then the whole group goes the exact
way. What DuckDB's reader takes beyond JSON (2.0.0: trailing commas, NaN and Infinity, vertical tabs and form feeds,
root-level scalars; -0 it reads as 0) is looked for in the text.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Sequence

import duckdb

from sandbox.redshift.copy.command import Conversion
from sandbox.redshift.copy.jsonpaths import Path
from sandbox.redshift.copy.rows import MAX_ROW
from sandbox.redshift.copy.table import Column

REFUSE = "error('hand over')"
# \u0000 is JSON, but ends a value in COPY
SUSPECT_BYTES = (b"\\u0000", b"\x0b", b"\x0c")
# One expression per first character: RE2 then leaps from one to the next, three times as fast as one for all.
SUSPECT = (
    r",\s*(?:[}\]]|-?(?i:nan|inf)|-0\s*[,\]])",
    r":\s*(?:-?(?i:nan|inf)|-0\s*[,}])",
    r"\[\s*(?:-?(?i:nan|inf)|-0\s*[,\]])",
)
# Numbers that DuckDB would not write again as they are: 16 digits or more (a double keeps 15), 12.30, exponents. In a
# record without any all numbers are in the shortest form, hence come out as written; INEXACT: in value, at least.
REWRITTEN = r"[0-9.]{16}|\.[0-9]+0[^0-9]|[0-9][eE][-+]?[0-9]"
INEXACT = r"[0-9.]{16}|[0-9][eE][-+]?[0-9]"
PLAIN_FLOAT = r"-?[0-9]{1,20}(?:\.[0-9]{1,30})?(?:[eE][-+]?[0-9]{1,2})?"
INTEGERS = {"int2": "SMALLINT", "int4": "INTEGER", "int8": "BIGINT"}
TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
DATE = r"(?:[1-9][0-9]{3}|0[1-9][0-9]{2})-[0-1][0-9]-[0-3][0-9]"
BLANKS = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"
# DuckDB's share for one group: its text, the parsed strings and the CSV, several times over
MEMORY = "512MB"


def open_duckdb(folder: pathlib.Path) -> duckdb.DuckDBPyConnection:
    """A database in memory for the files of one COPY, which lie in `folder`, one after another by the same name."""
    settings = {"threads": "1", "memory_limit": MEMORY, "temp_directory": str(folder)}
    settings["enable_external_file_cache"] = "false"
    offline = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    return duckdb.connect(":memory:", config={**settings, **offline})


class Vectorised:
    """One DuckDB for one COPY. Not safe for two threads at once, but `interrupt` may come from another."""

    def __init__(
        self,
        columns: Sequence[Column],
        paths: Sequence[Path],
        ignore_case: bool,
        options: Conversion,
        folder: pathlib.Path,
    ) -> None:
        self.columns = columns
        self.paths = paths
        self.ignore_case = ignore_case
        self.options = options
        self.source = folder / "group.json"
        self.target = folder / "group.csv"
        self.possible = all(_expressible(step) for path in paths for step in path)
        self.prepared = ""
        self.duckdb = open_duckdb(folder)

    def interrupt(self) -> None:
        """Ends a running conversion with an error."""
        self.duckdb.interrupt()

    def close(self) -> None:
        self.duckdb.close()

    def convert(self, data: bytes) -> tuple[bytes, int] | None:
        """(CSV, rows) of a text of JSON values, or None when the exact path has to look at it."""
        if not self.possible or any(bad in data for bad in SUSPECT_BYTES):
            return None
        self.source.write_bytes(data)
        try:
            spellings = self._spellings() if self.ignore_case else {}
            if spellings is None:
                return None
            self._prepare(self.query(spellings))
            self.duckdb.execute("EXECUTE convert")
            rows = int(self.duckdb.fetchall()[0][0])
        except (duckdb.InvalidInputException, duckdb.OutOfMemoryException):
            return None
        return self.target.read_bytes(), rows

    def query(self, spellings: dict[str, str]) -> str:
        """The SELECT of one group; `spellings`: how it writes a column's name, for 'auto ignorecase'."""
        paths = [tuple(spellings.get(s, s) if isinstance(s, str) else s for s in path) for path in self.paths]
        by_name = all(len(path) == 1 and isinstance(path[0], str) for path in paths)
        container = "starts_with(json, '{')" + ("" if by_name else " OR starts_with(json, '[')")
        suspect = " OR ".join(f"regexp_matches(json, '{pattern}')" for pattern in SUSPECT)
        extracted = ", ".join(literal(_json_path(path)) for path in paths)
        # each element by a name of its own: every mention of f[i] would take it from the list again
        named = ", ".join(f"f[{i}] AS c{i}" for i in range(1, len(paths) + 1))
        fields = ",\n".join(
            _field(f"c{i}", _json_path(path), column, self.options)
            for i, (column, path) in enumerate(zip(self.columns, paths, strict=True), start=1)
        )
        bad = f"NOT ({container}) OR strlen(json) > {MAX_ROW} OR {suspect}"
        extraction = f"CASE WHEN {bad} THEN {REFUSE} ELSE json_extract_string(json, [{extracted}]) END AS f"
        # every name and literal in it is quoted: S608 sees only that it is put together
        records = f"SELECT json, {extraction} FROM {self._records()}"  # noqa: S608
        return f"SELECT {fields} FROM (SELECT json, {named} FROM ({records}))"  # noqa: S608

    def _prepare(self, query: str) -> None:
        """Plan once for all groups: on a wide table planning takes a third of a group's time."""
        if query != self.prepared:
            self.duckdb.execute(
                f"PREPARE convert AS COPY ({query}) TO {literal(str(self.target))} (FORMAT csv, HEADER false)"
            )
            self.prepared = query

    def _records(self) -> str:
        source = literal(str(self.source))
        return f"read_json_objects({source}, format='unstructured', maximum_object_size={MAX_ROW})"

    def _spellings(self) -> dict[str, str] | None:
        """How the group spells each key, by its lower case; None when it spells one in several ways."""
        self.duckdb.execute(
            f"SELECT DISTINCT unnest(json_keys(json)) FROM {self._records()} WHERE starts_with(json, '{{')"  # noqa: S608 - our own path, quoted
        )
        spellings: dict[str, str] = {}
        for (key,) in self.duckdb.fetchall():
            if not _expressible(key) or spellings.setdefault(key.lower(), key) != key:
                return None
        return spellings


def literal(text: str) -> str:
    """A string in DuckDB's SQL."""
    return "'" + text.replace("'", "''") + "'"


def _expressible(step: str | int) -> bool:
    """Whether DuckDB's path syntax can name this key without escapes or wildcards."""
    return isinstance(step, int) or (bool(step) and not re.search(r"[\"\\*\x00-\x1f]", step))


def _json_path(path: Path) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in path)


def _field(c: str, path: str, column: Column, options: Conversion) -> str:
    """The expression of one column: CSV text, NULL, or error()."""
    if column.type in ("varchar", "text", "bpchar"):
        branches = _characters(c, path, column, options)
    else:
        # most frequent first: trim is the dearest of all
        plain = _accepted(c, path, column, options)
        branches = [f"WHEN {c} IS NULL OR {c} = '' THEN NULL", *plain, f"WHEN trim({c}, {BLANKS}) = '' THEN NULL"]
    value = f"CASE {' '.join(branches)} ELSE {REFUSE} END"
    if "[" in path or column.not_null:
        # a missing array element is an error of its own, a missing value another
        return f"coalesce({value}, {REFUSE})"
    return value


def _as_written(c: str, path: str, rewritten: str) -> str:
    """True unless the value may be a number or nested value that DuckDB has spelled anew."""
    return (
        f"(json_type(json, {literal(path)}) IN ('VARCHAR', 'BOOLEAN', 'UBIGINT', 'BIGINT')"
        f" OR (regexp_full_match({c}, '-?[0-9]+(\\.[0-9]+)?') AND NOT regexp_matches(json, '{rewritten}')))"
    )


def _characters(c: str, path: str, column: Column, options: Conversion) -> list[str]:
    branches = [f"WHEN {c} IS NULL THEN NULL"]
    # only what begins with - 0-9 [ { can be anything but a string
    branches.append(
        f"WHEN ascii({c}) IN (45, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 91, 123)"
        f" AND NOT {_as_written(c, path, REWRITTEN)} THEN {REFUSE}"
    )
    if options.emptyasnull:
        branches.append(f"WHEN {c} = '' THEN NULL")
    if options.blanksasnull:
        branches.append(f"WHEN {c} <> '' AND {c} <= '!' AND trim({c}, {BLANKS}) = '' THEN NULL")
    if column.type == "bpchar":
        branches.append(f"WHEN strlen({c}) <> length({c}) THEN {REFUSE}")
    texts = [("TRUE", c)]
    if options.trimblanks and column.type != "bpchar":
        texts = [(f"right({c}, 1) <= ' '", f"rtrim({c}, {BLANKS})"), ("TRUE", c)]
    for condition, text in texts:
        branches.append(f"WHEN {condition} AND strlen({text}) <= {column.size} THEN {text}")
        if options.truncatecolumns:
            short = f"left({text}, {column.size})"
            branches.append(f"WHEN {condition} AND strlen({text}) = length({text}) THEN {short}")
    return branches


def _accepted(c: str, path: str, column: Column, options: Conversion) -> list[str]:
    """WHEN branches for the plain values of a type; what none of them takes is handed over."""
    if column.type in INTEGERS:
        return [f"WHEN CAST(TRY_CAST({c} AS {INTEGERS[column.type]}) AS VARCHAR) = {c} THEN {c}"]
    if column.type == "numeric":
        whole = column.size - column.scale
        digits = f"[0-9]{{1,{whole}}}" if whole else "0"
        point = f"(?:\\.[0-9]{{1,{column.scale}}})?" if column.scale else ""
        exact = f"(NOT contains({c}, '.') OR {_as_written(c, path, INEXACT)})"
        return [f"WHEN regexp_full_match({c}, '-?{digits}{point}') AND {exact} THEN {c}"]
    if column.type in ("float4", "float8"):
        number = f"abs(TRY_CAST({c} AS DOUBLE))"
        in_range = f" AND ({number} BETWEEN 1e-30 AND 1e30 OR {number} = 0)" if column.type == "float4" else ""
        return [f"WHEN regexp_full_match({c}, '{PLAIN_FLOAT}'){in_range} THEN {c}"]
    if column.type == "bool":
        yes, no = "('t', 'true', 'y', 'yes', '1')", "('f', 'false', 'n', 'no', '0')"
        return [f"WHEN lower({c}) IN {yes} THEN 't' WHEN lower({c}) IN {no} THEN 'f'"]
    return _moment(c, column, options)


def _moment(c: str, column: Column, options: Conversion) -> list[str]:
    form = options.dateformat if column.type == "date" else options.timeformat
    if form.text in ("epochsecs", "epochmillisecs"):
        digits, micros = (11, 1_000_000) if form.text == "epochsecs" else (14, 1_000)  # up to the year 5138
        zone = " || '+00'" if column.type == "timestamptz" else ""
        moment = f"CAST(make_timestamp(CAST({c} AS BIGINT) * {micros}) AS VARCHAR){zone}"
        return [f"WHEN regexp_full_match({c}, '[0-9]{{1,{digits}}}') THEN {moment}"]
    if column.type == "date" and form.text in ("auto", "YYYY-MM-DD"):
        shape, day = f"{DATE}(?:[ T]{TIME})?", f"TRY_CAST(left({c}, 10) AS DATE)"
        return [f"WHEN regexp_full_match({c}, '{shape}') AND {day} IS NOT NULL THEN left({c}, 10)"]
    # PostgreSQL's reading of 'auto' puts a zone behind a timestamptz: left to the exact path
    known = ("YYYY-MM-DD HH:MI:SS", "YYYY-MM-DD HH24:MI:SS", *(("auto",) if column.type == "timestamp" else ()))
    if column.type != "date" and form.text in known:
        between = "[ T]" if form.text == "auto" else " "
        moment = f"TRY_CAST({c} AS TIMESTAMP)"
        shape = f"{DATE}(?:{between}{TIME})?"
        return [f"WHEN regexp_full_match({c}, '{shape}') AND {moment} IS NOT NULL THEN CAST({moment} AS VARCHAR)"]
    return []
