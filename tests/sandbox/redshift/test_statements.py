"""Statements PostgreSQL has nothing like, on the real thing: what they do to rows, and what they refuse."""

import psycopg2
import pytest

from tests.sandbox.redshift.cases import Place


@pytest.fixture
def place(sandbox_place: Place) -> Place:
    return sandbox_place


def test_remove_duplicates_keeps_one_row_a_source_row_and_leaves_the_others(place: Place) -> None:
    place.run(
        "create table t (id int, name varchar(9))",
        "create table s (id bigint, name varchar(9))",
        "insert into t values (1, 'a'), (1, 'b'), (2, 'c'), (2, 'd'), (null, 'e')",
        "insert into s values (1, 'new'), (3, 'more'), (null, 'none')",
        "merge into t using s on t.id = s.id remove duplicates",
    )
    expected = [["1", "new"], ["2", "c"], ["2", "d"], ["3", "more"], [None, "e"], [None, "none"]]
    assert expected == place.rows("select * from t order by 1, 2")


@pytest.mark.parametrize(
    ("source", "pattern"),
    [
        ("select 1 as id, 'x'::varchar(9) as name union all select 1, 'y'", "Found multiple matches to update"),
        ("select 1 as id", "same number of columns"),
        ("select 1 as id, 2 as name", "cannot be matched"),
    ],
)
def test_remove_duplicates_refuses(place: Place, source: str, pattern: str) -> None:
    place.run("create table t (id int, name varchar(9))", "insert into t values (1, 'a')")
    place.run(f"create table s as {source}")
    with pytest.raises(psycopg2.Error, match=pattern):
        place.run("merge into t using s on t.id = s.id remove duplicates")
    assert [["1", "a"]] == place.rows("select * from t")


def test_append_moves_columns_by_name_and_fills_identity(place: Place) -> None:
    place.run(
        "create table t (k int identity(7, 1), v varchar(9) encode lzo, d decimal(5, 2) distkey)",
        "create table s (d numeric(5, 2) distkey, v varchar(9))",
        "insert into s values (1.5, 'x')",
        "alter table t append from s filltarget",
    )
    assert [["7", "x", "1.50", "0"]] == place.rows("select t.*, (select count(*) from s) from t")


@pytest.mark.parametrize(
    ("target", "source", "option", "pattern"),
    [
        ("(a int, b int)", "(a int)", "", "FILLTARGET is needed"),
        ("(a int)", "(a int, b int)", "filltarget", "IGNOREEXTRA is needed"),
        ("(a int)", "(a bigint)", "", "is bigint .* in the source table, integer"),
        ("(a varchar(9))", "(a varchar(8))", "", r"character varying\(8\)"),
        ("(a int)", "(a int not null)", "", "not null"),
        ("(a int)", "(a int encode raw)", "", "encode raw"),
        ("(a int identity(1, 1))", "(a int identity(1, 1))", "", "identity column"),
        ("(a int)", "(a int) diststyle all", "", "DISTSTYLE AUTO"),
        ("(a int, b int) sortkey (a, b)", "(a int, b int) sortkey (b, a)", "", r"SORTKEY COMPOUND \(a, b\)"),
        ("(a int)", "(b int)", "", "is needed"),
    ],
)
def test_append_refuses_tables_that_differ(place: Place, target: str, source: str, option: str, pattern: str) -> None:
    place.run(f"create table t {target}", f"create table s {source}")
    place.fails(f"alter table t append from s {option}", pattern)


def test_append_takes_permanent_tables_and_no_transaction_block(place: Place) -> None:
    place.run("create table t (a int)", "create table s (a int)", "create temp table #s (a int)", "begin")
    place.fails("alter table t append from s", "cannot run inside a transaction block")
    place.run("rollback")
    place.fails("alter table t append from #s", "not a permanent table")
    place.fails("alter table t append from t", "same table")
    with pytest.raises(psycopg2.Error):
        place.run("begin; alter table t append from s")


def test_outer_join_operator_keeps_rows_and_the_order_of_columns(place: Place) -> None:
    place.run(
        "create table a (x int, y int)",
        "create table b (x int, z varchar(9))",
        "insert into a values (1, 5), (2, 6)",
        "insert into b values (1, 'p'), (1, 'q')",
    )
    expected = [["1", "q", "1", "5"], [None, None, "2", "6"]]
    assert expected == place.rows("select * from b, a where b.x(+) = a.x and z(+) = 'q' order by a.x")


