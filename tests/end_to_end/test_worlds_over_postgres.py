"""As test_worlds.py, with other worlds, over the other type of connection; a file, so that two workers share them."""

from __future__ import annotations

import pytest
from hypothesis import seed, settings

from tests.end_to_end.strategies import NUMBER, SETTINGS, WORLDS, attack


@seed(2)
@settings(SETTINGS, max_examples=(NUMBER + 1) // 2)
@WORLDS
@pytest.mark.parametrize("connection", ["postgres"], indirect=True)
def test_the_warehouse_equals_the_bucket(connection, new_world, files, first, steps, last):
    """After every run the tables are those of the accepted versions; after the last, of the bucket as it is."""
    attack(new_world(), files, first, steps, last)
