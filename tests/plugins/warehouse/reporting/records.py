"""A record of a run of the shop, and others like it."""

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
    mode="merge",
    logical_date=NOON,
    started_at=NOON,
    recorded_at=NOON,
    outcome="checks failed",
    failed_tasks=("check",),
    checks=(
        CheckRecord(
            name="some",
            table="desk.orders",
            severity="error",
            passed=False,
            observed=None,
            expected="at least 1",
            sentence="it's <b>\u202eup</b>",
        ),
    ),
    tables=(TableRecord(table="shop.orders", rows=3, time_column="changed_at", latest=NOON),),
    stages=(StageRecord(task="stage", table="desk.raw", rows=3, files=1, bytes=9, seconds=0.25),),
    load_errors=("line 3 was bad",),
    notes=("the warehouse slept",),
)


def at(hours: int, **changed: Any) -> RunRecord:
    """The record, made so many hours later."""
    return dataclasses.replace(RECORD, recorded_at=NOON + datetime.timedelta(hours=hours), **changed)
