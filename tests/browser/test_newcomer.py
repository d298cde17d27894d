"""What a newcomer does after `make up`, in a real browser: finds the DAG, loads, looks, breaks something and sees it.

The tests go on from one another, as a person does; the warehouse begins empty.
"""

from __future__ import annotations

import datetime
import json
import re
from decimal import Decimal
from pathlib import Path

import psycopg
from playwright.sync_api import FrameLocator, expect

from tests.browser.airflow_ui import AirflowUI

QUESTIONS = Path(__file__).resolve().parents[2] / "include" / "sql" / "questions"
DAGS = ("sparkify_warehouse", "sparkify_report")
YESTERDAY = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)


def days_loaded(warehouse: psycopg.Connection) -> set[datetime.date]:
    """The days on which published plays began."""
    return {day for (day,) in warehouse.execute("SELECT DISTINCT CAST(start_time AS DATE) FROM sparkify.songplays")}


def table(report: FrameLocator, question: str) -> list[list[str]]:
    """The figures of a question as the page holds them, spelled for machines where it spells them for people."""
    return report.locator(f"[data-question={question}] tbody tr").evaluate_all(
        """rows => rows.map(row => [...row.cells].map(cell => {
            const known = cell.querySelector("data, time");
            return known ? (known.value ?? known.dateTime) : cell.textContent.trim();
        }))"""
    )


def spelled(value: object) -> str:
    """A value of SQL's as `table` gives it."""
    if value is None:
        return ""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value)


def test_the_page_opens_without_a_login_and_the_dag_explains_itself(ui: AirflowUI):
    """From the start page to what an operator on call reads."""
    ui.open_dag("sparkify_warehouse")
    doc = ui.read_doc()
    assert "Put a file into the bucket; the next run makes the warehouse right." in doc
    assert "When it fails" in doc
    ui.screenshot("dag")


def test_a_day_in_the_form_loads_that_day(ui: AirflowUI, warehouse: psycopg.Connection):
    """The bucket reaches to yesterday, the last day that has ended."""
    ui.open_dag("sparkify_warehouse")
    run_id = ui.trigger("sparkify_warehouse", period=str(YESTERDAY))
    assert "success" == ui.wait_for("sparkify_warehouse", run_id)
    ui.wait_until_idle("sparkify_warehouse")
    assert YESTERDAY in days_loaded(warehouse)
    # Airflow has gone to the new run's page by itself.
    expect(ui.page.get_by_text("Success", exact=True).first).to_be_visible()
    assert [] == ui.errors_shown()


def test_a_period_in_the_form_loads_that_period(ui: AirflowUI, warehouse: psycopg.Connection):
    """All of the 30 days, in one run that is seen to go green."""
    ui.open_dag("sparkify_warehouse")
    run_id = ui.trigger("sparkify_warehouse", period="all")
    assert "success" == ui.wait_for("sparkify_warehouse", run_id)
    assert {YESTERDAY - datetime.timedelta(days=age) for age in range(30)} <= days_loaded(warehouse)
    ui.page.goto(f"{ui.url}/dags/sparkify_warehouse/runs/{run_id}")
    expect(ui.page.get_by_text("Success", exact=True).first).to_be_visible()
    ui.screenshot("run")
    ui.open_graph("sparkify_warehouse")
    ui.screenshot("graph")


def test_the_report_shows_the_figures_that_sql_gives(ui: AirflowUI, warehouse: psycopg.Connection):
    """Every question of include/sql/questions, row by row; and nothing is drawn empty."""
    ui.wait_until_idle(*DAGS)
    report = ui.open_report()
    asked = report.locator("[data-question]").evaluate_all("cards => cards.map(card => card.dataset.question)")
    assert sorted(file.stem for file in QUESTIONS.glob("*.sql")) == sorted(asked)
    for question in asked:
        rows = warehouse.execute((QUESTIONS / f"{question}.sql").read_text().rstrip().rstrip(";")).fetchall()
        assert rows, question
        expected = [[spelled(value) for value in row] for row in rows]
        assert expected == table(report, question), question
    assert [] == ui.empty_pictures(report)
    ui.screenshot("report")


def test_a_chart_says_what_its_table_says(ui: AirflowUI):
    """By the marks' own descriptions, which screen readers read out."""
    report = ui.open_report()
    rows = table(report, "top_artists")
    words = report.locator("[data-question=top_artists] figure svg").first.evaluate(
        "svg => [...svg.querySelectorAll('[aria-label], text')].map(e => e.getAttribute('aria-label') ?? e.textContent)"
    )
    for artist, plays, *_ in rows:
        assert any(artist in word for word in words), (artist, words)
        assert any(re.search(rf"\b{int(plays):,}\b|\b{plays}\b", word) for word in words), (plays, words)


def test_a_file_that_is_left_out_is_seen_in_red(ui: AirflowUI, lake, warehouse: psycopg.Connection):
    """A log file with an unknown level: the run fails, the day's plays stay as they were, and the page says why."""
    ui.wait_until_idle(*DAGS)
    day = YESTERDAY - datetime.timedelta(days=2)
    plays = "SELECT COUNT(*), COUNT(DISTINCT level) FROM sparkify.songplays"
    before = warehouse.execute(plays).fetchall()
    file = lake.Object(f"log_data/{day:%Y/%m}/{day}-events.json")
    good = file.get()["Body"].read()
    file.put(Body=b"\n".join(json.dumps(json.loads(line) | {"level": "gratis"}).encode() for line in good.splitlines()))
    try:
        ui.open_dag("sparkify_warehouse")
        run_id = ui.trigger("sparkify_warehouse", period=str(day))
        ui.look_away()
        assert "failed" == ui.wait_for("sparkify_warehouse", run_id)
    finally:
        file.put(Body=good)
    assert before == warehouse.execute(plays).fetchall()
    quality = ui.open_sparkify("Data quality")
    banner = quality.locator(".left-out")
    # With all files of its batch: `all` loaded the month in one.
    expect(banner).to_contain_text(re.compile(r"The last run left out \d+ files"))
    expect(banner.get_by_role("listitem").first).to_contain_text(f"{file.key}: known levels:")
    red = banner.evaluate("banner => getComputedStyle(banner).color")
    assert is_red(red), red
    ui.screenshot("quality-file-left-out")


def is_red(colour: str) -> bool:
    """Whether a CSS colour is more red than anything else."""
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", colour)[:3])
    return red > 1.5 * green and red > 1.5 * blue
