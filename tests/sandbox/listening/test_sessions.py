from itertools import pairwise

from sandbox.listening import behaviour
from sandbox.listening.sessions import garbled


def test_items_count_all_pages_of_a_session(sessions):
    for events in sessions:
        assert list(range(len(events))) == [event["itemInSession"] for event in events]


def test_a_session_goes_forward_in_time_and_belongs_to_one_user(sessions):
    for events in sessions:
        assert all(before["ts"] <= after["ts"] for before, after in pairwise(events))
        assert len({event["userId"] for event in events} - {""}) <= 1


def test_level_changes_with_the_event_after_a_submit_and_only_then(sessions):
    """Over a user's whole life, session after session."""
    by_user = {}
    for events in sessions:
        by_user.setdefault(max(event["userId"] for event in events), []).extend(events)
    del by_user[""]  # sessions of nobody: their level is somebody's, but nobody can tell whose
    changes = 0
    for events in by_user.values():
        for before, after in pairwise(events):
            expected = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}.get(before["page"], before["level"])
            assert expected == after["level"]
            changes += before["level"] != after["level"]
    assert changes > 0


def test_nobody_is_known_while_logged_out(sessions):
    events = [event for session in sessions for event in session]
    out = [event for event in events if event["auth"] == "Logged Out"]
    assert {"Home", "Login"} <= {event["page"] for event in out}
    who = ("firstName", "lastName", "gender", "location", "registration", "userAgent")
    assert all(event["userId"] == "" and all(event[name] is None for name in who) for event in out)
    inside = [event for event in events if event["auth"] == "Logged In"]
    assert all(event["userId"].isdigit() and all(event[name] is not None for name in who) for event in inside)


def test_songs_belong_to_plays_and_nothing_else(sessions):
    for events in sessions:
        for event in events:
            has_song = [event[name] is not None for name in ("artist", "song", "length")]
            assert [event["page"] == "NextSong"] * 3 == has_song


def test_a_song_after_a_song_starts_when_the_first_ends(sessions):
    for events in sessions:
        for before, after in pairwise(events):
            if before["page"] == after["page"] == "NextSong":
                assert int(before["length"]) * 1000 == after["ts"] - before["ts"]


def test_table_of_states_is_closed():
    """Every state can be left, and every weight leads to a state that is there."""
    for level, following in behaviour.NEXT.items():
        reachable = {*behaviour.FIRST[level], *(state for after in following.values() for state in after)}
        assert reachable - {behaviour.LEAVE} <= following.keys() | {"Submit Upgrade", "Submit Downgrade"}
        assert reachable - {behaviour.LEAVE} <= behaviour.STATES.keys()


def test_garbled_names_are_those_of_the_real_log():
    assert "Bj\u00c3\u0083\u00c2\u00b6rk" == garbled("Björk")
