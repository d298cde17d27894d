"""A report has answers from one snapshot of the warehouse, also if a question fails or a run publishes meanwhile."""

from __future__ import annotations

import json
import re
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tests.plugins.warehouse.operators import order_desk
from tests.plugins.warehouse.operators.conftest import NOWHERE
from tests.plugins.warehouse.reporting.page import Page
from warehouse.operators.ask_questions import AskQuestionsOperator
from warehouse.reporting.charts import HorizontalBars, KeyFigures
from warehouse.reporting.questions import Answer, Question

# The same fixture serves here.
shop = order_desk.shop

HOSTILE = "</script><b onclick=alert(1)>\"'&</b>"


def question(name: str, chart: Any = None) -> Question:
    """A question with this name."""
    return Question(sql=f"{name}.sql", title=f"The {name}", description="About the shop.", chart=chart)


class Reports:
    """The folder that the operator writes to."""

    def __init__(self, client: Any, bucket: str) -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = f"s3://{bucket}/sparkify/"

    def names(self) -> list[str]:
        """The names of all objects in it."""
        listing = self.client.list_objects_v2(Bucket=self.bucket, Prefix="sparkify/").get("Contents", [])
        return sorted(item["Key"].removeprefix("sparkify/reports/") for item in listing)

    def put(self, name: str) -> None:
        """Write an empty object."""
        self.client.put_object(Bucket=self.bucket, Key=f"sparkify/reports/{name}", Body=b"")

    def read(self, location: str) -> tuple[str, str]:
        """Content type and text of the object at an s3:// location."""
        found = self.client.get_object(Bucket=self.bucket, Key=location.removeprefix(f"s3://{self.bucket}/"))
        return found["ContentType"], found["Body"].read().decode()

    def only(self) -> dict[str, Any]:
        """The JSON of the only report."""
        (name,) = (name for name in self.names() if name.endswith(".json"))
        return json.loads(self.read(f"s3://{self.bucket}/sparkify/reports/{name}")[1])


@pytest.fixture
def reports(s3, bucket) -> Reports:
    """The folder, empty."""
    return Reports(s3, bucket)


@pytest.fixture
def operator(shop, reports):
    """Creates the operator with questions about the shop."""
    shop.sql("totals.sql", "SELECT COUNT(*) AS orders, MAX(changed_at) AS latest FROM shop.orders HAVING COUNT(*) > 0;")
    shop.sql("states.sql", "SELECT status, COUNT(*) AS orders FROM shop.orders GROUP BY status ORDER BY status;")
    shop.sql("pages.sql", "SELECT page, COUNT(*) AS visits FROM shop.visits GROUP BY page ORDER BY page;")
    shop.sql("bad.sql", "SELECT nothing FROM shop.orders;")
    shop.sql("worse.sql", "SELECT CAST(status AS INTEGER) FROM shop.orders;")

    def make(*names: str, kind: type = AskQuestionsOperator, **arguments: Any) -> AskQuestionsOperator:
        charts = {"totals": KeyFigures(), "pages": HorizontalBars(label="page", value="visits")}
        sections = {"All": [question(name, charts.get(name)) for name in names]}
        given = {"sections": sections, "title": "The shop", "work_prefix": reports.prefix, "latest_column": "latest"}
        return kind(task_id=f"task_{len(shop.dag.task_ids)}", dag=shop.dag, **(given | arguments))

    return make


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_a_page_and_its_json_are_written(connection, shop, reports, operator):
    """With their content types, and hostile names as text; both drivers give the same result."""
    shop.fill("shop.orders", (1, "open", "2018-11-05 10:00:00.5"), (2, "open", None), (3, "open", None))
    shop.fill("shop.visits", (HOSTILE,), ("/",), ("/",))
    locations = shop.run(operator("totals", "pages"))
    assert {"html", "json"} == set(locations)
    stamp = re.fullmatch(rf"{reports.prefix}reports/(\d{{8}}T\d{{6}}Z)\.html", locations["html"])[1]
    assert [f"{stamp}.html", f"{stamp}.json"] == reports.names()
    kind, text = reports.read(locations["json"])
    assert "application/json" == kind
    totals, pages = json.loads(text)["questions"]
    assert (["orders", "latest"], [[3, "2018-11-05T10:00:00.500000"]]) == (totals["columns"], totals["rows"])
    assert [["/", 2], [HOSTILE, 1]] == pages["rows"]
    kind, text = reports.read(locations["html"])
    assert "text/html; charset=utf-8" == kind
    page = Page(text)
    assert [["/", "2"], [HOSTILE, "1"]] == page.table("pages")
    assert [] == page.all("script") + page.all("b")


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_failed_questions_do_not_hide_the_others(connection, shop, reports, operator):
    """The error of the task names them, and the report has their errors too."""
    shop.fill("shop.orders", (1, "open", None))
    with pytest.raises(AirflowFailException) as raised:
        shop.run(operator("totals", "bad", "states", "worse"))
    assert re.match(
        r"2 of 4 questions failed; the report has the other answers:\n- bad: .*nothing.*\n- worse: .*",
        str(raised.value),
    )
    errors = {found["name"]: found["error"] for found in reports.only()["questions"]}
    assert [None, None] == [errors["totals"], errors["states"]]
    assert 'column "nothing" does not exist' in errors["bad"]
    assert [["open", 1]] == reports.only()["questions"][2]["rows"]


