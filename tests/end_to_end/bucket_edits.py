"""A bucket of which a test knows every version of every file, and everything that can happen to a file in it."""

from __future__ import annotations

import dataclasses
import datetime
import gzip
import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tests.end_to_end.model import EPOCH, FIRST_IMPLAUSIBLE, FIRST_PLAUSIBLE, Record, user_id

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Lake

# A day before the month ends, its last day, and a day of the next month, which has batches of its own in bulk.
DAYS = ("2018-11-29", "2018-11-30", "2018-12-01")
DAY_MS = 86_400_000
Edit = tuple[str, tuple[Any, ...]]  # the name of a method of Bucket, and its arguments


def milliseconds(day: str) -> int:
    """The first moment of a day, as epoch milliseconds."""
    return int((datetime.datetime.fromisoformat(day) - EPOCH).total_seconds()) * 1000


def log(day: str, name: str = "") -> str:
    """The key of a log file."""
    return f"log_data/{day[:4]}/{day[5:7]}/{day}-events{name or '.json'}"


def song_file(number: int) -> str:
    """The key of a file of the catalogue."""
    return f"song_data/A/B/C/TRABC{number}.json"


def is_log(key: str) -> bool:
    """Whether a key is of the logs, not of the catalogue."""
    return key.startswith("log_data/")


def day_of(key: str) -> str:
    """The day in a log file's name."""
    return key.rpartition("/")[2][:10]


# Few files, several of a day, plain and compressed: edits are to hit the same ones.
LOGS = (log(DAYS[0]), log(DAYS[1]), log(DAYS[1], "-2.json"), log(DAYS[1], ".json.gz"), log(DAYS[2]))
SONG_FILES = tuple(song_file(number) for number in range(4))


def anchor(day: str) -> Record:
    """A sure play of a day: without any, or with a field missing everywhere, a file is refused."""
    return {
        "artist": None, "auth": "Logged In", "firstName": "z", "gender": "F", "itemInSession": int(day[-2:]),
        "lastName": "z", "length": None, "level": "free", "location": None, "method": "PUT", "page": "NextSong",
        "registration": 1.0, "sessionId": 9, "song": None, "status": 200, "ts": milliseconds(day) + DAY_MS // 2,
        "userAgent": None, "userId": "9",
    }  # fmt: skip


def song_anchor(key: str) -> Record:
    """A record with all its fields."""
    name = key[-11:-5]
    return {
        "artist_id": f"A{name}", "artist_latitude": 1.0, "artist_location": "X", "artist_longitude": 1.0,
        "artist_name": name, "duration": 1.0, "num_songs": 1, "song_id": f"S{name}", "title": name, "year": 2000,
    }  # fmt: skip


def is_strange(event: Record, day: str) -> bool:
    """Whether the checks of a file count an event: too many such events, and the file is refused."""
    ts, start = event["ts"], milliseconds(day)
    if ts is None or not FIRST_PLAUSIBLE <= ts < FIRST_IMPLAUSIBLE:
        return True
    is_incomplete = event["sessionId"] is None or event["itemInSession"] is None or user_id(event["userId"]) is None
    return is_incomplete or not start - DAY_MS <= ts < start + 2 * DAY_MS


# Beside so many ordinary plays, a strange event is no reason to refuse a file.
ORDINARY_PLAYS = 50


@dataclasses.dataclass(frozen=True)
class File:
    """One version of a file.

    drawn: the records a test gave it. `records` are those and what keeps the file from being refused.
    blank_lines: at its end: another body and ETag, the same records.
    is_broken: it has a line that cannot be loaded.
    """

    key: str
    drawn: tuple[Record, ...]
    blank_lines: int = 0
    is_broken: bool = False

    @property
    def records(self) -> list[Record]:
        """All records of the file."""
        if not is_log(self.key):
            return [*self.drawn, song_anchor(self.key)]
        day = day_of(self.key)
        sure = anchor(day)
        strange = sum(is_strange(event, day) for event in self.drawn)
        return [*self.drawn, sure, *[sure] * (ORDINARY_PLAYS * strange)]

    @property
    def body(self) -> bytes:
        """The file's bytes, without a newline at its end; the same for the same version."""
        texts = [json.dumps(record) for record in self.records] + ['{"page": '] * self.is_broken
        body = ("\n".join(texts) + "\n" * self.blank_lines).encode()
        return gzip.compress(body, 1, mtime=0) if self.key.endswith(".gz") else body

    @property
    def etag(self) -> str:
        """As S3 gives it to what was written in one request."""
        return hashlib.md5(self.body).hexdigest()

    def with_drawn(self, drawn: Iterable[Record]) -> File:
        """Other records."""
        return dataclasses.replace(self, drawn=tuple(drawn), is_broken=False)


