"""Sample data, and the answer to each question, computed from it in Python independently of the SQL."""

from __future__ import annotations

import datetime
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = dict[str, Any]
Rows = list[tuple[Any, ...]]

FIRST = datetime.datetime(2018, 1, 1)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
AGENTS = {
    "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/37 Safari/537": ("Windows", "Chrome"),
    "Mozilla/5.0 (Windows NT 6.1; rv:31.0) Gecko/20100101 Firefox/31.0": ("Windows", "Firefox"),
    "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)": ("Windows", "Internet Explorer"),
    "Mozilla/5.0 (Windows NT 6.3; Trident/7.0; rv:11.0) like Gecko": ("Windows", "Internet Explorer"),
    "Mozilla/5.0 (Windows NT 10.0) (KHTML, like Gecko) Chrome/90.0 Safari/537.36 Edg/90.0": ("Windows", "Edge"),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9) Version/7.0.6 Safari/537.78.2": ("Mac", "Safari"),
    "Mozilla/5.0 (Macintosh) (KHTML, like Gecko) Chrome/90.0 Safari/537.36 OPR/76.0": ("Mac", "Opera"),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 7_1 like Mac OS X) CriOS/36.0 Mobile/11D257 Safari/9537": ("iPhone", "Chrome"),
    "Mozilla/5.0 (iPad; CPU OS 7_1_2 like Mac OS X) FxiOS/1.0 Safari/8536.25": ("iPad", "Firefox"),
    "Mozilla/5.0 (Linux; Android 4.4) Chrome/36.0 Mobile Safari/537.36": ("Android", "Chrome"),
    "Mozilla/5.0 (X11; Linux x86_64) Chrome/37.0 Safari/537.36": ("Linux", "Chrome"),
    "curl/8.0": ("other", "other"),
    None: ("other", "other"),
}  # fmt: skip
# Names with the same number of plays, names whose order depends on their bytes, and no name.
ARTISTS = ("Zola", "Abba", "Björk", "abba", "Émile", "Ö", "Cher", "Cream", "Dido", "Eels", "Foals", "Hole", None)
SONGS = ("One", "Two", "two", "Über", None)
PLACES = (*(f"Town {letter}, TX" for letter in "ABCDEFGHIJK"), "Ö, CA", None)
CATALOGUE = {"S1": ("One", "A1"), "S2": ("Two", "A2"), "S3": ("One", "A3")}
NAMES = {"A1": "Abba", "A2": "Zola", "A3": "Abba"}

USERS = [
    {"user_id": 1, "first_name": "Ada", "last_name": "Lind", "gender": "F", "level": "paid"},
    {"user_id": 2, "first_name": "Bo", "last_name": "Lind", "gender": "M", "level": "paid"},
    {"user_id": 3, "first_name": "Cy", "last_name": "Ek", "gender": "F", "level": "free"},
    {"user_id": 4, "first_name": "Di", "last_name": "Ek", "gender": None, "level": "paid"},
    {"user_id": 5, "first_name": "Ed", "last_name": "Å", "gender": "M", "level": "paid"},
    {"user_id": 6, "first_name": None, "last_name": None, "gender": "F", "level": "paid"},
    {"user_id": 7, "first_name": "Flo", "last_name": "Ö", "gender": "F", "level": "paid"},
]
for _user in USERS:
    _user["last_event_at"] = FIRST + datetime.timedelta(days=500, hours=_user["user_id"])
GENDERS = {row["user_id"]: row["gender"] for row in USERS}


def play(number: int, at: datetime.datetime, user: int, session: int, **changed: Any) -> Row:
    """One row of songplays."""
    row = {"songplay_id": number, "start_time": at, "user_id": user, "session_id": session, "level": "free"}
    other = {"song_id": None, "artist_id": None, "location": None, "user_agent": None, "item_in_session": 0}
    return row | other | {"song": "One", "artist": "Abba", "length": 200.5} | changed


