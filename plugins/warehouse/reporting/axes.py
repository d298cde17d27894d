"""Axes and colours: the parts of a Vega-Lite specification that several charts use."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from warehouse.reporting.formatting import column_label, to_number, visible

SERIES_COLOURS = ("var(--series-1)", "var(--series-2)", "var(--series-3)")
LABEL_SIZE = 12
# An average letter of Arial is about half as wide as the font size.
LETTER_WIDTH = 0.55 * LABEL_SIZE
# The width that the axis of values takes beside a chart, in pixels.
VALUE_AXIS_WIDTH = 60

Row = Mapping[str, Any]
Spec = dict[str, Any]


def axis_key(value: Any) -> int | str:
    """A value as a position on an axis: integers stay, dates become ISO 8601, everything else becomes visible text."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value if isinstance(value, int) else visible("unknown" if value is None else str(value))


def value_axis(rows: Sequence[Row], *columns: str, title: str = "", grid: bool = True) -> Spec:
    """The axis for the values in one or more columns. It starts at zero; whole values get whole ticks."""
    values = [to_number(row[name]) for row in rows for name in columns]
    axis: Spec = {"title": title or column_label(columns[0]), "tickCount": 5, "format": ",~f", "grid": grid}
    if columns[0].startswith("percent"):
        axis["labelExpr"] = "datum.label + '%'"
    if all(float(value).is_integer() for value in values):
        axis["tickMinStep"] = 1
    # If every value is zero, the axis would have no length.
    scale: Spec = {"zero": True} if any(values) else {"domain": [0, 1]}
    return {"axis": axis, "scale": scale}


def category_axis(values: Iterable[Any], title: str, width: int) -> Spec:
    """The axis for categories, each once. Texts that do not fit side by side are slanted; some numbers are left out."""
    keys = list(dict.fromkeys(map(axis_key, values)))
    space = (width - VALUE_AXIS_WIDTH) / len(keys)
    is_tight = any(isinstance(name, str) and len(name) * LETTER_WIDTH > space for name in keys)
    axis = {"title": title, "labelAngle": -40 if is_tight else 0, "labelOverlap": not is_tight, "labelLimit": 160}
    return {"axis": axis, "scale": {"domain": keys}}


def date_axis(values: Sequence[Any], title: str, days: int) -> Spec:
    """The axis for dates that are `days` apart, from the first to the last, with a gap for each date without rows."""
    title = date_axis_title(title, values)
    first, last = min(values), max(values)
    steps = (last - first).days // days + 1
    keys = [axis_key(first + datetime.timedelta(days=days * step)) for step in range(steps)]
    label = "utcFormat(toDate(datum.value), '%-d %b')"
    return {
        "axis": {"title": title, "labelExpr": label, "labelAngle": 0, "labelOverlap": True},
        "scale": {"domain": keys},
    }


def date_axis_title(title: str, values: Sequence[Any]) -> str:
    """The title of an axis of dates with the years appended. Raises ValueError if a value is not a date."""
    if others := [value for value in values if not isinstance(value, datetime.date)]:
        raise ValueError(f"cannot draw {others[0]!r} over time: expected a date")
    first, last = min(values).year, max(values).year
    return f"{title}, {first}" if first == last else f"{title}, {first} to {last}"


def series_colours(series: Sequence[str]) -> Spec:
    """The colours of the series, with a legend; without series, one colour."""
    if not series:
        return {"value": SERIES_COLOURS[0]}
    return {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": list(dict.fromkeys(series)), "range": list(SERIES_COLOURS)},
        "legend": {"title": None},
    }
