"""Axes and colours, the parts of a Vega-Lite specification that charts share."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from warehouse.reporting.formatting import number, spelled, visible

SERIES_COLOURS = ("var(--series-1)", "var(--series-2)", "var(--series-3)")
LABEL_SIZE = 12
# Arial's letters are about half as wide as high.
LETTER = 0.55 * LABEL_SIZE
# What the axis of amounts takes beside a chart.
AMOUNTS_WIDTH = 60

Row = Mapping[str, Any]
Spec = dict[str, Any]


def key(value: Any) -> int | str:
    """A value as the name of a place on an axis: numbers stay, dates are as ISO 8601 has them."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value if isinstance(value, int) else visible("unknown" if value is None else str(value))


def amounts(rows: Sequence[Row], *columns: str, title: str = "", grid: bool = True) -> Spec:
    """An axis of the amounts in one or several columns: from zero, in whole numbers where all of them are whole."""
    values = [number(row[name]) for row in rows for name in columns]
    axis: Spec = {"title": title or spelled(columns[0]), "tickCount": 5, "format": ",~f", "grid": grid}
    if columns[0].startswith("percent"):
        axis["labelExpr"] = "datum.label + '%'"
    if all(float(value).is_integer() for value in values):
        axis["tickMinStep"] = 1
    # An axis needs some length, also where all is nothing.
    scale: Spec = {"zero": True} if any(values) else {"domain": [0, 1]}
    return {"axis": axis, "scale": scale}


def names(found: Iterable[Any], title: str, width: int) -> Spec:
    """An axis of names, each once: words that do not fit side by side stand aslant; of numbers some are left out."""
    keys = list(dict.fromkeys(map(key, found)))
    room = (width - AMOUNTS_WIDTH) / len(keys)
    is_tight = any(isinstance(name, str) and len(name) * LETTER > room for name in keys)
    axis = {"title": title, "labelAngle": -40 if is_tight else 0, "labelOverlap": not is_tight, "labelLimit": 160}
    return {"axis": axis, "scale": {"domain": keys}}


def dates(found: Sequence[Any], title: str, days: int) -> Spec:
    """An axis of all dates from the first to the last, `days` apart, so that one without rows leaves a gap."""
    title = over_dates(title, found)
    first, last = min(found), max(found)
    steps = (last - first).days // days + 1
    keys = [key(first + datetime.timedelta(days=days * step)) for step in range(steps)]
    label = "utcFormat(toDate(datum.value), '%-d %b')"
    return {
        "axis": {"title": title, "labelExpr": label, "labelAngle": 0, "labelOverlap": True},
        "scale": {"domain": keys},
    }


def over_dates(title: str, found: Sequence[Any]) -> str:
    """The title of an axis of dates, which names their years; ValueError for what is no date."""
    if strangers := [value for value in found if not isinstance(value, datetime.date)]:
        raise ValueError(f"not a date: {strangers[0]!r}; expected one to draw over time")
    first, last = min(found).year, max(found).year
    return f"{title}, {first}" if first == last else f"{title}, {first} to {last}"


def colours(series: Sequence[str]) -> Spec:
    """One colour, or one a series and a legend that says which."""
    if not series:
        return {"value": SERIES_COLOURS[0]}
    return {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": list(dict.fromkeys(series)), "range": list(SERIES_COLOURS)},
        "legend": {"title": None},
    }
