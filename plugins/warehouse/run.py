"""Whose candidates lie in staging and audit: a one-row table says which run they belong to.

Staging and audit tables are shared by all runs. Clearing one task of an old run would make it work on the rows of the
run that came after; so every task that touches them asks here first, in its own transaction.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from warehouse.identifiers import table_name
from warehouse.session import Session


@dataclasses.dataclass(frozen=True)
class Run:
    """The run in progress: its id, the period and mode it was opened with, and how far it has come."""

    run_id: str
    period: str
    mode: str
    is_checked: bool
    is_published: bool


def current_run(session: Session, run_table: str) -> Run | None:
    """The run that staging and audit belong to; None before the first run."""
    rows = session.rows(f"SELECT run_id, period, mode, is_checked, is_published FROM {table_name(run_table)}")
    if len(rows) > 1:
        raise ValueError(f"{run_table} holds {len(rows)} rows, expected one; open a new run to mend it")
    return Run(*rows[0]) if rows else None


def require_run(session: Session, run_table: str, run_id: str) -> Run:
    """The run in progress if it is `run_id`; otherwise the task fails for good and says why."""
    run = current_run(session, run_table)
    if run is None or run.run_id != run_id:
        raise AirflowFailException(
            f"staging and audit hold the rows of run {run.run_id!r}, not of this run {run_id!r}; "
            "to run it again, clear all its tasks, not some"
            if run
            else f"no run has been opened in {run_table}; run the task that opens it first"
        )
    return run


def require_unpublished_run(session: Session, run_table: str, run_id: str) -> Run:
    """The run in progress if it is `run_id` and its candidates still wait to be published."""
    run = require_run(session, run_table, run_id)
    if run.is_published:
        raise AirflowFailException(
            f"run {run_id!r} has been published already; to run it again, clear all its tasks, not some"
        )
    return run


def set_checked(session: Session, run_table: str, is_checked: bool) -> None:
    """Note that the candidates have passed the checks, or that they are about to change and must be checked again."""
    session.execute(f"UPDATE {table_name(run_table)} SET is_checked = {str(is_checked).upper()}")


def run_to_change(session: Session, run_table: str, run_id: str) -> Run:
    """For tasks that change staging or audit: the run in progress, whose candidates count as unchecked from now on."""
    run = require_unpublished_run(session, run_table, run_id)
    if run.is_checked:
        set_checked(session, run_table, is_checked=False)
    return run


def run_id_of(context: Any) -> str:
    """The id of the run a task belongs to."""
    return str(context["run_id"])
