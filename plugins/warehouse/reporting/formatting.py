"""Values of a query as people read them, as charts measure them, and as JSON keeps them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

# What a browser does not show, or takes for a command, shows as a sign: control characters have pictures of their own.
SIGNS = (
    {code: 0x2400 + code for code in range(0x20)}
    | {0x7F: 0x2421}
    | dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD)
)


def visible(text: str) -> str:
    """`text` with every character that could not be seen replaced by a sign that can."""
    return text.translate(SIGNS)


def spelled(column: str) -> str:
    """A column's name as words."""
    return column.replace("_", " ")


def number(value: Any) -> int | float:
    """A value to be measured; nothing counts as 0. ValueError for what is no number."""
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"not a number: {value!r}; expected one to draw") from error


def is_number(value: Any) -> bool:
    """Whether a value is a number, and stands to the right in a table."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def shown(value: Any, column: str = "") -> str:
    """A value of a column as people read it: numbers in groups of thousands, times in UTC to the minute."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return f"{value.day} {value:%b %Y, %H:%M}"
    if isinstance(value, datetime.date):
        return f"{value.day} {value:%b %Y}"
    if is_number(value):
        if column == "year":  # no amount
            return str(value)
        return f"{value:,}%" if column.startswith("percent") else f"{value:,}"
    return visible(str(value))


def machine_readable(value: Any) -> str:
    """A figure or moment for the page's `value` and `datetime` attributes."""
    return str(plain(value))


def plain(value: Any) -> Any:
    """A value as JSON keeps it: numbers as numbers, dates and times by ISO 8601."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if value is None or isinstance(value, int | float | bool) else str(value)
