"""Sparkify's page in the Airflow UI. It is the only file in plugins/ that Airflow's plugin scanner executes."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI


def work_prefix() -> str:
    """The location that runs write their records and reports to; empty if it is not set."""
    from airflow.sdk import Variable

    return str(Variable.get("sparkify_work_prefix", default=""))


@functools.cache
def app() -> FastAPI:
    """The pages, for users who have access to the DAG. Airflow does not check permissions for an app that it mounts."""
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends

    from warehouse.reporting.ui import Pages, create_app

    pages = Pages(
        title="Sparkify",
        work_prefix=work_prefix,
        without_work_prefix=(
            "Set the Variable sparkify_work_prefix (Admin, Variables) to a writable location such as "
            "s3://bucket/prefix, and run the DAG sparkify_warehouse. Each run then writes a record there."
        ),
        without_runs="Run the DAG sparkify_warehouse. Its last task, record_run, writes the data for this page.",
        without_report=(
            "The DAG sparkify_report writes a report each time sparkify_warehouse has published data. Unpause it, or "
            "trigger it now."
        ),
    )
    return create_app(pages, [Depends(requires_access_dag("GET", param_dag_id="sparkify_warehouse"))])


async def serve(scope: Any, receive: Any, send: Any) -> None:
    """The app, created on the first request.

    Every Airflow process imports this file, including the process of each task, but only the api-server serves pages.
    Imports at the top would cost each process more than a second. They run in a thread, so that they do not block other
    requests.
    """
    pages = await asyncio.to_thread(app)
    await pages(scope, receive, send)


class SparkifyPlugin(AirflowPlugin):
    """An entry in the navigation, and the pages behind it."""

    name = "sparkify"
    fastapi_apps = [{"app": serve, "url_prefix": "/sparkify", "name": "sparkify"}]
    external_views = [
        {
            "name": "Sparkify",
            # No leading slash: Airflow's base URL may have a path.
            "href": "sparkify/report",
            "destination": "nav",
            "url_route": "sparkify",
            "nav_top_level": True,
        }
    ]