class Interrupted(AskQuestionsOperator):
    """Another session publishes an order after every question."""

    publish: Any = None

    def ask(self, session: Any, question: Question, context: Any) -> Answer:
        answer = super().ask(session, question, context)
        self.publish()
        return answer


@pytest.mark.parametrize("names", [["totals", "states"], ["totals", "bad", "states"]], ids=["all succeed", "one fails"])
def test_all_answers_are_from_one_snapshot(shop, reports, operator, names):
    """Also if a question between them fails, which ends the transaction on Redshift."""
    shop.fill("shop.orders", (1, "open", None))
    task = operator(*names, kind=Interrupted)
    task.publish = lambda: shop.fill("shop.orders", (2, "open", None))
    if "bad" in names:
        with pytest.raises(AirflowFailException):
            shop.run(task)
    else:
        shop.run(task)
    questions = {found["name"]: found["rows"] for found in reports.only()["questions"]}
    assert questions["totals"][0][0] == questions["states"][0][1]


class Lost(AskQuestionsOperator):
    """The connection is lost after the first question."""

    def ask(self, session: Any, question: Question, context: Any) -> Answer:
        answer = super().ask(session, question, context)
        session._connection.close()
        return answer


@pytest.mark.parametrize("connection", ["postgres"], indirect=True)
def test_a_lost_connection_is_not_a_failed_question(connection, shop, reports, operator):
    """The task fails without a report, so that a retry can answer all questions."""
    with pytest.raises(psycopg.OperationalError, match="connection is closed"):
        shop.run(operator("totals", "states", kind=Lost))
    assert [] == reports.names()


def test_the_newest_reports_are_kept(shop, reports, operator):
    """Older ones are deleted, and no other objects."""
    old = [f"20181105T00000{second}Z.{extension}" for second in range(4) for extension in ("html", "json")]
    others = ["20181105T000000Z.html.bak", "notes.html", "older/20181105T000000Z.html"]
    for name in (*old, *others):
        reports.put(name)
    written = [location.rpartition("/")[2] for location in shop.run(operator("states", keep=2)).values()]
    assert sorted([*others, *old[-2:], *written]) == reports.names()


def test_without_a_work_prefix_it_is_skipped_with_a_message(operator, shop):
    """Without a query."""
    task = operator("states", work_prefix="", no_prefix="set the Variable shop_prefix", conn_id=NOWHERE)
    with pytest.raises(AirflowSkipException, match="set the Variable shop_prefix"):
        shop.run(task)
    with pytest.raises(AirflowFailException, match="not an S3 location: 'here'; expected s3://bucket/prefix"):
        shop.run(operator("states", work_prefix="here", conn_id=NOWHERE))


def test_invalid_arguments_are_refused(operator):
    """When the DAG is parsed."""
    for names, message in (((), "got none"), (("states", "bad", "states"), "got states$")):
        with pytest.raises(ValueError, match=f"expected questions with different names, {message}"):
            operator(*names)
    with pytest.raises(ValueError, match="cannot keep 0 reports; expected 1 or more"):
        operator("states", keep=0)
