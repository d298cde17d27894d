"""A report of one state of the warehouse, whatever fails or is published meanwhile; the last ones stay."""

from __future__ import annotations

import json
import re
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tests.plugins.warehouse.operators.conftest import NOWHERE
from tests.plugins.warehouse.reporting.page import Page
from warehouse.operators.ask_questions import AskQuestionsOperator
from warehouse.reporting.charts import Bars, Figures
from warehouse.reporting.questions import Answer, Question

HOSTILE = "</script><b onclick=alert(1)>\"'&</b>"


def question(name: str, chart: Any = None) -> Question:
    """A question of that name."""
    return Question(sql=f"{name}.sql", title=f"The {name}", sentence="How it is.", chart=chart)


class Reports:
    """The folder the operator writes to."""

    def __init__(self, client: Any, bucket: str) -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = f"s3://{bucket}/sparkify/"

    def names(self) -> list[str]:
        """What lies in it, by name."""
        listing = self.client.list_objects_v2(Bucket=self.bucket, Prefix="sparkify/").get("Contents", [])
        return sorted(item["Key"].removeprefix("sparkify/reports/") for item in listing)

    def put(self, name: str) -> None:
        """Put a file there."""
        self.client.put_object(Bucket=self.bucket, Key=f"sparkify/reports/{name}", Body=b"")

    def read(self, location: str) -> tuple[str, str]:
        """Content type and text of a file, by its s3:// location."""
        found = self.client.get_object(Bucket=self.bucket, Key=location.removeprefix(f"s3://{self.bucket}/"))
        return found["ContentType"], found["Body"].read().decode()

    def only(self) -> dict[str, Any]:
        """The figures of the one report there is."""
        (name,) = (name for name in self.names() if name.endswith(".json"))
        return json.loads(self.read(f"s3://{self.bucket}/sparkify/reports/{name}")[1])


@pytest.fixture
def reports(s3, bucket) -> Reports:
    """The folder."""
    return Reports(s3, bucket)


@pytest.fixture
def operator(shop, reports):
    """Makes the operator with questions about the shop's orders."""
    shop.sql(
        "figures.sql", "SELECT COUNT(*) AS orders, MAX(changed_at) AS latest FROM shop.orders HAVING COUNT(*) > 0;"
    )
    shop.sql("states.sql", "SELECT status, COUNT(*) AS orders FROM shop.orders GROUP BY status ORDER BY status;")
    shop.sql("pages.sql", "SELECT page, COUNT(*) AS visits FROM shop.visits GROUP BY page ORDER BY page;")
    shop.sql("bad.sql", "SELECT nothing FROM shop.orders;")
    shop.sql("worse.sql", "SELECT CAST(status AS INTEGER) FROM shop.orders;")

    def make(*names: str, kind: type = AskQuestionsOperator, **arguments: Any) -> AskQuestionsOperator:
        charts = {"figures": Figures(), "pages": Bars(label="page", value="visits")}
        sections = {"All": [question(name, charts.get(name)) for name in names]}
        given = {"sections": sections, "title": "The shop", "work_prefix": reports.prefix, "latest_column": "latest"}
        return kind(task_id=f"task_{len(shop.dag.task_ids)}", dag=shop.dag, **(given | arguments))

    return make


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_a_page_and_its_figures_are_written(connection, shop, reports, operator):
    """By both drivers the same, with their content types; hostile names as text."""
    shop.fill("shop.orders", (1, "open", "2018-11-05 10:00:00.5"), (2, "open", None), (3, "open", None))
    shop.fill("shop.visits", (HOSTILE,), ("/",), ("/",))
    locations = shop.run(operator("figures", "pages"))
    assert {"html", "json"} == set(locations)
    stamp = re.fullmatch(rf"{reports.prefix}reports/(\d{{8}}T\d{{6}}Z)\.html", locations["html"])[1]
    assert [f"{stamp}.html", f"{stamp}.json"] == reports.names()
    kind, text = reports.read(locations["json"])
    assert "application/json" == kind
    figures, pages = json.loads(text)["questions"]
    assert (["orders", "latest"], [[3, "2018-11-05T10:00:00.500000"]]) == (figures["columns"], figures["rows"])
    assert [["/", 2], [HOSTILE, 1]] == pages["rows"]
    kind, text = reports.read(locations["html"])
    assert "text/html; charset=utf-8" == kind
    page = Page(text)
    assert [["/", "2"], [HOSTILE, "1"]] == page.table("pages")
    assert [] == page.all("script") + page.all("b")


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_failed_questions_are_named_at_the_end_and_hide_no_other(connection, shop, reports, operator):
    """The report is there, and says so too."""
    shop.fill("shop.orders", (1, "open", None))
    with pytest.raises(AirflowFailException) as raised:
        shop.run(operator("figures", "bad", "states", "worse"))
    assert re.match(
        r"2 of 4 questions failed; the report says so too:\n- bad: .*nothing.*\n- worse: .*", str(raised.value)
    )
    errors = {found["name"]: found["error"] for found in reports.only()["questions"]}
    assert [None, None] == [errors["figures"], errors["states"]]
    assert 'column "nothing" does not exist' in errors["bad"]
    assert [["open", 1]] == reports.only()["questions"][2]["rows"]


