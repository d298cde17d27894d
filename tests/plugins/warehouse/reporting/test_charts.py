"""Every chart has its names and values, and shapes of the right size. The real library draws them."""

from __future__ import annotations

import datetime
import re
import xml.etree.ElementTree as ET

import pytest

from warehouse.reporting.charts import HeatMap, HorizontalBars, Line, VerticalBars
from warehouse.reporting.drawing import NARROW, WIDE, draw
from warehouse.reporting.report import PAGES

MONDAY = datetime.date(2018, 10, 29)
HOSTILE = "<script>alert(1)</script> & \"quotes\" 'too' </style> שלום 😀 \x00\x1b\x85"
VISIBLE_HOSTILE = "<script>alert(1)</script> & \"quotes\" 'too' </style> שלום 😀 ␀␛\ufffd"


def weeks(*values: int) -> list[tuple[datetime.date, int]]:
    """Rows of consecutive weeks. A week with the value 0 has no row."""
    return [(MONDAY + datetime.timedelta(weeks=week), value) for week, value in enumerate(values) if value]


def texts(svg: str) -> list[str]:
    """The texts in a chart."""
    return ["".join(element.itertext()) for element in ET.fromstring(svg).findall(".//{*}text")]


def extents(svg: str, colour: str, direction: str) -> list[float]:
    """The widths (h) or heights (v) of the shapes in a colour."""
    # The symbols of the legend come last.
    shapes = [element.get("d") for element in ET.fromstring(svg).findall(".//{*}path") if element.get("fill") == colour]
    # M x,y h width v height h -width Z, with or without round corners
    return [max(abs(float(length)) for length in re.findall(direction + r"(-?[\d.]+)", shape)) for shape in shapes]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_horizontal_bars_have_the_name_and_value_of_every_row(width):
    """Bars start at zero. A long name ends in an ellipsis, and its value is complete."""
    rows = [(HOSTILE, 400), ("long " * 60, 100), (None, 0)]
    svg = draw(HorizontalBars(label="artist", value="plays"), ["artist", "plays"], rows, width)
    labels = texts(svg)
    assert next(name for name in labels if name.startswith("long")).endswith("…")
    assert {"unknown", "400", "100", "0", "plays"} <= set(labels)
    (hostile,) = (name for name in labels if "script" in name)
    assert VISIBLE_HOSTILE == hostile or (width == NARROW and VISIBLE_HOSTILE.startswith(hostile.removesuffix("…")))
    longest, quarter, nothing = extents(svg, "var(--series-1)", "[hH]")
    assert (pytest.approx(longest / 4, abs=1), 0) == (quarter, nothing)
    assert longest < width
    assert f'width="{width}"' in svg


def test_grouped_horizontal_bars_have_colours_and_a_legend():
    """Also if the same name is in both groups."""
    rows = [("women", "Abba", "One", 3), ("men", "Abba", "One", 2)]
    chart = HorizontalBars(label="song", detail="artist", value="plays", group="gender")
    svg = draw(chart, ["gender", "artist", "song", "plays"], rows, WIDE)
    assert 2 == texts(svg).count("One · Abba")
    assert {"women", "men"} <= set(texts(svg))
    (women,), (men,) = (extents(svg, f"var(--series-{number})", "[hH]")[:1] for number in (1, 2))
    assert pytest.approx(women * 2 / 3, abs=1) == men


def test_vertical_bars_start_at_zero_and_leave_gaps():
    """A week without rows is on the axis too."""
    svg = draw(VerticalBars(x="week", y=("plays",), days=7), ["week", "plays"], weeks(100, 0, 50, 25), WIDE)
    assert {"29 Oct", "5 Nov", "12 Nov", "19 Nov", "week, 2018", "plays"} <= set(texts(svg))
    first, second, third = extents(svg, "var(--series-1)", "[vV]")
    assert (pytest.approx(first / 2, abs=1), pytest.approx(first / 4, abs=1)) == (second, third)


def test_vertical_bars_of_several_series_are_stacked_or_side_by_side():
    """Stacked heights add up, so the axis is longer."""
    rows = [(hour, 30, 10) for hour in range(3)]
    heights = {}
    for is_stacked in (True, False):
        chart = VerticalBars(x="hour", y=("new", "old"), is_stacked=is_stacked, order=(0, 1, 2, 3), y_title="people")
        svg = draw(chart, ["hour", "new", "old"], rows, WIDE)
        assert {"0", "3", "new", "old", "people"} <= set(texts(svg))
        heights[is_stacked] = [extents(svg, f"var(--series-{series})", "[vV]")[0] for series in (1, 2)]
        assert pytest.approx(heights[is_stacked][0] / 3, abs=1) == heights[is_stacked][1]
    # The axis reaches to 40 instead of 30.
    assert heights[True][0] < heights[False][0]


