"""Converts query values for people, for charts and for JSON."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

# Visible substitutes for characters that a browser hides or acts on. Unicode has symbols for control characters.
SUBSTITUTES = (
    {code: 0x2400 + code for code in range(0x20)}
    | {0x7F: 0x2421}
    | dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD)
)


def visible(text: str) -> str:
    """`text` with every invisible character replaced by a visible one."""
    return text.translate(SUBSTITUTES)


def column_label(column: str) -> str:
    """A column name as words: `percent_matched` becomes "percent matched"."""
    return column.replace("_", " ")


def to_number(value: Any) -> int | float:
    """A value for a chart to measure; None counts as 0. Raises ValueError for anything that is not a number."""
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"cannot draw {value!r}: expected a number") from error


def is_number(value: Any) -> bool:
    """Whether a value is a number, which tables align to the right."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def display(value: Any, column: str = "") -> str:
    """A value as text for people: thousands separators, times to the minute. `column` names its unit, if it has one."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return f"{value.day} {value:%b %Y, %H:%M}"
    if isinstance(value, datetime.date):
        return f"{value.day} {value:%b %Y}"
    if is_number(value):
        if column == "year":  # 2018, not 2,018
            return str(value)
        return f"{value:,}%" if column.startswith("percent") else f"{value:,}"
    return visible(str(value))


def machine_readable(value: Any) -> str:
    """A number or timestamp for the HTML attributes `value` and `datetime`."""
    return str(json_value(value))


def json_value(value: Any) -> Any:
    """A value for JSON: numbers stay numbers, dates and timestamps become ISO 8601 text."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if value is None or isinstance(value, int | float | bool) else str(value)
