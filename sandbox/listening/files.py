"""Listening written down as it lies in the bucket: log_data, song_data and the jsonpaths file."""

import gzip
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sandbox.listening.catalogue import Song, make_songs
from sandbox.listening.plan import ListeningError, Plan
from sandbox.listening.schedule import listening
from sandbox.listening.sessions import FIELDS, Jukebox

Report = Callable[[str, int, int], None]


@dataclass
class Written:
    """What was written, `size` in bytes."""

    files: int = 0
    events: int = 0
    plays: int = 0
    size: int = 0


def write(plan: Plan, out: Path, compress: bool, report: Report, catalogue: bool = True) -> Written:
    """Write the plan's listening below the bucket folder `out`, log_json_path.json last: where it is, all is there.

    Files of an earlier run with the same names are replaced; ListeningError when there are others, which would mix with
    these. `report` hears of the progress: in words, and how much of how much is done. Without `catalogue` no song files
    are written: they are there from an earlier period.
    """
    ending = ".json.gz" if compress else ".json"
    listed, unlisted = make_songs(plan.seed, plan.songs)
    songs = {f"song_data/{song.folders}/{song.track}{ending}": song for song in listed if catalogue}
    logs = {_log_name(plan.first + timedelta(days=day), ending) for day in range(plan.days)}
    _refuse_others(out, songs.keys() | logs)
    written = Written()
    for name, content in _contents(plan, songs, Jukebox(listed, unlisted), ending, written, report):
        data = _zipped(content) if compress else content
        _save(out / name, data, written)
    paths = {"jsonpaths": [f"$['{name}']" for name in FIELDS]}
    _save(out / "log_json_path.json", json.dumps(paths, indent=4).encode(), written)
    return written


def _contents(
    plan: Plan,
    songs: dict[str, Song],
    jukebox: Jukebox,
    ending: str,
    written: Written,
    report: Report,
) -> Iterator[tuple[str, bytes]]:
    """Names and contents of all data files. A day on which nothing happens has no file."""
    for number, (name, song) in enumerate(songs.items(), 1):
        yield name, _json(song.record(), ascii_only=False)
        report(f"{number} of {len(songs)} songs", number, len(songs))
    for day, events in listening(plan, jukebox):
        written.events += len(events)
        written.plays += sum(event["page"] == "NextSong" for event in events)
        if events:
            # No newline at the end: the real files have none.
            yield _log_name(day, ending), b"\n".join(_json(event, ascii_only=True) for event in events)
        report(f"listening until {day}, {written.plays} of {plan.plays} plays", written.plays, plan.plays)


def _log_name(day: date, ending: str) -> str:
    return f"log_data/{day:%Y/%m}/{day}-events{ending}"


def _json(record: object, ascii_only: bool) -> bytes:
    """As the real files spell it: the log escapes what is beyond ASCII, the song files do not."""
    return json.dumps(record, ensure_ascii=ascii_only, separators=(",", ":")).encode("utf-8")


def _zipped(content: bytes) -> bytes:
    """Gzip with neither name nor time in the header. `gzip.compress` will not do: its header changed in Python 3.13."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=buffer, mtime=0) as file:
        file.write(content)
    return buffer.getvalue()


def _save(path: Path, data: bytes, written: Written) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    written.files += 1
    written.size += len(data)


def _refuse_others(out: Path, names: set[str]) -> None:
    for folder in ("log_data", "song_data"):
        for path in sorted((out / folder).rglob("*")):
            if path.is_file() and path.relative_to(out).as_posix() not in names:
                raise ListeningError(f"{path} is there and not part of this listening; give an empty folder as --out")
