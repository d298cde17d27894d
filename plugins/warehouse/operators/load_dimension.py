"""Load the candidates of a dimension."""

from __future__ import annotations

from warehouse.operators.load_table import LoadTableOperator


class LoadDimensionOperator(LoadTableOperator):
    """Load a dimension of type 1: one row per key, the preferred version of all that were ever loaded.

    All arguments are those of LoadTableOperator.
    """
