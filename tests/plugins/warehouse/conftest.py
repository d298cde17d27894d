"""What the tests of warehouse's core and of its reports share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
import tenacity
from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook
from airflow.sdk import BaseHook

from tests.end_to_end import conftest as end_to_end
from warehouse.reporting.history import RunRecord
from warehouse.session import Session, transaction

# The same fixtures serve here.
connection = end_to_end.connection
reader = end_to_end.reader

BOTH_DRIVERS = pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)


@pytest.fixture
def put_records(s3: Any, bucket: str) -> Callable[..., None]:
    """Writes records as runs do."""

    def write(*records: RunRecord) -> None:
        for record in records:
            s3.put_object(Bucket=bucket, Key=f"sparkify/runs/{record.name}.json", Body=record.to_json().encode())

    return write


@pytest.fixture
def open_session(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractContextManager[Session]]:
    """Opens a session on the connection `redshift`; the provider's hook tries to connect once instead of five times."""
    monkeypatch.setattr(RedshiftSQLHook.get_conn.retry, "stop", tenacity.stop_after_attempt(1))

    def session(**arguments: Any) -> AbstractContextManager[Session]:
        hook = BaseHook.get_connection("redshift").get_hook()
        return transaction(hook, logging.getLogger("tests.session"), **arguments)

    return session


@pytest.fixture
def table(reader: Any) -> Iterator[str]:
    """The name of an empty table of people."""
    reader.execute("DROP TABLE IF EXISTS public.people")
    reader.execute("CREATE TABLE public.people (person_id INTEGER NOT NULL, name VARCHAR(16) NOT NULL, born TIMESTAMP)")
    yield "public.people"
    reader.execute("DROP TABLE public.people")
