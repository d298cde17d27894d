"""The pages over a real S3: what they show, what they say when there is nothing to show, and what they let in."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import re
import socket
import urllib.parse
from typing import Any

import httpx
import pytest

from tests.plugins.warehouse.reporting.page import Page
from tests.plugins.warehouse.reporting.records import RECORD, at
from warehouse.reporting.history import CheckRecord, StageRecord, TableRecord
from warehouse.reporting.ui import Pages, create_app

HOSTILE = "<script>alert('x')</script> & \"quoted\" \u0645\u0631\u062d\u0628\u0627 \U0001f3b5"
PATHS = ("report", "quality", "tables", "loads")


class Shop:
    """The pages of the shop, asked as a browser asks."""

    def __init__(self, work_prefix: str) -> None:
        self.work_prefix = work_prefix
        pages = Pages(
            title="Shop",
            work_prefix=lambda: self.work_prefix,
            without_work_prefix="Set the Variable.",
            without_runs="Run the DAG.",
            without_report="Write a report.",
        )
        self.app = create_app(pages, [])

    def get(self, path: str) -> httpx.Response:
        """One answer."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://airflow/") as client:
                return await client.get(path)

        return asyncio.run(ask())

    def page(self, path: str, status: int = 200) -> Page:
        """One page, as a browser's parser understands it, with a space where a browser has a cell's border."""
        answer = self.get(path)
        assert status == answer.status_code, answer.text
        return Page(re.sub(r"</(td|th|dt|dd)>", r" </\1>", answer.text))


@pytest.fixture
def shop(bucket, monkeypatch) -> Shop:
    """Pages over an empty bucket. There is no connection to a warehouse: no page asks for one."""
    monkeypatch.delenv("AIRFLOW_CONN_REDSHIFT")
    return Shop(f"s3://{bucket}/sparkify")


def text(page: Page, tag: str = "main") -> str:
    """The words of the page, with single spaces."""
    return " ".join(page.all(tag)[0]["text"].split())


def check(name: str, **changed: Any) -> CheckRecord:
    """A passed check."""
    values = {"table": "desk.orders", "severity": "error", "passed": True, "observed": 2, "expected": "at least 1"}
    return CheckRecord(name=name, **(values | {"sentence": "there are orders"} | changed))


def cells(page: Page, name: str) -> list[tuple[str, str | None]]:
    """A row of the grid: what each cell says to those who see no colours, and where it leads."""
    (row,) = (row for row in page.all("tr") if [name] == [head["text"].strip() for head in page.all("th", row)])
    return [
        (cell["text"].strip(), next((link["attributes"]["href"] for link in page.all("a", cell)), None))
        for cell in page.all("td", row)
    ]


def test_checks_are_a_grid_and_each_sign_leads_to_what_was_found(shop, put_records):
    """By links that can be passed on; also of a run that is no longer in the grid."""
    put_records(
        at(2, checks=()),
        at(1, checks=(check("few", passed=False, observed=0), check("some"))),
        at(0, checks=(check("few", passed=False, severity="warn", observed=0.25), check("some"))),
        *(at(-hours) for hours in range(1, 29)),
    )
    page = shop.page("quality")
    row = cells(page, "few")
    assert ["not judged", "✕failed", "!warned"] == [said for said, _ in row[:3]]
    assert 30 == len(row)
    assert "The last run failed before its checks." in text(page)
    figures = {"".join(item["text"].split()) for item in page.all("div", page.all("dl")[0])}
    assert {"passed1", "warned0", "failed1"} < figures
    words = text(shop.page(row[1][1]), "section")
    assert "few ✕ failed" in words
    assert "Claims that there are orders Observed 0 Expected at least 1 Table desk.orders" in words
    assert "the run stops, and nothing is published" in words
    assert "Observed 0.25" in text(shop.page(row[2][1]), "section")
    old = f"quality?run={at(-28).name}&check=some"
    assert "some" in text(shop.page(old), "section")
    assert at(-28).name not in shop.get("quality").text


