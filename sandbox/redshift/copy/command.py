"""The text of a COPY becomes a CopyCommand: clauses in any order, what is not supported refused by name."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from sandbox.redshift.copy.authorization import Authorization, from_credentials, from_keys, from_role
from sandbox.redshift.copy.times import DEFAULT, TimeFormat, parse_format
from sandbox.redshift.errors import RedshiftError, unsupported

TOKEN = re.compile(
    r"(?P<blank>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<string>'(?:[^'\\]|''|\\.)*')"
    r"|\$(?P<tag>\w*)\$(?P<dollar>.*?)\$(?P=tag)\$"
    r'|(?P<quoted>"(?:[^"]|"")+")'
    r"|(?P<word>\#?[^\W\d][\w$]*)"
    r"|(?P<number>-?\d+)"
    r"|(?P<sign>[(),.;])",
    re.DOTALL,
)
# standard_conforming_strings does not exist in Redshift: a backslash escapes in every literal.
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}

FLAGS = {
    *("MANIFEST", "ACCEPTANYDATE", "BLANKSASNULL", "EMPTYASNULL", "EXPLICIT_IDS", "IGNOREALLERRORS", "NOLOAD"),
    *("ROUNDEC", "TRIMBLANKS", "TRUNCATECOLUMNS"),
}
COMPRESSIONS = {"GZIP", "BZIP2", "ZSTD"}
NOT_WITH_JSON = {
    *("CSV", "DELIMITER", "ESCAPE", "FILLRECORD", "FIXEDWIDTH", "IGNOREBLANKLINES", "NULL", "QUOTE", "READRATIO"),
    "REMOVEQUOTES",
}
OTHER_FORMATS = {"AVRO", "ORC", "PARQUET", "SHAPEFILE"}
NOT_YET = {"ENCRYPTED", "MASTER_SYMMETRIC_KEY", "LZOP", "SSH", "SIMPLIFY"}
SWITCHES = {"ON": True, "TRUE": True, "OFF": False, "FALSE": False}
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


@dataclasses.dataclass(frozen=True)
class S3Path:
    """s3://bucket/key; `key` is a prefix or one exact key, as the place it is used at says."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclasses.dataclass(frozen=True)
class Conversion:
    """How values become column values: the parameters of that name in the guide."""

    dateformat: TimeFormat
    timeformat: TimeFormat
    acceptanydate: bool = False
    acceptinvchars: str | None = None
    blanksasnull: bool = False
    emptyasnull: bool = False
    roundec: bool = False
    trimblanks: bool = False
    truncatecolumns: bool = False


@dataclasses.dataclass(frozen=True)
class CopyCommand:
    """A COPY of JSON from S3. `json` is 'auto', 'auto ignorecase' or where the jsonpaths file lies.

    `max_errors`: the load fails when that many rows have failed; None when no number is too many.
    `recorded`: parameters with no effect on the rows here (COMPUPDATE, STATUPDATE, COMPROWS, REGION), as given.
    """

    schema: str | None
    table: str
    columns: tuple[str, ...] | None
    source: S3Path
    authorization: Authorization
    json: str | S3Path
    conversion: Conversion
    compression: str | None = None
    manifest: bool = False
    ignore_header: int = 0
    max_errors: int | None = 1
    noload: bool = False
    explicit_ids: bool = False
    recorded: tuple[tuple[str, object], ...] = ()


def parse_copy(text: str) -> CopyCommand:
    """CopyCommand of one COPY statement; RedshiftError 42601 for syntax, 0A000 for what is refused, XX000 otherwise."""
    return _Parser(text).command()


def s3_path(text: str) -> S3Path:
    """The parts of an s3:// URL; RedshiftError when it is none."""
    found = re.fullmatch(r"s3://([^/]+)/?(.*)", text, re.DOTALL | re.IGNORECASE)
    if not found:
        raise RedshiftError("XX000", f"invalid S3 path '{text}', expected s3://bucket/key")
    return S3Path(found[1], found[2])


def _tokens(text: str) -> list[tuple[str, str]]:
    """(kind, value) pairs; kind is string, name, word, number, sign or end."""
    found, position = [], 0
    while position < len(text):
        token = TOKEN.match(text, position)
        if not token:
            raise _syntax_error(text[position:].split()[0])
        position = token.end()
        kind = token.lastgroup
        if kind == "string":
            body = token["string"][1:-1].replace("''", "'")
            found.append(("string", re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1]), body, flags=re.DOTALL)))
        elif kind == "dollar":
            found.append(("string", token["dollar"]))
        elif kind == "quoted":
            # Redshift folds quoted names too (enable_case_sensitive_identifier is off)
            found.append(("name", token["quoted"][1:-1].replace('""', '"').lower()))
        elif kind in ("word", "number", "sign"):
            found.append((kind, token[0]))
    return [*found, ("end", "end of input")]


