"""The warehouse's state: which run published last, and from what each published table was computed."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable, Mapping

from warehouse.session import Session
from warehouse.tables import Warehouse


@dataclasses.dataclass(frozen=True)
class State:
    """The row of the state table: the token and the run that published last, and the fingerprints of the tables."""

    token: str
    run_id: str
    fingerprints: Mapping[str, str]


def now() -> datetime.datetime:
    """The time in UTC, without a zone, as Redshift keeps it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def read_state(session: Session, warehouse: Warehouse) -> State:
    """The warehouse's state now."""
    token, run_id, fingerprints = session.row(f"SELECT token, run_id, fingerprints FROM {warehouse.state}")
    return State(token, run_id, json.loads(fingerprints))


def fingerprints(warehouse: Warehouse, read: Callable[[str], str]) -> dict[str, str]:
    """The fingerprints of the published tables as they are declared now. `read` gives the text of a .sql file."""
    return {warehouse.published(table): table.fingerprint(read) for table in warehouse.tables}


def outdated(state: State, now: Mapping[str, str]) -> frozenset[str]:
    """The published tables that were computed from another DDL, SQL or declaration than today's."""
    return frozenset(table for table, fingerprint in now.items() if state.fingerprints.get(table) != fingerprint)
