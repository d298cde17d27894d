"""What the operators' tests share: another team's shop, whose files, tables and schemas have nothing of Sparkify's."""

from __future__ import annotations

import functools
import itertools
import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import DAG, Asset
from airflow.sdk.api.datamodels._generated import DagRunType
from airflow.sdk.execution_time.context import OutletEventAccessors

from tests.end_to_end import conftest as end_to_end
from tests.end_to_end.conftest import Lake, Tokens
from tests.end_to_end.pipeline import Exchange
from warehouse.checks import Check
from warehouse.operators.create_tables import CreateTablesOperator
from warehouse.operators.data_quality import DataQualityOperator
from warehouse.operators.find_files import FindFilesOperator
from warehouse.operators.load_dimension import LoadDimensionOperator
from warehouse.operators.load_fact import LoadFactOperator
from warehouse.operators.open_run import OpenRunOperator
from warehouse.operators.publish import PublishOperator
from warehouse.operators.report_left_out import ReportLeftOutOperator
from warehouse.operators.stage_to_redshift import StageToRedshiftOperator
from warehouse.run_schema import new_token
from warehouse.tables import Feed, FileCheck, Lookup, Table, Warehouse

# The same fixtures serve here.
connection = end_to_end.connection
reader = end_to_end.reader

# Where the drivers' own behaviour matters.
by_both_drivers = pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)

# A connection that does not exist: an operator that uses it before it refuses bad arguments fails in other words.
NOWHERE = "no_such_connection"
HOSTILE = "shop.orders\"; DROP SCHEMA shop; --'"
OWNER = "Created by the shop."

