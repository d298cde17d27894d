"""Drop a warehouse, for a new start, when somebody has typed which one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from warehouse import catalog
from warehouse.operators.base import WarehouseOperator
from warehouse.run_schema import drop_schema, own_schemas, tables_in


class DropSchemasOperator(WarehouseOperator):
    """Drop the tables that this project created, and its schemas when nothing else is in them, in one transaction.

    RESTRICT: where somebody else's table or view is in a schema or depends on a table, nothing is dropped and the error
    names it.

    :param confirmation: must be the name of the connection's database, or nothing is dropped.
    """

    template_fields: Sequence[str] = (*WarehouseOperator.template_fields, "confirmation")

    def __init__(self, *, confirmation: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.confirmation = confirmation

    def execute(self, context: Any) -> list[str]:
        """Compare, then drop; the schemas that were dropped."""
        with self.transaction() as session:
            (database,) = session.row("SELECT current_database()")
            if self.confirmation != database:
                raise AirflowFailException(
                    f"nothing was dropped: the database is {database!r}, the confirmation says {self.confirmation!r}"
                )
            comments = catalog.table_comments(session)
            own = {name for name, comment in comments.items() if comment.endswith(self.warehouse.owner)}
            runs = sorted(own_schemas(session, self.warehouse))
            for schema in runs:
                drop_schema(session, schema, tables_in(session, schema))
            tables = {
                schema: sorted(table for owner, table in own if owner == schema)
                for schema in (self.warehouse.quality_schema, self.warehouse.raw_schema, self.warehouse.name)
            }
            dropped = [schema for schema, names in tables.items() if names]
            for schema in dropped:
                drop_schema(session, schema, tables[schema])
        self.log.info("dropped: %s", ", ".join([*runs, *dropped]) or "nothing, there was no warehouse")
        return [*runs, *dropped]
