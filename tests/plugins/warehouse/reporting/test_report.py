"""A report is one page that needs nothing else, shows any name as text, and has the figures of its JSON."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from decimal import Decimal

import pytest

from tests.plugins.warehouse.reporting.page import Page
from tests.plugins.warehouse.reporting.test_charts import HOSTILE, SEEN
from warehouse.reporting.charts import Bars, Figures
from warehouse.reporting.questions import Answer, Question, drawn
from warehouse.reporting.report import Report

LATEST = datetime.datetime(2018, 11, 30, 20, 19, 35, 659000)
MADE = datetime.datetime(2018, 12, 1, 0, 30, 7)
NAMES = (
    *(HOSTILE, "</script><img src=x onerror=alert(1)>", "<!-- x", "]]>", "&amp;", "\u202eevil\u2066", "مرحبا", "a\nb"),
    *("{{ 7 * 7 }}", "'; DROP TABLE x; --", "👩‍👩‍👧", "\ufffe"),
)
FIGURES = Question(sql="questions/all.sql", title="All there is", sentence="Everything.", chart=Figures())
TOP = Question(
    sql="questions/top.sql", title="Top <artists>", sentence="Most & best.", chart=Bars(label="artist", value="plays")
)
ALONE = Question(sql="questions/alone.sql", title="Alone", sentence="A table.")
ANSWERS = (
    drawn(
        Answer(
            question=FIGURES,
            columns=("plays", "percent_paid", "latest"),
            rows=((20000, Decimal("76.2"), LATEST),),
        )
    ),
    drawn(
        Answer(
            question=TOP,
            columns=("artist", "plays"),
            rows=tuple((name, 2000 - number) for number, name in enumerate(NAMES)),
        )
    ),
    Answer(question=ALONE, columns=("day", "year", "note"), rows=((datetime.date(2018, 11, 5), 2018, None),)),
)
REPORT = Report(
    title="A report",
    made_at=MADE,
    run_id="manual__<1>",
    sections={"At a glance": ANSWERS[:1], "More": ANSWERS[1:]},
    latest_column="latest",
)


@pytest.fixture(scope="module")
def page() -> Page:
    """The report as a browser reads it."""
    return Page(REPORT.html())


def empty(answer: Answer) -> Answer:
    """The same question in an empty warehouse."""
    return Answer(question=answer.question, columns=answer.columns)


def test_any_name_shows_as_text(page):
    """In tables, in pictures, in titles: nothing that stands in the data becomes an element or a command."""
    assert {"section", "svg", "bdi"} <= {element["tag"] for element in page.elements}
    assert not {"script", "img"} & {element["tag"] for element in page.elements}
    assert not [name for element in page.elements for name in element["attributes"] if name.startswith("on")]
    shown = [row[0] for row in page.table("top")]
    assert [SEEN, "a␊b", "\ufffd"] == [shown[0], shown[7], shown[-1]]
    assert [name for name in NAMES if name not in (HOSTILE, "a\nb", "\ufffe")] == [*shown[1:7], *shown[8:-1]]
    assert all(len(page.all("bdi", cell)) == 1 for cell in page.all("td", page.section("top")) if cell["text"] in shown)
    wide = page.all("svg", page.section("top"))[0]
    assert set(shown) <= {text["text"] for text in page.all("text", wide)}
    assert "Top <artists>" == page.all("h3", page.section("top"))[0]["text"]
    assert "manual__<1>" in page.all("footer")[0]["text"]


def test_the_page_needs_nothing_else(page):
    """No address is fetched, no script runs, and a browser would refuse both."""
    (policy,) = (tag["attributes"]["content"] for tag in page.all("meta") if "http-equiv" in tag["attributes"])
    assert "default-src 'none'; style-src 'unsafe-inline'" == policy
    names = {name for element in page.elements for name in element["attributes"]}
    assert not {"src", "srcset", "data", "poster", "action"} & names
    assert all(link["attributes"]["href"].startswith("#") for link in page.all("a"))
    assert [] == page.all("link")
    assert not re.search(r"@import|url\(", page.all("style")[0]["text"])


def test_page_and_json_have_the_same_figures(page):
    """Cell by cell: numbers exact, times and dates by ISO 8601, names as the data has them."""
    found = json.loads(REPORT.json())
    assert (1, "2018-12-01T00:30:07Z", "manual__<1>") == (found["version"], found["made_at"], found["run_id"])
    assert ["all", "top", "alone"] == [question["name"] for question in found["questions"]]
    figures, top, alone = found["questions"]
    assert [[20000, 76.2, "2018-11-30T20:19:35.659000"]] == figures["rows"]
    assert [["20000", "76.2", "2018-11-30T20:19:35.659000"]] == page.table("all")
    assert [[name, 2000 - number] for number, name in enumerate(NAMES)] == top["rows"]
    assert [str(row[1]) for row in top["rows"]] == [row[1] for row in page.table("top")]
    assert [["2018-11-05", 2018, None]] == alone["rows"]
    assert [["2018-11-05", "2018", ""]] == page.table("alone")
    assert {"sentence": "Most & best.", "columns": ["artist", "plays"], "error": None}.items() <= top.items()


def test_figures_are_written_as_people_read_them(page):
    """With groups, units and plain dates; a year is no amount."""
    assert ["20,000", "76.2%", "30 Nov 2018, 20:19"] == [item["text"] for item in page.all("dd")]
    assert ["plays", "paid", "latest"] == [item["text"] for item in page.all("dt")]
    assert ["5 Nov 2018", "2018", ""] == [cell["text"] for cell in page.all("td", page.section("alone"))]
    header = " ".join(page.all("header")[0]["text"].split())
    assert "Made 1 Dec 2018, 00:30 UTC from data up to 30 Nov 2018, 20:19 UTC" in header


def test_the_page_can_be_read_without_seeing_it(page):
    """Language, landmarks, headings in order, tables with headers, pictures with names, ids that are there once."""
    assert {"lang": "en"} == page.all("html")[0]["attributes"]
    assert all(1 == len(page.all(tag)) for tag in ("header", "main", "footer", "nav", "h1", "title"))
    assert ["h1", "h2", "h3", "h2", "h3", "h3"] == [
        tag["tag"] for tag in page.elements if tag["tag"] in ("h1", "h2", "h3")
    ]
    assert all("col" == header["attributes"]["scope"] for header in page.all("th"))
    assert all(picture["attributes"]["aria-label"] == "Top <artists>" for picture in page.all("svg"))
    ids = [element["attributes"]["id"] for element in page.elements if "id" in element["attributes"]]
    assert len(ids) == len(set(ids))
    labels = {element["attributes"].get("aria-labelledby") for element in page.elements} - {None}
    assert labels <= set(ids)


def test_a_table_alone_is_open_and_others_wait_below_their_picture(page):
    """Two pictures each, of which the page's width shows one."""
    opened = {
        name: "open" in page.all("details", page.section(name))[0]["attributes"] for name in ("all", "top", "alone")
    }
    assert {"all": False, "top": False, "alone": True} == opened
    classes = [picture["attributes"]["class"] for picture in page.all("svg", page.section("top"))]
    assert ["chart wide", "chart narrow"] == classes


