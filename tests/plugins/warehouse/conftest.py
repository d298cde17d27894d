"""What the tests of records and of the pages that show them share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from warehouse.reporting.history import RunRecord


@pytest.fixture
def put_records(s3: Any, bucket: str) -> Callable[..., None]:
    """Writes records as runs do."""

    def write(*records: RunRecord) -> None:
        for record in records:
            s3.put_object(Bucket=bucket, Key=f"sparkify/runs/{record.name}.json", Body=record.to_json().encode())

    return write