class Bucket:
    """The bucket as it is, each file's version known; its methods are the edits.

    An edit of a file or record that is not there does nothing, so that any sequence of edits makes sense.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.files: dict[str, File] = {}
        self.latest = ""  # the key that was written last
        self.past: dict[str, list[File]] = {}

    def upload(self, file: File, last_modified: int | None = None) -> None:
        """Write one version."""
        if file.key in self.files:
            self.past.setdefault(file.key, []).append(self.files[file.key])
        self.files[file.key] = file
        self.latest = file.key
        self.lake.put(file.key, file.body, last_modified=last_modified)

    def put(self, key: str, *drawn: Record) -> None:
        """Write a file with these records."""
        self.upload(File(key, drawn))

    def grow(self, key: str, record: Record) -> None:
        """Add a record at a file's end."""
        if key in self.files:
            self.upload(self.files[key].with_drawn([*self.files[key].drawn, record]))

    def shrink(self, key: str, index: int) -> None:
        """Remove a record."""
        if key in self.files and (drawn := list(self.files[key].drawn)):
            del drawn[index % len(drawn)]
            self.upload(self.files[key].with_drawn(drawn))

    def correct(self, key: str, index: int, record: Record, fields: Iterable[str]) -> None:
        """Give some fields of a record the values of another."""
        if key in self.files and (drawn := list(self.files[key].drawn)):
            drawn[index % len(drawn)] = drawn[index % len(drawn)] | {field: record[field] for field in fields}
            self.upload(self.files[key].with_drawn(drawn))

    def duplicate(self, key: str, index: int) -> None:
        """Write a record twice."""
        if key in self.files and (drawn := self.files[key].drawn):
            self.grow(key, drawn[index % len(drawn)])

    def move(self, key: str, index: int, other: str) -> None:
        """Move a record to another file of the same feed."""
        if key in self.files and other in self.files and is_log(key) == is_log(other) and self.files[key].drawn:
            drawn = self.files[key].drawn
            self.grow(other, drawn[index % len(drawn)])
            self.shrink(key, index)

    def upload_again(self, key: str) -> None:
        """Write the same bytes again: another LastModified, the same ETag."""
        if key in self.files:
            self.upload(self.files[key])

    def rewrite(self, key: str) -> None:
        """Write the same records in other bytes: another ETag."""
        if key in self.files:
            self.upload(dataclasses.replace(self.files[key], blank_lines=self.files[key].blank_lines + 1))

    def break_line(self, key: str) -> None:
        """Add a line that cannot be loaded."""
        if key in self.files:
            self.upload(dataclasses.replace(self.files[key], is_broken=True))

    def delete(self, key: str) -> None:
        """Delete a file."""
        if key in self.files:
            self.past.setdefault(key, []).append(self.files.pop(key))
            self.lake.delete(key)

    def restore(self, key: str, versions: int = 1) -> None:
        """Write the version before, or the one before that: the ETag it had then, another LastModified."""
        if past := self.past.get(key):
            self.upload(past[-min(versions, len(past))])

    def change_latest(self, event: Record, song: Record) -> None:
        """Add a record to the file that was written last, which a run is likely to read."""
        self.grow(self.latest, event if is_log(self.latest) else song)

    def restore_latest(self) -> None:
        """Write the version before of the file that was written last."""
        self.restore(self.latest)

    def edit(self, edit: Edit) -> None:
        """An edit by its name, with its arguments."""
        name, arguments = edit
        getattr(self, name)(*arguments)
