"""One field becomes the text PostgreSQL is to read for its column, or the error row that says why not.

This is the exact path: slow, plain, and the judge of what the vectorised path does.
"""

from __future__ import annotations

import datetime
import decimal
import math
import re
import struct
from collections.abc import Callable

from sandbox.redshift.copy import times
from sandbox.redshift.copy.command import Conversion
from sandbox.redshift.copy.rows import FieldError
from sandbox.redshift.copy.table import TYPES, Column

BLANKS = " \t\n\r\v\f"
INTEGERS = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
BOOLEANS = dict.fromkeys(("t", "true", "y", "yes", "1"), "t") | dict.fromkeys(("f", "false", "n", "no", "0"), "f")
FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
SURROGATE = re.compile("[\ud800-\udfff]")
# numeric's own arithmetic, without the 28 digits of Python's default context
EXACT = decimal.Context(prec=2000)

# (text, pg type) -> ISO text as PostgreSQL's own parser of dates reads it, None when it does not
AutoCast = Callable[[str, str], str | None]


def convert(text: str | None, column: Column, options: Conversion, auto: AutoCast) -> str | None:
    """Text for PostgreSQL or None for NULL; FieldError when the row cannot be loaded."""
    result = None if text is None else _typed(_valid(text, column, options), column, options, auto)
    if result is None and column.not_null:
        raise FieldError(1213, "Missing data for not-null field")
    return result


def _valid(text: str, column: Column, options: Conversion) -> str:
    """The field's text, valid as UTF-8 and without NUL, or FieldError."""
    bad = SURROGATE.search(text)
    if bad:
        if options.acceptinvchars is None or column.type not in ("varchar", "text"):
            sequence = f"Bad UTF-8 hex sequence: {_hex(bad[0])} (error 3)"
            reason = f"String contains invalid or unsupported UTF-8 codepoints. {sequence}"
            raise FieldError(1220, reason, bad.start())
        text = SURROGATE.sub(options.acceptinvchars, text)
    if "\0" in text and column.type in ("varchar", "text", "bpchar"):
        if text.startswith("\0"):
            raise FieldError(1218, "Invalid null byte - field longer than 1 byte")
        text = text.partition("\0")[0]
    return text


def _hex(surrogate: str) -> str:
    """The bad byte that a decoder kept as DC80-DCFF, or the bytes of an unpaired escape."""
    kept = "\udc80" <= surrogate <= "\udcff"
    return surrogate.encode("utf-8", "surrogateescape" if kept else "surrogatepass").hex()


def _typed(text: str, column: Column, options: Conversion, auto: AutoCast) -> str | None:
    if column.type in ("varchar", "text", "bpchar"):
        return _characters(text, column, options)
    text = text.strip(BLANKS)
    if not text:
        return None
    if column.type in INTEGERS:
        return _integer(text, column)
    if column.type == "numeric":
        return _numeric(text, column, options)
    if column.type in ("float4", "float8"):
        return _float(text, column)
    if column.type == "bool":
        if text.lower() not in BOOLEANS:
            raise FieldError(1210, f"Invalid boolean value '{text[:40]}'")
        return BOOLEANS[text.lower()]
    try:
        return _moment(text, column, options, auto)
    except FieldError:
        if options.acceptanydate:
            return None
        raise


def _characters(text: str, column: Column, options: Conversion) -> str | None:
    if not text:
        return None if options.emptyasnull else ""
    if options.blanksasnull and not text.strip(BLANKS):
        return None
    if column.type == "bpchar" and not text.isascii():
        position, char = next((i, c) for i, c in enumerate(text) if not c.isascii())
        raise FieldError(
            1220,
            f"Multibyte character not supported for CHAR (Hint: Try using  VARCHAR). Invalid char: {char}",
            position,
        )
    if options.trimblanks and column.type != "bpchar":
        text = text.rstrip(BLANKS)
    raw = text.encode()
    if len(raw) > column.size:
        if not options.truncatecolumns:
            kind = "Char" if column.type == "bpchar" else "String"
            raise FieldError(1204, f"{kind} length exceeds DDL length", column.size)
        text = raw[: column.size].decode("utf-8", "ignore")
    return text


