"""One user's session: a walk over the states of `behaviour`, written down as log events."""

from dataclasses import dataclass, field
from typing import TypedDict

from sandbox.listening import behaviour
from sandbox.listening.catalogue import Song
from sandbox.listening.chance import Stream, Weighted, power_law
from sandbox.listening.listeners import Listener


class Event(TypedDict):
    """One line of the log, fields in its order. Nobody logged in: userId is blank, who and where are None."""

    artist: str | None
    auth: str
    firstName: str | None
    gender: str | None
    itemInSession: int
    lastName: str | None
    length: float | None
    level: str
    location: str | None
    method: str
    page: str
    registration: float | None
    sessionId: int
    song: str | None
    status: int
    ts: int
    userAgent: str | None
    userId: str


FIELDS = tuple(Event.__annotations__)

_FIRST = {level: Weighted(weights) for level, weights in behaviour.FIRST.items()}
_NEXT = {
    level: {state: Weighted(weights) for state, weights in after.items()} for level, after in behaviour.NEXT.items()
}


class Jukebox:
    """What is played next: a song of the catalogue or one that is not in it, popular songs more often."""

    def __init__(self, listed: list[Song], unlisted: list[Song]) -> None:
        self._listed = power_law(listed, behaviour.SONG_FLATNESS)
        self._unlisted = power_law(unlisted, behaviour.SONG_FLATNESS)

    def next(self, draw: Stream) -> Song:
        """One more song to play."""
        return draw.of(self._listed if draw.chance(behaviour.IN_CATALOGUE) else self._unlisted)


@dataclass
class Session:
    """A session's events in order, the level its user has afterwards, and when it is over (epoch milliseconds)."""

    level: str
    over: int
    events: list[Event] = field(default_factory=list)
    plays: int = 0


def listen(
    draw: Stream, number: int, who: Listener, start: int, closing: int, most_plays: int, jukebox: Jukebox
) -> Session:
    """Walk from `start` until the user leaves, or would play more than `most_plays`, or the log closes (exclusive)."""
    session = Session(level=who.level, over=start)
    state = draw.of(_FIRST[who.level])
    while state != behaviour.LEAVE and session.over < closing:
        song = jukebox.next(draw) if state == "NextSong" else None
        if song and session.plays == most_plays:
            break
        page = behaviour.STATES[state]
        session.events.append(_event(draw, page, song, who, session.level, number, len(session.events), session.over))
        session.plays += 1 if song else 0
        session.level = behaviour.LEVEL_AFTER.get(state, session.level)
        state = draw.of(_NEXT[session.level][state])
        session.over += 1000 * _seconds(draw, song, state)
    return session


def _seconds(draw: Stream, song: Song | None, following: str) -> int:
    """Seconds until the following state is reached, `song` being what plays now."""
    if song and following == "NextSong":
        return int(song.duration)
    return behaviour.AT_ONCE.get(following) or int(draw.between(behaviour.BROWSING))


def _event(
    draw: Stream, state: behaviour.State, song: Song | None, who: Listener, level: str, number: int, item: int, ts: int
) -> Event:
    title, artist = (song.title, song.artist_name) if song else (None, None)
    if song and not (song.title + song.artist_name).isascii() and draw.chance(behaviour.GARBLED):
        title, artist = garbled(song.title), garbled(song.artist_name)
    known = state.logged_in
    return {
        "artist": artist,
        "auth": "Logged In" if known else "Logged Out",
        "firstName": who.first_name if known else None,
        "gender": who.gender if known else None,
        "itemInSession": item,
        "lastName": who.last_name if known else None,
        "length": song.duration if song else None,
        "level": level,
        "location": who.location if known else None,
        "method": state.method,
        "page": state.page,
        "registration": float(who.registration) if known else None,
        "sessionId": number,
        "song": title,
        "status": state.status,
        "ts": ts,
        "userAgent": who.user_agent if known else None,
        "userId": str(who.id) if known else "",
    }


def garbled(text: str) -> str:
    """The text as the real log has it: its UTF-8 taken for latin-1, twice."""
    for _ in range(2):
        text = text.encode("utf-8").decode("latin-1")
    return text
