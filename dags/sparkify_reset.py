"""
### A new start: drops Sparkify's schemas and all that is in them

By hand only. Type the name of the warehouse's database to confirm; another name, or none, drops nothing. Afterwards run
`sparkify_warehouse` with `period` = `all`.
"""

from __future__ import annotations

import datetime

from airflow.sdk import DAG, Param

from sparkify.tables import WAREHOUSE
from warehouse.operators.drop_schemas import DropSchemasOperator
from warehouse.retries import TransientFailuresOnly

with DAG(
    dag_id="sparkify_reset",
    doc_md=__doc__,
    description="Drops Sparkify's schemas in Redshift, after the database's name has been typed",
    schedule=None,
    start_date=datetime.datetime(2018, 11, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "database": Param(
            "",
            type="string",
            title="Name of the database",
            description="Type the name of the warehouse's database to confirm that its Sparkify schemas go.",
        ),
    },
    tags=["sparkify", "redshift", "dangerous"],
    default_args={
        "owner": "data-engineering",
        "retries": 1,
        "retry_delay": datetime.timedelta(seconds=30),
        "retry_policy": TransientFailuresOnly(),
    },
) as dag:
    DropSchemasOperator(
        task_id="drop_schemas",
        conn_id="redshift",
        warehouse=WAREHOUSE,
        confirmation="{{ params.database }}",
        doc_md="Drops the schemas if the confirmation is the name of the connection's database.",
    )