def _integer(text: str, column: Column) -> str:
    digits = text[1:] if text[0] in "+-" else text
    if not digits.isascii() or not digits.isdigit():
        raise _invalid_digit(text, column, "0123456789", 1207)
    # far beyond int8 already, and Python refuses to turn thousands of digits into an int
    number = int(digits) if len(digits.lstrip("0")) < 30 else 2**64
    number = -number if text[0] == "-" else number
    if not -INTEGERS[column.type] <= number < INTEGERS[column.type]:
        raise FieldError(1222, f"Overflow, Value '{text[:30]}', Type: {TYPES[column.type]}")
    return str(number)


def _numeric(text: str, column: Column, options: Conversion) -> str:
    if not FLOAT.fullmatch(text):
        raise _invalid_digit(text, column, "0123456789.eE+-", 1209)
    number = decimal.Decimal(text)
    overflow = FieldError(1204, f"Overflow for NUMERIC({column.size},{column.scale}), Value '{text[:40]}'")
    if number and number.adjusted() > column.size:
        raise overflow
    rounding = decimal.ROUND_HALF_UP if options.roundec else decimal.ROUND_DOWN
    # digits far behind the scale are nothing to either rounding; without them quantize has room
    if number.adjusted() < -column.scale - 2:
        number = decimal.Decimal(0)
    number = number.quantize(decimal.Decimal(1).scaleb(-column.scale), rounding=rounding, context=EXACT)
    if number.adjusted() >= column.size - column.scale and number:
        raise overflow
    return format(number if number else abs(number), "f")


def _float(text: str, column: Column) -> str:
    if NOT_FINITE.fullmatch(text):
        return repr(float(text))
    if not FLOAT.fullmatch(text):
        raise _invalid_digit(text, column, "0123456789.eE+-", 1208)
    number = float(text)
    try:
        small = struct.unpack("f", struct.pack("f", number))[0] if column.type == "float4" else number
    except OverflowError:
        small = math.inf
    if math.isinf(small):
        raise FieldError(1204, f"Overflow, Value '{text[:40]}', Type: {TYPES[column.type]}")
    # PostgreSQL refuses an underflow, COPY takes it as zero
    return repr(number if small else small)


def _moment(text: str, column: Column, options: Conversion, auto: AutoCast) -> str:
    form = options.dateformat if column.type == "date" else options.timeformat
    zone = ""
    moment: datetime.datetime | None
    if form.text in times.EPOCHS:
        moment = times.read_epoch(text, form)
        zone = "+00"
    elif form.text == times.AUTO:
        # a number of more than eight digits is an epoch value, which 'auto' does not know
        read = None if re.fullmatch(r"-?[0-9]{9,}", text) or text.isalpha() else auto(text, column.type)
        if read is not None:
            return read
        moment = None
    else:
        found = times.read(text, form)
        moment, zone = found if found else (None, "")
    if moment is None:
        if column.type == "date":
            raise FieldError(1205, f"Invalid Date Format or value [{form.text}]")
        shown = "YYYY-MM-DD HH24:MI:SS" if form.text == times.DEFAULT else form.text
        raise FieldError(1206, f"Invalid timestamp format or value [{shown}]")
    if column.type == "date":
        return moment.date().isoformat()
    return times.write(moment) + (zone if column.type == "timestamptz" else "")


def _invalid_digit(text: str, column: Column, allowed: str, otherwise: int) -> FieldError:
    """The first character that has no place in a number; `otherwise` is the code when all of them have one."""
    start = 1 if text[0] in "+-" and len(text) > 1 else 0
    bad = next((i for i, char in enumerate(text) if i >= start and char not in allowed), None)
    position = start if bad is None else bad
    code = 1207 if bad is not None else otherwise
    return FieldError(
        code, f"Invalid digit, Value '{text[position]}', Pos {position}, Type: {TYPES[column.type]}", position
    )
