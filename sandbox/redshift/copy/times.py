"""DATEFORMAT and TIMEFORMAT: a format string becomes one regular expression that both paths of COPY share."""

from __future__ import annotations

import dataclasses
import datetime
import re

from sandbox.redshift.errors import RedshiftError

AUTO = "auto"
DEFAULT = "YYYY-MM-DD HH:MI:SS"
EPOCHS = {"epochsecs": 1, "epochmillisecs": 1000}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# In COPY, HH is the 24-hour clock (in TO_TIMESTAMP it is not).  Longest first: the tokeniser takes the first that fits.
# The syntax is what Python's re and DuckDB's RE2 have in common, so that one expression serves both.
FIELDS = {
    "YYYY": ("year", r"(?P<year>[0-9]{4})"),
    "HH24": ("hour", r"(?P<hour>[01]?[0-9]|2[0-3])"),
    "HH12": ("hour12", r"(?P<hour12>0?[1-9]|1[0-2])"),
    "MON": ("mon", r"(?P<mon>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))[A-Za-z]*"),
    "YY": ("yy", r"(?P<yy>[0-9]{2})"),
    "MM": ("month", r"(?P<month>0?[1-9]|1[0-2])"),
    "DD": ("day", r"(?P<day>0?[1-9]|[12][0-9]|3[01])"),
    "HH": ("hour", r"(?P<hour>[01]?[0-9]|2[0-3])"),
    "MI": ("minute", r"(?P<minute>[0-5]?[0-9])"),
    "SS": ("second", r"(?P<second>[0-5]?[0-9](?:\.[0-9]{1,6})?)"),
    "AM": ("half", r"(?P<half>(?i:[ap]m))"),
    "PM": ("half", r"(?P<half>(?i:[ap]m))"),
}
TOKEN = re.compile("|".join(FIELDS) + r"|[^A-Za-z0-9]", re.IGNORECASE)
ZONE = r"(?P<zone>[ ]?(?:[+-][0-9]{2}(?::?[0-9]{2})?|Z))?"


@dataclasses.dataclass(frozen=True)
class TimeFormat:
    """`text` as given; `pattern` of one whole value, None for 'auto', 'epochsecs' and 'epochmillisecs'."""

    text: str
    pattern: str | None = None


def parse_format(keyword: str, text: str, zone: bool = False) -> TimeFormat:
    """A format string of COPY; `zone` lets a UTC offset follow, as the default TIMEFORMAT does. RedshiftError 22023."""
    if text == AUTO or text in EPOCHS:
        return TimeFormat(text)
    fields: list[str] = []
    pattern, position, date_end = "", 0, None
    while position < len(text):
        token = TOKEN.match(text, position)
        if not token:
            raise RedshiftError("22023", f"invalid {keyword} '{text}': unknown at '{text[position:]}'")
        position = token.end()
        field, part = FIELDS.get(token[0].upper(), (None, re.escape(token[0])))
        if field in fields:
            raise RedshiftError("22023", f"invalid {keyword} '{text}': '{token[0]}' comes twice")
        if field is not None:
            fields.append(field)
        pattern += part
        if date_end is None and "day" in fields and set(fields) & {"year", "yy"} and set(fields) & {"month", "mon"}:
            date_end = len(pattern)
    if date_end is None:
        raise RedshiftError("22023", f"invalid {keyword} '{text}', expected at least year, month and day")
    # A TIMESTAMP may come as a date alone (midnight), and a DATE with a time behind it (dropped).
    rest = pattern[date_end:]
    tail = f"(?:{rest})?" if rest else r"(?:[ T].*)?"
    return TimeFormat(text, pattern[:date_end] + tail + (ZONE if zone else ""))


def read(text: str, form: TimeFormat) -> tuple[datetime.datetime, str] | None:
    """(moment, zone as written or '') of a value in a format string; None when it is not one."""
    found = re.fullmatch(form.pattern or "", text, re.DOTALL)
    if not found:
        return None
    part = {name: value for name, value in found.groupdict().items() if value is not None}
    year = int(part.get("year") or part["yy"])
    if "yy" in part:
        year += 2000 if year < 70 else 1900  # as PostgreSQL reads two digits
    month = MONTHS.index(part["mon"].lower()) + 1 if "mon" in part else int(part["month"])
    hour = int(part.get("hour") or part.get("hour12") or 0)
    if "half" in part:
        hour = hour % 12 + (12 if part["half"].lower() == "pm" else 0)
    seconds, _, fraction = part.get("second", "0").partition(".")
    try:
        moment = datetime.datetime(
            year, month, int(part["day"]), hour, int(part.get("minute", 0)), int(seconds), int(f"{fraction:0<6}")
        )
    except ValueError:  # 30 February, year 0
        return None
    return moment, part.get("zone", "").strip()


def read_epoch(text: str, form: TimeFormat) -> datetime.datetime | None:
    """The moment of epoch seconds or milliseconds, fractions cut at the microsecond; None when it is no number."""
    if not re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]*)?", text):
        return None
    whole, _, fraction = text.lstrip("-").partition(".")
    places = 6 if form.text == "epochsecs" else 3
    micros = int(whole + f"{fraction:0<6}"[:places]) * (-1 if text.startswith("-") else 1)
    try:
        return datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=micros)
    except OverflowError:
        return None


def write(moment: datetime.datetime) -> str:
    """ISO text with the fraction as short as it can be: the same as DuckDB writes."""
    text = moment.isoformat(" ")
    return text.rstrip("0") if moment.microsecond else text
