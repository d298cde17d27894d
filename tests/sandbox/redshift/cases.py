"""The behaviour cases, which lie beside the project: each is a test of its own, in a schema and a prefix of its own.

They go to the sandbox; and, one test having two targets, to a real cluster where REDSHIFT_DSN names one.
"""

import dataclasses
import json
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """A Redshift that cases are carried out on, the sandbox's or a cluster.

    dsn: for libpq
    gaps: what it is known not to pass, by kind of case; a cluster passes all
    s3, bucket, role, key, secret: for COPY and UNLOAD; `missing` says what of them is not there
    """

    dsn: str
    gaps: dict[str, dict[str, str]]
    s3: Any = None
    bucket: str = ""
    role: str = ""
    key: str = ""
    secret: str = ""
    missing: str = ""

    def needs_s3(self) -> None:
        """Skip the test, with the reason, where the target cannot reach S3."""
        if self.missing:
            pytest.skip(self.missing)


class Place:
    """A schema of its own and a prefix in the target's bucket: where one case is carried out."""

    def __init__(self, target: Target, cursor: Any) -> None:
        self.target = target
        self.cursor = cursor
        self.prefix = f"c{uuid.uuid4().hex[:10]}"
        cursor.execute("select current_database(), current_user")
        database, user = cursor.fetchone()
        self.names = {
            "{s3}": f"s3://{target.bucket}/{self.prefix}/",
            "{prefix}": self.prefix,
            "{schema}": f"s_{self.prefix}",
            "{auth}": f"iam_role '{target.role}'",
            "{key}": target.key,
            "{secret}": target.secret,
            "{db}": database,
            "{user}": user,
        }
        cursor.execute(f"create schema s_{self.prefix}")
        cursor.execute(f"set search_path to s_{self.prefix}")

    def clear(self) -> None:
        """Leave a cluster as it was. The sandbox goes with the session, which is quicker."""
        self.cursor.execute("rollback")
        self.cursor.execute(f"drop schema if exists s_{self.prefix} cascade")
        for key in self.objects():
            self.target.s3.delete_object(Bucket=self.target.bucket, Key=key)

    def put(self, name: str, body: bytes) -> None:
        """An object below the case's prefix."""
        self.target.s3.put_object(Bucket=self.target.bucket, Key=f"{self.prefix}/{name}", Body=body)

    def get(self, key: str) -> bytes:
        """What an object holds."""
        return self.target.s3.get_object(Bucket=self.target.bucket, Key=key)["Body"].read()

    def objects(self) -> list[str]:
        """All objects below the case's prefix; no case has more than one answer lists."""
        if self.target.s3 is None:
            return []
        found = self.target.s3.list_objects_v2(Bucket=self.target.bucket, Prefix=f"{self.prefix}/")
        return [each["Key"] for each in found.get("Contents", [])]

    def is_gap(self, kind: str, case: dict[str, Any]) -> bool:
        """Whether the target is known not to pass the case."""
        return case["name"] in self.target.gaps.get(kind, {})

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
