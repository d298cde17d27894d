"""A report is one self-contained page. It shows any name as text, and has the same values as its JSON."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from decimal import Decimal

import pytest

from tests.plugins.warehouse.reporting.page import Page
from tests.plugins.warehouse.reporting.test_charts import HOSTILE, VISIBLE_HOSTILE
from warehouse.reporting.charts import HorizontalBars, KeyFigures
from warehouse.reporting.questions import Answer, Question, with_charts
from warehouse.reporting.report import Report

LATEST = datetime.datetime(2018, 11, 30, 20, 19, 35, 659000)
CREATED = datetime.datetime(2018, 12, 1, 0, 30, 7)
NAMES = (
    *(HOSTILE, "</script><img src=x onerror=alert(1)>", "<!-- x", "]]>", "&amp;", "\u202eevil\u2066", "مرحبا", "a\nb"),
    *("{{ 7 * 7 }}", "'; DROP TABLE x; --", "👩‍👩‍👧", "\ufffe"),
)
KEY_FIGURES = Question(sql="questions/all.sql", title="All data", description="Everything.", chart=KeyFigures())
TOP = Question(
    sql="questions/top.sql",
    title="Top <artists>",
    description="Most & best.",
    chart=HorizontalBars(label="artist", value="plays"),
)
TABLE = Question(sql="questions/table.sql", title="Table", description="A table.")
ANSWERS = (
    with_charts(
        Answer(
            question=KEY_FIGURES,
            columns=("plays", "percent_paid", "latest"),
            rows=((20000, Decimal("76.2"), LATEST),),
        )
    ),
    with_charts(
        Answer(
            question=TOP,
            columns=("artist", "plays"),
            rows=tuple((name, 2000 - number) for number, name in enumerate(NAMES)),
        )
    ),
    Answer(question=TABLE, columns=("day", "year", "note"), rows=((datetime.date(2018, 11, 5), 2018, None),)),
)
REPORT = Report(
    title="A report",
    created_at=CREATED,
    run_id="manual__<1>",
    sections={"At a glance": ANSWERS[:1], "More": ANSWERS[1:]},
    latest_column="latest",
)


@pytest.fixture(scope="module")
def page() -> Page:
    """The report as a browser parses it."""
    return Page(REPORT.html())


def empty(answer: Answer) -> Answer:
    """The answer to the same question from an empty warehouse."""
    return Answer(question=answer.question, columns=answer.columns)


def test_any_name_shows_as_text(page):
    """In tables, charts and titles, no value becomes an element or a script."""
    assert {"section", "svg", "bdi"} <= {element["tag"] for element in page.elements}
    assert not {"script", "img"} & {element["tag"] for element in page.elements}
    assert not [name for element in page.elements for name in element["attributes"] if name.startswith("on")]
    shown = [row[0] for row in page.table("top")]
    assert [VISIBLE_HOSTILE, "a␊b", "\ufffd"] == [shown[0], shown[7], shown[-1]]
    assert [name for name in NAMES if name not in (HOSTILE, "a\nb", "\ufffe")] == [*shown[1:7], *shown[8:-1]]
    assert all(len(page.all("bdi", cell)) == 1 for cell in page.all("td", page.section("top")) if cell["text"] in shown)
    wide = page.all("svg", page.section("top"))[0]
    assert set(shown) <= {text["text"] for text in page.all("text", wide)}
    assert "Top <artists>" == page.all("h3", page.section("top"))[0]["text"]
    assert "manual__<1>" in page.all("footer")[0]["text"]


def test_the_page_is_self_contained(page):
    """It fetches nothing, runs no script, and its policy forbids both."""
    (policy,) = (tag["attributes"]["content"] for tag in page.all("meta") if "http-equiv" in tag["attributes"])
    assert "default-src 'none'; style-src 'unsafe-inline'" == policy
    names = {name for element in page.elements for name in element["attributes"]}
    assert not {"src", "srcset", "data", "poster", "action"} & names
    assert all(link["attributes"]["href"].startswith("#") for link in page.all("a"))
    assert [] == page.all("link")
    assert not re.search(r"@import|url\(", page.all("style")[0]["text"])


def test_page_and_json_have_the_same_values(page):
    """Cell by cell: exact numbers, ISO 8601 timestamps and dates, names as they are in the data."""
    found = json.loads(REPORT.json())
    assert (2, "2018-12-01T00:30:07Z", "manual__<1>") == (found["version"], found["created_at"], found["run_id"])
    assert ["all", "top", "table"] == [question["name"] for question in found["questions"]]
    key_figures, top, table = found["questions"]
    assert [[20000, 76.2, "2018-11-30T20:19:35.659000"]] == key_figures["rows"]
    assert [["20000", "76.2", "2018-11-30T20:19:35.659000"]] == page.table("all")
    assert [[name, 2000 - number] for number, name in enumerate(NAMES)] == top["rows"]
    assert [str(row[1]) for row in top["rows"]] == [row[1] for row in page.table("top")]
    assert [["2018-11-05", 2018, None]] == table["rows"]
    assert [["2018-11-05", "2018", ""]] == page.table("table")
    assert {"description": "Most & best.", "columns": ["artist", "plays"], "error": None}.items() <= top.items()


def test_values_are_formatted_for_people(page):
    """With thousands separators, units and plain dates; a year has no separator."""
    assert ["20,000", "76.2%", "30 Nov 2018, 20:19"] == [item["text"] for item in page.all("dd")]
    assert ["plays", "paid", "latest"] == [item["text"] for item in page.all("dt")]
    assert ["5 Nov 2018", "2018", ""] == [cell["text"] for cell in page.all("td", page.section("table"))]
    header = " ".join(page.all("header")[0]["text"].split())
    assert "Created 1 Dec 2018, 00:30 UTC, with data up to 30 Nov 2018, 20:19 UTC" in header


def test_the_page_is_accessible(page):
    """It has a language, landmarks, headings in order, table headers, labelled charts, and unique ids."""
    assert {"lang": "en"} == page.all("html")[0]["attributes"]
    assert all(1 == len(page.all(tag)) for tag in ("header", "main", "footer", "nav", "h1", "title"))
    assert ["h1", "h2", "h3", "h2", "h3", "h3"] == [
        tag["tag"] for tag in page.elements if tag["tag"] in ("h1", "h2", "h3")
    ]
    assert all("col" == header["attributes"]["scope"] for header in page.all("th"))
    assert all(chart["attributes"]["aria-label"] == "Top <artists>" for chart in page.all("svg"))
    ids = [element["attributes"]["id"] for element in page.elements if "id" in element["attributes"]]
    assert len(ids) == len(set(ids))
    labels = {element["attributes"].get("aria-labelledby") for element in page.elements} - {None}
    assert labels <= set(ids)


def test_tables_are_open_if_there_is_no_chart(page):
    """There are two charts, for desktop and for mobile screens."""
    opened = {
        name: "open" in page.all("details", page.section(name))[0]["attributes"] for name in ("all", "top", "table")
    }
    assert {"all": False, "top": False, "table": True} == opened
    classes = [chart["attributes"]["class"] for chart in page.all("svg", page.section("top"))]
    assert ["chart wide", "chart narrow"] == classes


def test_a_failed_question_does_not_hide_the_others():
    """Its card has the error of the server, and the top of the page names it."""
    failed = Answer(question=TOP, error="relation <b>x</b> does not exist\x00")
    page = Page(dataclasses.replace(REPORT, sections={"All": [ANSWERS[0], failed, ANSWERS[2]]}).html())
    assert "relation <b>x</b> does not exist␀" in page.section("top")["text"]
    assert [] == page.all("table", page.section("top"))
    assert "1 of 3 questions failed: Top <artists>." in " ".join(page.all("main")[0]["text"].split())
    assert [["2018-11-05", "2018", ""]] == page.table("table")


def test_rows_that_cannot_be_drawn_are_shown_as_a_table():
    """With the reason instead of the chart."""
    answer = with_charts(Answer(question=TOP, columns=("artist", "plays"), rows=(("a", "many"),)))
    page = Page(dataclasses.replace(REPORT, sections={"All": [answer]}).html())
    assert "the chart could not be drawn: cannot draw 'many': expected a number" in page.section("top")["text"]
    assert [["a", "many"]] == page.table("top")


def test_the_report_of_an_empty_warehouse_says_so():
    """It has no charts."""
    report = dataclasses.replace(REPORT, sections={"All": [empty(answer) for answer in ANSWERS]})
    page = Page(report.html())
    assert "The warehouse has no data yet." in page.all("main")[0]["text"]
    assert 3 == page.all("main")[0]["text"].count("No rows yet.")
    assert [] == page.all("svg") + page.all("table")
    assert "data up to" not in page.all("header")[0]["text"]
    assert [[], [], []] == [question["rows"] for question in json.loads(report.json())["questions"]]


def test_a_question_has_the_name_of_its_file():
    """The name is an id in the page, so it cannot be any text."""
    assert "top" == TOP.name
    for file in ("top", "questions/Top.sql", "questions/to p.sql", "questions/1.sql", 'questions/"x.sql'):
        with pytest.raises(ValueError, match="not a file name for a question"):
            Question(sql=file, title="t", description="d")
