"""A question as data: a query, what it answers in words, and how its answer is drawn."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from warehouse.reporting.charts import Chart, Figures
from warehouse.reporting.drawing import NARROW, WIDE, draw
from warehouse.reporting.formatting import is_number

# More than these are not read in half the width of a page.
MOST_COLUMNS_OF_A_HALF = 5
# The name becomes an id in the page.
FILE = re.compile(r"(?:[\w-]+/)*([a-z][a-z0-9_]*)\.sql")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """One question.

    :param sql: a .sql file with one query that takes no parameters; its name without the ending is the question's.
    :param title: the question in a few words.
    :param sentence: what the answer shows, and what it does not.
    :param chart: how the answer is drawn; None for a table alone.
    """

    sql: str
    title: str
    sentence: str
    chart: Chart | None = None

    def __post_init__(self) -> None:
        if not FILE.fullmatch(self.sql):
            raise ValueError(f"not a question's file: {self.sql!r}; expected folder/name.sql in lower-case letters")

    @property
    def name(self) -> str:
        """The name of the file without its ending."""
        return self.sql.rpartition("/")[2].removesuffix(".sql")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What asking a question gave: rows, or an error.

    :param question: the question.
    :param columns: names of the columns.
    :param rows: the rows, as the driver gave them.
    :param error: why there are none, or no picture of them.
    :param wide: the picture as SVG for a wide page; empty for none.
    :param narrow: the same for a telephone.
    """

    question: Question
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    error: str | None = None
    wide: str = ""
    narrow: str = ""

    @property
    def are_figures(self) -> bool:
        """Whether it shows as figures themselves."""
        return isinstance(self.question.chart, Figures)

    @property
    def is_whole(self) -> bool:
        """Whether it takes the whole width of the page: figures, and tables of many columns."""
        return self.are_figures or (self.question.chart is None and len(self.columns) > MOST_COLUMNS_OF_A_HALF)

    @property
    def number_columns(self) -> set[int]:
        """The places of the columns that hold numbers and nothing else."""
        places = range(len(self.columns))
        filled = {place: [row[place] for row in self.rows if row[place] is not None] for place in places}
        return {place for place, values in filled.items() if values and all(map(is_number, values))}


def drawn(answer: Answer) -> Answer:
    """The answer with its picture, if it has rows and its question a chart; one that cannot be drawn has an error."""
    chart = answer.question.chart
    if chart is None or isinstance(chart, Figures) or not answer.rows:
        return answer
    try:
        wide, narrow = (draw(chart, answer.columns, answer.rows, width) for width in (WIDE, NARROW))
    except ValueError as error:
        return dataclasses.replace(answer, error=f"its rows could not be drawn: {error}")
    return dataclasses.replace(answer, wide=wide, narrow=narrow)
