"""What the operators share: one connection, one transaction at a time, the schema of the run they belong to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from airflow.providers.common.sql.operators.sql import BaseSQLOperator

from warehouse.session import Session, transaction
from warehouse.tables import Warehouse


class TransactionOperator(BaseSQLOperator):
    """Base of the operators: gets its hook from the connection, which may be of type `redshift` or `postgres`.

    :param conn_id: the warehouse's connection.
    """

    template_fields: Sequence[str] = BaseSQLOperator.template_fields
    template_ext: Sequence[str] = (".sql",)

    def __init__(self, *, conn_id: str = "redshift", **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.sql: list[str] = []

    @contextlib.contextmanager
    def transaction(self, *, autocommit: bool = False) -> Iterator[Session]:
        """A session on the operator's connection; its statements are kept in `sql`, where OpenLineage finds them."""
        label = f"{self.dag_id}.{self.task_id}"
        with transaction(
            self.get_db_hook(), self.log, autocommit=autocommit, conn_id=self.conn_id, label=label
        ) as session:
            try:
                yield session
            finally:
                self.sql = [*self.sql, *session.statements]

    @cached_property
    def templates(self) -> Any:
        """The DAG's Jinja environment: one for all files of a task, so that each is compiled once."""
        return self.get_template_env()

    def render_sql(self, file: str, context: Any, **parameters: Any) -> str:
        """The text of a .sql file, found on the DAG's template_searchpath, with `parameters` beside Airflow's own."""
        rendered = self.render_template(file, {**context, **parameters}, self.templates)
        return str(rendered).strip().rstrip(";")

    def read_sql(self, file: str) -> str:
        """The text of a .sql file as it is, not rendered."""
        text, _, _ = self.templates.loader.get_source(self.templates, file)
        return str(text)


class WarehouseOperator(TransactionOperator):
    """Base of the operators that work on a warehouse.

    :param warehouse: its feeds, tables and schemas.
    """

    def __init__(self, *, warehouse: Warehouse, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.warehouse = warehouse


class RunOperator(WarehouseOperator):
    """Base of the operators that work in the schema of one run.

    :param run_schema: the schema's name, which the task that opens the run returns; templated.
    """

    template_fields: Sequence[str] = (*WarehouseOperator.template_fields, "run_schema")

    def __init__(self, *, run_schema: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run_schema = run_schema
