"""The warehouse equals the bucket after any sequence of edits and runs: small worlds, loaded by the DAG's own tasks.

These over a connection of type `redshift`, test_worlds_over_postgres.py others over `postgres`.
"""

from __future__ import annotations

import pytest
from hypothesis import seed, settings

from tests.end_to_end.strategies import NUMBER, SETTINGS, WORLDS, attack


@seed(1)
@settings(SETTINGS, max_examples=NUMBER // 2)
@WORLDS
@pytest.mark.parametrize("connection", ["redshift"], indirect=True)
def test_the_warehouse_equals_the_bucket(connection, new_world, files, first, steps, last):
    """After every run the tables are those of the accepted versions; after the last, of the bucket as it is."""
    attack(new_world(), files, first, steps, last)
