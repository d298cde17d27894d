from datetime import date

import pytest

from sandbox.listening.plan import ListeningError, Plan

GOOD = {"first": date(2018, 11, 1), "last": date(2018, 11, 2), "users": 2, "songs": 5, "plays": 10, "seed": 1}


def test_closing_is_the_midnight_after_the_last_day():
    plan = Plan(**GOOD)
    assert (1541030400000, 1541203200000) == (plan.opening, plan.closing)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"last": date(2018, 10, 31)}, "last day 2018-10-31 is before the first day 2018-11-01"),
        ({"users": 0}, "users is 0, expected 1 or more"),
        ({"songs": -3}, "songs is -3, expected 1 or more"),
        ({"plays": -1}, "plays is -1, expected 0 or more"),
        ({"first_session": 0}, "first_session is 0, expected 1 or more"),
        ({"registered_before": date(2018, 11, 2)}, "listen from 2018-11-01 and register before 2018-11-02"),
        ({"plays": 161}, "161 plays are too many: 2 users find time for 160 in 2 days"),
    ],
)
def test_what_cannot_be_had_is_refused(wrong, text):
    with pytest.raises(ListeningError, match=text):
        Plan(**GOOD | wrong)