SQL = {
    "raw/sales.sql": """-- Purpose: every sale of the newest version of every file.
-- Grain: each row is one sale as a till has sent it.
CREATE TABLE IF NOT EXISTS {{ table }} (
    batch_id BIGINT,        -- the COPY that loaded the row
    till VARCHAR(64),       -- the till
    number INTEGER,         -- the till's number of the sale
    sold_at TIMESTAMP,      -- when
    item VARCHAR(32),       -- what
    customer VARCHAR(64),   -- who
    city VARCHAR(64)        -- where they live
)
SORTKEY (batch_id);
""",
    "raw/prices.sql": """-- Purpose: every price.
-- Grain: each row is one price of an item.
CREATE TABLE IF NOT EXISTS {{ table }} (
    batch_id BIGINT,         -- the COPY that loaded the row
    item VARCHAR(32),        -- what
    price DOUBLE PRECISION   -- its price
)
SORTKEY (batch_id);
""",
    "tables/receipts.sql": """-- Purpose: the sales.
-- Grain: each row is one sale.
CREATE TABLE IF NOT EXISTS {{ table }} (
    till VARCHAR(64) NOT NULL,  -- the till
    number INTEGER NOT NULL,    -- the till's number of the sale
    sold_at TIMESTAMP,          -- when
    price DOUBLE PRECISION,     -- the item's lowest price; NULL when it has none
    item VARCHAR(32),           -- what
    customer VARCHAR(64),       -- who
    PRIMARY KEY (till, number)
)
SORTKEY (sold_at);
""",
    "tables/customers.sql": """-- Purpose: the customers.
-- Grain: each row is one customer, as of their last sale.
CREATE TABLE IF NOT EXISTS {{ table }} (
    customer VARCHAR(64) NOT NULL,  -- who
    city VARCHAR(64),               -- where they live
    last_sale_at TIMESTAMP,         -- when they bought something last
    PRIMARY KEY (customer)
)
SORTKEY (customer);
""",
    "tables/hours.sql": """-- Purpose: the times of the sales.
-- Grain: each row is one time at which something was sold.
CREATE TABLE IF NOT EXISTS {{ table }} (
    sold_at TIMESTAMP NOT NULL,  -- when
    hour INTEGER,                -- its hour
    PRIMARY KEY (sold_at)
)
SORTKEY (sold_at);
""",
    "internal/files.sql": """-- Purpose: the ledger.
-- Grain: each row is one file.
CREATE TABLE IF NOT EXISTS {{ table }} (
    feed VARCHAR(64) NOT NULL,         -- the feed
    bucket VARCHAR(64) NOT NULL,       -- the bucket
    key VARCHAR(1024) NOT NULL,        -- the key
    etag VARCHAR(128),                 -- NULL: read it again
    last_modified TIMESTAMP NOT NULL,  -- when
    size BIGINT NOT NULL,              -- bytes
    batch_id BIGINT NOT NULL,          -- the COPY
    run_id VARCHAR(256) NOT NULL       -- the run
);
""",
    "internal/state.sql": """-- Purpose: which run published last.
-- Grain: each row is the state; there is one.
CREATE TABLE IF NOT EXISTS {{ table }} (
    token VARCHAR(64) NOT NULL,           -- the run's token
    run_id VARCHAR(256) NOT NULL,         -- the run
    changed_at TIMESTAMP NOT NULL,        -- when
    fingerprints VARCHAR(65535) NOT NULL  -- what the tables were computed from
);
""",
    "internal/results.sql": """-- Purpose: the results of checks.
-- Grain: each row is one check of one run.
CREATE TABLE IF NOT EXISTS {{ table }} (
    run_id VARCHAR(256) NOT NULL,        -- the run
    check_name VARCHAR(256) NOT NULL,    -- the check
    table_name VARCHAR(256) NOT NULL,    -- the table
    severity VARCHAR(16) NOT NULL,       -- error or warn
    passed BOOLEAN NOT NULL,             -- whether it passed
    observed DOUBLE PRECISION,           -- the value
    expected VARCHAR(256) NOT NULL,      -- the bounds
    description VARCHAR(1024) NOT NULL,  -- the claim
    checked_at TIMESTAMP NOT NULL        -- when
);
""",
    "internal/rejects.sql": """-- Purpose: the lines that COPY rejected.
-- Grain: each row is one error of one line.
CREATE TABLE IF NOT EXISTS {{ table }} (
    batch_id BIGINT NOT NULL,       -- the COPY
    file VARCHAR(1024) NOT NULL,    -- the file
    line_number BIGINT,             -- the line
    column_name VARCHAR(127),       -- the column
    error_code INTEGER NOT NULL,    -- Redshift's code
    reason VARCHAR(1024) NOT NULL,  -- why
    raw_line VARCHAR(1024)          -- the line
);
""",
    "load/receipts.sql": """SELECT DISTINCT till, number, sold_at, item, customer FROM {{ sales }} AS sales
WHERE till IS NOT NULL AND number IS NOT NULL AND sold_at IS NOT NULL;
""",
    "load/receipts_priced.sql": """SELECT receipts.till, receipts.number, receipts.sold_at, prices.price, receipts.item,
    receipts.customer
FROM {{ receipts }} AS receipts
LEFT JOIN (SELECT item, MIN(price) AS price FROM {{ prices }} AS records GROUP BY item) AS prices
    ON receipts.item = prices.item;
""",
    "load/receipts_to_price.sql": """SELECT DISTINCT receipts.till, receipts.number FROM shop.receipts
INNER JOIN {{ prices }} AS prices ON receipts.item = prices.item;
""",
    "load/customers.sql": """SELECT DISTINCT customer, city, sold_at AS last_sale_at FROM {{ sales }} AS sales
WHERE customer IS NOT NULL;
""",
    "load/hours.sql": """SELECT DISTINCT sold_at, EXTRACT(HOUR FROM sold_at) AS hour FROM {{ receipts }} AS receipts
WHERE sold_at IS NOT NULL;
""",
    "checks/without_item.sql": """SELECT batch_id, COUNT(*) FROM {{ run_schema }}.staged_sales
WHERE item IS NULL GROUP BY batch_id;
""",
    "checks/count.sql": "SELECT COUNT(*) AS observed FROM {{ run_schema }}.{{ table }};\n",
}

