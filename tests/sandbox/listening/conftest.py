"""One small world, made once and looked at from all sides."""

from datetime import date

import pytest

from sandbox.listening.catalogue import Song, make_songs
from sandbox.listening.plan import Plan
from sandbox.listening.schedule import listening
from sandbox.listening.sessions import Event, Jukebox

Day = tuple[date, list[Event]]


@pytest.fixture(scope="session")
def plan() -> Plan:
    return Plan(date(2018, 11, 1), date(2018, 11, 14), users=30, songs=300, plays=4000, seed=7)


@pytest.fixture(scope="session")
def catalogue(plan: Plan) -> tuple[list[Song], list[Song]]:
    return make_songs(plan.seed, plan.songs)


@pytest.fixture(scope="session")
def days(plan: Plan, catalogue: tuple[list[Song], list[Song]]) -> list[Day]:
    return list(listening(plan, Jukebox(*catalogue)))


@pytest.fixture(scope="session")
def sessions(days: list[Day]) -> list[list[Event]]:
    """Each session's events as the log gives them, day after day."""
    found: dict[int, list[Event]] = {}
    for _, events in days:
        for event in events:
            found.setdefault(event["sessionId"], []).append(event)
    return list(found.values())


@pytest.fixture(scope="session")
def plays(days: list[Day]) -> list[Event]:
    return [event for _, events in days for event in events if event["page"] == "NextSong"]
