"""dbt-redshift: a project seeded, run, snapshotted, tested and documented, then built again on changed input."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dbt.cli.main import dbtRunner

pytestmark = pytest.mark.filterwarnings("ignore")  # of dbt's own parts

CHANGED = """id,customer,amount,ordered_on,paid
1,Ann,11.00,2020-01-01,true
2,Bob,20.00,2020-01-02,true
4,Cid,7.25,2020-01-04,false
"""
Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, in which dbt leaves what it makes."""
    return shutil.copytree(Path(__file__).parent / "dbt_project", tmp_path_factory.mktemp("dbt") / "shop")


@pytest.fixture(scope="module")
def dbt(project: Path) -> Iterator[Callable[..., Any]]:
    """Carries out a command of dbt's, which must succeed; returns its result. The project is read once."""
    where = ["--project-dir", str(project), "--profiles-dir", str(project), "--no-send-anonymous-usage-stats"]
    quiet = ["--log-level", "none", "--no-use-colors"]
    read = dbtRunner().invoke(["parse", *where, *quiet])
    assert read.success, read.exception
    runner = dbtRunner(manifest=read.result)

    def command(*words: str) -> Any:
        done = runner.invoke([*words, *where, *quiet])
        problems = [f"{one.node.name}: {one.message}" for one in getattr(done.result, "results", []) if one.message]
        assert done.success, done.exception or problems
        return done.result

    yield command
    with psycopg.connect("", autocommit=True) as connection:
        for schema in ("dbt_client", "dbt_client_snapshots"):
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


@pytest.fixture(scope="module")
def rows() -> Iterator[Callable[[str], Rows]]:
    """What a query finds."""
    with psycopg.connect("", autocommit=True) as connection:
        yield lambda query: connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def first(dbt: Callable[..., Any]) -> None:
    """The project by its commands, one after another."""
    dbt("debug")
    for words in (["seed"], ["run"], ["snapshot"], ["test"]):
        dbt(*words)


@pytest.fixture(scope="module")
def second(first: None, project: Path, dbt: Callable[..., Any]) -> None:
    """All of it again on other input, by `build`."""
    (project / "seeds" / "raw_orders.csv").write_text(CHANGED, encoding="utf-8")
    dbt("build")


def test_a_first_run_makes_everything(first, rows):
    assert [(1, "Ann", 10.5), (2, "Bob", 20), (3, "Zoé", 5.25)] == rows(
        "SELECT id, customer, amount FROM dbt_client.orders ORDER BY id"
    )
    assert [("Ann", 1, 10.5), ("Bob", 1, 20), ("Zoé", 1, 5.25)] == rows(
        "SELECT * FROM dbt_client.customers ORDER BY customer"
    )
    assert [("Bob",)] == rows("SELECT buyer FROM dbt_client.late WHERE id = 2")
    for incremental in ("merged", "replaced", "appended"):
        assert [(3,)] == rows(f"SELECT COUNT(*) FROM dbt_client.{incremental}")
    assert [(3, 0)] == rows("SELECT COUNT(*), COUNT(dbt_valid_to) FROM dbt_client_snapshots.order_history")


def test_tables_are_distributed_and_sorted_as_configured(first, rows):
    assert [
        ("appended", "AUTO(ALL)", "AUTO(SORTKEY)", 0),
        ("merged", "EVEN", "AUTO(SORTKEY)", 0),
        ("orders", "KEY(customer)", "ordered_on", 2),
        ("raw_orders", "AUTO(ALL)", "AUTO(SORTKEY)", 0),
        ("replaced", "ALL", "id", 2),
    ] == rows(
        "SELECT \"table\", diststyle, sortkey1, sortkey_num FROM svv_table_info WHERE schema = 'dbt_client' ORDER BY 1"
    )


def test_a_second_run_goes_on_from_the_first(second, rows):
    """Merged and replaced rows are there once with their new values, appended ones beside the old, old ones stay."""
    kept = [(1, "Ann", 11), (2, "Bob", 20), (3, "Zoé", 5.25), (4, "Cid", 7.25)]
    assert kept == rows("SELECT * FROM dbt_client.merged ORDER BY id")
    assert kept == rows("SELECT * FROM dbt_client.replaced ORDER BY id")
    assert [(6, 3)] == rows("SELECT COUNT(*), COUNT(paid) FROM dbt_client.appended")
    assert [(1, 10.5, False), (1, 11, True), (2, 20, False), (2, 20, True), (3, 5.25, True), (4, 7.25, True)] == rows(
        "SELECT id, amount, dbt_valid_to IS NULL AS now FROM dbt_client_snapshots.order_history ORDER BY 1, 3, 2"
    )


def test_what_a_test_finds_fails_the_build(second, dbt, rows):
    with psycopg.connect("", autocommit=True) as connection:
        connection.execute("UPDATE dbt_client.orders SET amount = -1 WHERE id = 4")
        with pytest.raises(AssertionError, match="no_order_is_negative: Got 1 result"):
            dbt("test", "--select", "no_order_is_negative")
        connection.execute("UPDATE dbt_client.orders SET amount = 7.25 WHERE id = 4")


def test_the_documents_tell_what_there_is(second, project, dbt):
    """Types, comments, owners and Redshift's statistics of every relation."""
    dbt("docs", "generate")
    catalog = json.loads((project / "target" / "catalog.json").read_text(encoding="utf-8"))
    assert catalog["errors"] is None
    nodes = {node["metadata"]["name"]: node for node in catalog["nodes"].values()}
    assert {"raw_orders", "orders", "customers", "late", "merged", "replaced", "appended", "order_history"} == set(
        nodes
    )
    orders = nodes["orders"]
    assert ("BASE TABLE", "awsuser", "each row is an order; 100% of them") == tuple(
        orders["metadata"][key] for key in ("type", "owner", "comment")
    )
    assert ("bigint", "it's a number") == (orders["columns"]["id"]["type"], orders["columns"]["id"]["comment"])
    assert "character varying(40)" == orders["columns"]["customer"]["type"]
    assert ("KEY(customer)", 3) == (orders["stats"]["diststyle"]["value"], orders["stats"]["rows"]["value"])
    assert "VIEW" == nodes["customers"]["metadata"]["type"]
    assert "LATE BINDING VIEW" == nodes["late"]["metadata"]["type"]
    late = {name: column["type"] for name, column in nodes["late"]["columns"].items()}
    assert ("bigint", "character varying(40)") == (late["id"], late["buyer"])
    assert late["third"].startswith("numeric(")


def test_it_does_not_read_the_catalogue_by_show(project, dbt):
    """As known_gaps.toml has it."""
    profile = project / "profiles.yml"
    profile.write_text(profile.read_text(encoding="utf-8").replace("threads: 2", "threads: 2\n      datasharing: true"))
    try:
        with pytest.raises(AssertionError, match="does not support SHOW"):
            dbt("run", "--select", "orders")
    finally:
        profile.write_text(profile.read_text(encoding="utf-8").replace("datasharing: true", ""))