SALES = Feed(
    name="sales",
    ddl="raw/sales.sql",
    prefix="sales/",
    expected="the tills' files, sales/YYYY-MM-DD.json",
    day=r"/(\d{4}-\d{2}-\d{2})[^/]*$",
    options=("TRIMBLANKS",),
    harmless=("till", "number"),
    checks=(
        FileCheck(
            name="items",
            sql="checks/without_item.sql",
            description="sales have an item: the number of those without",
            at_most=1,
            at_most_in_bulk=0,
        ),
    ),
)
PRICES = Feed(
    name="prices", ddl="raw/prices.sql", prefix="prices/", expected="prices/NAME.json", harmless=("item", "price")
)
RECEIPTS = Table(
    name="receipts",
    ddl="tables/receipts.sql",
    load="load/receipts.sql",
    source=SALES,
    key=("till", "number"),
    preference=("sold_at DESC",),
    time_column="sold_at",
    lookup=Lookup(
        feed=PRICES, columns=("price",), sql="load/receipts_priced.sql", affected="load/receipts_to_price.sql"
    ),
)
CUSTOMERS = Table(
    name="customers",
    ddl="tables/customers.sql",
    load="load/customers.sql",
    source=SALES,
    key=("customer",),
    preference=("last_sale_at DESC",),
)
HOURS = Table(
    name="hours",
    ddl="tables/hours.sql",
    load="load/hours.sql",
    source=RECEIPTS,
    key=("sold_at",),
    time_column="sold_at",
)
SHOP = Warehouse(
    name="shop",
    feeds=(SALES, PRICES),
    tables=(RECEIPTS, CUSTOMERS, HOURS),
    internal={name: f"internal/{name}.sql" for name in ("files", "state", "results", "rejects")},
    owner=OWNER,
)
SOME_RECEIPTS = Check(
    name="some receipts",
    sql="checks/count.sql",
    table="shop_run.receipts",
    description="there are new or changed receipts",
    at_least=0,
    parameters={"table": "receipts"},
)

# What the catalog says of the shop's tables when they are as their DDL says.
CREATED: list[list[tuple]] = []

_run_ids = (f"run_{number}" for number in itertools.count(1))


def sale(number: int, sold_at: str = "2018-11-05 12:00:00", **changed: Any) -> dict[str, Any]:
    """A sale of till A, with some fields changed."""
    row = {"till": "A", "number": number, "sold_at": sold_at, "item": "tea", "customer": "Ann", "city": "Oslo"}
    return row | changed


def lines(rows: Iterable[dict[str, Any] | str]) -> str:
    """A JSON-lines file; text is a line as it is."""
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


@functools.cache
def s3_hook() -> S3Hook:
    """The hook that all operators share."""
    return S3Hook(aws_conn_id="aws_default")


