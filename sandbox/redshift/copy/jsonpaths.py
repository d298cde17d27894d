"""Which part of a record goes to which column: 'auto' by name, or the paths of a jsonpaths file by position."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from sandbox.redshift.copy.records import Members, Value, scan_container
from sandbox.redshift.errors import RedshiftError

Path = tuple[str | int, ...]

STEP = re.compile(r"\.([^'.\[\]]+)|\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\]|\[\"((?:[^\"\\]|\\.)*)\"\]")
OUT_OF_RANGE = "Invalid JSONPath format: Not an array or index out of range."


class PathError(Exception):
    """A path leads through an array that is not there or too short."""


def parse_path(text: str) -> Path:
    """'$.a.b[0]' or "$['a']['b'][0]" -> ('a', 'b', 0); RedshiftError for anything else, wildcards and mixtures too."""
    steps: list[str | int] = []
    styles = set()
    position = 1 if text.startswith("$") else -1
    while 0 <= position < len(text):
        step = STEP.match(text, position)
        if not step or step[1] == "*":
            position = -1
            break
        quoted = step[2] if step[2] is not None else step[4]
        if step[3] is not None:
            steps.append(int(step[3]))
        elif quoted is not None:
            steps.append(re.sub(r"\\(.)", r"\1", quoted))
            styles.add("bracket")
        else:
            steps.append(step[1])
            styles.add("dot")
        position = step.end()
    if position < 0 or not steps:
        raise _invalid(f"'{text}' is no path of the form $['a']['b'][0] or $.a.b[0]")
    if len(styles) > 1:
        raise _invalid(f"'{text}' mixes bracket and dot notation")
    return tuple(steps)


def read_jsonpaths(data: bytes) -> list[Path] | None:
    """The paths of a jsonpaths file; None when its key is another one, which means 'auto' to Redshift."""
    try:
        content = json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise _invalid(f"the file is not one JSON object in UTF-8 ({error})") from error
    if not isinstance(content, dict):
        raise _invalid("the file is not one JSON object")
    if "jsonpaths" not in content:
        return None
    paths = content["jsonpaths"]
    if not isinstance(paths, list):
        raise _invalid("'jsonpaths' is not an array")
    for path in paths:
        if not isinstance(path, str) or not path:
            raise _invalid(f"element {json.dumps(path)} is not a path, expected a string that is not empty")
    return [parse_path(path) for path in paths]


def check_count(paths: Sequence[Path], columns: int) -> None:
    """Redshift's refusal when paths and columns do not pair up."""
    if len(paths) != columns:
        raise RedshiftError(
            "XX000",
            "Number of jsonpaths and the number of columns should match. "
            f"JSONPath size: {len(paths)}, Number of columns in table or column list: {columns}",
        )


def find(data: bytes, root: Members | list[Value], path: Path) -> Value | None:
    """The value a path leads to, None when a member on the way is missing; PathError for a missing array element."""
    here: Members | list[Value] | None = root
    value: Value | None = None
    for depth, step in enumerate(path):
        if depth and value is not None:
            here = scan_container(data, value.start)[0] if value.kind in "{[" else None
        if isinstance(step, int):
            if not isinstance(here, list) or step >= len(here):
                raise PathError(OUT_OF_RANGE)
            value = here[step]
        else:
            value = here.get(step) if isinstance(here, dict) else None
            if value is None:
                here = None
    return value


def _invalid(what: str) -> RedshiftError:
    return RedshiftError("XX000", f"Invalid JSONPath format: {what}")
