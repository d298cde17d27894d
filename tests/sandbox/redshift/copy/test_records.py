"""The exact scanner: which records a text holds, on which line each ends, and what is wrong with a bad one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.redshift.copy.records import last_boundary, records, text_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
ROOTS = st.dictionaries(st.text(), JSON) | st.lists(JSON)
DUMPS = [json.dumps, lambda value: json.dumps(value, indent=1), lambda value: json.dumps(value, ensure_ascii=False)]


@given(st.lists(ROOTS, max_size=4), st.sampled_from(DUMPS), st.sampled_from(["\n", "", " \r\n\t"]))
def test_every_json_document_is_one_record_and_its_parts_are_its_own_text(values, dumps, between) -> None:  # type: ignore[no-untyped-def]
    data = between.join(map(dumps, values)).encode()
    found = list(records(data))
    assert values == [json.loads(data[record.start : record.end]) for record in found]
    for value, record in zip(values, found, strict=True):
        parts = record.root.items() if isinstance(record.root, dict) else enumerate(record.root or [])
        for key, span in parts:
            text = text_of(data, span)
            assert value[key] == (text if span.kind == '"' else json.loads(text))


@given(st.binary(max_size=30) | st.text(alphabet='{}[]",:\\ \n1tnu', max_size=30).map(str.encode))
def test_any_bytes_are_scanned_to_their_end_and_only_json_is_good(data: bytes) -> None:
    end = 0
    for record in records(data):
        assert end <= record.start < record.end
        end = record.end
        if record.root is not None:
            json.loads(data[record.start : record.end].decode("utf-8", "replace"))
    assert not data[end:].strip(b" \t\r\n")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('{"a":1}\n{"a":x}\n{"a":3}', [(1, True), (2, False), (3, True)]),
        ('{"a":1},{"a":2}', [(1, True), (1, False), (1, True)]),
        ('{"a":1},\n{"a":2}', [(1, True), (1, False), (2, True)]),
        ('{"a":"x\n{"a":2}', [(1, False), (2, True)]),
        ('{"a":1\n{"a":2}\n', [(1, False), (2, True)]),
        ('{\n"a":\n1,\n}\n{"a":2}', [(4, False), (5, True)]),
        ('rows: {"a":1}', [(1, False), (1, True)]),
        ('{"a":1}}\n{"a":2}', [(1, True), (1, False), (2, True)]),
        ("[1,2] [3,]", [(1, True), (1, False)]),
        ('{"a":NaN}{"a":01}{"a":+1}{"a":"\\x"}', [(1, False)] * 4),
        ("[" * 5000 + "]" * 5000, [(1, True)]),
    ],
)
def test_a_bad_record_ends_on_its_last_line_and_the_next_is_found(text: str, lines: list[tuple[int, bool]]) -> None:
    assert lines == [(record.line, record.root is not None) for record in records(text.encode())]


@pytest.mark.parametrize(("text", "cut"), [('{"a":"}"}{"b":', 9), ('{"a":1', 0), ('{}\n[{}] {"', 7)])
def test_the_last_boundary_lies_behind_the_last_whole_value(text: str, cut: int) -> None:
    assert cut == last_boundary(text.encode())
