import dataclasses
from collections import Counter
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from sandbox.listening import behaviour
from sandbox.listening.plan import ListeningError, Plan
from sandbox.listening.schedule import listening
from sandbox.listening.sessions import Event, Jukebox


def test_exactly_the_plays_asked_for(plan, plays):
    assert plan.plays == len(plays)


@pytest.mark.parametrize("asked", [0, 1, 20])
def test_exactly_the_plays_asked_for_in_a_tiny_world(catalogue, asked):
    plan = Plan(date(2018, 11, 1), date(2018, 11, 1), users=1, songs=300, plays=asked, seed=1)
    events = [event for _, events in listening(plan, Jukebox(*catalogue)) for event in events]
    assert asked == sum(event["page"] == "NextSong" for event in events)


def test_what_finds_no_room_is_an_error(catalogue):
    """Plan's bound is a mean: one user's day may still be too short, and fewer plays are never passed off as all."""
    plan = Plan(date(2018, 11, 1), date(2018, 11, 1), users=1, songs=300, plays=40, seed=2)
    with pytest.raises(ListeningError, match=r"only \d+ of 40 plays found room until 2018-11-01"):
        list(listening(plan, Jukebox(*catalogue)))


def test_events_lie_in_their_utc_day_in_order(plan, days):
    assert plan.days == len(days)
    for day, events in days:
        assert {day} == {datetime.fromtimestamp(event["ts"] // 1000, UTC).date() for event in events}
        order = [(event["ts"], event["sessionId"], event["itemInSession"]) for event in events]
        assert sorted(set(order)) == order


def test_some_sessions_run_past_midnight(days):
    seen = [{event["sessionId"] for event in events} for _, events in days]
    assert any(today & tomorrow for today, tomorrow in pairwise(seen))


def test_a_users_sessions_do_not_overlap(sessions):
    over: dict[str, int] = {}
    for events in sorted(sessions, key=lambda events: events[0]["ts"]):
        user = max(event["userId"] for event in events)
        if user:
            assert events[0]["ts"] - over.get(user, 0) >= behaviour.PAUSE * 1000
            over[user] = events[-1]["ts"]


def test_a_later_period_continues_an_earlier_one(plan, days, catalogue):
    """The same people, as far as they appear in both, do other things in sessions of other numbers."""
    earlier = [event for _, events in days for event in events]
    following = 1 + max(event["sessionId"] for event in earlier)
    later_plan = dataclasses.replace(
        plan, first=date(2018, 11, 15), last=date(2018, 11, 28), first_session=following, registered_before=plan.first
    )
    later = [event for _, events in listening(later_plan, Jukebox(*catalogue)) for event in events]
    assert set(range(following, following + len({event["sessionId"] for event in later}))) == {
        event["sessionId"] for event in later
    }
    before, after = people(earlier), people(later)
    assert len(before.keys() & after.keys()) > plan.users / 2
    assert {user: before[user] for user in before.keys() & after.keys()} == {
        user: after[user] for user in before.keys() & after.keys()
    }
    assert {event["ts"] % 1000 for event in earlier} == {event["ts"] % 1000 for event in later}
    # Both begin on a Thursday: with the same draws their sessions would begin two weeks apart to the second.
    again = {start + 14 * 86_400_000 for start in starts(earlier)} & starts(later)
    assert len(again) < len(starts(later)) / 100


def starts(events: list[Event]) -> set[int]:
    return {event["ts"] for event in events if event["itemInSession"] == 0}


def people(events: list[Event]) -> dict[str, tuple]:
    """Who they are, by user id; each is one and the same in all their events."""
    names = ("firstName", "lastName", "gender", "location", "userAgent", "registration")
    found = {(event["userId"], *(event[name] for name in names)) for event in events if event["userId"]}
    assert len(found) == len({who[0] for who in found})
    return {who[0]: who[1:] for who in found}


def test_afternoons_are_busier_than_nights_and_wednesdays_than_sundays(plays):
    hours = Counter(event["ts"] // 3_600_000 % 24 for event in plays)
    assert sum(hours[hour] for hour in range(14, 20)) > 2 * sum(hours[hour] for hour in range(6))
    weekdays = Counter(datetime.fromtimestamp(event["ts"] // 1000, UTC).weekday() for event in plays)
    assert weekdays[2] > 2 * weekdays[6]


def test_popularity_is_heavy_tailed(plays):
    """A tenth of the songs heard gets more than a third of the plays, no song more than a twentieth."""
    counts = sorted(Counter((event["song"], event["artist"]) for event in plays).values(), reverse=True)
    assert sum(counts[: len(counts) // 10]) > len(plays) / 3
    assert counts[0] < len(plays) / 20


def test_the_tables_share_of_plays_matches_the_catalogue(plays, catalogue):
    """Within 4 points (5 standard deviations), less what is garbled; a match has a recording of exactly its length."""
    known = {(song.title, song.artist_name, song.duration) for song in catalogue[0]}
    matched = sum((event["song"], event["artist"], event["length"]) in known for event in plays)
    assert behaviour.IN_CATALOGUE - 0.08 < matched / len(plays) < behaviour.IN_CATALOGUE + 0.04
    assert any("Ã" in event["song"] + event["artist"] for event in plays)