class Interrupted(AskQuestionsOperator):
    """Somebody publishes an order after every question."""

    publish: Any = None

    def ask(self, session: Any, question: Question, context: Any) -> Answer:
        answer = super().ask(session, question, context)
        self.publish()
        return answer


@pytest.mark.parametrize("names", [["figures", "states"], ["figures", "bad", "states"]], ids=["all well", "one fails"])
def test_all_answers_are_of_one_state(shop, reports, operator, names):
    """Also when a question failed between them: Redshift's transaction is lost with it."""
    shop.fill("shop.orders", (1, "open", None))
    asking = operator(*names, kind=Interrupted)
    asking.publish = lambda: shop.fill("shop.orders", (2, "open", None))
    if "bad" in names:
        with pytest.raises(AirflowFailException):
            shop.run(asking)
    else:
        shop.run(asking)
    questions = {found["name"]: found["rows"] for found in reports.only()["questions"]}
    assert questions["figures"][0][0] == questions["states"][0][1]


class Lost(AskQuestionsOperator):
    """The connection is lost after the first question."""

    def ask(self, session: Any, question: Question, context: Any) -> Answer:
        answer = super().ask(session, question, context)
        session._connection.close()
        return answer


@pytest.mark.parametrize("connection", ["postgres"], indirect=True)
def test_a_lost_connection_is_no_failed_question(connection, shop, reports, operator):
    """It is left to the next try, which can answer them all."""
    with pytest.raises(psycopg.OperationalError, match="connection is closed"):
        shop.run(operator("figures", "states", kind=Lost))
    assert [] == reports.names()


def test_the_last_reports_stay(shop, reports, operator):
    """Pairs of older ones go, and nothing else that lies there."""
    old = [f"20181105T00000{second}Z.{ending}" for second in range(4) for ending in ("html", "json")]
    others = ["20181105T000000Z.html.bak", "notes.html", "older/20181105T000000Z.html"]
    for name in (*old, *others):
        reports.put(name)
    written = [location.rpartition("/")[2] for location in shop.run(operator("states", keep=2)).values()]
    assert sorted([*others, *old[-2:], *written]) == reports.names()


def test_without_a_work_prefix_it_is_skipped_and_says_what_to_set(operator, shop):
    """Before the warehouse is asked anything."""
    asking = operator("states", work_prefix="", no_prefix="set the Variable shop_prefix", conn_id=NOWHERE)
    with pytest.raises(AirflowSkipException, match="set the Variable shop_prefix"):
        shop.run(asking)
    with pytest.raises(AirflowFailException, match="not an S3 location: 'here'; expected s3://bucket/prefix"):
        shop.run(operator("states", work_prefix="here", conn_id=NOWHERE))


def test_doubtful_arguments_are_refused(operator):
    """When the DAG is read."""
    for names, message in (((), "got none"), (("states", "bad", "states"), "got states$")):
        with pytest.raises(ValueError, match=f"expected questions of different names, {message}"):
            operator(*names)
    with pytest.raises(ValueError, match="keep is 0, expected 1 or more"):
        operator("states", keep=0)
