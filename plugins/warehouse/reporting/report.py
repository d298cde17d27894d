"""A report: the answers to questions as one self-contained page, and the same figures as JSON."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from warehouse.reporting.formatting import is_number, machine_readable, plain, shown, spelled, visible
from warehouse.reporting.questions import Answer

PAGES = Path(__file__).parent / "pages"
JSON_VERSION = 1


def picture(svg: str, width: str, title: str) -> Markup:
    """A chart's SVG as a picture with a name, of a class that says at which width of the page it shows.

    It is Vega's own and has escaped what stands in it.
    """
    start = f'<svg class="chart {width}" role="img" aria-label="{escape(title)}"'
    return Markup(svg.replace("<svg", start, 1))  # noqa: S704  # see above


def is_moment(value: Any) -> bool:
    """Whether a value is a date or a time."""
    return isinstance(value, datetime.date)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """One report.

    :param title: what it is about.
    :param made_at: when it was made, UTC.
    :param run_id: the run that made it.
    :param sections: the answers below their headings.
    :param latest_column: the column of the first answer's first row that says up to when the data goes.
    """

    title: str
    made_at: datetime.datetime
    run_id: str
    sections: Mapping[str, Sequence[Answer]]
    latest_column: str | None = None

    @property
    def answers(self) -> list[Answer]:
        """All answers in their order."""
        return [answer for answers in self.sections.values() for answer in answers]

    @property
    def failed(self) -> list[Answer]:
        """The answers that are none."""
        return [answer for answer in self.answers if answer.error]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to report on: the first question, about all there is, found no row."""
        first = self.answers[0]
        return not (first.rows or first.error)

    @property
    def latest(self) -> datetime.datetime | None:
        """Up to when the data goes."""
        first = self.answers[0]
        if not first.rows or self.latest_column not in first.columns:
            return None
        found = first.rows[0][first.columns.index(self.latest_column)]
        return found if is_moment(found) else None

    def html(self) -> str:
        """The page."""
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(PAGES), autoescape=True, undefined=jinja2.StrictUndefined
        )
        environment.filters |= {
            "is_moment": is_moment,
            "is_number": is_number,
            "machine_readable": machine_readable,
            "picture": picture,
            "shown": shown,
            "spelled": spelled,
            "visible": visible,
        }
        # The project's own file: CSS has no use for entities.
        style = Markup((PAGES / "style.css").read_text(encoding="utf-8"))  # noqa: S704
        return environment.get_template("report.html").render(report=self, style=style)

    def json(self) -> str:
        """The figures; names exactly as the data has them."""
        questions = [
            {
                "name": answer.question.name,
                "title": answer.question.title,
                "sentence": answer.question.sentence,
                "columns": list(answer.columns),
                "rows": [[plain(value) for value in row] for row in answer.rows],
                "error": answer.error,
            }
            for answer in self.answers
        ]
        made_at = f"{self.made_at:%Y-%m-%dT%H:%M:%SZ}"
        content = {"version": JSON_VERSION, "made_at": made_at, "run_id": self.run_id, "questions": questions}
        return json.dumps(content, ensure_ascii=False, indent=1)
