"""
### Reset: drops Sparkify's tables and schemas

Trigger it by hand. Type the name of the warehouse's database to confirm; with another name, or none, nothing is
dropped.
Afterwards run `sparkify_warehouse` with `period` = `all`.

It drops what this project created, and nothing else: a schema is dropped only when no other table is in it. Where
somebody else's table or view is in the way, nothing is dropped and the log names it.

**When it fails**

- `require_idle` - a run of `sparkify_warehouse` is active. Wait until it has ended, or mark it failed.
- `drop_schemas` - "cannot drop ... because other objects depend on it": drop or move these objects first.
"""

from __future__ import annotations

import datetime

from airflow.sdk import DAG, Param

from sparkify import settings
from sparkify.tables import WAREHOUSE
from warehouse.operators.drop_schemas import DropSchemasOperator
from warehouse.operators.require_idle import RequireIdleOperator

with DAG(
    dag_id="sparkify_reset",
    doc_md=__doc__,
    description="Drops Sparkify's tables in Redshift, after the database's name has been typed",
    schedule=None,
    start_date=datetime.datetime(2018, 11, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "database": Param(
            "",
            type="string",
            title="Name of the database",
            description="Type the name of the warehouse's database to confirm that its Sparkify tables are dropped.",
        ),
    },
    tags=["sparkify", "redshift", "dangerous"],
    default_args=settings.DEFAULT_ARGS,
) as dag:
    require_idle = RequireIdleOperator(
        task_id="require_idle",
        dag_id="sparkify_warehouse",
        doc_md="Fails while a run of sparkify_warehouse is active.",
    )

    drop_schemas = DropSchemasOperator(
        task_id="drop_schemas",
        conn_id="redshift",
        warehouse=WAREHOUSE,
        confirmation="{{ params.database }}",
        doc_md="Drops the tables and schemas if the confirmation is the name of the connection's database.",
    )

    require_idle >> drop_schemas
