"""Songs and artists: the catalogue, and the songs people play that it does not list."""

from dataclasses import dataclass
from itertools import count

from sandbox.listening import behaviour, words
from sandbox.listening.chance import Stream

# A leaf folder of the real catalogue holds some twenty files; its first 15,000 tracks all lie under A.
TRACKS_A_LETTER = 15_000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Artist:
    """An artist as every record of its songs names it. Unknown: location empty, coordinates (degrees) None."""

    id: str
    name: str
    location: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True)
class Song:
    """One recording: `duration` in seconds, year 0 when unknown, `artist_name` as this record spells it."""

    id: str
    track: str
    title: str
    artist: Artist
    artist_name: str
    duration: float
    year: int

    @property
    def folders(self) -> str:
        """Where the song's file lies below song_data, decided by its track id: A/B/C."""
        return "/".join(self.track[2:5])

    def record(self) -> dict[str, object]:
        """The song's JSON object, fields in the order of the real files."""
        return {
            "artist_id": self.artist.id,
            "artist_latitude": self.artist.latitude,
            "artist_location": self.artist.location,
            "artist_longitude": self.artist.longitude,
            "artist_name": self.artist_name,
            "duration": self.duration,
            "num_songs": 1,
            "song_id": self.id,
            "title": self.title,
            "year": self.year,
        }


def make_songs(seed: int, listed: int) -> tuple[list[Song], list[Song]]:
    """The catalogue of `listed` songs, and the songs that are played but not in it.

    Unlisted songs prolong the catalogue, so that many are by its artists; none has title and artist of a listed one.
    """
    artists: list[Artist] = []
    listed_songs: list[Song] = []
    for index in range(listed):
        listed_songs.append(_song(seed, index, artists, listed_songs))
    known = {(song.title, song.artist_name) for song in listed_songs}
    songs = list(listed_songs)
    for index in count(listed):
        if len(songs) == listed * (1 + behaviour.UNLISTED_SONGS):
            break
        song = _song(seed, index, artists, songs)
        if (song.title, song.artist_name) not in known:
            songs.append(song)
    return listed_songs, songs[listed:]


def _song(seed: int, index: int, artists: list[Artist], earlier: list[Song]) -> Song:
    """The song at this index; by a new artist (added to `artists`) or one that is there."""
    draw = Stream(seed, "song", index)
    duration = int(draw.between(behaviour.SECONDS) * 100_000) / 100_000
    # The later of two draws: the catalogue leans to recent years, as the real one does.
    year = 0 if draw.chance(behaviour.NO_YEAR) else 1960 + max(draw.below(51), draw.below(51))
    track = f"TR{LETTERS[index // TRACKS_A_LETTER % 26]}{_letters(draw, 4)}128{_scattered(index)}"
    song_id = f"SO{_letters(draw, 5)}12A{_scattered(index)}"
    if earlier and draw.chance(behaviour.SECOND_RECORDING):
        twin = draw.pick(earlier)
        return Song(song_id, track, twin.title, twin.artist, twin.artist_name, duration, year)
    if not earlier or draw.chance(behaviour.SONG_OF_NEW_ARTIST):
        artists.append(_artist(seed, len(artists)))
        artist = artists[-1]
    else:
        # By way of a song: who has many songs gets the more, a heavy tail with no table of its own.
        artist = draw.pick(earlier).artist
    name = artist.name
    if draw.chance(behaviour.OTHER_SPELLING):
        name = f"{name} feat. {draw.pick(artists).name}"
    return Song(song_id, track, _title(draw), artist, name, duration, year)


def _artist(seed: int, index: int) -> Artist:
    draw = Stream(seed, "artist", index)
    artist_id = f"AR{_letters(draw, 5)}118{_scattered(index)}"
    name = _artist_name(draw)
    if draw.chance(behaviour.NO_LOCATION):
        return Artist(artist_id, name, "", None, None)
    abroad = draw.chance(0.4)
    location = f"{town(draw)}, {draw.pick(words.COUNTRIES if abroad else words.STATES)}"
    if draw.chance(behaviour.NO_COORDINATES):
        return Artist(artist_id, name, location, None, None)
    # No gazetteer: a point somewhere in the United States, or anywhere people live.
    south, west, high, wide = (-35, -100, 95, 240) if abroad else (30, -122, 17, 47)
    latitude = south + draw.below(high * 100_000) / 100_000
    longitude = west + draw.below(wide * 100_000) / 100_000
    return Artist(artist_id, name, location, round(latitude, 5), round(longitude, 5))


def town(draw: Stream) -> str:
    """The name of a town that might be in the United States."""
    return draw.pick(words.TOWN_STARTS) + draw.pick(words.TOWN_ENDS)


def _artist_name(draw: Stream) -> str:
    adjective, noun, other, last = (
        draw.pick(kind) for kind in (words.ADJECTIVES, words.NOUNS, words.NOUNS, words.LAST_NAMES)
    )
    first = draw.pick(words.FIRST_NAMES[draw.pick("FM")])
    return draw.pick((
        f"{first} {last}",
        f"{first} {last}",
        f"The {adjective} {noun}s",
        f"{adjective} {noun}",
        f"{noun} {other}",
        f"DJ {noun}",
        f"{last} {draw.pick(words.BAND_NAMES)}",
        f"{noun} / {last}",
    ))  # fmt: skip


def _title(draw: Stream) -> str:
    adjective, noun, other, verb = (
        draw.pick(kind) for kind in (words.ADJECTIVES, words.NOUNS, words.NOUNS, words.VERBS)
    )
    title = draw.pick((
        noun,
        f"{adjective} {noun}",
        f"{adjective} {noun}",
        f"The {noun} And The {other}",
        f"{verb} The {noun}",
        f"Don't {verb} My {noun}",
        f"{noun} Of {adjective} {other}s",
        f"{verb} ({noun} Song)",
    ))  # fmt: skip
    return f"{title} {draw.pick(words.TITLE_TAILS)}" if draw.chance(0.15) else title


def _letters(draw: Stream, length: int) -> str:
    return "".join(draw.pick(LETTERS) for _ in range(length))


def _scattered(index: int) -> str:
    """Eight hexadecimal digits that look drawn but differ for each index below 2**32 (the factor is odd)."""
    return f"{index * 2_654_435_761 % 2**32:08X}"
