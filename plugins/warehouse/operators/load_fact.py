"""Load a fact table."""

from __future__ import annotations

from typing import Any

from warehouse.operators.load_table import LoadTableOperator
from warehouse.tables import Table


class LoadFactOperator(LoadTableOperator):
    """Load a fact: a long table, sorted by a TIMESTAMP column, of which a run touches a narrow range.

    Wherever the published fact is read or written beyond its key and that column, the bounds of the range are literals,
    so that Redshift skips the blocks outside it.

    All arguments are those of LoadTableOperator. The table must have a `time_column`.
    """

    def __init__(self, *, table: Table, **kwargs: Any) -> None:
        super().__init__(table=table, **kwargs)
        if table.time_column is None:
            raise ValueError(f"the fact {table.name} has no time_column; expected the TIMESTAMP it is sorted by")
