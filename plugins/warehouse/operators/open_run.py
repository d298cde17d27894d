"""Open a run: a schema of its own, and a note of what the warehouse was when it began."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from warehouse.operators.base import WarehouseOperator
from warehouse.operators.find_files import is_true
from warehouse.run_schema import Run, create_statements, new_token, write_run
from warehouse.state import fingerprints, outdated, read_state


class OpenRunOperator(WarehouseOperator):
    """Create the schema of a run.

    It notes the warehouse's token: the run may publish only if no other run has published by then.

    :param recompute: compute all published tables from the raw records.
    """

    template_fields: Sequence[str] = (*WarehouseOperator.template_fields, "recompute")

    def __init__(self, *, recompute: Any = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.recompute = recompute

    def execute(self, context: Any) -> dict[str, Any]:
        """The run's token, the name of its schema, and the tables it recomputes."""
        now = fingerprints(self.warehouse, self.read_sql)
        token = new_token()
        schema = f"{self.warehouse.run_prefix}{token}"
        with self.transaction() as session:
            state = read_state(session, self.warehouse)
            tables = frozenset(now) if is_true(self.recompute) else outdated(state, now)
            if not session.row(f"SELECT COUNT(*) FROM {self.warehouse.ledger}")[0]:
                tables = frozenset()  # without raw records there is nothing to compute from
            for statement in create_statements(self.warehouse, schema):
                session.execute(statement)
            write_run(session, schema, Run(token, state.token, context["run_id"], tables, json.dumps(now), None))
        return {"token": token, "run_schema": schema, "recompute": sorted(tables)}
