"""Choosing candidates: the order of batches does not matter, and a batch loaded twice brings nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from warehouse import merge
from warehouse.merge import Merge

Thing = tuple[int, Any, Any]

MERGE = Merge(
    published="merging.things",
    candidates="merging.candidates",
    key="id",
    columns=["id", "rank", "name"],
    preference=["rank DESC", "name"],
)
# Few values, so that keys and ranks collide; text that only bytes put in one order. None ends in a blank: 'a' and 'a '
# are equal on Redshift, which is why staging trims.
THINGS = st.tuples(
    st.integers(1, 3), st.sampled_from([None, -1, 0, 2]), st.sampled_from([None, "", "B", "a", "aa", "é", "z"])
)
BATCHES = st.lists(st.lists(THINGS, min_size=1, max_size=4), min_size=2, max_size=3)


def order(thing: Thing) -> tuple:
    """The preference in Python: the highest rank, then the first name by its bytes; NULLs last."""
    _, rank, name = thing
    return rank is None, -(rank or 0), name is None, (name or "").encode()


def best(things: Iterable[Thing]) -> set[Thing]:
    """The best thing of each id."""
    winners: dict[int, Thing] = {}
    for thing in things:
        if thing[0] not in winners or order(thing) < order(winners[thing[0]]):
            winners[thing[0]] = thing
    return set(winners.values())


class Warehouse:
    """A published table and its candidates, loaded batch by batch."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        for table in (MERGE.published, MERGE.candidates):
            connection.execute(f"DELETE FROM {table}")

    def rows(self, table: str) -> list[Thing]:
        """All rows of a table."""
        return self.connection.execute(f"SELECT id, rank, name FROM {table}").fetchall()

    def load(self, batch: list[Thing]) -> set[Thing]:
        """Choose the candidates of a batch and publish them; return them."""
        execute = self.connection.execute
        execute(merge.delete_all(MERGE.candidates))
        execute(merge.create_versions(MERGE))
        places = ", ".join(["(%s::INTEGER, %s::INTEGER, %s::VARCHAR)"] * len(batch))
        values = [value for thing in batch for value in thing]
        execute(f"INSERT INTO {merge.VERSIONS} (id, rank, name) VALUES {places}", values)
        execute(merge.insert_candidates(MERGE, merge.published_versions(MERGE, [])))
        candidates = self.rows(MERGE.candidates)
        execute(f"DELETE FROM {MERGE.published} WHERE id IN (SELECT id FROM {MERGE.candidates})")
        execute(f"INSERT INTO {MERGE.published} SELECT id, rank, name FROM {MERGE.candidates}")
        execute(f"DROP TABLE {merge.VERSIONS}")
        assert len(candidates) == len({thing[0] for thing in candidates})
        return set(candidates)


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection]:
    """A connection with two empty tables, gone at the end."""
    with psycopg.connect("", prepare_threshold=None) as opened:
        opened.execute("CREATE SCHEMA merging")
        opened.execute(f"CREATE TABLE {MERGE.published} (id INTEGER NOT NULL, rank INTEGER, name VARCHAR(16))")
        opened.execute(f"CREATE TABLE {MERGE.candidates} (LIKE {MERGE.published})")
        yield opened
        opened.rollback()


@seed(1)
@settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(batches=BATCHES, data=st.data())
def test_batches_in_any_order_any_number_of_times_publish_the_best(connection, batches, data):
    """After each batch, the best of all so far; each batch a second time gives no candidate."""
    warehouse = Warehouse(connection)
    seen: list[Thing] = []
    for batch in data.draw(st.permutations(batches)):
        before = best(seen)
        seen += batch
        assert best(seen) - before == warehouse.load(batch)
        assert best(seen) == set(warehouse.rows(MERGE.published))
    for batch in batches:
        assert set() == warehouse.load(batch)
    assert best(seen) == set(warehouse.rows(MERGE.published))


def test_a_derived_column_follows_the_latest_load(connection):
    """Of two versions that tie in the order, the staged one wins: it was matched with more of the catalogue."""
    derived = Merge(
        published=MERGE.published, candidates=MERGE.candidates, key="id", columns=MERGE.columns, preference=["rank"]
    )
    warehouse = Warehouse(connection)
    connection.execute(f"INSERT INTO {MERGE.published} VALUES (1, 5, 'a worse match'), (2, 5, 'kept')")
    connection.execute(merge.create_versions(derived))
    connection.execute(f"INSERT INTO {merge.VERSIONS} VALUES (1, 5, 'matched'), (2, 5, 'kept')")
    connection.execute(merge.insert_candidates(derived, merge.published_versions(derived, [])))
    assert [(1, 5, "matched")] == warehouse.rows(MERGE.candidates)
    connection.execute(f"DROP TABLE {merge.VERSIONS}")


def test_a_key_must_be_a_column():
    """Or no row could be told from another."""
    with pytest.raises(ValueError, match="the key 'sku' is not one of the columns: id, rank"):
        Merge(published="a.b", candidates="c.d", key="sku", columns=["id", "rank"], preference=["rank"])
