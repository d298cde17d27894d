"""Jsonpaths files and paths: Redshift's subset of JSONPath and nothing beyond it."""

import pytest

from sandbox.redshift.copy.jsonpaths import Path, parse_path, read_jsonpaths
from sandbox.redshift.errors import RedshiftError


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("$.a", ("a",)),
        ("$['a']['b c'][10]", ("a", "b c", 10)),
        ("$.store.book[0].title", ("store", "book", 0, "title")),
        ("$[0]", (0,)),
        ("$['it''s']", None),
        ("$['a'].b", None),
        ("$.*", None),
        ("$..a", None),
        ("$[-1]", None),
        ("$[*]", None),
        ("a", None),
        ("$", None),
    ],
)
def test_paths(text: str, path: Path | None) -> None:
    if path is not None:
        assert path == parse_path(text)
        return
    with pytest.raises(RedshiftError, match="Invalid JSONPath format"):
        parse_path(text)


@pytest.mark.parametrize(
    ("content", "paths"),
    [
        (b'{"jsonpaths": ["$.a", "$.b[1]"]}', [("a",), ("b", 1)]),
        (b'{"paths": ["$.a"]}', None),
    ],
)
def test_a_file_with_another_key_means_auto(content: bytes, paths: list[Path] | None) -> None:
    assert paths == read_jsonpaths(content)


@pytest.mark.parametrize(
    "content",
    [
        *(b'{"jsonpaths": ["$.a"]', b'{"jsonpaths": ["$.a"]} {}', b'["$.a"]', b"\xff"),
        *(b'{"jsonpaths": ["$.a", ""]}', b'{"jsonpaths": [1]}', b'{"jsonpaths": "$.a"}'),
    ],
)
def test_a_bad_file_fails_at_once(content: bytes) -> None:
    with pytest.raises(RedshiftError, match="Invalid JSONPath format"):
        read_jsonpaths(content)
