"""Kinds of charts as data: each makes a Vega-Lite specification of a query's rows.

Colours are CSS variables, which follow the page into the dark (pages/style.css).
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from warehouse.figures import number, shown, spelled, visible

# One row of a bar chart: a line of text and the bar below it.
BAR_STEP = 34
HEIGHT = 280
SERIES_COLOURS = ("var(--series-1)", "var(--series-2)", "var(--series-3)")
HEAT_COLOURS = tuple(f"var(--heat-{step})" for step in range(1, 6))
LABEL_SIZE = 12
# Arial's letters are about half as wide as high.
LETTER = 0.55 * LABEL_SIZE

Row = Mapping[str, Any]
Spec = dict[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figures:
    """No picture: the first row's figures themselves, large."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it shows: whatever there are."""
        return ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bars:
    """Lying bars, for things with names: the name above its bar, however long it is.

    :param label: column of the name.
    :param detail: column that tells two things of one name apart, shown behind it.
    :param value: column of the length.
    :param group: column of the bar's colour.
    """

    label: str
    value: str
    detail: str | None = None
    group: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it shows."""
        return tuple(filter(None, (self.label, self.detail, self.value, self.group)))

    def name(self, row: Row) -> str:
        """What stands above the bar."""
        names = [row[self.label], row[self.detail] if self.detail else None]
        return " · ".join(shown(name) for name in names if name is not None) or "unknown"

    def spec(self, rows: Sequence[Row], width: int) -> Spec:
        """The chart over `rows`, in their order."""
        values = [
            {
                "row": place,
                "label": self.name(row),
                "value": number(row[self.value]),
                "shown": shown(row[self.value], self.value),
                "series": shown(row[self.group]) if self.group else "",
            }
            for place, row in enumerate(rows)
        ]
        places = {"field": "row", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0, "paddingOuter": 0}}
        text = {"type": "text", "baseline": "middle", "dy": -8, "fontSize": LABEL_SIZE, "color": "var(--ink)"}
        # The longest figure keeps its place at the right end; a name that would reach into it ends in an ellipsis.
        room = max(len(value["shown"]) for value in values) * LETTER + 20
        return {
            "data": {"values": values},
            "height": BAR_STEP * len(values) + 50 + (25 if self.group else 0),
            "encoding": {"y": places},
            "layer": [
                {
                    "mark": {"type": "bar", "height": 10, "yOffset": 9, "cornerRadiusEnd": 2},
                    "encoding": {
                        "x": {"field": "value", "type": "quantitative", **amounts(rows, self.value, grid=False)},
                        "color": colours([value["series"] for value in values] if self.group else []),
                    },
                },
                {
                    "mark": text | {"align": "left", "limit": width - 12 - room},
                    "encoding": {"x": {"value": 0}, "text": {"field": "label"}},
                },
                {
                    "mark": text | {"align": "right"},
                    "encoding": {"x": {"value": "width"}, "text": {"field": "shown"}},
                },
            ],
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Columns:
    """Standing columns over dates, hours or a few short names.

    :param x: column of what they stand on.
    :param y: columns of the height; of several each is a series.
    :param group: with one column of the height, the column whose values are the series.
    :param is_stacked: series stand upon one another, where their sum means something; otherwise side by side.
    :param order: all values of `x` in their order, so that one without rows leaves a gap.
    :param days: for dates, the days from one to the next, for the same reason.
    :param x_title: what `x` is, if its name does not say it.
    :param y_title: what `y` is, for several.
    """

    x: str
    y: tuple[str, ...]
    group: str | None = None
    is_stacked: bool = False
    order: tuple[Any, ...] = ()
    days: int = 0
    x_title: str = ""
    y_title: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it shows."""
        return (self.x, *self.y, *((self.group,) if self.group else ()))

    def spec(self, rows: Sequence[Row], width: int) -> Spec:
        """The chart over `rows`."""
        values = [
            {
                "x": key(row[self.x]),
                "y": number(row[column]),
                "series": shown(row[self.group]) if self.group else spelled(column),
            }
            for row in rows
            for column in self.y
        ]
        series = list(dict.fromkeys(value["series"] for value in values))
        keys = self.keys(rows)
        x = {"field": "x", "type": "ordinal", "axis": self.axis(keys, width), "scale": {"domain": keys}}
        encoding = {
            "x": x,
            "y": {
                "field": "y",
                "type": "quantitative",
                "stack": self.is_stacked,
                **amounts(rows, *self.y, title=self.y_title),
            },
            "color": colours(series if len(series) > 1 else []),
        }
        if len(series) > 1 and not self.is_stacked:
            encoding["xOffset"] = {"field": "series", "sort": series}
        if self.is_stacked:
            encoding["order"] = {"field": "place"}
            values = [value | {"place": series.index(value["series"])} for value in values]
        return {"data": {"values": values}, "height": HEIGHT, "mark": {"type": "bar"}, "encoding": encoding}

    def keys(self, rows: Sequence[Row]) -> list[Any]:
        """All places of `x`, gaps too."""
        found = list(dict.fromkeys(row[self.x] for row in rows))
        if self.order:
            return [key(value) for value in self.order]
        if self.days:
            first, last = min(found), max(found)
            steps = (last - first).days // self.days + 1
            found = [first + datetime.timedelta(days=self.days * step) for step in range(steps)]
        return [key(value) for value in found]

    def axis(self, keys: Sequence[Any], width: int) -> Spec:
        """The axis of `x`: words that do not fit side by side stand aslant; of dates and numbers some are left out."""
        title = self.x_title or spelled(self.x)
        if self.days:
            years = sorted({name[:4] for name in keys})
            return {
                "title": f"{title}, {years[0]}" + (f" to {years[-1]}" if len(years) > 1 else ""),
                "labelExpr": "utcFormat(toDate(datum.value), '%-d %b')",
                "labelAngle": 0,
                "labelOverlap": True,
            }
        room = (width - 60) / len(keys)
        is_tight = any(isinstance(name, str) and len(name) * LETTER > room for name in keys)
        return {
            "title": title,
            "labelAngle": -40 if is_tight else 0,
            "labelOverlap": not is_tight,
            "labelLimit": 160,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """A line over dates.

    :param x: column of the dates.
    :param y: column of the height.
    :param x_title: what `x` is, if its name does not say it.
    """

    x: str
    y: str
    x_title: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it shows."""
        return (self.x, self.y)

    def spec(self, rows: Sequence[Row], width: int) -> Spec:
        """The chart over `rows`."""
        values = [{"x": key(row[self.x]), "y": number(row[self.y])} for row in rows]
        years = sorted({value["x"][:4] for value in values})
        title = f"{self.x_title or spelled(self.x)}, {years[0]}" + (f" to {years[-1]}" if len(years) > 1 else "")
        # Few dates are named one by one: Vega would also name the times of day between them.
        ticks = {"values": [value["x"] for value in values]} if len(values) < 8 else {"tickCount": width // 75}
        return {
            "data": {"values": values},
            "height": HEIGHT,
            "mark": {
                "type": "line",
                "strokeJoin": "round",
                "color": SERIES_COLOURS[0],
                "point": {"color": SERIES_COLOURS[0], "size": 25},
            },
            "encoding": {
                "x": {
                    "field": "x",
                    "type": "temporal",
                    "scale": {"type": "utc"},
                    "axis": {"title": title, "format": "%-d %b", "grid": False, "labelOverlap": True, **ticks},
                },
                "y": {"field": "y", "type": "quantitative", **amounts(rows, self.y)},
            },
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class HeatMap:
    """Cells of two columns' values, the darker the more.

    :param x: column of the cells' places from left to right.
    :param y: column of their places from top to bottom.
    :param value: column of the colour.
    :param x_order: all values of `x` in their order; else as they come.
    :param y_order: all values of `y` in their order; else as they come.
    :param is_labelled: write the figures into the cells.
    :param x_title: what `x` is, if its name does not say it.
    :param y_title: what `y` is, likewise.
    """

    x: str
    y: str
    value: str
    x_order: tuple[Any, ...] = ()
    y_order: tuple[Any, ...] = ()
    is_labelled: bool = False
    x_title: str = ""
    y_title: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it shows."""
        return (self.x, self.y, self.value)

    def spec(self, rows: Sequence[Row], width: int) -> Spec:
        """The chart over `rows`."""
        values = [
            {
                "x": key(row[self.x]),
                "y": key(row[self.y]),
                "value": number(row[self.value]),
                "shown": shown(row[self.value], self.value),
            }
            for row in rows
        ]
        most = max(value["value"] for value in values) or 1
        places = {
            axis: [key(value) for value in order or dict.fromkeys(row[column] for row in rows)]
            for axis, column, order in (("x", self.x, self.x_order), ("y", self.y, self.y_order))
        }
        common = {"type": "ordinal"}
        cells = {
            "mark": {"type": "rect", "stroke": "var(--card)", "strokeWidth": 1.5},
            "encoding": {
                "color": {
                    "field": "value",
                    "type": "quantitative",
                    "scale": {"type": "quantize", "domain": [0, most], "range": list(HEAT_COLOURS)},
                    "legend": {"title": spelled(self.value), "format": ",d", "symbolSize": 160},
                }
            },
        }
        # Upon the two darkest of five steps the text is light.
        text = {
            "mark": {"type": "text", "fontSize": LABEL_SIZE},
            "encoding": {
                "text": {"field": "shown"},
                "color": {
                    "condition": {"test": f"datum.value >= {most} * 0.6", "value": "var(--card)"},
                    "value": "var(--ink)",
                },
            },
        }
        return {
            "data": {"values": values},
            "height": HEIGHT,
            "encoding": {
                "x": {
                    **common,
                    "field": "x",
                    "scale": {"domain": places["x"]},
                    "axis": {"title": self.x_title or spelled(self.x), "labelAngle": 0, "labelOverlap": True},
                },
                "y": {
                    **common,
                    "field": "y",
                    "scale": {"domain": places["y"]},
                    "axis": {"title": self.y_title or None, "labelLimit": width // 3},
                },
            },
            "layer": [cells, text] if self.is_labelled else [cells],
        }


Picture = Bars | Columns | Line | HeatMap
Chart = Figures | Picture


def key(value: Any) -> Any:
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


def colours(series: Sequence[str]) -> Spec:
    """One colour, or one a series and a legend that says which."""
    if not series:
        return {"value": SERIES_COLOURS[0]}
    names = list(dict.fromkeys(series))
    return {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": names, "range": list(SERIES_COLOURS)},
        "legend": {"title": None},
    }