def test_pivot_groups_by_the_columns_it_does_not_name(place: Place) -> None:
    place.run(
        "create table part (maker varchar(9), quality int)",
        "insert into part values ('a', 1), ('a', null), ('b', 1), ('b', 1), ('c', 7)",
    )
    pivoted = "part pivot (count(*) as n for quality in (1 as high, null as na))"
    expected = [["a", "1", "1"], ["b", "2", "0"], ["c", "0", "0"]]
    assert expected == place.rows(f"select * from {pivoted} order by maker")
    assert ["maker", "high_n", "na_n"] == [column.name for column in place.cursor.description]


def test_unpivot_skips_nulls_unless_told(place: Place) -> None:
    place.run("create table c (id int, red int, blue bigint)", "insert into c values (1, 15, null), (2, 35, 7)")
    listed = "select * from c unpivot {} (n for color in (red, blue as b)) order by 1, 2"
    skipped = [["1", "red", "15"], ["2", "b", "7"], ["2", "red", "35"]]
    assert skipped == place.rows(listed.format(""))
    assert [["1", "b", None], *skipped] == place.rows(listed.format("include nulls"))


def test_a_late_binding_view_outlives_its_table(place: Place) -> None:
    schema = place.names["{schema}"]
    place.run(
        "create view v as select * from {schema}.t with no schema binding",
        "create view w (y) as select x from {schema}.v with no schema binding",
    )
    place.fails("select * from v", "does not exist")
    place.run("create table t (x int)", "insert into t values (1), (2)")
    assert [["2"]] == place.rows(f"select w.y from v join {schema}.w on v.x = w.y and {schema}.w.y > 1")
    place.run("drop table t", "create table t (x varchar(9), z date)", "insert into t values ('new', '2020-01-01')")
    assert [["new", "2020-01-01"]] == place.rows("select * from v")
    assert [["new"]] == place.rows("with v as (select * from v) select y from w, v")
    place.run("begin", "alter table w rename to u", "drop view v")
    place.fails("select * from u", "does not exist")
    place.run("rollback")
    assert [["new"]] == place.rows("select * from w")


def test_a_late_binding_view_is_a_view_without_columns(place: Place) -> None:
    text = "create view v as select 1 as a from {schema}.t with no schema binding"
    schema = place.names["{schema}"]
    place.run("create table t (x int)", text)
    definition = f"select definition from pg_views where schemaname = '{schema}' and viewname = 'v'"
    assert [[place.text(text) + ";"]] == place.rows(definition)
    listed = "select table_name from {} where table_schema = '{schema}' and table_name = 'v'"
    assert [["v"]] == place.rows(listed.replace("{}", "svv_tables"))
    assert [] == place.rows(listed.replace("{}", "svv_columns"))
    place.fails("delete from v", "cannot delete from view")
    place.run("create or replace view v as select x as b from t")
    assert [] == place.rows("select b from v")
    assert "binding" not in str(place.rows(definition))
    place.fails("drop table t", "depend on it")
    place.fails("create view n as select 1 from nowhere.t with no schema binding", "schema .* does not exist")


def test_connect_by_descends_and_where_comes_after(place: Place) -> None:
    place.run(
        "create table employee (id int, name varchar(20), manager_id int)",
        "insert into employee values (100, 'Carlos', null), (101, 'John', 100), (102, 'Jorge', 101)",
        "insert into employee values (103, 'Kwaku', 101), (201, 'Sofia', 102), (202, 'Ana', 201)",
    )
    everyone = "from employee as start where name <> 'Jorge' and level < 4 connect by prior id = manager_id"
    below = f"{everyone} start with name = 'John'"
    expected = [["101", "John", "100", "1"], ["103", "Kwaku", "101", "2"], ["201", "Sofia", "102", "3"]]
    assert expected == place.rows(f"select *, level {below} order by id")
    assert [["12"]] == place.rows(f"select count(*) {everyone}")
    place.run("update employee set manager_id = 202 where id = 101")
    with pytest.raises(psycopg2.errors.FeatureNotSupported, match="go round in a circle"):
        place.rows(f"select * {below}")
