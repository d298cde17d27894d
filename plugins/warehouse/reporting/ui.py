"""The pages of a pipeline in the Airflow UI: its report, its checks, its tables, its loads.

They show what runs wrote below the work prefix; no page queries the warehouse. The routes are synchronous functions,
which FastAPI runs in threads, so that waiting for S3 does not block other requests to the api-server.
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
from warehouse.reporting.formatting import display, visible
from warehouse.reporting.history import REPORTS, RUNS, History, RecordList, RunRecord, folder_location, list_folder

FILES = Path(__file__).parent / "pages"
NAVIGATION = {"report": "Report", "quality": "Data quality", "tables": "Tables", "loads": "Loads"}
# The grid of checks has a column per run, the tables of loads a row per run.
RUNS_OF_CHECKS = 30
RUNS_OF_LOADS = 90
# The banner about files left out lists at most this many.
FILES_IN_BANNER = 10

# A user is waiting for the page, so a request without an answer has to fail soon. The connection can override this.
SHORT_TIMEOUTS = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"})
# A client is recreated after this long, to pick up changes of the connection.
CLIENT_SECONDS = 60
S3_ERRORS = (ClientError, BotoCoreError, AirflowException)

HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "private, no-cache"}
BASE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
REPORT_POLICY = f"{BASE_POLICY}; style-src 'unsafe-inline'; img-src data:"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pages:
    """The settings of the pages: their title, the location they read, and their texts if there is nothing to show.

    :param title: the name of the pipeline.
    :param work_prefix: returns the s3:// location that runs write to; called for every page.
    :param without_work_prefix: what the user should do if it returns nothing.
    :param without_runs: what the user should do if there is no record of a run.
    :param without_report: what the user should do if there is no report.
    :param aws_conn_id: the connection for S3.
    """

    title: str
    work_prefix: Callable[[], str]
    without_work_prefix: str
    without_runs: str
    without_report: str
    aws_conn_id: str = "aws_default"


class NothingToShowError(Exception):
    """There is nothing to show. The user gets a page with the reason (`title`, `detail`) and what to do (`advice`)."""

    def __init__(self, title: str, advice: str, *, detail: str = "", status: int = 200) -> None:
        super().__init__(title)
        self.title = title
        self.advice = advice
        self.detail = detail
        self.status = status


class Store:
    """Reads records and reports from below the work prefix, and caches them."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._history = History()
        self._client: tuple[float, Any] | None = None
        self._report: tuple[tuple[str, str, str], bytes] | None = None

    def _s3(self) -> Any:
        """An S3 client. Creating one takes longer than a page, so it is reused for a while."""
        now = time.monotonic()
        if self._client is None or now - self._client[0] > CLIENT_SECONDS:
            hook = S3Hook(aws_conn_id=self._pages.aws_conn_id)
            self._client = (now, hook.get_client_type(config=SHORT_TIMEOUTS.merge(hook.config)))
        return self._client[1]

    def _work_prefix(self) -> str:
        """The current work prefix. Raises NothingToShowError if it is missing or not an S3 location."""
        work_prefix = self._pages.work_prefix()
        if not work_prefix:
            raise NothingToShowError("No work prefix is set", self._pages.without_work_prefix)
        try:
            folder_location(work_prefix, "")
        except ValueError as error:
            raise NothingToShowError(
                "The work prefix is not an S3 location", self._pages.without_work_prefix, detail=str(error)
            ) from error
        return work_prefix

    def _read(self, read: Callable[[Any, str], Any]) -> tuple[Any, str]:
        """The result of `read` and the work prefix. Raises NothingToShowError if S3 returns an error."""
        work_prefix = self._work_prefix()
        try:
            return read(self._s3(), work_prefix), work_prefix
        except S3_ERRORS as error:
            raise NothingToShowError(
                "S3 cannot be read at the moment",
                f"Try again in a minute. If the error persists, check that the connection {self._pages.aws_conn_id} "
                f"has permission to list and read {work_prefix}.",
                detail=f"{type(error).__name__}: {error}",
                status=503,
            ) from error

    def history(self, limit: int) -> tuple[RecordList, str]:
        """The newest records and their location. Raises NothingToShowError if there are none."""
        history, work_prefix = self._read(lambda client, prefix: self._history.read(client, prefix, limit))
        location = f"{work_prefix.rstrip('/')}/{RUNS}"
        if not history.total:
            raise NothingToShowError("No run has been recorded yet", self._pages.without_runs, detail=location)
        return history, location

    def run(self, name: str) -> RunRecord | None:
        """The record with this name, or None."""
        return self._read(lambda client, prefix: self._history.find(client, prefix, name))[0]

    def report(self) -> tuple[datetime.datetime, str, bytes]:
        """The latest report: when it was created, its location, and its HTML. Raises NothingToShowError without one."""
        return self._read(self._latest_report)[0]

    def _latest_report(self, client: Any, work_prefix: str) -> tuple[datetime.datetime, str, bytes]:
        bucket, prefix = folder_location(work_prefix, REPORTS)
        reports = [
            (created_at, item)
            for item in list_folder(client, work_prefix, REPORTS, ".html")
            if (created_at := view_models.parse_stamp(item.key.removeprefix(prefix)))
        ]
        if not reports:
            raise NothingToShowError(
                "No report has been written yet", self._pages.without_report, detail=f"s3://{bucket}/{prefix}"
            )
        created_at, latest = reports[-1]
        version = (bucket, latest.key, latest.etag)
        if self._report is None or self._report[0] != version:
            self._report = (version, client.get_object(Bucket=bucket, Key=latest.key)["Body"].read())
        return created_at, f"s3://{bucket}/{latest.key}", self._report[1]


