"""The users: who they are, where and with what they listen, and how much."""

from dataclasses import dataclass

from sandbox.listening import behaviour, words
from sandbox.listening.catalogue import town
from sandbox.listening.chance import Stream, Weighted, power_law

DAY = 86_400_000  # milliseconds


@dataclass
class Listener:
    """One user. `registration` and `free_from` (before it they are busy with a session) are epoch milliseconds."""

    id: int
    first_name: str
    last_name: str
    gender: str
    location: str
    user_agent: str
    registration: int
    activity: float
    level: str
    free_from: int = 0


def make_listeners(seed: int, number: int, all_registered: int) -> list[Listener]:
    """Users 1 to `number`, all registered before `all_registered` (epoch milliseconds)."""
    places = power_law([_place(seed, index) for index in range(behaviour.PLACES)], behaviour.PLACE_FLATNESS)
    return [_listener(seed, user, number, all_registered, places) for user in range(1, number + 1)]


def _listener(seed: int, user: int, number: int, all_registered: int, places: Weighted[str]) -> Listener:
    draw = Stream(seed, "user", user)
    gender = draw.pick("FM")
    return Listener(
        id=user,
        first_name=draw.pick(words.FIRST_NAMES[gender]),
        last_name=draw.pick(words.LAST_NAMES),
        gender=gender,
        location=draw.of(places),
        user_agent=draw.pick(words.BROWSERS).format(system=draw.pick(words.SYSTEMS)),
        # Whole seconds before that, so that a registration shares the log's milliseconds, as it really does.
        registration=all_registered - (1 + draw.below(behaviour.REGISTERED_WITHIN_DAYS * DAY // 1000)) * 1000,
        activity=1 / (draw.below(number) + behaviour.USER_FLATNESS),
        level="paid" if draw.chance(behaviour.PAID_AT_START) else "free",
    )


def _place(seed: int, index: int) -> str:
    """A metropolitan area as the log names it: one to three towns, one or two states."""
    draw = Stream(seed, "place", index)
    towns = "-".join(town(draw) for _ in range(draw.pick((1, 1, 2, 2, 3))))
    states = "-".join(sorted({draw.pick(words.STATES) for _ in range(draw.pick((1, 1, 1, 2)))}))
    return f"{towns}, {states}"
