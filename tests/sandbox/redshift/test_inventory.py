"""Redshift's views of what there is: tables with their physical attributes, schemas, databases, sessions."""

from collections.abc import Iterator

import psycopg
import pytest


@pytest.fixture(scope="module")
def client() -> Iterator[psycopg.Connection]:
    with psycopg.connect("", autocommit=True, prepare_threshold=None) as connection:
        connection.execute("CREATE SCHEMA inventory")
        connection.execute("SET search_path TO inventory")
        connection.execute(
            """
            CREATE TABLE sales (
                id BIGINT NOT NULL ENCODE raw, city VARCHAR(20) ENCODE zstd, sold TIMESTAMP, price DECIMAL(8, 2)
            ) DISTKEY (city) INTERLEAVED SORTKEY (sold, id)
            """
        )
        connection.execute("INSERT INTO sales VALUES (1, 'Ghent', '2020-02-29', 9.5), (2, NULL, NULL, NULL)")
        connection.execute("CREATE TABLE plain (a INTEGER)")
        connection.execute("CREATE VIEW cities AS SELECT DISTINCT city FROM sales")
        yield connection
        connection.execute("DROP SCHEMA inventory CASCADE")


def test_pg_table_def_has_types_encodings_and_keys_of_the_tables_on_the_path(client: psycopg.Connection) -> None:
    columns = '"column", type, TRIM(encoding), distkey, sortkey, "notnull"'
    query = f"SELECT {columns} FROM pg_table_def WHERE tablename = 'sales'"
    expected = [
        ("city", "character varying(20)", "zstd", True, 0, False),
        ("id", "bigint", "none", False, -2, True),
        ("price", "numeric(8,2)", "az64", False, 0, False),
        ("sold", "timestamp without time zone", "none", False, 1, False),
    ]
    assert expected == client.execute(f"{query} ORDER BY 1").fetchall()
    try:
        client.execute("SET search_path TO public")
        assert [] == client.execute(query).fetchall()
    finally:
        client.execute("SET search_path TO inventory")


def test_svv_table_info_tells_how_a_table_is_spread_and_has_no_empty_ones(client: psycopg.Connection) -> None:
    found = client.execute(
        """
        SELECT "table", encoded, diststyle, sortkey1, sortkey_num, max_varchar, tbl_rows
        FROM svv_table_info
        WHERE schema = 'inventory'
        """
    ).fetchall()
    assert [("sales", "Y", "KEY(city)", "sold", 2, 20, 2)] == found


def test_tables_schemas_and_databases_are_listed(client: psycopg.Connection) -> None:
    tables = (
        "SELECT table_name, table_type FROM {} WHERE database_name = 'dev' AND schema_name = 'inventory' ORDER BY 1"
    )
    for view in ("svv_all_tables", "svv_redshift_tables"):
        assert [("cities", "VIEW"), ("plain", "TABLE"), ("sales", "TABLE")] == client.execute(
            tables.format(view)
        ).fetchall()
    for view in ("svv_all_schemas", "svv_redshift_schemas"):
        schemas = {name for (name,) in client.execute(f"SELECT schema_name FROM {view}")}
        assert {"inventory", "public"} <= schemas
        assert not {name for name in schemas if name.startswith("pg_")}
    assert [("dev",)] == client.execute("SELECT database_name FROM svv_redshift_databases").fetchall()


def test_a_session_sees_itself(client: psycopg.Connection) -> None:
    query = "SELECT TRIM(user_name), TRIM(db_name) FROM stv_sessions WHERE process = pg_backend_pid()"
    assert [("awsuser", "dev")] == client.execute(query).fetchall()


def test_nothing_of_the_sandboxs_own_is_listed(client: psycopg.Connection) -> None:
    assert (0,) == client.execute("SELECT COUNT(*) FROM pg_table_def WHERE schemaname LIKE 'pg_redshift%'").fetchone()
    assert (0,) == client.execute("SELECT COUNT(*) FROM svv_table_info WHERE schema LIKE 'pg_redshift%'").fetchone()


def test_how_a_table_is_spread_and_sorted_can_be_changed(client: psycopg.Connection) -> None:
    query = (
        "SELECT diststyle, sortkey1, sortkey_num FROM svv_table_info WHERE schema = 'inventory' AND \"table\" = 'moved'"
    )
    client.execute("CREATE TABLE moved (a INTEGER, b INTEGER)")
    client.execute("INSERT INTO moved VALUES (1, 2)")
    for change, expected in {
        "ALTER DISTKEY a": ("KEY(a)", "AUTO(SORTKEY)", 0),
        "ALTER SORTKEY (b, a)": ("KEY(a)", "b", 2),
        "ALTER DISTSTYLE KEY DISTKEY b": ("KEY(b)", "b", 2),
        "ALTER DISTSTYLE ALL": ("ALL", "b", 2),
        "ALTER SORTKEY NONE": ("ALL", None, 0),
        "ALTER SORTKEY AUTO": ("ALL", "AUTO(SORTKEY)", 0),
    }.items():
        client.execute(f"ALTER TABLE moved {change}")
        assert expected == client.execute(query).fetchone(), change
    for change, problem in {
        "ALTER DISTKEY c": 'column "c" of relation "moved" does not exist',
        "ALTER SORTKEY ()": "syntax error",
        "ALTER DISTSTYLE KEY": "syntax error",
    }.items():
        with pytest.raises(psycopg.Error, match=problem):
            client.execute(f"ALTER TABLE moved {change}")


def test_late_binding_views_tell_the_columns_they_have_now(client: psycopg.Connection) -> None:
    query = (
        "SELECT c, t, n FROM pg_get_late_binding_view_cols() cols(s name, v name, c name, t varchar, n int) "
        "WHERE s = 'inventory' ORDER BY v, n"
    )
    client.execute("CREATE VIEW late (x) AS SELECT id, city FROM inventory.sales WITH NO SCHEMA BINDING")
    client.execute("CREATE VIEW later AS SELECT x FROM inventory.late WITH NO SCHEMA BINDING")
    client.execute("CREATE VIEW without AS SELECT a FROM inventory.nothing WITH NO SCHEMA BINDING")
    expected = [("x", "bigint", 1), ("city", "character varying(20)", 2), ("x", "bigint", 1)]
    assert expected == client.execute(query).fetchall()
    client.execute("ALTER TABLE sales RENAME COLUMN city TO town")
    assert [] == client.execute(query).fetchall()
    client.execute("ALTER TABLE sales RENAME COLUMN town TO city")
    assert expected == client.execute(query).fetchall()
    client.execute("DROP VIEW late; DROP VIEW later; DROP VIEW without")
