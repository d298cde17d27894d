"""The pages a pipeline has in the Airflow UI: its report, its checks, its tables, its loads.

They show what runs wrote below the work prefix and ask nobody else: no page touches the warehouse. Routes are plain
functions, which FastAPI runs in threads, so that waiting for S3 holds up no other request of the api-server.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jinja2
from airflow.exceptions import AirflowException
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from warehouse.reporting import view_models
from warehouse.reporting.formatting import shown, visible
from warehouse.reporting.history import REPORTS, RUNS, History, Reading, RunRecord, listing, place

FILES = Path(__file__).parent / "pages"
NAVIGATION = {"report": "Report", "quality": "Data quality", "tables": "Tables", "loads": "Loads"}
# As many columns as a wide page has room for, and as many lines as one still scrolls through.
RUNS_OF_CHECKS = 30
RUNS_OF_LOADS = 90

# Somebody waits for the page: what does not answer soon is told to them as that. What the connection says goes first.
IMPATIENT = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"})
# A changed connection is noticed after this long.
CLIENT_SECONDS = 60
S3_ERRORS = (ClientError, BotoCoreError, AirflowException)

HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "private, no-cache"}
NOTHING_ELSE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
REPORT_POLICY = f"{NOTHING_ELSE}; style-src 'unsafe-inline'; img-src data:"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pages:
    """What the pages are called, where they read, and what they tell people to do when there is nothing to read.

    :param title: the pipeline's name.
    :param work_prefix: gives the s3:// location that runs write to; called for every page.
    :param without_work_prefix: what to do when it gives nothing.
    :param without_runs: what to do when no run was recorded yet.
    :param without_report: what to do when no report was written yet.
    :param aws_conn_id: the connection for S3.
    """

    title: str
    work_prefix: Callable[[], str]
    without_work_prefix: str
    without_runs: str
    without_report: str
    aws_conn_id: str = "aws_default"


class NothingToShowError(Exception):
    """There is nothing to show, and this is why and what to do: told as a page of its own."""

    def __init__(self, title: str, advice: str, *, detail: str = "", status: int = 200) -> None:
        super().__init__(title)
        self.title = title
        self.advice = advice
        self.detail = detail
        self.status = status


class Shelf:
    """What lies below the work prefix, as the pages need it; keeps in memory what it has read."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._history = History()
        self._client: tuple[float, Any] | None = None
        self._report: tuple[tuple[str, str, str], bytes] | None = None

    def _s3(self) -> Any:
        """A client. To make one takes longer than the page; but connections change while the api-server runs on."""
        now = time.monotonic()
        if self._client is None or now - self._client[0] > CLIENT_SECONDS:
            hook = S3Hook(aws_conn_id=self._pages.aws_conn_id)
            self._client = (now, hook.get_client_type(config=IMPATIENT.merge(hook.config)))
        return self._client[1]

    def _work_prefix(self) -> str:
        """The work prefix as it is now."""
        work_prefix = self._pages.work_prefix()
        if not work_prefix:
            raise NothingToShowError("Runs leave nothing to show yet", self._pages.without_work_prefix)
        try:
            place(work_prefix, "")
        except ValueError as error:
            raise NothingToShowError(
                "Where runs write is no S3 location", self._pages.without_work_prefix, detail=str(error)
            ) from error
        return work_prefix

    def _read(self, what: Callable[[Any, str], Any]) -> tuple[Any, str]:
        """What `what` reads, and the work prefix it read below; S3's refusal becomes a page that says so."""
        work_prefix = self._work_prefix()
        try:
            return what(self._s3(), work_prefix), work_prefix
        except S3_ERRORS as error:
            raise NothingToShowError(
                "S3 cannot be read at the moment",
                f"Try again in a minute. If it stays so, see whether the connection {self._pages.aws_conn_id} may list "
                f"and read {work_prefix}.",
                detail=f"{type(error).__name__}: {error}",
                status=503,
            ) from error

    def history(self, most: int) -> tuple[Reading, str]:
        """The newest records and where they lie; a page of its own when there are none."""
        reading, work_prefix = self._read(lambda client, prefix: self._history.read(client, prefix, most))
        location = f"{work_prefix.rstrip('/')}/{RUNS}"
        if not reading.total:
            raise NothingToShowError("No run has been recorded yet", self._pages.without_runs, detail=location)
        return reading, location

    def run(self, name: str) -> RunRecord | None:
        """One record by its name, however old."""
        return self._read(lambda client, prefix: self._history.find(client, prefix, name))[0]

    def report(self) -> tuple[datetime.datetime, str, bytes]:
        """When the latest report was made, where it lies, and its HTML."""
        return self._read(self._latest_report)[0]

    def _latest_report(self, client: Any, work_prefix: str) -> tuple[datetime.datetime, str, bytes]:
        bucket, prefix = place(work_prefix, REPORTS)
        found = [
            (made_at, item)
            for item in listing(client, work_prefix, REPORTS, ".html")
            if (made_at := view_models.stamped(item.key.removeprefix(prefix)))
        ]
        if not found:
            raise NothingToShowError(
                "No report has been written yet", self._pages.without_report, detail=f"s3://{bucket}/{prefix}"
            )
        made_at, latest = found[-1]
        version = (bucket, latest.key, latest.etag)
        if self._report is None or self._report[0] != version:
            self._report = (version, client.get_object(Bucket=bucket, Key=latest.key)["Body"].read())
        return made_at, f"s3://{bucket}/{latest.key}", self._report[1]