def test_labels_of_vertical_bars_are_complete_on_mobile():
    """Labels that do not fit side by side are slanted."""
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    rows = [(day, number) for number, day in enumerate(days)]
    for width in (WIDE, NARROW):
        svg = draw(VerticalBars(x="weekday", y=("plays",), order=days), ["weekday", "plays"], rows, width)
        assert set(days) <= set(texts(svg))
        assert (width == NARROW) is ("rotate(320" in svg)


def test_a_line_has_dates_and_a_unit():
    """Percentages have a percent sign and start at zero. A single date is drawn too."""
    rows = [(week, value / 10) for week, value in weeks(305, 312, 0, 318)]
    svg = draw(Line(x="week", y="percent_matched"), ["week", "percent_matched"], rows, WIDE)
    assert {"29 Oct", "5 Nov", "19 Nov", "week, 2018", "0%", "30%", "percent matched"} <= set(texts(svg))
    assert "29 Oct" in texts(draw(Line(x="week", y="percent_matched"), ["week", "percent_matched"], rows[:1], NARROW))


def test_a_heat_map_colours_and_labels_its_cells():
    """In five steps from zero to the largest value."""
    rows = [("Mac", "Chrome", 1000), ("Mac", "Firefox", 100), (HOSTILE, "Chrome", 450)]
    chart = HeatMap(x="browser", y="system", value="plays", is_labelled=True)
    svg = draw(chart, ["system", "browser", "plays"], rows, WIDE)
    assert {"Mac", "Chrome", "Firefox", "1,000", "100", "450", "plays"} <= set(texts(svg))
    cells = [
        element.get("fill")
        for element in ET.fromstring(svg).findall(".//{*}path")
        if element.get("stroke") == "var(--card)"
    ]
    assert ["var(--heat-5)", "var(--heat-1)", "var(--heat-3)"] == cells
    hours = HeatMap(x="hour", y="system", value="plays", x_order=tuple(range(24)))
    assert {"0", "12", "23"} <= set(texts(draw(hours, ["system", "hour", "plays"], [("Mac", 5, 1)], WIDE)))


def test_a_chart_with_only_zeros_is_drawn():
    """Its axis has a length all the same."""
    rows = [(MONDAY, 0, 0)]
    chart = VerticalBars(x="week", y=("upgrades", "downgrades"), days=7)
    assert "0" in texts(draw(chart, ["week", "upgrades", "downgrades"], rows, WIDE))
    assert "0" in texts(draw(HorizontalBars(label="week", value="upgrades"), ["week", "upgrades"], [("a", None)], WIDE))


def test_rows_that_do_not_fit_the_chart_are_refused():
    """The error names the column or the value."""
    with pytest.raises(ValueError, match="needs the columns artist; the query gives song, plays"):
        draw(HorizontalBars(label="artist", value="plays"), ["song", "plays"], [("a", 1)], WIDE)
    with pytest.raises(ValueError, match="cannot draw 'many': expected a number"):
        draw(HorizontalBars(label="song", value="plays"), ["song", "plays"], [("a", "many")], WIDE)
    for chart in (VerticalBars(x="week", y=("plays",), days=7), Line(x="week", y="plays")):
        with pytest.raises(ValueError, match="cannot draw None over time: expected a date"):
            draw(chart, ["week", "plays"], [(MONDAY, 1), (None, 1)], WIDE)


def test_a_chart_loads_nothing_and_has_no_ids():
    """A page has several charts, so ids would not be unique."""
    svg = draw(VerticalBars(x="week", y=("plays",), days=7), ["week", "plays"], weeks(1, 2), WIDE)
    assert not re.search(r"\b(id|href|src|role)=|url\(", svg)


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, as WCAG 2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_have_enough_contrast(theme):
    """Text has at least 4.5:1 to its background, shapes 3:1, and two series differ in lightness too."""
    style = (PAGES / "style.css").read_text(encoding="utf-8")
    colours = {
        name: pair.split(", ")[theme] for name, pair in re.findall(r"(--[\w-]+): light-dark\((#\w+, #\w+)\);", style)
    }
    for text in ("ink", "quiet", "accent"):
        assert all(
            contrast(colours[f"--{text}"], colours[f"--{background}"]) >= 4.5 for background in ("paper", "card")
        )
    for name in ("good", "warn", "bad"):
        assert contrast(colours[f"--{name}"], colours[f"--{name}-soft"]) >= 4.5
    for step in range(1, 6):
        text = "--ink" if step <= 3 else "--card"
        assert contrast(colours[text], colours[f"--heat-{step}"]) >= 4.5
    series = [colours[f"--series-{number}"] for number in (1, 2, 3)]
    assert all(contrast(colour, colours["--card"]) >= 3 for colour in series)
    assert contrast(*series[:2]) >= 1.25