def test_loads_are_told_in_figures_and_failures_in_words(shop, put_records):
    """The last run's failure first; a failed check leads to its result."""
    stage = StageRecord(task="stage", table="desk.raw", rows=3000, files=2, bytes=1_500_000, seconds=1.5)
    bad = {"outcome": "failed", "failed_tasks": ("stage",), "stages": (), "load_errors": ("b, line 2: too long",)}
    put_records(
        at(2, checks=(), **bad),
        at(1, outcome="published", failed_tasks=(), load_errors=(), notes=(), checks=(check("some"),), stages=(stage,)),
        at(0, checks=(check("few", passed=False, observed=0),)),
    )
    page = shop.page("loads")
    rows = [" ".join(row["text"].split()) for row in page.all("tr")]
    assert "5 Nov 2018, 13:00 ✓ published 2018-11-05 merge 2 1.5 MB 3,000 2,000 1.5" in rows
    (last,), (before,) = page.all("section"), page.all("article")
    assert "The last run." in last["text"]
    assert "b, line 2: too long" in last["text"]
    (link,) = (link for link in page.all("a", before) if link["text"] == "few")
    assert "Observed 0" in text(shop.page(link["attributes"]["href"]), "section")
    assert "the warehouse slept" in before["text"]
    chosen = shop.page(f"loads?run={at(1).name}")
    assert "stage desk.raw 2 1.5 MB 3,000 2,000 1.5" in text(chosen)


def test_tables_are_as_the_last_run_that_could_ask_found_them(shop, put_records):
    """Rows, what the run brought, and up to when they go."""
    sizes = [
        TableRecord(table="shop.orders", rows=rows, time_column="changed_at", latest=at(0).recorded_at)
        for rows in (7, 12345)
    ]
    put_records(at(3, tables=()), at(2, tables=(sizes[1],)), at(1, tables=(sizes[0],)))
    words = text(shop.page("tables"))
    assert "shop.orders rows 12,345 by the last run +12,338" in words
    assert "Latest changed_at 5 Nov 2018, 12:00 UTC" in words
    assert "The last run could not ask the warehouse for its tables' sizes." in words
    assert "As of" in words
    assert "5 Nov 2018, 14:00 UTC, from " + shop.work_prefix in words


def test_hostile_names_are_shown_as_text(shop, put_records):
    """Wherever they stand, and the links made of them still lead to what they name."""
    bad = check(HOSTILE, table=HOSTILE, passed=False, sentence=HOSTILE, expected=HOSTILE)
    stage = StageRecord(task="stage", table=HOSTILE, rows=1, files=1, bytes=1, seconds=1)
    size = TableRecord(table=HOSTILE, rows=1, time_column=HOSTILE, latest=None)
    record = at(
        0,
        **{"run_id": HOSTILE, "checks": (bad,), "failed_tasks": (HOSTILE,), "load_errors": (HOSTILE,)},
        **{"notes": (HOSTILE,), "stages": (stage,), "tables": (size,), "period": HOSTILE, "mode": HOSTILE},
    )
    put_records(record)
    (_, link), *_ = cells(shop.page("quality"), HOSTILE)
    asked = urllib.parse.urlencode({"run": HOSTILE, "check": HOSTILE})
    for path in ("quality", "tables", "loads", link, f"loads?run={record.name}", f"quality?{asked}", f"loads?{asked}"):
        page = shop.page(path)
        assert HOSTILE in page.all("main")[0]["text"], path
        assert 1 == len(page.all("script")), path
    assert 4 <= text(shop.page(link), "section").count(HOSTILE)


def test_the_latest_report_is_shown_as_it_was_written(shop, s3, bucket):
    """But for its theme; whatever the data might have smuggled into it, nothing in it runs or is fetched."""
    for stamp in ("20181104T000000Z", "20181105T120000Z"):
        body = f"<!DOCTYPE html><html lang='en'><p>{stamp}</p></html>"
        s3.put_object(Bucket=bucket, Key=f"sparkify/reports/{stamp}.html", Body=body.encode())
    s3.put_object(Bucket=bucket, Key="sparkify/reports/notes.html", Body=b"")
    page = shop.page("report")
    assert f"5 Nov 2018, 12:00 UTC, from {shop.work_prefix}/reports/20181105T120000Z.html" in text(page)
    (frame,) = page.all("iframe")
    report = shop.get(frame["attributes"]["data-report"])
    assert body == report.text
    assert body.replace("<html", '<html data-theme="dark"') == shop.get("report/latest.html?theme=dark").text
    assert body == shop.get("report/latest.html?theme=%22onload=").text
    policy = dict(part.strip().split(" ", 1) for part in report.headers["content-security-policy"].split(";"))
    assert ("'none'", "'self'") == (policy["default-src"], policy["frame-ancestors"])
    assert "script-src" not in policy
    s3.put_object(Bucket=bucket, Key="sparkify/reports/20181105T120000Z.html", Body=b"<html>corrected</html>")
    assert "<html>corrected</html>" == shop.get("report/latest.html").text


