"""The report as Airflow makes it, of a warehouse that the main DAG has filled: its figures are the warehouse's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sparkify.questions import SECTIONS
from tests.end_to_end.test_corrections import FIFTH, event, lines, song
from tests.plugins.warehouse.reporting.page import Page
from warehouse.reporting.formatting import plain

# Airflow's own task runner and its in-process server warn of each other's parts.
pytestmark = pytest.mark.filterwarnings("ignore")

LATER = 1541437200000  # 17:00 of the same day
ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = [question for questions in SECTIONS.values() for question in questions]


@pytest.fixture(scope="session")
def report_dag() -> Any:
    """The report's DAG as Airflow reads it."""
    from airflow.dag_processing.dagbag import DagBag  # the environment must be complete before Airflow is imported

    return DagBag(str(ROOT / "dags")).dags["sparkify_report"]


@pytest.fixture
def run(airflow_database, report_dag, lake, monkeypatch):
    """Runs the DAG by Airflow's own `dag.test`, without a date as after a publish; returns its task's state."""

    def test_run(work_prefix: str) -> str:
        monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", work_prefix)
        (instance,) = report_dag.test(logical_date=None).get_task_instances()
        return str(instance.state)

    return test_run


@pytest.fixture
def ask(reader):
    """The rows of a question, asked here and now, as JSON has them."""

    def rows(sql: str) -> list[list[Any]]:
        text = (ROOT / "include" / "sql" / sql).read_text(encoding="utf-8")
        return [[plain(value) for value in row] for row in reader.execute(text.strip().rstrip(";")).fetchall()]

    return rows


def test_a_day_has_its_report(run, lake, pipeline, empty_warehouse, ask):
    """Loaded by the main DAG, reported by this one: page, JSON and SQL agree on every figure of every question."""
    name = "<script>alert('é')</script>"
    lake.put(
        FIFTH,
        lines(event(), event(itemInSession=1, level="paid", ts=LATER), event(itemInSession=2, artist=name, song=name)),
    )
    lake.put("song_data/A/A/A/TRAAA1.json", lines(song()))
    pipeline.run("2018-11-05")
    assert "success" == run(f"s3://{lake.bucket}/sparkify")
    figures_key, page_key = sorted(lake.keys("sparkify/reports/"), key=lambda key: key.endswith("html"))
    assert figures_key.removesuffix(".json") == page_key.removesuffix(".html")
    found, text = (
        lake.client.get_object(Bucket=lake.bucket, Key=key)["Body"].read().decode() for key in (figures_key, page_key)
    )
    report, page = json.loads(found), Page(text)
    assert [question.name for question in QUESTIONS] == [item["name"] for item in report["questions"]]
    for question, item in zip(QUESTIONS, report["questions"], strict=True):
        assert item["error"] is None
        assert item["rows"], question.name
        assert ask(question.sql) == item["rows"], question.name
        assert [["" if value is None else str(value) for value in row] for row in item["rows"]] == page.table(
            question.name
        )
        is_drawn = question.chart is not None and question.name != "key_figures"
        assert (2 if is_drawn else 0) == len(page.all("svg", page.section(question.name)))
    assert [] == page.all("script")
    assert "from data up to 5 Nov 2018" in " ".join(page.all("header")[0]["text"].split())


def test_without_a_work_prefix_there_is_no_report(run, report_dag):
    """Which is no failure; the reason names the Variable to set."""
    assert "skipped" == run("")
    assert "set the Variable sparkify_work_prefix" in report_dag.get_task("ask_questions").no_prefix
