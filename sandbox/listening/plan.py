"""What is asked for: the inputs that decide every byte."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sandbox.listening import behaviour
from sandbox.listening.listeners import DAY


class ListeningError(ValueError):
    """The listening asked for cannot be made; the text says why and what to change."""


@dataclass(frozen=True)
class Plan:
    """`plays` plays by `users` users from the first to the last day (both included, UTC), over a catalogue of `songs`.

    The catalogue follows from seed and songs alone; the users from seed, users and `registered_before` (by default the
    first day), before which they all registered; what they do, from all this and the numbers of their sessions, which
    count from `first_session`. So a later period continues an earlier one when all but the numbers are the same. Only
    how the earlier one left the users it cannot know: each begins with the level that the seed gives. ListeningError
    when it cannot be had.
    """

    first: date
    last: date
    users: int
    songs: int
    plays: int
    seed: int
    first_session: int = 1
    registered_before: date | None = None

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ListeningError(f"the last day {self.last} is before the first day {self.first}; swap --from and --to")
        for name, least in (("users", 1), ("songs", 1), ("plays", 0), ("first_session", 1)):
            if getattr(self, name) < least:
                raise ListeningError(f"{name} is {getattr(self, name)}, expected {least} or more")
        if self.registered_before is not None and self.registered_before > self.first:
            raise ListeningError(f"users cannot listen from {self.first} and register before {self.registered_before}")
        most = self.users * self.days * behaviour.MOST_PLAYS_A_DAY
        if self.plays > most:
            raise ListeningError(
                f"{self.plays} plays are too many: {self.users} users find time for {most} in {self.days} days; "
                "ask for fewer plays, more users or more days"
            )

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    @property
    def opening(self) -> int:
        """The first day's midnight, epoch milliseconds."""
        return _midnight(self.first)

    @property
    def all_registered(self) -> int:
        """The midnight by which all users have registered, epoch milliseconds."""
        return _midnight(self.registered_before or self.first)

    @property
    def closing(self) -> int:
        """The midnight after the last day, epoch milliseconds."""
        return self.opening + self.days * DAY


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