def random_plays() -> list[Row]:
    """Plays in 14 months, with many ties, and with some weeks and hours without plays."""
    generator = random.Random(20181105)
    plays = []
    for number in range(700):
        at = FIRST + datetime.timedelta(milliseconds=generator.randrange(430 * 86_400_000))
        if at.isocalendar().week in (8, 30) or at.hour == 4:
            continue
        song_id = generator.choice((None, None, None, "S1", "S2", "S3"))
        # In turn, so that all artists have the same number of plays, by women and by men.
        artist = ARTISTS[len(plays) % len(ARTISTS)]
        user = (1, 2, 3, 4, 5, 6, 1)[len(plays) // len(ARTISTS) % 7]
        plays.append(
            play(
                number,
                at,
                user,
                100 * user + number // 40,
                level=generator.choice(("free", "paid", "paid")),
                song=generator.choice(SONGS),
                artist=artist,
                location=generator.choice(PLACES),
                user_agent=generator.choice(tuple(AGENTS)),
                length=generator.choice((180.25, 61.0, None)),
                song_id=song_id,
                artist_id=CATALOGUE[song_id][1] if song_id else None,
            )
        )
    return plays


def plays_at_the_edges() -> list[Row]:
    """Sessions at the limits of their range, midnight between two weeks and years, two plays with one timestamp."""
    start = datetime.datetime(2019, 1, 6, 23, 0)
    edges = []
    for number, minutes in enumerate((5, 15, 30, 60, 120, 240, 480)):
        # One second less than the limit, and the limit. The last play has no length, so the session ends at its start.
        for session, seconds in ((2 * number, -1), (2 * number + 1, 0)):
            end = start + datetime.timedelta(minutes=minutes, seconds=seconds)
            edges += [
                play(2000 + 2 * session, start, 7, 2000 + session, level="paid"),
                play(2001 + 2 * session, end, 7, 2000 + session, level="paid", length=None),
            ]
    firsts = [play(5000 + user, FIRST, user, 5000, level="paid" if user == 4 else "free") for user in GENDERS]
    most_played = [
        play(4000 + number, start, 6, 4000 + number, location="Tie, TX", song_id=song, artist_id=CATALOGUE[song][1])
        for number, song in enumerate(("S2", "S1") * 40)
    ]
    new_year = datetime.datetime(2018, 12, 31, 23, 59, 59, 999000)
    return [
        *edges,
        *firsts,
        *most_played,
        play(2999, new_year - datetime.timedelta(days=9), 7, 2998, level="paid"),
        play(2998, new_year - datetime.timedelta(days=9), 7, 2998, level="free"),
        play(3000, new_year, 7, 3000, level="free"),
        play(3001, new_year + datetime.timedelta(milliseconds=1), 7, 3000, level="paid"),
    ]


PLAYS = sorted([*random_plays(), *plays_at_the_edges()], key=lambda row: (row["start_time"], row["songplay_id"]))
SAMPLE: dict[str, list[Row]] = {
    "songplays": PLAYS,
    "users": USERS,
    "songs": [{"song_id": name, "title": title, "artist_id": artist} for name, (title, artist) in CATALOGUE.items()],
    "artists": [{"artist_id": key, "name": name} for key, name in NAMES.items()],
    "time": [
        {
            "start_time": at,
            "hour": at.hour,
            "day": at.day,
            "week": at.isocalendar().week,
            "month": at.month,
            "year": at.year,
            "weekday": at.isoweekday() % 7,
        }
        for at in sorted({row["start_time"] for row in PLAYS})
    ],
}


def rounded(value: float) -> Decimal:
    """Rounded to one decimal place, halves away from zero."""
    return Decimal(repr(value)).quantize(Decimal("0.1"), ROUND_HALF_UP)


def most(counts: Counter, number: int | None = None) -> Rows:
    """Keys, flattened, with their counts: in descending order, ties by the keys, None last."""
    rows = [(*(key if isinstance(key, tuple) else (key,)), count) for key, count in counts.items()]
    rows.sort(key=lambda row: (-row[-1], *((value is None, value or "") for value in row[:-1])))
    return rows[:number]


def listeners(plays: Iterable[Row]) -> int:
    """The number of different listeners."""
    return len({row["user_id"] for row in plays})


def by(key: Callable[[Row], Any], plays: Iterable[Row] = PLAYS) -> dict[Any, list[Row]]:
    """Plays grouped by a key."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in plays:
        groups[key(row)].append(row)
    return dict(groups)


def week(row: Row) -> datetime.date:
    """The Monday of a play's week."""
    day = row["start_time"].date()
    return day - datetime.timedelta(days=day.weekday())


def latest(rows: Rows, number: int) -> Rows:
    """The sorted rows whose first column has one of its latest `number` values."""
    last = sorted({row[0] for row in rows})[-number:]
    return sorted(row for row in rows if row[0] in last)


def shares(counts: dict[Any, int]) -> dict[Any, Decimal]:
    """Each count as a percentage of the sum."""
    return {key: rounded(count * 100 / sum(counts.values())) for key, count in counts.items()}


def songs(plays: Iterable[Row], number: int) -> Rows:
    """The songs with the most plays."""
    return most(Counter((row["song"], row["artist"]) for row in plays if row["song"]), number)


def artists(plays: Iterable[Row], number: int) -> Rows:
    """The artists with the most plays."""
    return most(Counter(row["artist"] for row in plays if row["artist"]), number)


def session_lengths() -> Rows:
    names = (
        "under 5 min",
        "5 to 15 min",
        "15 to 30 min",
        "30 to 60 min",
        "1 to 2 h",
        "2 to 4 h",
        "4 to 8 h",
        "over 8 h",
    )
    bounds = (5, 15, 30, 60, 120, 240, 480)
    counts = dict.fromkeys(names, 0)
    for plays in by(lambda row: (row["user_id"], row["session_id"])).values():
        start = min(row["start_time"] for row in plays)
        ends = (row["start_time"] + datetime.timedelta(seconds=row["length"] or 0) for row in plays)
        minutes = (max(ends) - start).total_seconds() / 60
        counts[names[sum(bound <= minutes for bound in bounds)]] += 1
    return [(name, count, shares(counts)[name]) for name, count in counts.items()]


def key_figures() -> Rows:
    paid = [row for row in PLAYS if row["level"] == "paid"]
    return [
        (
            len(PLAYS),
            listeners(PLAYS),
            len({row["session_id"] for row in PLAYS}),
            rounded(sum(row["length"] or 0 for row in PLAYS) / 3600),
            len({row["artist"] for row in PLAYS} - {None}),
            rounded(len(paid) * 100 / len(PLAYS)),
            PLAYS[-1]["start_time"],
        )
    ]


def new_and_returning() -> Rows:
    first_weeks = {user: min(map(week, plays)) for user, plays in by(lambda row: row["user_id"]).items()}
    rows = []
    for monday, plays in by(week).items():
        users = {row["user_id"] for row in plays}
        new = sum(first_weeks[user] == monday for user in users)
        rows.append((monday, new, len(users) - new, len(users)))
    return latest(rows, 52)


def level_changes() -> Rows:
    changes = {monday: [0, 0] for monday in by(week)}
    for plays in by(lambda row: row["user_id"]).values():
        for before, after in itertools.pairwise(plays):
            if before["level"] != after["level"]:
                changes[week(after)][after["level"] == "free"] += 1
    return latest([(monday, *counts) for monday, counts in changes.items()], 52)


def free_and_paid() -> Rows:
    return latest(
        [
            (*key, len(plays), listeners(plays), rounded(len(plays) / listeners(plays)))
            for key, plays in by(lambda row: (week(row), row["level"])).items()
        ],
        52,
    )


def users_who_went_paid() -> Rows:
    rows = []
    for user in USERS:
        plays = [row for row in PLAYS if row["user_id"] == user["user_id"]]
        firsts = {level: [row["start_time"] for row in plays if row["level"] == level] for level in ("free", "paid")}
        if user["level"] == "paid" and firsts["free"][0] < firsts["paid"][0]:
            name = (user["first_name"], user["last_name"])
            rows.append((*name, firsts["paid"][0], len(firsts["free"]), len(firsts["paid"])))
    return sorted(rows, key=lambda row: (-row[4], row[1] is None, row[1] or "", row[0] or ""))[:5]


def places() -> Rows:
    groups = by(lambda row: row["location"])
    percent = shares({place: len(plays) for place, plays in groups.items()})
    counted = Counter({place: len(plays) for place, plays in groups.items() if place})
    return [(place, count, listeners(groups[place]), percent[place]) for place, count in most(counted, 10)]


def devices() -> Rows:
    groups = by(lambda row: AGENTS[row["user_agent"]])
    rows = [(*device, len(plays), listeners(plays)) for device, plays in groups.items()]
    return sorted(rows, key=lambda row: (-row[2], *row[:2]))


def with_listeners(rows: Rows, *columns: str) -> Rows:
    """The rows, which end with their plays, with the number of listeners appended."""
    groups = by(lambda row: tuple(row[column] for column in columns))
    return [(*row, listeners(groups[row[:-1]])) for row in rows]


def by_gender(ranking: Callable[[Iterable[Row], int], Rows]) -> Rows:
    rows = []
    for name, gender in (("women", "F"), ("men", "M")):
        plays = [row for row in PLAYS if GENDERS[row["user_id"]] == gender]
        rows += [(name, rank, *row) for rank, row in enumerate(ranking(plays, 5), 1)]
    return rows


def favourites_by_place() -> Rows:
    groups = by(lambda row: row["location"])
    rows = []
    for place, count, *_ in places():
        rows.append((place, count, *artists(groups[place], 1)[0], *songs(groups[place], 1)[0]))
    return rows


def favourites_by_year() -> Rows:
    rows = []
    for year, plays in sorted(by(lambda row: row["start_time"].year).items(), reverse=True):
        ranked = zip(artists(plays, 5), songs(plays, 5), strict=True)
        rows += [(year, rank, *artist, *song) for rank, (artist, song) in enumerate(ranked, 1)]
    return rows


def artists_women_listened_to_most() -> Rows:
    year = PLAYS[-1]["start_time"].year
    plays = Counter(
        row["artist_id"]
        for row in PLAYS
        if row["artist_id"] and GENDERS[row["user_id"]] == "F" and row["start_time"].year == year
    )
    return sorted(((year, NAMES[key], count) for key, count in plays.items()), key=lambda row: (-row[2], row[1]))


def most_played_song_in_location() -> Rows:
    matched = [row for row in PLAYS if row["song_id"] and row["location"]]
    place = most(Counter(row["location"] for row in matched), 1)[0][0]
    counted = Counter(row["song_id"] for row in matched if row["location"] == place)
    rows = [(place, CATALOGUE[key][0], NAMES[CATALOGUE[key][1]], count) for key, count in counted.items()]
    return sorted(rows, key=lambda row: (-row[3], row[1], row[2]))[:1]


def matched_plays() -> Rows:
    rows = []
    for monday, plays in by(week).items():
        matched = sum(row["song_id"] is not None for row in plays)
        rows.append((monday, len(plays), matched, rounded(matched * 100 / len(plays))))
    return latest(rows, 52)


def hours() -> Rows:
    counts = {hour: len(plays) for hour, plays in by(lambda row: row["start_time"].hour).items()}
    return sorted((hour, count, shares(counts)[hour]) for hour, count in counts.items())


def weekdays() -> Rows:
    rows = []
    for day, plays in sorted(by(lambda row: row["start_time"].weekday()).items()):
        dates = len({row["start_time"].date() for row in plays})
        rows.append((WEEKDAYS[day], len(plays), dates, rounded(len(plays) / dates)))
    return rows


def weekdays_and_hours() -> Rows:
    counts = Counter((row["start_time"].weekday(), row["start_time"].hour) for row in PLAYS)
    return [(WEEKDAYS[day], hour, count) for (day, hour), count in sorted(counts.items())]


def days() -> Rows:
    groups = by(lambda row: row["start_time"].date())
    return latest([(day, listeners(plays), len(plays)) for day, plays in groups.items()], 90)


def freshness() -> Rows:
    time_columns = {"songplays": "start_time", "users": "last_event_at", "time": "start_time"}
    return [
        (table, len(rows), max(row[time_columns[table]] for row in rows) if table in time_columns else None)
        for table, rows in SAMPLE.items()
    ]


ANSWERS: dict[str, Callable[[], Rows]] = {
    "active_users_by_day": days,
    "artists_women_listened_to_most": artists_women_listened_to_most,
    "busiest_hours": lambda: sorted(hours(), key=lambda row: (-row[1], row[0]))[:5],
    "devices": devices,
    "favourites_by_place": favourites_by_place,
    "favourites_by_year": favourites_by_year,
    "free_and_paid_by_week": free_and_paid,
    "freshness": freshness,
    "key_figures": key_figures,
    "level_changes_by_week": level_changes,
    "matched_plays_by_week": matched_plays,
    "most_played_song_in_location": most_played_song_in_location,
    "new_and_returning_listeners_by_week": new_and_returning,
    "places": places,
    "plays_by_hour": hours,
    "plays_by_weekday": weekdays,
    "plays_by_weekday_and_hour": weekdays_and_hours,
    "session_lengths": session_lengths,
    "top_artists": lambda: with_listeners(artists(PLAYS, 10), "artist"),
    "top_artists_by_gender": lambda: by_gender(artists),
    "top_songs": lambda: with_listeners(songs(PLAYS, 10), "song", "artist"),
    "top_songs_by_gender": lambda: by_gender(songs),
    "users_who_went_paid": users_who_went_paid,
}
