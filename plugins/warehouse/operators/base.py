"""What the operators share: one connection, one transaction, one run that staging and audit belong to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from airflow.providers.common.sql.operators.sql import BaseSQLOperator

from warehouse.identifiers import table_name
from warehouse.session import Session, transaction


class TransactionOperator(BaseSQLOperator):
    """Base of the operators: reaches the hook through the connection alone, of type `redshift` or `postgres`.

    :param conn_id: the warehouse's connection.
    """

    template_fields: Sequence[str] = BaseSQLOperator.template_fields
    template_ext: Sequence[str] = (".sql",)

    def __init__(self, *, conn_id: str = "redshift", **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.sql: list[str] = []

    @contextlib.contextmanager
    def transaction(self, *, autocommit: bool = False) -> Iterator[Session]:
        """A session on the operator's connection; what it ran is kept in `sql`, where OpenLineage looks for it."""
        with transaction(self.get_db_hook(), self.log, autocommit=autocommit) as session:
            try:
                yield session
            finally:
                self.sql = [*self.sql, *session.statements]

    @cached_property
    def templates(self) -> Any:
        """The DAG's Jinja environment: one for all files of a task, or each would be compiled anew at every use."""
        return self.get_template_env()

    def render_sql(self, file: str, context: Any, **parameters: Any) -> str:
        """The text of a .sql file, found on the DAG's template_searchpath, with `parameters` beside Airflow's own."""
        rendered = self.render_template(file, {**context, **parameters}, self.templates)
        return str(rendered).strip().rstrip(";")


class WarehouseOperator(TransactionOperator):
    """Base of the operators that work on staging and audit, which belong to one run at a time.

    :param run_table: the one-row table that says which run that is (see warehouse.run).
    """

    def __init__(self, *, run_table: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run_table = table_name(run_table)
