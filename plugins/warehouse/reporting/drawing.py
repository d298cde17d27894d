"""Charts drawn as SVG: pictures that need no script to be read.

Vega measures text as it draws, so pictures name fonts of one width, Arial's, and not the reader's own.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

from warehouse.reporting.axes import LABEL_SIZE
from warehouse.reporting.charts import Picture

# Pixels in all: half of a wide page, and a telephone less the margins.
WIDE = 560
NARROW = 326

SVG = "http://www.w3.org/2000/svg"
# A font is named once, for all of a picture.
UNNEEDED = {"class", "role", "aria-roledescription", "aria-hidden", "pointer-events", "font-family"}
GEOMETRY = {"d", "transform", "x1", "x2", "y1", "y2"}
DECIMALS = re.compile(r"-?\d+\.\d{2,}")

CONFIG: dict[str, Any] = {
    "aria": False,  # the page names each picture as a whole; a screen reader gets the figures from the table
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


def draw(chart: Picture, columns: Sequence[str], rows: Sequence[Sequence[Any]], width: int) -> str:
    """The SVG of a chart over a query's rows; ValueError if the query has not the chart's columns."""
    import vl_convert  # here: a DAG file that declares charts draws none

    if missing := [column for column in chart.columns if column not in columns]:
        raise ValueError(f"the chart needs the columns {', '.join(missing)}; the query gives {', '.join(columns)}")
    spec = chart.spec([dict(zip(columns, row, strict=True)) for row in rows], width)
    frame = {"width": width, "autosize": {"type": "fit", "contains": "padding"}, "background": None, "config": CONFIG}
    return lean(vl_convert.vegalite_to_svg(spec | frame))


def lean(svg: str) -> str:
    """Vega's SVG without what a picture does not need: half of it, with roles that would want names of their own."""
    ET.register_namespace("", SVG)
    root = ET.fromstring(svg)  # noqa: S314  # Vega's own, not a stranger's
    for parent in list(root.iter()):
        for element in [child for child in parent if child.get("class") in ("background", "foreground")]:
            parent.remove(element)
    for element in root.iter():
        for name in UNNEEDED & set(element.attrib):
            del element.attrib[name]
        for name in GEOMETRY & set(element.attrib):
            element.set(name, DECIMALS.sub(lambda found: f"{float(found[0]):.1f}", element.attrib[name]))
    del root.attrib["version"]
    root.set("font-family", CONFIG["font"])
    return ET.tostring(root, encoding="unicode")
