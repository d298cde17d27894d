"""Schemas go when somebody has typed the right name, and only then."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.plugins.warehouse.operators.conftest import HOSTILE
from warehouse.operators.drop_schemas import DropSchemasOperator


def schemas(shop) -> set[str]:
    """The shop's schemas that are there."""
    rows = shop.reader.execute("SELECT nspname FROM pg_namespace WHERE nspname IN ('shop', 'desk')").fetchall()
    return {name for (name,) in rows}


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_only_the_databases_own_name_confirms(connection, shop):
    """Another name, none, or the right one in capitals drops nothing; the right one drops what was named."""
    for wrong in ("", "prod", "DEV", "dev "):
        drop = DropSchemasOperator(task_id="drop", schemas=["shop"], confirmation=wrong)
        with pytest.raises(AirflowFailException, match=f"nothing was dropped: the database is 'dev'.* '{wrong}'"):
            drop.execute({})
    assert {"shop", "desk"} == schemas(shop)
    DropSchemasOperator(task_id="drop", schemas=["shop", "not_there"], confirmation="dev").execute({})
    assert {"desk"} == schemas(shop)


def test_a_hostile_schema_is_refused():
    """When the DAG is read."""
    with pytest.raises(ValueError, match="not a plain schema name"):
        DropSchemasOperator(task_id="drop", schemas=[HOSTILE], confirmation="dev")
