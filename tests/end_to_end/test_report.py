"""The report, created by Airflow from a warehouse that the main DAG has loaded, has the values of the warehouse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sparkify.questions import SECTIONS
from tests.end_to_end.test_corrections import FIFTH, event, lines, song
from tests.plugins.warehouse.reporting.page import Page
from warehouse.reporting.formatting import json_value

# Airflow's task runner and its in-process server cause warnings about each other.
pytestmark = pytest.mark.filterwarnings("ignore")

LATER = 1541437200000  # 17:00 of the same day
ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = [question for questions in SECTIONS.values() for question in questions]


@pytest.fixture(scope="session")
def report_dag() -> Any:
    """The DAG of the report as Airflow parses it."""
    from airflow.dag_processing.dagbag import DagBag  # the environment must be complete before Airflow is imported

    return DagBag(str(ROOT / "dags")).dags["sparkify_report"]


@pytest.fixture
def run(airflow_database, report_dag, lake, monkeypatch):
    """Runs the DAG with Airflow's `dag.test`, without a date as after a publish; returns the state of its task."""

    def test_run(work_prefix: str) -> str:
        monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", work_prefix)
        (instance,) = report_dag.test(logical_date=None).get_task_instances()
        return str(instance.state)

    return test_run


@pytest.fixture
def ask(reader):
    """Returns the current answer to a question as JSON values."""

    def rows(sql: str) -> list[list[Any]]:
        text = (ROOT / "include" / "sql" / sql).read_text(encoding="utf-8")
        return [[json_value(value) for value in row] for row in reader.execute(text.strip().rstrip(";")).fetchall()]

    return rows


def test_page_json_and_sql_have_the_same_answers(run, lake, pipeline, empty_warehouse, ask):
    """To every question, after the main DAG has loaded a day."""
    name = "<script>alert('é')</script>"
    lake.put(
        FIFTH,
        lines(event(), event(itemInSession=1, level="paid", ts=LATER), event(itemInSession=2, artist=name, song=name)),
    )
    lake.put("song_data/A/A/A/TRAAA1.json", lines(song()))
    pipeline.run("2018-11-05")
    assert "success" == run(f"s3://{lake.bucket}/sparkify")
    json_key, page_key = sorted(lake.keys("sparkify/reports/"), key=lambda key: key.endswith("html"))
    assert json_key.removesuffix(".json") == page_key.removesuffix(".html")
    found, text = (
        lake.client.get_object(Bucket=lake.bucket, Key=key)["Body"].read().decode() for key in (json_key, page_key)
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
    assert "with data up to 5 Nov 2018" in " ".join(page.all("header")[0]["text"].split())


def test_without_a_work_prefix_there_is_no_report(run, report_dag):
    """The task is skipped, and its message names the Variable to set."""
    assert "skipped" == run("")
    assert "set the Variable sparkify_work_prefix" in report_dag.get_task("ask_questions").no_prefix
