"""Only what has passed the checks as it is now is published, and every check's result is kept."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException

from sparkify.checks import CHECKS
from sparkify.tables import PUBLICATIONS
from tests.end_to_end.test_corrections import FIFTH, FOURTH, event, lines
from warehouse.checks import Check
from warehouse.session import Session

DAY = "2018-11-05"
UNCHECKED = "have not passed the checks"


@pytest.fixture
def day(lake, pipeline, prepared):
    """A day published, and another play come since."""
    lake.put(FOURTH, lines(event(sessionId=2, ts=1541376000123 - 86_400_000)))
    lake.put(FIFTH, lines(event()))
    prepared("day", lambda: pipeline.run(DAY))
    lake.put(FIFTH, lines(event(), event(itemInSession=1)))


def test_open_run_alone_does_not_revive_an_old_run(day, pipeline, published):
    """Cleared with nothing between it and publish, which would publish an empty rebuild."""
    pipeline.run("2018-11-04", run_id="old")
    pipeline.run(DAY, run_id="new")
    before = published()
    for mode in ("merge", "replace", "rebuild"):
        period = {"period": "all"} if mode == "rebuild" else {}
        context = pipeline.context("old", "2018-11-04", {"mode": mode, **period})
        pipeline.run_task("open_run", context)
        with pytest.raises(AirflowFailException, match=UNCHECKED):
            pipeline.run_task("publish", context)
    assert before == published()


@pytest.mark.parametrize("task_id", ["stage_events", "load_users"])
def test_candidates_that_changed_since_the_checks_are_checked_again(day, pipeline, published, task_id):
    """A task cleared after the checks takes their verdict back; checked again, the run is published."""
    before = published()
    context = pipeline.context("r", DAY, {})
    pipeline.run(DAY, run_id="r", until="check_quality")
    pipeline.run_task(task_id, context)
    with pytest.raises(AirflowFailException, match=UNCHECKED):
        pipeline.run_task("publish", context)
    assert before == published()
    pipeline.run_task("check_quality", context)
    pipeline.run_task("publish", context)
    assert 2 == len(published()["songplays"])


def test_failed_checks_are_no_passed_checks(day, lake, pipeline, published):
    """Publish, run in spite of them, refuses."""
    before = published()
    lake.put(FIFTH, lines(event(itemInSession=1, level="gratis")))
    with pytest.raises(AirflowFailException, match="checks failed"):
        pipeline.run(DAY, run_id="r")
    with pytest.raises(AirflowFailException, match=UNCHECKED):
        pipeline.run_task("publish", pipeline.context("r", DAY, {}))
    assert before == published()


def test_results_of_a_run_checked_twice_stand_once(day, pipeline, reader):
    """The later try's, in place of the earlier's."""
    pipeline.run(DAY, run_id="r", until="check_quality")
    first = reader.execute("SELECT MAX(checked_at) FROM quality.results WHERE run_id = 'r'").fetchone()
    pipeline.run_task("check_quality", pipeline.context("r", DAY, {}))
    query = "SELECT COUNT(*), COUNT(DISTINCT check_name), MIN(checked_at) > %s FROM quality.results WHERE run_id = 'r'"
    assert (len(CHECKS), len(CHECKS), True) == reader.execute(query, first).fetchone()


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_a_check_whose_sql_fails_hides_no_other(connection, day, lake, pipeline, published, reader, monkeypatch):
    """It is listed as an error; the checks before and after it still judge the same candidates."""
    broken = Check(
        name="broken",
        sql="checks/missing_values.sql",
        table="audit.users",
        sentence="every user has a shoe size",
        at_most=0,
        parameters={"table": "audit.users", "column": "shoe_size"},
    )
    monkeypatch.setattr(pipeline.dag.get_task("check_quality"), "checks", (CHECKS[0], broken, *CHECKS[1:]))
    before = published()
    lake.put(FIFTH, lines(event(itemInSession=1, level="gratis")))
    with pytest.raises(AirflowFailException) as raised:
        pipeline.run(DAY, run_id="r")
    message = str(raised.value)
    assert f"3 of {len(CHECKS) + 1} checks failed" in message
    assert "broken: every user has a shoe size; observed an error: " in message
    assert "shoe_size" in message
    assert "songplays.level is accepted" in message
    assert before == published()
    kept = reader.execute("SELECT check_name, observed, passed FROM quality.results WHERE run_id = 'r'").fetchall()
    assert len(CHECKS) + 1 == len(kept)
    assert ("broken", None, False) in kept
    assert ("staged events", 1, True) in kept


def test_statistics_are_renewed_also_when_publish_is_tried_again(day, pipeline, monkeypatch):
    """The first try may have been lost between its COMMIT and its ANALYZE."""
    pipeline.run(DAY, run_id="r")
    ran = []
    execute = Session.execute
    monkeypatch.setattr(Session, "execute", lambda self, sql, *values: [ran.append(sql), execute(self, sql, *values)])
    assert {} == pipeline.run_task("publish", pipeline.context("r", DAY, {}))
    assert [f"ANALYZE {publication.table}" for publication in PUBLICATIONS] == [s for s in ran if "ANALYZE" in s]