def _syntax_error(near: str) -> RedshiftError:
    return RedshiftError("42601", f'syntax error at or near "{near}"')


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.given: dict[str, object] = {}

    def command(self) -> CopyCommand:
        self.expect("COPY")
        names = [self.name()]
        while self.sign("."):
            names.append(self.name())
        if len(names) > 2:
            raise unsupported(f"COPY into another database ({'.'.join(names)})")
        columns = self.column_list() if self.sign("(") else None
        self.expect("FROM")
        url = self.string()
        if not url.lower().startswith("s3://"):
            raise unsupported(f"COPY FROM '{url}': only s3:// sources")
        while not self.ended():
            self.clause()
        schema = names[0] if len(names) == 2 else None
        return self.build(schema, names[-1], columns, s3_path(url))

    # -- tokens

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at]

    def next(self) -> tuple[str, str]:
        token = self.tokens[self.at]
        self.at += token[0] != "end"
        return token

    def sign(self, sign: str) -> bool:
        return self.accept(("sign", sign))

    def word(self, word: str) -> bool:
        kind, value = self.peek()
        return kind == "word" and value.upper() == word and self.accept((kind, value))

    def accept(self, token: tuple[str, str]) -> bool:
        matches = self.peek() == token
        self.at += matches
        return matches

    def expect(self, word: str) -> None:
        if not self.word(word):
            raise _syntax_error(self.peek()[1])

    def string(self) -> str:
        self.word("AS")
        kind, value = self.next()
        if kind != "string":
            raise _syntax_error(value)
        return value

    def string_or_name(self) -> str:
        self.word("AS")
        return self.string() if self.peek()[0] == "string" else self.name()

    def number(self, keyword: str, lowest: int, highest: int) -> int:
        self.word("AS")
        kind, value = self.next()
        if kind not in ("number", "string") or not re.fullmatch(r"-?\d+", value):
            raise _syntax_error(value)
        if not lowest <= int(value) <= highest:
            raise RedshiftError("22023", f"invalid value {value} for {keyword}, expected {lowest} to {highest}")
        return int(value)

    def name(self) -> str:
        kind, value = self.next()
        if kind not in ("word", "name"):
            raise _syntax_error(value)
        return value.lower()

    def ended(self) -> bool:
        while self.sign(";"):
            pass
        return self.peek()[0] == "end"

    def column_list(self) -> tuple[str, ...]:
        columns = [self.name()]
        while self.sign(","):
            columns.append(self.name())
        if not self.sign(")"):
            raise _syntax_error(self.peek()[1])
        for column in columns:
            if columns.count(column) > 1:
                raise RedshiftError("42701", f'column "{column}" specified more than once')
        return tuple(columns)

    # -- clauses

    def clause(self) -> None:
        kind, value = self.next()
        if kind != "word":
            raise _syntax_error(value)
        keyword = value.upper()
        if keyword in ("FORMAT", "WITH"):
            self.word("AS")
            return
        if keyword in self.given:
            raise RedshiftError("42601", f"conflicting or redundant options: {keyword} is given twice")
        self.given[keyword] = self.argument(keyword, value)

    def argument(self, keyword: str, value: str) -> object:
        if keyword in FLAGS or keyword in COMPRESSIONS:
            return True
        reader = self.readers().get(keyword)
        if reader is not None:
            return reader()
        if keyword in NOT_WITH_JSON | OTHER_FORMATS | NOT_YET:
            # their arguments are of no interest: the statement is refused whatever they are
            while self.peek()[0] in ("string", "number") or self.word("AS"):
                self.next()
            return True
        raise _syntax_error(value)

    def readers(self) -> dict[str, Callable[[], object]]:
        return {
            "JSON": lambda: self.string() if self.peek()[0] == "string" or self.word("AS") else "auto",
            "IAM_ROLE": lambda: "default" if self.word("DEFAULT") else self.string(),
            "CREDENTIALS": self.string,
            "ACCESS_KEY_ID": self.string,
            "SECRET_ACCESS_KEY": self.string,
            "SESSION_TOKEN": self.string,
            "REGION": self.string,
            "DATEFORMAT": self.string,
            "TIMEFORMAT": self.string,
            "ENCODING": self.string_or_name,
            "ACCEPTINVCHARS": lambda: self.string() if self.word("AS") or self.peek()[0] == "string" else "?",
            "IGNOREHEADER": lambda: self.number("IGNOREHEADER", 0, 2**31 - 1),
            "MAXERROR": lambda: self.number("MAXERROR", 0, 100000),
            "COMPROWS": lambda: self.number("COMPROWS", 1000, 2**31 - 1),
            "COMPUPDATE": lambda: "PRESET" if self.word("PRESET") else self.switch(),
            "STATUPDATE": self.switch,
        }

    def switch(self) -> bool:
        kind, value = self.peek()
        if kind == "word" and value.upper() in SWITCHES:
            self.next()
            return SWITCHES[value.upper()]
        return True

    # -- the whole

    def text_of(self, keyword: str) -> str | None:
        value = self.given.get(keyword)
        return value if isinstance(value, str) else None

    def build(self, schema: str | None, table: str, columns: tuple[str, ...] | None, source: S3Path) -> CopyCommand:
        given = self.given
        self.check_formats()
        compressions = sorted(COMPRESSIONS & given.keys())
        if len(compressions) > 1:
            raise RedshiftError("42601", f"{compressions[0]} and {compressions[1]} exclude each other")
        if "IGNOREALLERRORS" in given and "MAXERROR" in given:
            raise RedshiftError("42601", "IGNOREALLERRORS and MAXERROR exclude each other")
        region = self.text_of("REGION")
        if region is not None and not REGION.fullmatch(region):
            raise RedshiftError("XX000", f"invalid REGION '{region}', expected a name such as us-west-2")
        option = str(given["JSON"])
        if option == "noshred":
            raise unsupported("JSON 'noshred'")
        errors = None if "IGNOREALLERRORS" in given else max(int(str(given.get("MAXERROR", 0))), 1)
        return CopyCommand(
            schema=schema,
            table=table,
            columns=columns,
            source=source,
            authorization=self.authorization(),
            json=option if option in ("auto", "auto ignorecase") else s3_path(option),
            conversion=self.conversion(),
            compression=compressions[0] if compressions else None,
            manifest="MANIFEST" in given,
            ignore_header=int(str(given.get("IGNOREHEADER", 0))),
            max_errors=errors,
            noload="NOLOAD" in given,
            explicit_ids="EXPLICIT_IDS" in given,
            recorded=tuple((k, given[k]) for k in ("COMPUPDATE", "COMPROWS", "STATUPDATE", "REGION") if k in given),
        )

    def check_formats(self) -> None:
        given = self.given
        if "JSON" in given:
            for keyword in sorted(given.keys() & (NOT_WITH_JSON | OTHER_FORMATS)):
                raise RedshiftError("XX000", f"{keyword} is not supported with JSON")
        for keyword in sorted(given.keys() & (NOT_WITH_JSON | OTHER_FORMATS | NOT_YET)):
            raise unsupported(f"COPY with {keyword}")
        encoding = self.text_of("ENCODING")
        if encoding is not None and encoding.upper() != "UTF8":
            raise unsupported(f"COPY with ENCODING {encoding.upper()}")
        if "JSON" not in given:
            raise unsupported("COPY of delimited text", hint="give the data format: JSON 'auto' or a jsonpaths file")

    def authorization(self) -> Authorization:
        forms = [form for form in ("IAM_ROLE", "CREDENTIALS", "ACCESS_KEY_ID") if form in self.given]
        if "ACCESS_KEY_ID" not in forms and self.given.keys() & {"SECRET_ACCESS_KEY", "SESSION_TOKEN"}:
            raise RedshiftError("42601", "SECRET_ACCESS_KEY and SESSION_TOKEN need ACCESS_KEY_ID")
        if not forms:
            raise RedshiftError("XX000", "CREDENTIALS argument is required but not specified")
        if len(forms) > 1:
            raise RedshiftError("42601", f"conflicting or redundant options: {forms[0]} and {forms[1]}")
        if forms[0] == "IAM_ROLE":
            return from_role(self.text_of("IAM_ROLE") or "")
        if forms[0] == "CREDENTIALS":
            return from_credentials(self.text_of("CREDENTIALS") or "")
        return from_keys(self.text_of("ACCESS_KEY_ID") or "", self.text_of("SECRET_ACCESS_KEY"))

    def conversion(self) -> Conversion:
        given = self.given
        replacement = self.text_of("ACCEPTINVCHARS")
        if replacement is not None and (len(replacement) != 1 or not replacement.isascii() or replacement == "\0"):
            raise RedshiftError(
                "22023", f"invalid ACCEPTINVCHARS '{replacement}', expected one ASCII character, not NUL"
            )
        dateformat, timeformat = self.text_of("DATEFORMAT"), self.text_of("TIMEFORMAT")
        if dateformat in ("epochsecs", "epochmillisecs"):
            raise RedshiftError("22023", f"invalid DATEFORMAT '{dateformat}', expected 'auto' or a format")
        return Conversion(
            dateformat=parse_format("DATEFORMAT", dateformat or "YYYY-MM-DD"),
            timeformat=parse_format("TIMEFORMAT", timeformat or DEFAULT, zone=timeformat is None),
            acceptanydate="ACCEPTANYDATE" in given,
            acceptinvchars=replacement,
            blanksasnull="BLANKSASNULL" in given,
            emptyasnull="EMPTYASNULL" in given,
            roundec="ROUNDEC" in given,
            trimblanks="TRIMBLANKS" in given,
            truncatecolumns="TRUNCATECOLUMNS" in given,
        )