class ShopRun:
    """One run of the shop's tasks."""

    def __init__(self, shop: Shop, options: dict[str, Any]) -> None:
        self.shop = shop
        self.run_id = next(_run_ids)
        self.context = {
            "run_id": self.run_id,
            "dag_run": SimpleNamespace(run_type=DagRunType(options.pop("run_type", "manual"))),
            "outlet_events": OutletEventAccessors(),
            "ti": Exchange("shop", self.run_id).task_instance("task"),
        }
        self.options = {"period": "all", "is_period_given": True} | options
        self.files = {"bucket": shop.lake.bucket, "work_prefix": f"s3://{shop.lake.bucket}/work", **self.options}
        self.schema = ""

    def execute(self, kind: Callable[..., Any], **arguments: Any) -> Any:
        """Make an operator and execute it; it stays in `last`."""
        self.last = self.shop.operator(kind, **arguments)
        return self.last.execute(self.context)

    def find_files(self, **arguments: Any) -> Any:
        """Find out whether there is anything to do."""
        return self.execute(FindFilesOperator, **self.files, **arguments)

    def open(self) -> ShopRun:
        """Open the run."""
        opened = self.execute(OpenRunOperator, recompute=self.options.get("recompute", False))
        self.schema = opened["run_schema"]
        self.context["ti"].exchange.states["open_run"] = "success"
        return self

    def stage(self, feed: Feed = SALES, **arguments: Any) -> Any:
        """Copy the files of a feed."""
        return self.execute(
            StageToRedshiftOperator, **({"run_schema": self.schema, "feed": feed, **self.files} | arguments)
        )

    def load(self, table: Table, **arguments: Any) -> Any:
        """Load a table."""
        kind = LoadFactOperator if table is RECEIPTS else LoadDimensionOperator
        return self.execute(kind, run_schema=self.schema, table=table, **arguments)

    def prepare(self, *tables: Table, **arguments: Any) -> ShopRun:
        """Open the run, stage both feeds, load these tables, or all."""
        self.open()
        for feed in (SALES, PRICES):
            self.stage(feed, **arguments)
        for table in tables or SHOP.tables:
            self.load(table)
        return self

    def load_and_publish(self) -> Any:
        """Go on from what has been staged to the end."""
        for table in SHOP.tables:
            self.load(table)
        self.check()
        return self.publish()

    def check(self, *checks: Check, **arguments: Any) -> Any:
        """Run checks."""
        return self.execute(DataQualityOperator, run_schema=self.schema, checks=checks or [SOME_RECEIPTS], **arguments)

    def publish(self) -> Any:
        """Publish the run."""
        outlets = [Asset(SHOP.published(table)) for table in SHOP.tables]
        return self.execute(PublishOperator, run_schema=self.schema, outlets=outlets)

    def report_left_out(self) -> None:
        """Fail when files were left out."""
        self.execute(ReportLeftOutOperator, run_schema=self.schema, opened_by="open_run")

    def rows(self, table: str, columns: str = "*") -> list[tuple]:
        """The rows of a table of the run's schema, sorted."""
        return self.shop.rows(f"{self.schema}.{table}", columns)


