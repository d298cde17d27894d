"""Drop schemas, with everything in them, when somebody has typed what for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.common.sql.operators.sql import BaseSQLOperator
from airflow.sdk.exceptions import AirflowFailException

from warehouse.identifiers import schema_name
from warehouse.session import transaction


class DropSchemasOperator(BaseSQLOperator):
    """Drop schemas in one transaction.

    :param schemas: the schemas.
    :param confirmation: must be the name of the connection's database, or nothing is dropped.
    """

    template_fields: Sequence[str] = (*BaseSQLOperator.template_fields, "confirmation")

    def __init__(self, *, schemas: Sequence[str], confirmation: str, conn_id: str = "redshift", **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.schemas = [schema_name(name) for name in schemas]
        self.confirmation = confirmation

    def execute(self, context: Any) -> None:
        """Compare, then drop."""
        with transaction(self.get_db_hook(), self.log) as session:
            (database,) = session.row("SELECT current_database()")
            if self.confirmation != database:
                raise AirflowFailException(
                    f"nothing was dropped: the database is {database!r}, the confirmation says {self.confirmation!r}"
                )
            for schema in self.schemas:
                session.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
