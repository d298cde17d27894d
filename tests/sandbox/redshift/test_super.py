"""SUPER on the real thing: what a value is, where a path leads, and that the rest is refused by name."""

import psycopg2
import pytest

from tests.sandbox.redshift.cases import Place

DOCUMENT = '{"n": 1.50, "s": "a \\\\"b\\\\" ", "t": true, "none": null, "items": [1, {"k": ["x"]}, null], "Key": 1}'


@pytest.fixture
def place(sandbox_place: Place) -> Place:
    sandbox_place.run("create table t (i int, o super)", f"insert into t values (1, json_parse('{DOCUMENT}'))")
    return sandbox_place


def test_a_value_is_its_json_without_blanks_in_the_order_given(place: Place) -> None:
    text = '{"n":1.50,"s":"a \\"b\\" ","t":true,"none":null,"items":[1,{"k":["x"]},null],"Key":1}'
    assert [[text, text]] == place.rows("select o, json_serialize(o) from t")


def test_paths_lead_to_values_or_null(place: Place) -> None:
    query = (
        "select o.n, t.o.s, o.items[1].k[0], o.items[1].k[0]::varchar, o.none, o.nothing.at, o.items[9], o.n[0], o.key"
    )
    assert [["1.50", '"a \\"b\\" "', '"x"', "x", *[None] * 5]] == place.rows(f"{query} from t")
    assert ["n", "s", "k", "k", "none"] == [column.name for column in place.cursor.description[:5]]


def test_arrays_are_unnested_with_their_places(place: Place) -> None:
    expected = [["0", "1"], ["1", '{"k":["x"]}'], ["2", None]]
    assert expected == place.rows("select n, e from t, t.o.items as e at n order by n")
    assert [['"x"']] == place.rows("select y from t, t.o.items e, e.k y where is_object(e)")


def test_a_cast_to_another_type_is_null(place: Place) -> None:
    query = (
        "select o.n::decimal(5, 1), o.n::float8, o.t::boolean, o.s::int, o.items::varchar, o.items::int, o.none::int"
    )
    assert [["1.5", "1.5", "t", None, None, None, None]] == place.rows(f"{query} from t")


def test_equality_is_false_for_another_type(place: Place) -> None:
    query = "select o.n = 1.5, o.s = 'a \"b\"', o.s = 'x', o.s = 1, o.n = '1.50', o.nothing = 1 from t"
    assert [["t", "t", "f", "f", "f", None]] == place.rows(query)


def test_functions_of_values(place: Place) -> None:
    query = (
        "select json_typeof(o), json_typeof(o.s), is_array(o.items), is_scalar(o.n), is_varchar(o.nothing), "
        "can_json_parse('[1'), object('a', array(1, 'b', null)), array_concat(o.items, array()), "
        "split_to_array('x,\"y') from t"
    )
    expected = ["object", "string", "t", "t", "f", "f"]
    made = ['{"a":[1,"b",null]}', '[1,{"k":["x"]},null]', '["x","\\"y"]']
    assert [[*expected, *made]] == place.rows(query)


@pytest.mark.parametrize(
    "sql",
    [
        "select o.n + 1 from t",
        "select o.n > 1 from t",
        "select o.n::int from t",
        "select o.t::varchar from t",
        "select o.n::date from t",
        "select upper(o.s) from t",
        "select o.s || 'x' from t",
        "select o from t order by o",
        "select o.s, count(*) from t group by o.s",
        "select coalesce(o.s, 'x') from t",
        "select get_array_length(o) from t",
        "select e from t, t.o.s e",
        "select json_typeof(o.nothing) from t",
        "select json_parse('[1e3]')",
        "insert into t values (1, 'text')",
        "update t set o = 1",
        "select array(json_parse('\"12\"'))[0]::int from t",
    ],
)
def test_what_is_open_or_costly_is_refused(place: Place, sql: str) -> None:
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        place.rows(sql)
