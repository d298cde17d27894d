"""What end-to-end tests share: the DAG, a bucket to load from, both ways to connect, the published tables."""

from __future__ import annotations

import functools
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.end_to_end.bucket_edits import Bucket
from tests.end_to_end.pipeline import Pipeline
from tests.end_to_end.world import STAGES, World

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = {
    "songplays": "songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, "
    "item_in_session, song, artist, length",
    "users": "user_id, first_name, last_name, gender, level, last_event_at",
    "songs": "song_id, title, artist_id, year, duration",
    "artists": "artist_id, name, location, latitude, longitude",
    "time": "start_time, hour, day, week, month, year, weekday",
}


class Lake:
    """The bucket the DAG loads from.

    Its objects look old, each a second younger than the one before: a run lists again while a file is under a second
    old, which would cost each run a second. rclone takes LastModified from this metadata.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self.client = client
        self.bucket = bucket
        self.last_modified = itertools.count(int(time.time()) - 86_400)

    def put(self, key: str, body: str | bytes, *, last_modified: int | None = None) -> None:
        """Write one object; `last_modified` in seconds of the epoch, if its age matters."""
        mtime = next(self.last_modified) if last_modified is None else last_modified
        self.client.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=body.encode() if isinstance(body, str) else body,
            Metadata={"mtime": str(mtime)},
        )

    def delete(self, key: str) -> None:
        """Delete one object."""
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def keys(self, prefix: str = "") -> list[str]:
        """All keys below a prefix."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def clear(self) -> None:
        """Delete everything but the jsonpaths file."""
        for key in self.keys():
            if key != "log_json_path.json":
                self.delete(key)


FIELDS = [
    *["artist", "auth", "firstName", "gender", "itemInSession", "lastName", "length", "level", "location", "method"],
    *["page", "registration", "sessionId", "song", "status", "ts", "userAgent", "userId"],
]
JSON_PATHS = json.dumps({"jsonpaths": [f"$['{field}']" for field in FIELDS]})


@pytest.fixture
def lake(s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A bucket of its own with the jsonpaths file, and the DAG pointed at it and at another to work in."""
    work = f"{bucket}-work"
    s3.create_bucket(Bucket=work, CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]})
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", bucket)
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", f"s3://{work}/sparkify")
    lake = Lake(s3, bucket)
    lake.put("log_json_path.json", JSON_PATHS)
    return lake


@pytest.fixture
def connection(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The connection `redshift` as either of the two types that lead to the same endpoint; parametrised by its name."""
    kind = getattr(request, "param", "redshift")
    settings = json.loads(os.environ["AIRFLOW_CONN_REDSHIFT"])
    settings["conn_type"] = kind
    # Without a name of ours redshift_connector looks for the calling module on the whole stack: 60 ms a connection.
    settings["extra"] = {"application_name": "tests"} | ({"ssl": False} if kind == "redshift" else {})
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(settings))
    return kind


@functools.cache
def main_dag() -> Any:
    """The main DAG as Airflow reads it."""
    from airflow.dag_processing.dagbag import DagBag  # the environment must be complete before Airflow is imported

    return DagBag(str(ROOT / "dags")).dags["sparkify_warehouse"]


@pytest.fixture(scope="session")
def warehouse_dag() -> Any:
    """The main DAG as Airflow reads it."""
    return main_dag()


@pytest.fixture
def whole_pipeline(warehouse_dag: Any) -> Pipeline:
    """Runs of the main DAG in this process."""
    return Pipeline(warehouse_dag)


@pytest.fixture(scope="module")
def tables(warehouse_dag: Any) -> None:
    """The warehouse's tables, made for all tests of a file: looking at them in every run is a third of its time."""
    pipeline = Pipeline(warehouse_dag)
    pipeline.run_task("create_tables", pipeline.context("tables", None, {}))


@pytest.fixture
def pipeline(warehouse_dag: Any, tables: None) -> Pipeline:
    """Runs of the main DAG in this process, on tables that are there."""
    return Pipeline(warehouse_dag, without=["create_tables"])


class Tokens:
    """The tokens of runs, counted from 1 in each emptied warehouse instead of drawn.

    A token is part of the names of a run's tables. With the same names in every test, the sandbox finds the plans of
    the statements among those it remembers, and a run takes half the time.
    """

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return f"{self.count:016x}"


TOKENS = Tokens()


