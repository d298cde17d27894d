"""SQLAlchemy 2 by PostgreSQL's dialect and by both of sqlalchemy-redshift's: tables made, filled, reflected."""

from __future__ import annotations

import datetime
import decimal
import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

# How each driver is told that the endpoint has no certificate of Amazon's.
PLAIN = {
    "postgresql+psycopg2": {},
    "redshift+psycopg2": {"sslmode": "disable"},
    "redshift+redshift_connector": {"ssl": False},
}
CUSTOMERS = [
    (
        1,
        "Ann's \\ é",
        datetime.date(2020, 2, 29),
        decimal.Decimal("9.50"),
        True,
        datetime.datetime(2020, 2, 29, 1, 2, 3),
    ),
    (2, "100%", None, decimal.Decimal("0.00"), None, None),
]

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*regclass.*"),
    # sqlalchemy-redshift's dialects do not cache statements, and SQLAlchemy says so
    pytest.mark.filterwarnings("ignore:Dialect redshift"),
]


@pytest.fixture(scope="module", params=PLAIN)
def engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """An engine of each dialect."""
    url = sa.URL.create(
        request.param,
        os.environ["PGUSER"],
        os.environ["PGPASSWORD"],
        os.environ["PGHOST"],
        int(os.environ["PGPORT"]),
        os.environ["PGDATABASE"],
    )
    engine = sa.create_engine(url, connect_args=PLAIN[request.param])
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def shop(engine: sa.Engine, schema: str) -> Iterator[sa.MetaData]:
    """Two tables, one with a key to the other, and a view; under Redshift's dialects distributed and sorted."""
    shop = sa.MetaData(schema=schema)
    spread = {"redshift_diststyle": "KEY", "redshift_distkey": "id", "redshift_sortkey": ["born", "id"]}
    sa.Table(
        "customers",
        shop,
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(40), nullable=False, unique=True),
        sa.Column("born", sa.Date),
        sa.Column("credit", sa.Numeric(8, 2), server_default="0"),
        sa.Column("paid", sa.Boolean),
        sa.Column("seen", sa.DateTime),
        comment="each row is a customer",
        **spread if engine.dialect.name == "redshift" else {},
    )
    sa.Table(
        "orders",
        shop,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("customer", sa.BigInteger, sa.ForeignKey(f"{schema}.customers.id")),
    )
    shop.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE VIEW {schema}.names AS SELECT name FROM {schema}.customers"))
    yield shop
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP VIEW {schema}.names"))
    shop.drop_all(engine)


def test_rows_are_written_changed_asked_and_removed(engine, shop):
    """By its core: bound values, IN, LIMIT, joins, aggregates, a transaction that is rolled back."""
    customers, orders = shop.tables.values()
    with engine.begin() as connection:
        connection.execute(customers.insert(), [dict(zip(customers.c.keys(), row, strict=True)) for row in CUSTOMERS])
        connection.execute(orders.insert().values(id=7, customer=1))
    with engine.connect() as connection:
        chosen = sa.select(customers).where(customers.c.id.in_([1, 2])).order_by(customers.c.id).limit(5)
        assert CUSTOMERS == [tuple(row) for row in connection.execute(chosen)]
        counted = (
            sa.select(customers.c.name, sa.func.count(orders.c.id))
            .outerjoin(orders, orders.c.customer == customers.c.id)
            .group_by(customers.c.name)
            .order_by(sa.desc(sa.func.count(orders.c.id)))
        )
        assert [("Ann's \\ é", 1), ("100%", 0)] == [tuple(row) for row in connection.execute(counted)]
    with engine.connect() as connection:
        changed = connection.execute(customers.update().where(customers.c.id == 2).values(name="Bob"))
        assert 1 == changed.rowcount
        connection.rollback()
        assert "100%" == connection.scalar(sa.select(customers.c.name).where(customers.c.id == 2))
    with engine.begin() as connection:
        for table in (orders, customers):
            connection.execute(table.delete())
        assert 0 == connection.scalar(sa.select(sa.func.count()).select_from(customers))


def test_objects_are_kept(engine, shop):
    """By its ORM: what one session adds and changes, another finds."""
    base = orm.declarative_base()
    customer = type(
        "Customer", (base,), {"__table__": shop.tables[f"{shop.schema}.customers"].to_metadata(base.metadata)}
    )
    with orm.Session(engine) as session:
        session.add(customer(id=3, name="Cid", credit=decimal.Decimal("1.25")))
        session.commit()
        session.get_one(customer, 3).name = "Cyd"
        session.commit()
    with orm.Session(engine) as session:
        found = session.scalars(sa.select(customer)).one()
        assert ("Cyd", decimal.Decimal("1.25")) == (found.name, found.credit)
        session.delete(found)
        session.commit()


def test_what_was_made_is_reflected(engine, shop):
    """Relations, columns with types and defaults, declared keys, comments; how a table is distributed and sorted."""
    inspector = sa.inspect(engine)
    schema = shop.schema
    assert {"public", schema} <= set(inspector.get_schema_names())
    assert {"customers", "orders"} == set(inspector.get_table_names(schema))
    assert ["names"] == inspector.get_view_names(schema)
    assert "name" in inspector.get_view_definition("names", schema)
    assert inspector.has_table("orders", schema)
    assert not inspector.has_table("order", schema)
    assert {"text": "each row is a customer"} == inspector.get_table_comment("customers", schema)

    found = sa.MetaData(schema=schema)
    found.reflect(engine)
    customers, orders = (found.tables[f"{schema}.{name}"] for name in ("customers", "orders"))
    assert [
        ("id", "BIGINT", False),
        ("name", "VARCHAR(40)", False),
        ("born", "DATE", True),
        ("credit", "NUMERIC(8, 2)", True),
        ("paid", "BOOLEAN", True),
        ("seen", "TIMESTAMP", True),
    ] == [(column.name, str(column.type), column.nullable) for column in customers.columns]
    assert "0" in str(customers.c.credit.server_default.arg)
    assert ["id"] == [column.name for column in customers.primary_key]
    assert [f"{schema}.customers.id"] == [key.target_fullname for key in orders.foreign_keys]
    assert [["name"]] == [key["column_names"] for key in inspector.get_unique_constraints("customers", schema)]
    indexes = inspector.get_indexes("customers", schema)
    assert [] == [index for index in indexes if "duplicates_constraint" not in index]

    if engine.dialect.name == "redshift":  # PostgreSQL's dialect has no words for it
        assert {
            "redshift_diststyle": "KEY",
            "redshift_distkey": "id",
            "redshift_sortkey": ("born", "id"),
            "redshift_interleaved_sortkey": None,
        } == inspector.get_table_options("customers", schema)
