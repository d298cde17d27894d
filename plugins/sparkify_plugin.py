"""Sparkify's page in the Airflow UI: the only file below plugins/ that Airflow's plugin scanner runs."""

from __future__ import annotations

from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import Variable
from fastapi import Depends

from warehouse.ui import Pages, create_app


def work_prefix() -> str:
    """Where runs write what is shown."""
    return str(Variable.get("sparkify_work_prefix", default=""))


app = create_app(
    Pages(
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
    ),
    # Who may see the DAG may see what it did; nobody else, and nobody who is not logged in.
    dependencies=[Depends(requires_access_dag("GET", param_dag_id="sparkify_warehouse"))],
)


class SparkifyPlugin(AirflowPlugin):
    """A place in the navigation, and the pages behind it."""

    name = "sparkify"
    fastapi_apps = [{"app": app, "url_prefix": "/sparkify", "name": "sparkify"}]
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