@pytest.fixture
def empty_warehouse(reader: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Empties the warehouse when called: nothing of earlier runs is left. Tables stay, which is quicker."""
    monkeypatch.setattr("warehouse.operators.open_run.new_token", TOKENS)

    def empty() -> None:
        TOKENS.count = 0
        for (schema,) in reader.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'sparkify_run_%'"
        ).fetchall():
            reader.execute(f"DROP SCHEMA {schema} CASCADE")
        for schema, table in tables_of(reader, *SCHEMAS):
            reader.execute(f"DELETE FROM {schema}.{table}")
        reset_state(reader)

    empty()
    return empty


def reset_state(reader: psycopg.Connection) -> None:
    """Put back the state of a warehouse without runs, as create_tables makes it; nothing where there are no tables."""
    columns = tables_of(reader, "sparkify_raw").get(("sparkify_raw", "state"))
    if columns is None:
        return
    if not INITIAL_STATE:
        pipeline = Pipeline(main_dag())
        reader.execute("DROP TABLE sparkify_raw.state")
        pipeline.run_task("create_tables", pipeline.context("state", None, {}))
        INITIAL_STATE.append(reader.execute(f"SELECT {columns} FROM sparkify_raw.state").fetchall())
        reader.execute("DELETE FROM sparkify_raw.state")
    for row in INITIAL_STATE[0]:
        values = ", ".join(["%s"] * len(row))
        reader.execute(f"INSERT INTO sparkify_raw.state ({columns}) VALUES ({values})", row)


@pytest.fixture
def reader() -> Iterator[psycopg.Connection]:
    """A reader's connection, as libpq finds it in the environment."""
    # Not prepared: psycopg would have to forget its statements whenever a test alters a table.
    with psycopg.connect("", autocommit=True, prepare_threshold=None) as connection:
        yield connection


SCHEMAS = ("sparkify", "sparkify_raw", "sparkify_quality")
SAVED: dict[str, int] = {}  # states by name, with the tokens that were taken on the way there
INITIAL_STATE: list[list[tuple]] = []


def tables_of(reader: psycopg.Connection, *schemas: str) -> dict[tuple[str, str], str]:
    """The tables in these schemas, by schema and name, with their columns as a list for SQL."""
    # Not information_schema, whose views take a second once the catalog has grown.
    rows = reader.execute(
        "SELECT n.nspname, c.relname, a.attname FROM pg_attribute AS a "
        "JOIN pg_class AS c ON a.attrelid = c.oid JOIN pg_namespace AS n ON c.relnamespace = n.oid "
        "WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname = ANY(%s) ORDER BY a.attnum",
        [list(schemas)],
    ).fetchall()
    found: dict[tuple[str, str], str] = {}
    for schema, table, column in rows:
        found[schema, table] = f"{found[schema, table]}, {column}" if (schema, table) in found else column
    return found


@pytest.fixture
def prepared(reader: psycopg.Connection, empty_warehouse: Callable[[], None]) -> Callable[..., None]:
    """Brings the warehouse to a state by name: made once a session by what `make` runs, then put back from a copy."""

    def prepare(name: str, make: Callable[[], Any]) -> None:
        if name in SAVED:
            TOKENS.count = SAVED[name]
            for (schema, table), columns in tables_of(reader, f"saved_{name}").items():
                target = table.replace("__", ".")
                reader.execute(f"DELETE FROM {target}")
                reader.execute(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {schema}.{table}")
            # The same files are in this test's bucket now.
            reader.execute("UPDATE sparkify_raw.files SET bucket = %s", [os.environ["AIRFLOW_VAR_SPARKIFY_BUCKET"]])
            return
        make()
        reader.execute(f"CREATE SCHEMA saved_{name}")
        for schema, table in tables_of(reader, *SCHEMAS):
            reader.execute(f"CREATE TABLE saved_{name}.{schema}__{table} AS SELECT * FROM {schema}.{table}")
        SAVED[name] = TOKENS.count

    return prepare


@pytest.fixture
def new_world(
    pipeline: Pipeline, lake: Lake, empty_warehouse: Callable[[], None], reader: psycopg.Connection, published: Callable
) -> Iterator[Callable[[], World]]:
    """Makes worlds of empty tables and an empty bucket."""

    def new() -> World:
        empty_warehouse()
        lake.clear()
        return World(pipeline, Bucket(lake), reader, published)

    stages = [pipeline.dag.get_task(task_id) for task_id in STAGES]
    thresholds = [stage.bulk_threshold for stage in stages]
    yield new
    for stage, threshold in zip(stages, thresholds, strict=True):
        stage.bulk_threshold = threshold


@pytest.fixture
def world(new_world: Callable[[], World]) -> World:
    """A bucket and a warehouse with nothing in them."""
    return new_world()


@pytest.fixture
def published(reader: psycopg.Connection) -> Callable[[], dict[str, set[tuple]]]:
    """The published rows, all columns, when called; empty tables before the first run."""

    def rows() -> dict[str, set[tuple]]:
        found = {}
        there = {name for (name,) in reader.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'sparkify'")}
        for table, columns in COLUMNS.items():
            selected = reader.execute(f"SELECT {columns} FROM sparkify.{table}").fetchall() if table in there else []
            assert len(set(selected)) == len(selected)
            found[table] = set(selected)
        return found

    return rows