def test_only_our_own_style_and_script_get_in(shop, put_records):
    """By a number used once; nothing is loaded from elsewhere, and no page is shown in somebody else's."""
    put_records(RECORD)
    nonces = set()
    for path in PATHS:
        answer = shop.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy
        assert "nosniff" == answer.headers["x-content-type-options"]
        (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
        page = Page(answer.text)
        assert {nonce} == {element["attributes"]["nonce"] for element in [*page.all("style"), *page.all("script")]}
        assert not [e for e in page.elements if {"style", "onclick", "onload"} & set(e["attributes"])]
        links = {e["attributes"].get("href") or e["attributes"].get("src") or "" for e in page.elements}
        assert not [link for link in links if re.match(r"\w+:|/", link)]
        nonces.add(nonce)
    assert len(PATHS) == len(nonces)


@pytest.mark.parametrize(
    ("work_prefix", "title", "words", "status"),
    [
        ("", "Runs leave nothing to show yet", "Set the Variable.", 200),
        ("work", "Where runs write is no S3 location", "not an S3 location: 'work'; expected s3://", 200),
        ("s3://no-such-bucket-of-ours/x", "S3 cannot be read at the moment", "NoSuchBucket", 503),
        (None, "", "", 200),
    ],
    ids=["no prefix", "no location", "no bucket", "nothing yet"],
)
def test_when_there_is_nothing_to_show_the_page_says_why_and_what_to_do(shop, work_prefix, title, words, status):
    """On every page, with the way to the others."""
    if work_prefix is not None:
        shop.work_prefix = work_prefix
    for path in PATHS:
        page = shop.page(path, status)
        if work_prefix is None:
            title = "No report has been written yet" if path == "report" else "No run has been recorded yet"
            words = "Write a report." if path == "report" else "Run the DAG."
        assert title == page.all("h1")[0]["text"]
        assert words in text(page)
        assert list(PATHS) == [link["attributes"]["href"] for link in page.all("a", page.all("nav")[0])]


def test_an_s3_that_does_not_answer_is_told_soon(shop, monkeypatch):
    """A page must not hang for the minutes that boto would try."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    settings = json.loads(os.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    settings["extra"] |= {"endpoint_url": address, "service_config": {}}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(settings))
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    started = datetime.datetime.now(datetime.UTC)
    page = shop.page("loads", 503)
    assert datetime.datetime.now(datetime.UTC) - started < datetime.timedelta(seconds=20)
    assert "EndpointConnectionError" in text(page)
    assert settings["password"] not in text(page)


def test_a_record_that_is_gone_or_cannot_be_read_is_told(shop, put_records, s3, bucket):
    """And hides no other."""
    put_records(RECORD)
    s3.put_object(Bucket=bucket, Key="sparkify/runs/20300101T000000Z_x.json", Body=b"{")
    for path in ("quality", "loads"):
        words = text(shop.page(f"{path}?run=no-such-run"))
        assert "There is no record no-such-run any more" in words
        assert "20300101T000000Z_x.json is no record of a run" in words
        assert "checks failed" in words
    assert "has no result of a check nonsense" in text(shop.page(f"quality?run={RECORD.name}&check=nonsense"))


def test_the_app_has_no_page_that_its_dependencies_would_not_guard(shop):
    """FastAPI's own would be: they take no dependencies."""
    assert {"/report", "/report/latest.html", "/quality", "/tables", "/loads"} == {r.path for r in shop.app.routes}
