"""Sample records of runs of the shop."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from warehouse.reporting.history import CheckRecord, RunRecord, StageRecord, TableRecord

NOON = datetime.datetime(2018, 11, 5, 12, 0, tzinfo=datetime.UTC)
RECORD = RunRecord(
    dag_id="shop",
    run_id="manual__2018-11-05T12:00:00+00:00",
    period="2018-11-05",
    options=("reload",),
    logical_date=NOON,
    started_at=NOON,
    recorded_at=NOON,
    outcome="checks failed",
    failed_tasks=("check",),
    checks=(
        CheckRecord(
            name="some",
            table="shop.orders",
            severity="error",
            passed=False,
            observed=None,
            expected="at least 1",
            description="it's <b>\u202eup</b>",
        ),
    ),
    tables=(TableRecord(table="shop.orders", rows=3, time_column="changed_at", latest=NOON),),
    stages=(StageRecord(task="stage", rows=3, files=1, bytes=9, seconds=0.25),),
    left_out=("orders/2.json: line 3, column order_id: invalid digit",),
    warnings=("README is not an order file",),
    load_errors=("the bucket cannot be listed",),
    notes=("the warehouse was paused",),
)


def at(hours: int, **changed: Any) -> RunRecord:
    """The record, recorded so many hours later."""
    return dataclasses.replace(RECORD, recorded_at=NOON + datetime.timedelta(hours=hours), **changed)
