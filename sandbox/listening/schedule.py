"""When people listen: sessions started hour by hour until the plays due by then are there, handed out day by day."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate

from sandbox.listening import behaviour
from sandbox.listening.chance import Stream, Weighted
from sandbox.listening.listeners import DAY, Listener, make_listeners
from sandbox.listening.plan import ListeningError, Plan
from sandbox.listening.sessions import Event, Jukebox, Session, listen

HOUR = DAY // 24
# So often in a row may somebody be drawn who is busy; then whoever would listen does, and the next hour catches up.
PATIENCE = 200
# Nothing new falls due in the last hours, so that few users who left early can still make up what is missing.
CATCH_UP = 3


def listening(plan: Plan, jukebox: Jukebox) -> Iterator[tuple[date, list[Event]]]:
    """Every day in order with its events, ordered by ts, then session and item; `plan.plays` plays in all.

    Holds a day's events at a time, and those of sessions that run past midnight. ListeningError when the last day ends
    before all plays are made.
    """
    schedule = _Schedule(plan, jukebox)
    for day in range(plan.days):
        for hour in range(day * 24, day * 24 + 24):
            schedule.fill(hour)
        if day + 1 == plan.days and schedule.plays < plan.plays:
            raise ListeningError(
                f"only {schedule.plays} of {plan.plays} plays found room until {plan.last}; "
                "ask for fewer plays, more users or more days"
            )
        events = schedule.waiting.pop(day, [])
        events.sort(key=lambda event: (event["ts"], event["sessionId"], event["itemInSession"]))
        yield plan.first + timedelta(days=day), events


class _Schedule:
    """Sessions so far: their events by day, their plays by hour (both counted from the opening)."""

    def __init__(self, plan: Plan, jukebox: Jukebox) -> None:
        self._plan = plan
        self._jukebox = jukebox
        self._draw = Stream(plan.seed, "schedule")
        # All times share their milliseconds, as in the real log: it makes the equal timestamps that come with that.
        self._milliseconds = self._draw.below(1000)
        if plan.first_session > 1:  # else people would do in every period what they did in the first
            self._draw = Stream(plan.seed, "schedule", plan.first_session)
        listeners = make_listeners(plan.seed, plan.users, plan.all_registered + self._milliseconds)
        self._listeners: Weighted[Listener] = Weighted((who, who.activity) for who in listeners)
        self._due = _plays_due(plan)
        self._plays_in = [0] * len(self._due)
        self._heard = 0
        self._next_session = plan.first_session
        self.plays = 0
        self.waiting: dict[int, list[Event]] = {}

    def fill(self, hour: int) -> None:
        """Start sessions in this hour until the plays due at its end are there, or everybody is busy."""
        before = self._heard
        refusals = 0
        while before + self._plays_in[hour] < self._due[hour] and self.plays < self._plan.plays and refusals < PATIENCE:
            second = self._draw.below(HOUR // 1000)
            start = self._plan.opening + hour * HOUR + second * 1000 + self._milliseconds
            who = self._draw.of(self._listeners)
            if start < who.free_from:
                refusals += 1
                continue
            refusals = 0
            self._keep(self._session(who, start), who)
        self._heard = before + self._plays_in[hour]

    def _session(self, who: Listener, start: int) -> Session:
        number = self._next_session
        self._next_session += 1
        draw = Stream(self._plan.seed, "session", number)
        room = self._plan.plays - self.plays
        return listen(draw, number, who, start, self._plan.closing, room, self._jukebox)

    def _keep(self, session: Session, who: Listener) -> None:
        who.level = session.level
        who.free_from = session.over + behaviour.PAUSE * 1000
        self.plays += session.plays
        for event in session.events:
            since = event["ts"] - self._plan.opening
            self.waiting.setdefault(since // DAY, []).append(event)
            if event["page"] == "NextSong":
                self._plays_in[since // HOUR] += 1


def _plays_due(plan: Plan) -> list[int]:
    """For each hour, the plays that are to be there at its end; the last is all of them."""
    weights = [
        behaviour.WEEKDAYS[(plan.first.weekday() + day) % 7] * weight
        for day in range(plan.days)
        for weight in behaviour.HOURS
    ]
    weights[-CATCH_UP:] = [0] * CATCH_UP
    sums = list(accumulate(weights))
    return [plan.plays * reached // sums[-1] for reached in sums]
