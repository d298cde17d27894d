"""A question as data: its query, its texts, and the chart of its answer."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from warehouse.reporting.charts import Chart, KeyFigures
from warehouse.reporting.drawing import NARROW, WIDE, draw
from warehouse.reporting.formatting import is_number

# A table with more columns does not fit into half the width of the page.
MAX_COLUMNS_HALF_WIDTH = 5
# The name is an id in the page.
FILE = re.compile(r"(?:[\w-]+/)*([a-z][a-z0-9_]*)\.sql")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """One question.

    :param sql: a .sql file with one query without parameters. The question has the name of the file without `.sql`.
    :param title: the question in a few words.
    :param description: what the answer shows, and what it does not.
    :param chart: how the answer is shown; None for only a table.
    """

    sql: str
    title: str
    description: str
    chart: Chart | KeyFigures | None = None

    def __post_init__(self) -> None:
        if not FILE.fullmatch(self.sql):
            raise ValueError(f"not a file name for a question: {self.sql!r}; expected folder/name.sql in lower case")

    @property
    def name(self) -> str:
        """The name of the file without its extension."""
        return self.sql.rpartition("/")[2].removesuffix(".sql")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to a question: rows or an error, and their charts.

    :param question: the question.
    :param columns: the names of the columns.
    :param rows: the rows with the values that the driver returned.
    :param error: why there are no rows, or why there is no chart.
    :param wide: the chart as SVG for desktop screens; empty for no chart.
    :param narrow: the chart as SVG for mobile screens; empty for no chart.
    """

    question: Question
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    error: str | None = None
    wide: str = ""
    narrow: str = ""

    @property
    def has_key_figures(self) -> bool:
        """Whether the page shows it as key figures."""
        return isinstance(self.question.chart, KeyFigures)

    @property
    def is_full_width(self) -> bool:
        """Whether it takes the full width of the page, as key figures and tables with many columns do."""
        return self.has_key_figures or (self.question.chart is None and len(self.columns) > MAX_COLUMNS_HALF_WIDTH)

    @property
    def number_columns(self) -> set[int]:
        """The indexes of the columns that have only numbers and NULLs."""
        indexes = range(len(self.columns))
        not_null = {index: [row[index] for row in self.rows if row[index] is not None] for index in indexes}
        return {index for index, values in not_null.items() if values and all(map(is_number, values))}


def with_charts(answer: Answer) -> Answer:
    """The answer with its charts, if it has rows and its question has a chart. If drawing fails, it has an error."""
    chart = answer.question.chart
    if chart is None or isinstance(chart, KeyFigures) or not answer.rows:
        return answer
    try:
        wide, narrow = (draw(chart, answer.columns, answer.rows, width) for width in (WIDE, NARROW))
    except ValueError as error:
        return dataclasses.replace(answer, error=f"the chart could not be drawn: {error}")
    return dataclasses.replace(answer, wide=wide, narrow=narrow)
