"""Kinds of charts as data: each makes a Vega-Lite specification of a query's rows.

Colours are CSS variables, which follow the page into the dark (pages/style.css).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from warehouse.reporting.axes import (
    LABEL_SIZE,
    LETTER,
    SERIES_COLOURS,
    Row,
    Spec,
    amounts,
    colours,
    dates,
    key,
    names,
    over_dates,
)
from warehouse.reporting.formatting import number, shown, spelled

# One row of a bar chart: a line of text and the bar below it.
BAR_STEP = 34
HEIGHT = 280
HEAT_COLOURS = tuple(f"var(--heat-{step})" for step in range(1, 6))


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
                "series": str(key(row[self.group])) if self.group else "",
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
                "series": str(key(row[self.group])) if self.group else spelled(column),
            }
            for row in rows
            for column in self.y
        ]
        series = list(dict.fromkeys(value["series"] for value in values))
        title = self.x_title or spelled(self.x)
        found = [row[self.x] for row in rows]
        axis = dates(found, title, self.days) if self.days else names(self.order or found, title, width)
        encoding = {
            "x": {"field": "x", "type": "ordinal", **axis},
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
        title = over_dates(self.x_title or spelled(self.x), [row[self.x] for row in rows])
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
    """Cells of two columns' values: the stronger the colour, the more.

    :param x: column of the cells' places from left to right.
    :param y: column of their places from top to bottom.
    :param value: column of the colour.
    :param x_order: all values of `x` in their order; else as they come.
    :param y_order: all values of `y` in their order; else as they come.
    :param is_labelled: write the figures into the cells.
    :param x_title: what `x` is, if its name does not say it.
    """

    x: str
    y: str
    value: str
    x_order: tuple[Any, ...] = ()
    y_order: tuple[Any, ...] = ()
    is_labelled: bool = False
    x_title: str = ""

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
        x = names(self.x_order or [row[self.x] for row in rows], self.x_title or spelled(self.x), width)
        y = names(self.y_order or [row[self.y] for row in rows], "", width)
        y["axis"] = {"title": None, "labelLimit": width // 3}
        cells = {
            "mark": {"type": "rect", "stroke": "var(--card)", "strokeWidth": 1.5},
            "encoding": {
                "color": {
                    "field": "value",
                    "type": "quantitative",
                    "scale": {"type": "quantize", "domain": [0, most], "range": list(HEAT_COLOURS)},
                    "legend": {"title": spelled(self.value), "format": ",d" if most >= len(HEAT_COLOURS) else ",.1f"},
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
                "x": {"field": "x", "type": "ordinal", **x},
                "y": {"field": "y", "type": "ordinal", **y},
            },
            "layer": [cells, text] if self.is_labelled else [cells],
        }


Picture = Bars | Columns | Line | HeatMap
Chart = Figures | Picture