def own(name: str) -> Markup:
    """A file of the project's own, to stand in a page as it is: neither CSS nor JavaScript has entities."""
    return Markup((FILES / name).read_text(encoding="utf-8"))  # noqa: S704  # nobody else's text


class Writer:
    """Writes the pages: templates in which everything is escaped, and headers that let nothing else in."""

    def __init__(self, title: str) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FILES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "ago": view_models.ago,
            "counts": view_models.counts,
            "load": view_models.load,
            "moment": shown,
            "number": view_models.number,
            "visible": visible,
        }
        self._environment.globals |= {
            "title": title,
            "navigation": NAVIGATION,
            "outcomes": view_models.OUTCOMES,
            "statuses": view_models.STATUSES,
            "style": own("style.css") + own("history.css"),
            "script": own("page.js"),
        }

    def page(self, name: str, here: str, status: int = 200, above: str = "", **values: Any) -> HTMLResponse:
        """The page of a template. `here` is its place in the navigation."""
        nonce = secrets.token_urlsafe(16)
        now = datetime.datetime.now(datetime.UTC)
        html = self._environment.get_template(name).render(here=here, above=above, now=now, nonce=nonce, **values)
        policy = (
            f"{NOTHING_ELSE}; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; frame-src 'self'; img-src data:"
        )
        return HTMLResponse(html, status, HEADERS | {"Content-Security-Policy": policy})


def themed(report: bytes, theme: str) -> bytes:
    """A report in light or dark, whatever the reader's system says; any other theme leaves it to the system."""
    if theme not in ("light", "dark"):
        return report
    return re.sub(rb"<html\b", f'<html data-theme="{theme}"'.encode(), report, count=1)


def create_app(pages: Pages, dependencies: Sequence[Any]) -> FastAPI:
    """The pages as an app to mount in Airflow's api-server.

    :param dependencies: what every route depends on: the check of who asks. A mounted app inherits nothing of Airflow's
        own; and what FastAPI itself would add, documentation of routes, would not depend on it, so there is none.
    """
    app = FastAPI(title=pages.title, dependencies=list(dependencies), docs_url=None, redoc_url=None, openapi_url=None)
    shelf, writer = Shelf(pages), Writer(pages.title)

    @app.exception_handler(NothingToShowError)
    def nothing_to_show(request: Any, error: NothingToShowError) -> HTMLResponse:
        here, above = request.url.path.rpartition("/")[2], ""
        if here not in NAVIGATION:
            here, above = "report", "../"
        return writer.page("nothing.html", here, error.status, reason=error, above=above)

    @app.get("/report")
    def report() -> HTMLResponse:
        made_at, location, _ = shelf.report()
        return writer.page("latest_report.html", "report", made_at=made_at, location=location)

    @app.get("/report/latest.html")
    def latest_report(theme: str = "") -> Response:
        _, _, html = shelf.report()
        headers = HEADERS | {"Content-Security-Policy": REPORT_POLICY}
        return Response(themed(html, theme), headers=headers, media_type="text/html; charset=utf-8")

    @app.get("/quality")
    def quality(run: str = "", check: str = "") -> HTMLResponse:
        reading, location = shelf.history(RUNS_OF_CHECKS)
        chosen = shelf.run(run) if run else None
        return writer.page(
            "quality.html",
            "quality",
            reading=reading,
            location=location,
            grid=view_models.grid(reading.records),
            run=run,
            chosen=chosen,
            check=check,
            found=next((item for item in chosen.checks if item.name == check), None) if chosen else None,
        )

    @app.get("/tables")
    def tables() -> HTMLResponse:
        reading, location = shelf.history(RUNS_OF_LOADS)
        latest, growth = view_models.growth(reading.records)
        return writer.page(
            "tables.html",
            "tables",
            reading=reading,
            location=location,
            latest=latest,
            growth=growth,
            sparkline=view_models.SPARKLINE,
        )

    @app.get("/loads")
    def loads(run: str = "") -> HTMLResponse:
        reading, location = shelf.history(RUNS_OF_LOADS)
        chosen = shelf.run(run) if run else None
        return writer.page("loads.html", "loads", reading=reading, location=location, run=run, chosen=chosen)

    return app
