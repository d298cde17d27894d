"""The text of a COPY becomes a CopyCommand: clauses in any order, what is not supported refused by name."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from sandbox.redshift.copy.authorization import Authorization
from sandbox.redshift.copy.clauses import Clauses, syntax_error, unescaped
from sandbox.redshift.copy.times import DEFAULT, TimeFormat, parse_format
from sandbox.redshift.errors import RedshiftError, unsupported

FLAGS = {
    *("MANIFEST", "ACCEPTANYDATE", "BLANKSASNULL", "EMPTYASNULL", "EXPLICIT_IDS", "IGNOREALLERRORS", "NOLOAD"),
    *("ROUNDEC", "TRIMBLANKS", "TRUNCATECOLUMNS"),
    *("CSV", "ESCAPE", "FILLRECORD", "IGNOREBLANKLINES", "PARQUET", "REMOVEQUOTES"),
}
COMPRESSIONS = {"GZIP", "BZIP2", "ZSTD"}
ENCODINGS = ("UTF8", "UTF16", "UTF16LE", "UTF16BE", "ISO88591")
FORMATS = ("JSON", "PARQUET", "FIXEDWIDTH", "CSV")
# What Redshift refuses beside a format: each with the formats that come after it in FORMATS, too
NOT_WITH = {
    "JSON": {"DELIMITER", "ESCAPE", "FILLRECORD", "IGNOREBLANKLINES", "NULL", "QUOTE", "READRATIO", "REMOVEQUOTES"},
    "FIXEDWIDTH": {"DELIMITER", "ESCAPE", "REMOVEQUOTES"},
    "CSV": {"ESCAPE", "REMOVEQUOTES"},
}
WITH_PARQUET = {
    *("PARQUET", "IAM_ROLE", "CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "MANIFEST"),
    *("ACCEPTINVCHARS", "FILLRECORD", "EXPLICIT_IDS", "STATUPDATE", "COMPUPDATE"),
}
NOT_YET = {"AVRO", "ENCRYPTED", "MASTER_SYMMETRIC_KEY", "LZOP", "ORC", "SHAPEFILE", "SSH", "SIMPLIFY"}


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
class TextFormat:
    """How lines become fields. `widths`: of each field, in bytes, where that is how; else delimiters part them."""

    csv: bool = False
    delimiter: str = "|"
    quote: str = '"'
    widths: tuple[int, ...] = ()
    escape: bool = False
    removequotes: bool = False
    null: str = r"\N"
    fillrecord: bool = False
    ignore_blank_lines: bool = False


@dataclasses.dataclass(frozen=True)
class CopyCommand:
    """A COPY from S3. `format` is JSON, PARQUET, CSV or TXT, as STL_LOAD_COMMITS has it.

    `json`: 'auto', 'auto ignorecase' or where the jsonpaths file lies; `text`: how CSV and TXT are read, and whether
    Parquet may lack columns.
    `max_errors`: the load fails when that many rows have failed; None when no number is too many.
    `recorded`: parameters with no effect on the rows here (COMPUPDATE, STATUPDATE, COMPROWS, REGION), as given.
    """

    schema: str | None
    table: str
    columns: tuple[str, ...] | None
    source: S3Path
    authorization: Authorization
    format: str
    json: str | S3Path
    text: TextFormat
    conversion: Conversion
    encoding: str = "UTF8"
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


def keywords() -> frozenset[str]:
    """The clauses COPY takes, for the reference in docs/sandbox.md."""
    return frozenset(_Parser("").readers()) | FLAGS | COMPRESSIONS


class _Parser(Clauses):
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

    # -- clauses

    def argument(self, keyword: str, value: str) -> object:
        if keyword in FLAGS or keyword in COMPRESSIONS:
            return True
        reader = self.readers().get(keyword)
        if reader is not None:
            return reader()
        if keyword in NOT_YET:
            # their arguments are of no interest: the statement is refused whatever they are
            while self.peek()[0] in ("string", "number") or self.word("AS"):
                self.next()
            return True
        raise syntax_error(value)

    def readers(self) -> dict[str, Callable[[], object]]:
        return {
            "JSON": lambda: self.string() if self.peek()[0] == "string" or self.word("AS") else "auto",
            **self.authorization_readers(),
            "DATEFORMAT": self.string,
            "TIMEFORMAT": self.string,
            "ENCODING": self.string_or_name,
            "ACCEPTINVCHARS": lambda: self.string() if self.word("AS") or self.peek()[0] == "string" else "?",
            "IGNOREHEADER": lambda: self.number("IGNOREHEADER", 0, 2**31 - 1),
            "MAXERROR": lambda: self.number("MAXERROR", 0, 100000),
            "COMPROWS": lambda: self.number("COMPROWS", 1000, 2**31 - 1),
            "COMPUPDATE": lambda: "PRESET" if self.word("PRESET") else self.switch(),
            "STATUPDATE": self.switch,
            "DELIMITER": self.string,
            "QUOTE": self.string,
            "NULL": self.string,
            "FIXEDWIDTH": self.string,
            "READRATIO": lambda: self.number("READRATIO", 1, 200),
        }

    # -- the whole

    def build(self, schema: str | None, table: str, columns: tuple[str, ...] | None, source: S3Path) -> CopyCommand:
        given = self.given
        kind = self.format()
        compressions = sorted(COMPRESSIONS & given.keys())
        if len(compressions) > 1:
            raise RedshiftError("42601", f"{compressions[0]} and {compressions[1]} exclude each other")
        if "IGNOREALLERRORS" in given and "MAXERROR" in given:
            raise RedshiftError("42601", "IGNOREALLERRORS and MAXERROR exclude each other")
        option = str(given.get("JSON", "auto"))
        if option == "noshred":
            raise unsupported("JSON 'noshred'")
        errors = None if "IGNOREALLERRORS" in given else max(int(str(given.get("MAXERROR", 0))), 1)
        return CopyCommand(
            schema=schema,
            table=table,
            columns=columns,
            source=source,
            authorization=self.authorization(),
            format="TXT" if kind == "FIXEDWIDTH" else kind,
            text=self.text_format(kind),
            encoding=self.encoding(),
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

    def format(self) -> str:
        given = self.given
        for keyword in sorted(given.keys() & NOT_YET):
            raise unsupported(f"COPY with {keyword}")
        formats = [name for name in FORMATS if name in given]
        kind = formats[0] if formats else "TXT"
        if kind == "PARQUET":
            for keyword in sorted(given.keys() - WITH_PARQUET):
                raise RedshiftError("0A000", f"{keyword} argument is not supported for PARQUET based COPY")
        for keyword in [*formats[1:], *sorted(given.keys() & NOT_WITH.get(kind, set()))]:
            raise RedshiftError("XX000", f"{kind} is not compatible with {keyword}")
        if "READRATIO" in given:
            raise RedshiftError("XX000", "READRATIO is not supported for COPY from S3, only from DynamoDB")
        if "QUOTE" in given and kind != "CSV":
            raise RedshiftError("XX000", "QUOTE is only supported with CSV")
        return kind

    def encoding(self) -> str:
        encoding = (self.text_of("ENCODING") or "UTF8").upper()
        if encoding not in ENCODINGS:
            raise RedshiftError("22023", f"invalid ENCODING '{encoding}', expected one of {', '.join(ENCODINGS)}")
        return encoding

    def text_format(self, kind: str) -> TextFormat:
        given = self.given
        null = self.text_of("NULL")
        if null is not None and "\n" in null:
            raise RedshiftError("22023", "invalid NULL AS: a newline ends a line and cannot be in it")
        return TextFormat(
            csv=kind == "CSV",
            delimiter=self.delimiter(kind),
            quote=self.quote(),
            widths=self.widths(),
            escape="ESCAPE" in given,
            removequotes="REMOVEQUOTES" in given,
            null=r"\N" if null is None else null,
            fillrecord="FILLRECORD" in given,
            ignore_blank_lines="IGNOREBLANKLINES" in given,
        )

    def delimiter(self, kind: str) -> str:
        text = self.text_of("DELIMITER")
        if text is None:
            return "," if kind == "CSV" else "|"
        text = unescaped(text)  # '\\t' is a tab as '\t' is
        if not text or not text.isascii() or set(text) & set("\n\r\0\\"):
            raise RedshiftError("22023", f"invalid DELIMITER {text!r}, expected an ASCII character that ends no line")
        if len(text) > 1 and kind == "CSV":
            raise unsupported(f"COPY of CSV with the DELIMITER {text!r} of {len(text)} characters")
        return text

    def quote(self) -> str:
        text = self.text_of("QUOTE")
        if text is None:
            return '"'
        if len(text) != 1 or not text.isascii() or text in "\n\r\0" or text == self.delimiter("CSV"):
            raise RedshiftError("22023", f"invalid QUOTE {text!r}, expected one ASCII character, not the delimiter")
        return text

    def widths(self) -> tuple[int, ...]:
        text = self.text_of("FIXEDWIDTH")
        if text is None:
            return ()
        found = [re.fullmatch(r"\s*[^:,]+:\s*([1-9]\d{0,6})\s*", part) for part in text.split(",")]
        if not all(found):
            raise RedshiftError("22023", f"invalid FIXEDWIDTH '{text}', expected 'label:width,label:width'")
        return tuple(int(part[1]) for part in found if part)

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
