"""Draws charts as SVG, which a browser shows without a script.

Vega measures text when it draws, so the SVG uses fonts with the letter widths of Arial instead of the reader's font.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

from warehouse.reporting.axes import LABEL_SIZE
from warehouse.reporting.charts import Chart

# Total widths in pixels: half of a desktop page, and a mobile screen without the margins.
WIDE = 560
NARROW = 326

SVG = "http://www.w3.org/2000/svg"
# Attributes that a page does not need. The font is set once, on the root element.
REMOVED_ATTRIBUTES = {"class", "role", "aria-roledescription", "aria-hidden", "pointer-events", "font-family"}
GEOMETRY = {"d", "transform", "x1", "x2", "y1", "y2"}
DECIMALS = re.compile(r"-?\d+\.\d{2,}")

CONFIG: dict[str, Any] = {
    "aria": False,  # the page labels each chart as a whole; a screen reader reads the values in the table
    "font": "Helvetica, Arial, 'Liberation Sans', sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": "var(--line)",
        "gridColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelColor": "var(--quiet)",
        "titleColor": "var(--quiet)",
        "labelFontSize": LABEL_SIZE,
        "titleFontSize": LABEL_SIZE,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    },
    "legend": {
        "labelColor": "var(--ink)",
        "titleColor": "var(--quiet)",
        "labelFontSize": LABEL_SIZE,
        "titleFontSize": LABEL_SIZE,
        "titleFontWeight": "normal",
        "orient": "top",
        "symbolType": "square",
    },
}


def draw(chart: Chart, columns: Sequence[str], rows: Sequence[Sequence[Any]], width: int) -> str:
    """The SVG of a chart for the rows of a query. Raises ValueError if a column is missing or has the wrong type."""
    import vl_convert  # imported here because DAG files import this module and draw nothing

    if missing := [column for column in chart.columns if column not in columns]:
        raise ValueError(f"the chart needs the columns {', '.join(missing)}; the query gives {', '.join(columns)}")
    spec = chart.spec([dict(zip(columns, row, strict=True)) for row in rows], width)
    frame = {"width": width, "autosize": {"type": "fit", "contains": "padding"}, "background": None, "config": CONFIG}
    return minify(vl_convert.vegalite_to_svg(spec | frame))


def minify(svg: str) -> str:
    """Vega's SVG in about half the size: without the parts that show nothing, and with coordinates to one decimal."""
    ET.register_namespace("", SVG)
    root = ET.fromstring(svg)  # noqa: S314  # Vega wrote it
    for parent in list(root.iter()):
        for element in [child for child in parent if child.get("class") in ("background", "foreground")]:
            parent.remove(element)
    for element in root.iter():
        for name in REMOVED_ATTRIBUTES & set(element.attrib):
            del element.attrib[name]
        for name in GEOMETRY & set(element.attrib):
            element.set(name, DECIMALS.sub(lambda match: f"{float(match[0]):.1f}", element.attrib[name]))
    del root.attrib["version"]
    root.set("font-family", CONFIG["font"])
    return ET.tostring(root, encoding="unicode")