def test_a_question_that_failed_says_so_and_stops_no_other():
    """In its card and on top, with the server's own words as text."""
    failed = Answer(question=TOP, error="relation <b>x</b> does not exist\x00")
    page = Page(dataclasses.replace(REPORT, sections={"All": [ANSWERS[0], failed, ANSWERS[2]]}).html())
    assert "relation <b>x</b> does not exist␀" in page.section("top")["text"]
    assert [] == page.all("table", page.section("top"))
    assert "1 of 3 questions could not be answered: Top <artists>." in " ".join(page.all("main")[0]["text"].split())
    assert [["2018-11-05", "2018", ""]] == page.table("alone")


def test_rows_that_cannot_be_drawn_show_as_a_table():
    """With the reason where the picture would be."""
    answer = drawn(Answer(question=TOP, columns=("artist", "plays"), rows=(("a", "many"),)))
    page = Page(dataclasses.replace(REPORT, sections={"All": [answer]}).html())
    assert "its rows could not be drawn: not a number: 'many'" in page.section("top")["text"]
    assert [["a", "many"]] == page.table("top")


def test_an_empty_warehouse_has_a_page_that_says_so():
    """And no pictures."""
    report = dataclasses.replace(REPORT, sections={"All": [empty(answer) for answer in ANSWERS]})
    page = Page(report.html())
    assert "There is nothing yet" in page.all("main")[0]["text"]
    assert 3 == page.all("main")[0]["text"].count("No rows yet.")
    assert [] == page.all("svg") + page.all("table")
    assert "data up to" not in page.all("header")[0]["text"]
    assert [[], [], []] == [question["rows"] for question in json.loads(report.json())["questions"]]


def test_a_questions_file_is_its_name():
    """It becomes an id in the page."""
    assert "top" == TOP.name
    for file in ("top", "questions/Top.sql", "questions/to p.sql", "questions/1.sql", 'questions/"x.sql'):
        with pytest.raises(ValueError, match="not a question's file"):
            Question(sql=file, title="t", sentence="s")
