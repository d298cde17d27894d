"""The pages on a real S3: what they show, with and without data, and which content they allow."""

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
    """The pages of the shop, requested as a browser does."""

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
        """The response to one request."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://airflow/") as client:
                return await client.get(path)

        return asyncio.run(send())

    def page(self, path: str, status: int = 200) -> Page:
        """One page as a browser parses it, with a space after each cell."""
        response = self.get(path)
        assert status == response.status_code, response.text
        return Page(re.sub(r"</(td|th|dt|dd)>", r" </\1>", response.text))


@pytest.fixture
def shop(bucket, monkeypatch) -> Shop:
    """The pages on an empty bucket, without a connection to a warehouse, which no page needs."""
    monkeypatch.delenv("AIRFLOW_CONN_REDSHIFT")
    return Shop(f"s3://{bucket}/sparkify")


def text(page: Page, tag: str = "main") -> str:
    """The text of an element, with single spaces."""
    return " ".join(page.all(tag)[0]["text"].split())


def check(name: str, **changed: Any) -> CheckRecord:
    """A result of a check, passed unless changed."""
    values = {"table": "shop.orders", "severity": "error", "passed": True, "observed": 2, "expected": "at least 1"}
    return CheckRecord(name=name, **(values | {"description": "there are orders"} | changed))


def cells(page: Page, name: str) -> list[tuple[str, str | None]]:
    """A row of the grid: the text of each cell, and the address of its link."""
    (row,) = (row for row in page.all("tr") if [name] == [head["text"].strip() for head in page.all("th", row)])
    return [
        (cell["text"].strip(), next((link["attributes"]["href"] for link in page.all("a", cell)), None))
        for cell in page.all("td", row)
    ]


def test_each_cell_in_the_grid_of_checks_links_to_its_result(shop, put_records):
    """The links can be shared; they also work for a run that is no longer in the grid."""
    put_records(
        at(2, checks=()),
        at(1, checks=(check("few", passed=False, observed=0), check("some"))),
        at(0, checks=(check("few", passed=False, severity="warn", observed=0.25), check("some"))),
        *(at(-hours) for hours in range(1, 29)),
    )
    page = shop.page("quality")
    row = cells(page, "few")
    assert ["did not run", "✕failed", "!warned"] == [label for label, _ in row[:3]]
    assert 30 == len(row)
    assert "The last run failed before its checks." in text(page)
    counts = {"".join(item["text"].split()) for item in page.all("div", page.all("dl")[0])}
    assert {"passed1", "warned0", "failed1"} < counts
    result = text(shop.page(row[1][1]), "section")
    assert "few ✕ failed" in result
    assert "Description there are orders Observed 0 Expected at least 1 Table shop.orders" in result
    assert "the run stops and publishes nothing" in result
    assert "Observed 0.25" in text(shop.page(row[2][1]), "section")
    old = f"quality?run={at(-28).name}&check=some"
    assert "some" in text(shop.page(old), "section")
    assert at(-28).name not in shop.get("quality").text


def test_loads_are_a_table_with_details_of_the_failures(shop, put_records):
    """The failure of the last run is first; a failed check links to its result."""
    stage = StageRecord(task="stage", rows=3000, files=2, bytes=1_500_000, seconds=1.5)
    failed = {"outcome": "failed", "failed_tasks": ("stage",), "stages": (), "load_errors": ("b, line 2: too long",)}
    green = {"outcome": "published", "failed_tasks": (), "left_out": (), "load_errors": (), "warnings": (), "notes": ()}
    put_records(
        at(2, checks=(), **failed),
        at(1, **green, checks=(check("some"),), stages=(stage,), changed_rows=4000),
        at(0, checks=(check("few", passed=False, observed=0),)),
    )
    page = shop.page("loads")
    rows = [" ".join(row["text"].split()) for row in page.all("tr")]
    assert "5 Nov 2018, 13:00 ✓ published 2018-11-05 (reload) 2 1.5 MB 3,000 2,000 1.5 4,000" in rows
    (last,), (before,) = page.all("section"), page.all("article")
    assert "The last run." in last["text"]
    assert "b, line 2: too long" in last["text"]
    (link,) = (link for link in page.all("a", before) if link["text"] == "few")
    assert "Observed 0" in text(shop.page(link["attributes"]["href"]), "section")
    assert "the warehouse was paused" in before["text"]
    assert "README is not an order file" in before["text"]
    assert "Period 2018-11-05, with reload, recorded 5 Nov 2018, 12:00 UTC." in " ".join(before["text"].split())
    chosen = shop.page(f"loads?run={at(1).name}")
    assert "stage 2 1.5 MB 3,000 2,000 1.5" in text(chosen)


def test_tables_have_the_sizes_of_the_last_run_that_recorded_them(shop, put_records):
    """With the change since the run before, and the latest timestamp."""
    sizes = [
        TableRecord(table="shop.orders", rows=rows, time_column="changed_at", latest=at(0).recorded_at)
        for rows in (7, 12345)
    ]
    put_records(at(3, tables=()), at(2, tables=(sizes[1],)), at(1, tables=(sizes[0],)))
    page = text(shop.page("tables"))
    assert "shop.orders rows 12,345 change +12,338" in page
    assert "Latest changed_at 5 Nov 2018, 12:00 UTC" in page
    assert "The last run could not query the sizes of the tables." in page
    assert "As of" in page
    assert "5 Nov 2018, 14:00 UTC, from " + shop.work_prefix in page


def test_files_left_out_are_at_the_top_of_every_page_about_runs(shop, put_records):
    """The user on call sees which files, and why; a long list is complete on one page."""
    files = tuple(f"orders/{number}.json: line 1: no JSON" for number in range(12))
    put_records(at(1, outcome="files left out", failed_tasks=("report_left_out",), left_out=files), at(0, left_out=()))
    for path in ("quality", "tables", "loads"):
        page = shop.page(path)
        (banner, *_) = (box for box in page.all("div") if "left-out" in box["attributes"].get("class", ""))
        assert "left out 12 files" in banner["text"]
        shown = 12 if path == "loads" else 10
        assert list(files[:shown]) == [item["text"] for item in page.all("li", banner)]
    assert "files left out" in text(shop.page("loads"))
    put_records(at(2, outcome="published", failed_tasks=(), left_out=()))
    assert "left-out" not in shop.get("tables").text.partition("<body>")[2]


def test_a_run_with_nothing_new_is_not_a_failed_one(shop, put_records):
    """It has no checks and no sizes, and no page complains about that."""
    green = {"failed_tasks": (), "left_out": (), "load_errors": (), "warnings": (), "notes": ()}
    nothing = at(1, **green, outcome="nothing new", checks=(), tables=(), stages=(), options=())
    put_records(nothing, at(0, **green, outcome="published"))
    assert "The last run had nothing to check." in text(shop.page("quality"))
    assert "There was nothing to check." in text(shop.page(f"quality?run={nothing.name}"), "section")
    tables = text(shop.page("tables"))
    assert "shop.orders rows 3" in tables
    assert "last run" not in tables
    rows = [" ".join(row["text"].split()) for row in shop.page("loads").all("tr")]
    assert "5 Nov 2018, 13:00 ✓ nothing new 2018-11-05" in rows


def test_hostile_names_are_shown_as_text(shop, put_records):
    """Everywhere, and links that contain them work."""
    failed = check(HOSTILE, table=HOSTILE, passed=False, description=HOSTILE, expected=HOSTILE)
    stage = StageRecord(task=HOSTILE, rows=1, files=1, bytes=1, seconds=1)
    size = TableRecord(table=HOSTILE, rows=1, time_column=HOSTILE, latest=None)
    record = at(
        0,
        **{"run_id": HOSTILE, "checks": (failed,), "failed_tasks": (HOSTILE,), "load_errors": (HOSTILE,)},
        **{"notes": (HOSTILE,), "stages": (stage,), "tables": (size,), "period": HOSTILE, "options": (HOSTILE,)},
        **{"warnings": (HOSTILE,), "left_out": (HOSTILE,)},
    )
    put_records(record)
    (_, link), *_ = cells(shop.page("quality"), HOSTILE)
    query = urllib.parse.urlencode({"run": HOSTILE, "check": HOSTILE})
    for path in ("quality", "tables", "loads", link, f"loads?run={record.name}", f"quality?{query}", f"loads?{query}"):
        page = shop.page(path)
        assert HOSTILE in page.all("main")[0]["text"], path
        assert 1 == len(page.all("script")), path
    assert 4 <= text(shop.page(link), "section").count(HOSTILE)


def test_the_latest_report_is_shown_unchanged(shop, s3, bucket):
    """Except for its theme. A policy forbids scripts and requests, whatever the report contains."""
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


def test_only_the_pages_own_style_and_script_are_allowed(shop, put_records):
    """By a nonce. Nothing is loaded from elsewhere, and no other site can embed a page."""
    put_records(RECORD)
    nonces = set()
    for path in PATHS:
        response = shop.get(path)
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy
        assert "nosniff" == response.headers["x-content-type-options"]
        (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
        page = Page(response.text)
        assert {nonce} == {element["attributes"]["nonce"] for element in [*page.all("style"), *page.all("script")]}
        assert not [e for e in page.elements if {"style", "onclick", "onload"} & set(e["attributes"])]
        links = {e["attributes"].get("href") or e["attributes"].get("src") or "" for e in page.elements}
        assert not [link for link in links if re.match(r"\w+:|/", link)]
        nonces.add(nonce)
    assert len(PATHS) == len(nonces)


@pytest.mark.parametrize(
    ("work_prefix", "title", "message", "status"),
    [
        ("", "No work prefix is set", "Set the Variable.", 200),
        ("work", "The work prefix is not an S3 location", "not an S3 location: 'work'; expected s3://", 200),
        ("s3://no-such-bucket-of-ours/x", "S3 cannot be read at the moment", "NoSuchBucket", 503),
        (None, "", "", 200),
    ],
    ids=["no prefix", "no S3 location", "no bucket", "no runs"],
)
def test_without_data_each_page_says_why_and_what_to_do(shop, work_prefix, title, message, status):
    """And links to the other pages."""
    if work_prefix is not None:
        shop.work_prefix = work_prefix
    for path in PATHS:
        page = shop.page(path, status)
        if work_prefix is None:
            title = "No report has been written yet" if path == "report" else "No run has been recorded yet"
            message = "Write a report." if path == "report" else "Run the DAG."
        assert title == page.all("h1")[0]["text"]
        assert message in text(page)
        assert list(PATHS) == [link["attributes"]["href"] for link in page.all("a", page.all("nav")[0])]


def test_a_page_fails_fast_if_s3_does_not_answer(shop, monkeypatch):
    """With its default settings boto would try for minutes."""
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


def test_missing_and_unreadable_records_are_named(shop, put_records, s3, bucket):
    """They do not hide the others."""
    put_records(RECORD)
    s3.put_object(Bucket=bucket, Key="sparkify/runs/20300101T000000Z_x.json", Body=b"{")
    for path in ("quality", "loads"):
        page = text(shop.page(f"{path}?run=no-such-run"))
        assert "There is no record no-such-run." in page
        assert "20300101T000000Z_x.json is not the record of a run" in page
        assert "checks failed" in page
    assert "has no result for a check nonsense" in text(shop.page(f"quality?run={RECORD.name}&check=nonsense"))


def test_the_app_has_no_routes_without_its_dependencies(shop):
    """FastAPI's own documentation routes would have none."""
    assert {"/report", "/report/latest.html", "/quality", "/tables", "/loads"} == {r.path for r in shop.app.routes}