class Shop:
    """The other team's bucket, tables and DAG."""

    def __init__(self, reader: psycopg.Connection, lake: Lake, sql_folder: Path) -> None:
        self.reader = reader
        self.lake = lake
        self.sql_folder = sql_folder
        for name, text in SQL.items():
            self.sql(name, text)
        self.dag = DAG(dag_id="shop", schedule=None, template_searchpath=[str(sql_folder)])

    def sql(self, name: str, text: str) -> str:
        """Write a .sql file; return its name."""
        file = self.sql_folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return name

    def operator(self, kind: Callable[..., Any], **arguments: Any) -> Any:
        """An operator of the shop's DAG."""
        made = kind(task_id=f"task_{len(self.dag.task_ids)}", dag=self.dag, **({"warehouse": SHOP} | arguments))
        if getattr(made, "aws_conn_id", "") == "aws_default":
            # Each would make a client of its own, which takes a tenth of a second.
            made.__dict__["s3"] = s3_hook()
        return made

    def create_tables(self, **arguments: Any) -> None:
        """Create what is missing."""
        self.operator(CreateTablesOperator, **arguments).execute({"run_id": "creating"})

    def clear(self) -> None:
        """Drop everything of the shop's."""
        for (schema,) in self.reader.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'shop%'").fetchall():
            self.reader.execute(f"DROP SCHEMA {schema} CASCADE")

    def objects(self) -> list[tuple]:
        """Every column of every table and view of the shop's."""
        # Not information_schema, whose views take a second once the catalog has grown.
        return self.reader.execute(
            "SELECT n.nspname, c.relname, a.attname, a.attnotnull, format_type(a.atttypid, a.atttypmod) "
            "FROM pg_attribute AS a JOIN pg_class AS c ON a.attrelid = c.oid "
            "JOIN pg_namespace AS n ON c.relnamespace = n.oid WHERE c.relkind IN ('r', 'v') AND a.attnum > 0 "
            "AND NOT a.attisdropped AND (n.nspname LIKE 'shop%' OR c.relname LIKE 'shop%') "
            "ORDER BY n.nspname, c.relname, a.attnum"
        ).fetchall()

    def empty(self) -> bool:
        """Make the tables as they are after their creation; False when they are not those of their DDL."""
        for (schema,) in self.reader.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'shop_run%'"
        ).fetchall():
            self.reader.execute(f"DROP SCHEMA {schema} CASCADE")
        if not CREATED or self.objects() != CREATED[0]:
            return False
        for table in SHOP.ddl:
            self.reader.execute(f"DELETE FROM {table}")
        values = [new_token(), "creating", "2018-11-01", "{}"]
        self.reader.execute(f"INSERT INTO {SHOP.state} VALUES (%s, %s, %s, %s)", values)
        return True

    def sales(self, day: str, *rows: dict[str, Any] | str, name: str = ".json") -> str:
        """Write the file of a day of November 2018; return its key."""
        key = f"sales/2018-11-{day}{name}"
        self.lake.put(key, lines(rows))
        return key

    def prices(self, name: str = "a", **prices: float) -> str:
        """Write a file of prices; return its key."""
        key = f"prices/{name}.json"
        self.lake.put(key, lines({"item": item, "price": price} for item, price in prices.items()))
        return key

    def run(self, **options: Any) -> ShopRun:
        """A run that has not begun."""
        return ShopRun(self, options)

    def publish(self, **options: Any) -> ShopRun:
        """A whole run."""
        run = self.run(**options).prepare()
        run.check()
        run.publish()
        return run

    def rows(self, table: str, columns: str = "*") -> list[tuple]:
        """A table's rows, sorted; NULLs as such."""
        rows = self.reader.execute(f"SELECT {columns} FROM {table}").fetchall()
        return sorted(rows, key=lambda row: [(value is None, value) for value in row])

    def published(self) -> dict[str, list[tuple]]:
        """The published rows and the ledger."""
        tables = [SHOP.published(table) for table in SHOP.tables] + [SHOP.raw(feed) for feed in SHOP.feeds]
        return {table: self.rows(table) for table in (*tables, SHOP.ledger, SHOP.state, SHOP.rejects)}


@pytest.fixture
def untidy_shop(
    s3: Any,
    bucket: str,
    reader: psycopg.Connection,
    tmp_path: Path,
    connection: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    """The shop with whatever the test before has left in the database."""
    monkeypatch.setattr("warehouse.operators.open_run.new_token", Tokens())
    return Shop(reader, Lake(s3, bucket), tmp_path)


@pytest.fixture
def nothing_of_the_shop(untidy_shop: Shop) -> Shop:
    """The shop before its tables are created."""
    untidy_shop.clear()
    return untidy_shop


@pytest.fixture
def shop(untidy_shop: Shop) -> Shop:
    """The shop with empty tables; they are created once, because that takes a third of a second."""
    shop = untidy_shop
    if not shop.empty():
        shop.clear()
        shop.create_tables()
        CREATED[:] = [shop.objects()]
    return shop


@pytest.fixture
def logged(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the shop's operators log: level and message."""
    found: list[tuple[str, str]] = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append((record.levelname, record.getMessage()))  # type: ignore[method-assign]
    log = logging.Logger("logged", logging.DEBUG)
    log.addHandler(handler)
    make = shop.operator

    def operator(*args: Any, **kwargs: Any) -> Any:
        made = make(*args, **kwargs)
        made._cached_logger = log
        return made

    monkeypatch.setattr(shop, "operator", operator)
    return found


@pytest.fixture
def warnings(logged: list[tuple[str, str]]) -> Callable[[], list[str]]:
    """The warnings among what was logged, when called."""
    # Airflow warns of every task that its runner does not run.
    return lambda: [text for level, text in logged if level == "WARNING" and "Task Runner" not in text]
