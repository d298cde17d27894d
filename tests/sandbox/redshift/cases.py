"""The behaviour cases, which lie beside the project: each is a test of its own, in a schema and a prefix of its own."""

import json
import os
import re
import tomllib
import uuid
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import extensions

PROJECT = Path(__file__).resolve().parents[3]
FOLDER = PROJECT.parent / "shared" / "cases"
GAPS = tomllib.loads((PROJECT / "sandbox" / "redshift" / "known_gaps.toml").read_text())
TEXT = extensions.new_type(tuple(extensions.string_types), "TEXT", lambda value, cursor: value)
ROLE = "arn:aws:iam::123456789012:role/local"


def read(kind: str) -> list[dict[str, Any]]:
    """The cases of a file; none where it is absent."""
    file = FOLDER / f"{kind}.json"
    return json.loads(file.read_text()) if file.exists() else []


def each(kind: str) -> pytest.MarkDecorator:
    """Makes a test with a parameter `case` one test a case; skipped, with the reason, where there are none."""
    reason = f"needs the behaviour cases in {FOLDER / kind}.json"
    none = [pytest.param({}, marks=pytest.mark.skip(reason=reason), id="absent")]
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in read(kind)] or none)


def gaps_that_are_no_cases(kind: str) -> set[str]:
    """Names the registry has and the file has not, where there is a file."""
    known = {case["name"] for case in read(kind)}
    return GAPS[kind].keys() - known if known else set()


class Place:
    """A schema of its own and, with a bucket, a prefix: where one case is carried out."""

    def __init__(self, cursor: Any, bucket: str = "") -> None:
        self.cursor = cursor
        self.bucket = bucket
        self.prefix = f"c{uuid.uuid4().hex[:10]}"
        self.names = {
            "{s3}": f"s3://{bucket}/{self.prefix}/",
            "{prefix}": self.prefix,
            "{schema}": f"s_{self.prefix}",
            "{auth}": f"iam_role '{ROLE}'",
            "{key}": os.environ["AWS_ACCESS_KEY_ID"],
            "{secret}": os.environ["AWS_SECRET_ACCESS_KEY"],
            "{db}": os.environ["PGDATABASE"],
            "{user}": os.environ["PGUSER"],
        }
        cursor.execute(f"create schema s_{self.prefix}")
        cursor.execute(f"set search_path to s_{self.prefix}")

    def text(self, text: str) -> str:
        """A text of the case with what it leaves open filled in."""
        return re.sub(r"\{\w+\}", lambda found: self.names.get(found[0], found[0]), text)

    def run(self, *statements: str) -> None:
        """Carry out statements of the case."""
        for statement in statements:
            self.cursor.execute(self.text(statement))

    def rows(self, query: str) -> list[list[str | None]]:
        """The rows of a query, values as the server's texts."""
        self.run(query)
        return [list(row) for row in self.cursor.fetchall()]

    def expected(self, rows: Any) -> Any:
        """Rows as the case gives them."""
        return json.loads(self.text(json.dumps(rows)))

    def fails(self, statement: str, pattern: str) -> None:
        """The statement must fail as Redshift fails; a refusal of the sandbox's goes on as it came."""
        with pytest.raises(psycopg2.Error) as failure:
            self.run(statement)
        if failure.value.pgcode == "0A000":
            raise failure.value
        assert re.search(pattern, str(failure.value), re.IGNORECASE | re.DOTALL)
