"""Sparkify's page in the Airflow UI: the only file below plugins/ that Airflow's plugin scanner runs."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI


def work_prefix() -> str:
    """Where runs write what is shown."""
    from airflow.sdk import Variable

    return str(Variable.get("sparkify_work_prefix", default=""))


@functools.cache
def app() -> FastAPI:
    """The pages, for those who may see the DAG. An app that Airflow mounts inherits none of its checks of who asks."""
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends

    from warehouse.reporting.ui import Pages, create_app

    pages = Pages(
        title="Sparkify",
        work_prefix=work_prefix,
        without_work_prefix=(
            "Set the Variable sparkify_work_prefix (Admin, Variables) to a writable location such as "
            "s3://bucket/prefix, and run the DAG sparkify_warehouse: from then on every run leaves its record there."
        ),
        without_runs="Run the DAG sparkify_warehouse: its last task, record_run, writes what is shown here.",
        without_report=(
            "The DAG sparkify_report writes one whenever sparkify_warehouse has published something: un-pause it, or "
            "trigger it now."
        ),
    )
    return create_app(pages, [Depends(requires_access_dag("GET", param_dag_id="sparkify_warehouse"))])


async def serve(scope: Any, receive: Any, send: Any) -> None:
    """The app, put together when it is first asked for.

    Every Airflow process runs this file, that of each task too, and only the api-server serves pages: imported above,
    what they need would cost each of them more than a second. In a thread, so that other requests need not wait.
    """
    found = await asyncio.to_thread(app)
    await found(scope, receive, send)


class SparkifyPlugin(AirflowPlugin):
    """A place in the navigation, and the pages behind it."""

    name = "sparkify"
    fastapi_apps = [{"app": serve, "url_prefix": "/sparkify", "name": "sparkify"}]
    external_views = [
        {
            "name": "Sparkify",
            # Without a slash in front: Airflow may be served below a path of its own.
            "href": "sparkify/report",
            "destination": "nav",
            "url_route": "sparkify",
            "nav_top_level": True,
        }
    ]
