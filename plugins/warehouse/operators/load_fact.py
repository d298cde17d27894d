"""Load the candidates of a fact table."""

from __future__ import annotations

from typing import Any

from warehouse.operators.load_table import LoadTableOperator


class LoadFactOperator(LoadTableOperator):
    """Load a fact: a long table with one BIGINT key, of which a run touches a narrow range.

    The smallest and largest staged key are bound as literals wherever the published table is read, so that Redshift
    skips the blocks outside them. The range is one of keys, never of time: a row that is to be replaced can lie on
    another day than the row that replaces it.

    All arguments are those of LoadTableOperator.
    """

    def key_range(self, smallest: Any, largest: Any) -> tuple[list[str], list[Any]]:
        """The range of staged keys, as literals."""
        return [f"{self.key} BETWEEN %s AND %s"], [smallest, largest]