def inline_file(name: str) -> Markup:
    """A CSS or JavaScript file to include in a page. It is not escaped, because neither language has entities."""
    return Markup((FILES / name).read_text(encoding="utf-8"))  # noqa: S704  # a file of this package


class Renderer:
    """Renders the pages from templates that escape all values, with headers that allow no other content."""

    def __init__(self, title: str) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FILES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "age": view_models.age,
            "display": display,
            "number": view_models.number,
            "stage_total": view_models.stage_total,
            "status_counts": view_models.status_counts,
            "visible": visible,
        }
        self._environment.globals |= {
            "title": title,
            "navigation": NAVIGATION,
            "outcomes": view_models.OUTCOMES,
            "statuses": view_models.STATUSES,
            "files_in_banner": FILES_IN_BANNER,
            "style": inline_file("style.css") + inline_file("history.css"),
            "script": inline_file("page.js"),
        }

    def page(self, name: str, here: str, status: int = 200, above: str = "", **values: Any) -> HTMLResponse:
        """The page of a template.

        :param here: the key of the page in NAVIGATION.
        :param above: prefix for relative links, for a page in a subfolder.
        """
        nonce = secrets.token_urlsafe(16)
        now = datetime.datetime.now(datetime.UTC)
        html = self._environment.get_template(name).render(here=here, above=above, now=now, nonce=nonce, **values)
        policy = (
            f"{BASE_POLICY}; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; frame-src 'self'; img-src data:"
        )
        return HTMLResponse(html, status, HEADERS | {"Content-Security-Policy": policy})


def with_theme(report: bytes, theme: str) -> bytes:
    """A report in the theme "light" or "dark"; with any other value the system setting of the reader applies."""
    if theme not in ("light", "dark"):
        return report
    return re.sub(rb"<html\b", f'<html data-theme="{theme}"'.encode(), report, count=1)


def create_app(pages: Pages, dependencies: Sequence[Any]) -> FastAPI:
    """The pages as an app to mount in Airflow's api-server.

    :param dependencies: FastAPI dependencies of every route, which check the permissions of the user. A mounted app
        does not inherit Airflow's own. FastAPI's documentation routes would have none, so they are disabled.
    """
    app = FastAPI(title=pages.title, dependencies=list(dependencies), docs_url=None, redoc_url=None, openapi_url=None)
    store, renderer = Store(pages), Renderer(pages.title)

    @app.exception_handler(NothingToShowError)
    def nothing_to_show(request: Any, error: NothingToShowError) -> HTMLResponse:
        here, above = request.url.path.rpartition("/")[2], ""
        if here not in NAVIGATION:
            here, above = "report", "../"
        return renderer.page("nothing_to_show.html", here, error.status, reason=error, above=above)

    @app.get("/report")
    def report() -> HTMLResponse:
        created_at, location, _ = store.report()
        return renderer.page("latest_report.html", "report", created_at=created_at, location=location)

    @app.get("/report/latest.html")
    def latest_report(theme: str = "") -> Response:
        _, _, html = store.report()
        headers = HEADERS | {"Content-Security-Policy": REPORT_POLICY}
        return Response(with_theme(html, theme), headers=headers, media_type="text/html; charset=utf-8")

    @app.get("/quality")
    def quality(run: str = "", check: str = "") -> HTMLResponse:
        history, location = store.history(RUNS_OF_CHECKS)
        chosen = store.run(run) if run else None
        return renderer.page(
            "quality.html",
            "quality",
            history=history,
            location=location,
            grid=view_models.grid(history.records),
            run=run,
            chosen=chosen,
            check=check,
            result=next((item for item in chosen.checks if item.name == check), None) if chosen else None,
        )

    @app.get("/tables")
    def tables() -> HTMLResponse:
        history, location = store.history(RUNS_OF_LOADS)
        latest, growth = view_models.growth(history.records)
        return renderer.page(
            "tables.html",
            "tables",
            history=history,
            location=location,
            latest=latest,
            growth=growth,
            sparkline=view_models.SPARKLINE,
        )

    @app.get("/loads")
    def loads(run: str = "") -> HTMLResponse:
        history, location = store.history(RUNS_OF_LOADS)
        chosen = store.run(run) if run else None
        return renderer.page("loads.html", "loads", history=history, location=location, run=run, chosen=chosen)

    return app
