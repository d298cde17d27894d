"""Chart types as data: each turns the rows of a query into a Vega-Lite specification.

Colours are CSS variables, defined in pages/style.css for light and dark.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from warehouse.reporting.axes import (
    LABEL_SIZE,
    LETTER_WIDTH,
    SERIES_COLOURS,
    Row,
    Spec,
    axis_key,
    category_axis,
    date_axis,
    date_axis_title,
    series_colours,
    value_axis,
)
from warehouse.reporting.formatting import column_label, display, to_number

# The height of one horizontal bar with the line of text above it, in pixels.
BAR_STEP = 34
HEIGHT = 280
HEAT_COLOURS = tuple(f"var(--heat-{step})" for step in range(1, 6))


@dataclasses.dataclass(frozen=True, kw_only=True)
class KeyFigures:
    """No drawing: the values of the first row in large type."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the query must have: none in particular, as all columns are shown."""
        return ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class HorizontalBars:
    """Horizontal bars for items with names. Each name is above its bar, so long names have space.

    :param label: column with the name.
    :param detail: column shown after the name, which distinguishes items of the same name.
    :param value: column with the length of the bar.
    :param group: column that decides the colour of the bar.
    """

    label: str
    value: str
    detail: str | None = None
    group: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the query must have."""
        return tuple(filter(None, (self.label, self.detail, self.value, self.group)))

    def bar_label(self, row: Row) -> str:
        """The text above the bar."""
        names = [row[self.label], row[self.detail] if self.detail else None]
        return " · ".join(display(name) for name in names if name is not None) or "unknown"

    def spec(self, rows: Sequence[Row], width: int) -> Spec:
        """The specification, with the bars in the order of the rows."""
        values = [
            {
                "row": position,
                "label": self.bar_label(row),
                "value": to_number(row[self.value]),
                "text": display(row[self.value], self.value),
                "series": str(axis_key(row[self.group])) if self.group else "",
            }
            for position, row in enumerate(rows)
        ]
        positions = {"field": "row", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0, "paddingOuter": 0}}
        text = {"type": "text", "baseline": "middle", "dy": -8, "fontSize": LABEL_SIZE, "color": "var(--ink)"}
        # Reserve the right end for the longest value; a name that would overlap it ends in an ellipsis.
        reserved = max(len(value["text"]) for value in values) * LETTER_WIDTH + 20
        return {
            "data": {"values": values},
            "height": BAR_STEP * len(values) + 50 + (25 if self.group else 0),
            "encoding": {"y": positions},
            "layer": [
                {
                    "mark": {"type": "bar", "height": 10, "yOffset": 9, "cornerRadiusEnd": 2},
                    "encoding": {
                        "x": {"field": "value", "type": "quantitative", **value_axis(rows, self.value, grid=False)},
                        "color": series_colours([value["series"] for value in values] if self.group else []),
                    },
                },
                {
                    "mark": text | {"align": "left", "limit": width - 12 - reserved},
                    "encoding": {"x": {"value": 0}, "text": {"field": "label"}},
                },
                {
                    "mark": text | {"align": "right"},
                    "encoding": {"x": {"value": "width"}, "text": {"field": "text"}},
                },
            ],
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class VerticalBars:
    """Vertical bars for dates, hours or a few short names.

    :param x: column with the position.
    :param y: columns with the height; if there are several, each is a series.
    :param group: column whose values are the series, if there is one column with the height.
    :param is_stacked: stack the series, if their sum means something; otherwise they are side by side.
    :param order: all values of `x` in order, so that a value without rows leaves a gap.
    :param days: for dates, the number of days between two bars, for the same reason.
    :param x_title: title of the x axis; without it, the column name.
    :param y_title: title of the y axis; without it, the name of the first column.
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
        """The columns that the query must have."""
        return (self.x, *self.y, *((self.group,) if self.group else ()))

    def spec(self, rows: Sequence[Row], width: int) -> Spec:
        """The specification."""
        values = [
            {
                "x": axis_key(row[self.x]),
                "y": to_number(row[column]),
                "series": str(axis_key(row[self.group])) if self.group else column_label(column),
            }
            for row in rows
            for column in self.y
        ]
        series = list(dict.fromkeys(value["series"] for value in values))
        title = self.x_title or column_label(self.x)
        x_values = [row[self.x] for row in rows]
        axis = (
            date_axis(x_values, title, self.days) if self.days else category_axis(self.order or x_values, title, width)
        )
        encoding = {
            "x": {"field": "x", "type": "ordinal", **axis},
            "y": {
                "field": "y",
                "type": "quantitative",
                "stack": self.is_stacked,
                **value_axis(rows, *self.y, title=self.y_title),
            },
            "color": series_colours(series if len(series) > 1 else []),
        }
        if len(series) > 1 and not self.is_stacked:
            encoding["xOffset"] = {"field": "series", "sort": series}
        if self.is_stacked:
            encoding["order"] = {"field": "position"}
            values = [value | {"position": series.index(value["series"])} for value in values]
        return {"data": {"values": values}, "height": HEIGHT, "mark": {"type": "bar"}, "encoding": encoding}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """A line over dates.

    :param x: column with the dates.
    :param y: column with the height.
    :param x_title: title of the x axis; without it, the column name.
    """

    x: str
    y: str
    x_title: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the query must have."""
        return (self.x, self.y)

    def spec(self, rows: Sequence[Row], width: int) -> Spec:
        """The specification."""
        values = [{"x": axis_key(row[self.x]), "y": to_number(row[self.y])} for row in rows]
        title = date_axis_title(self.x_title or column_label(self.x), [row[self.x] for row in rows])
        # With few dates, Vega would also label times of day between them; so every date is a tick.
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
                "y": {"field": "y", "type": "quantitative", **value_axis(rows, self.y)},
            },
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class HeatMap:
    """Cells for each pair of values of two columns; the stronger the colour, the larger the value.

    :param x: column with the position from left to right.
    :param y: column with the position from top to bottom.
    :param value: column that decides the colour.
    :param x_order: all values of `x` in order; without it, the order of the rows.
    :param y_order: all values of `y` in order; without it, the order of the rows.
    :param is_labelled: write the value into each cell.
    :param x_title: title of the x axis; without it, the column name.
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
        """The columns that the query must have."""
        return (self.x, self.y, self.value)

    def spec(self, rows: Sequence[Row], width: int) -> Spec:
        """The specification."""
        values = [
            {
                "x": axis_key(row[self.x]),
                "y": axis_key(row[self.y]),
                "value": to_number(row[self.value]),
                "text": display(row[self.value], self.value),
            }
            for row in rows
        ]
        largest = max(value["value"] for value in values) or 1
        x = category_axis(self.x_order or [row[self.x] for row in rows], self.x_title or column_label(self.x), width)
        y = category_axis(self.y_order or [row[self.y] for row in rows], "", width)
        y["axis"] = {"title": None, "labelLimit": width // 3}
        cells = {
            "mark": {"type": "rect", "stroke": "var(--card)", "strokeWidth": 1.5},
            "encoding": {
                "color": {
                    "field": "value",
                    "type": "quantitative",
                    "scale": {"type": "quantize", "domain": [0, largest], "range": list(HEAT_COLOURS)},
                    "legend": {
                        "title": column_label(self.value),
                        "format": ",d" if largest >= len(HEAT_COLOURS) else ",.1f",
                    },
                }
            },
        }
        # The text on the two darkest of the five steps is light.
        text = {
            "mark": {"type": "text", "fontSize": LABEL_SIZE},
            "encoding": {
                "text": {"field": "text"},
                "color": {
                    "condition": {"test": f"datum.value >= {largest} * 0.6", "value": "var(--card)"},
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


Chart = HorizontalBars | VerticalBars | Line | HeatMap
