"""A report: the answers to questions as one self-contained HTML page, and the same values as JSON."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from warehouse.reporting.formatting import column_label, display, is_number, json_value, machine_readable, visible
from warehouse.reporting.questions import Answer

PAGES = Path(__file__).parent / "pages"
JSON_VERSION = 2


def labelled_chart(svg: str, width: str, title: str) -> Markup:
    """A chart's SVG with a label for screen readers. The class `width` says on which screens the page shows it."""
    start = f'<svg class="chart {width}" role="img" aria-label="{escape(title)}"'
    return Markup(svg.replace("<svg", start, 1))  # noqa: S704  # Vega has escaped all text in it


def is_date(value: Any) -> bool:
    """Whether a value is a date or a timestamp."""
    return isinstance(value, datetime.date)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """One report.

    :param title: the title of the page.
    :param created_at: when it was created, UTC.
    :param run_id: the run that created it.
    :param sections: the answers by the heading of their section.
    :param latest_column: the column of the first answer with the timestamp of the latest data.
    """

    title: str
    created_at: datetime.datetime
    run_id: str
    sections: Mapping[str, Sequence[Answer]]
    latest_column: str | None = None

    @property
    def answers(self) -> list[Answer]:
        """All answers in order."""
        return [answer for answers in self.sections.values() for answer in answers]

    @property
    def failed(self) -> list[Answer]:
        """The answers with an error."""
        return [answer for answer in self.answers if answer.error]

    @property
    def is_empty(self) -> bool:
        """Whether there is no data: the first question, which is about all data, returned no row."""
        first = self.answers[0]
        return not (first.rows or first.error)

    @property
    def latest(self) -> datetime.datetime | None:
        """The timestamp of the latest data; None if it is unknown."""
        first = self.answers[0]
        if not first.rows or self.latest_column not in first.columns:
            return None
        value = first.rows[0][first.columns.index(self.latest_column)]
        return value if is_date(value) else None

    def html(self) -> str:
        """The HTML page."""
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(PAGES), autoescape=True, undefined=jinja2.StrictUndefined
        )
        environment.filters |= {
            "column_label": column_label,
            "display": display,
            "is_date": is_date,
            "is_number": is_number,
            "labelled_chart": labelled_chart,
            "machine_readable": machine_readable,
            "visible": visible,
        }
        # Not escaped: it is a file of this package, and CSS has no entities.
        style = Markup((PAGES / "style.css").read_text(encoding="utf-8"))  # noqa: S704
        return environment.get_template("report.html").render(report=self, style=style)

    def json(self) -> str:
        """The JSON document, with names exactly as they are in the data."""
        questions = [
            {
                "name": answer.question.name,
                "title": answer.question.title,
                "description": answer.question.description,
                "columns": list(answer.columns),
                "rows": [[json_value(value) for value in row] for row in answer.rows],
                "error": answer.error,
            }
            for answer in self.answers
        ]
        created_at = f"{self.created_at:%Y-%m-%dT%H:%M:%SZ}"
        content = {"version": JSON_VERSION, "created_at": created_at, "run_id": self.run_id, "questions": questions}
        return json.dumps(content, ensure_ascii=False, indent=1)
