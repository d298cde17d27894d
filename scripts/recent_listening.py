"""Fill a bucket folder with generated listening of the last 30 days (UTC), each day once it has ended.

The first time it writes the whole window, later the days since then, and nothing when yesterday is there already. Days
that have left the window stay, as they would in S3. With `--follow` it does not end, and adds each day's file just
after midnight: `make up` and the containers keep one such process running beside the sandbox.
"""

from __future__ import annotations

import argparse
import datetime
import fcntl
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Never

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sandbox.listening import behaviour  # the line above makes it importable
from sandbox.listening.files import write
from sandbox.listening.plan import Plan
from sandbox.listening.progress import progress

BUCKET = "udacity-dend"
WINDOW = 30  # days
# The amounts of `make demo`, but for any days and by the day of the week.
USERS = 100
SONGS = 2_000
SEED = 1
PLAYS_A_WEEK = 20_000 * 7 / 30
# The same for every fill, or users would have registered on another day in every log file. Nobody listened before it.
REGISTERED_BEFORE = datetime.date(2018, 11, 1)
# Each day has this many session numbers of its own, by its ordinal, so no fill repeats a number of another one. A day
# takes some 70. The numbers fit into Redshift's INTEGER until the year 5879.
SESSION_NUMBERS_A_DAY = 1_000
# `--follow` looks at the clock this often, in seconds: a laptop that was asleep at midnight gets its file after waking
# up, when one long sleep until midnight would still have hours to go.
LOOK_EVERY = 60.0

LOG = re.compile(r"(\d{4}-\d\d-\d\d)-events\.json")


def now_utc() -> datetime.datetime:
    """The time, UTC."""
    return datetime.datetime.now(datetime.UTC)


def last_ended_day(now: datetime.datetime) -> datetime.date:
    """Yesterday, UTC: today's file would hold times in the future."""
    return now.astimezone(datetime.UTC).date() - datetime.timedelta(days=1)


def pause(now: datetime.datetime) -> float:
    """Seconds until `--follow` looks again: LOOK_EVERY, or less when midnight comes first."""
    midnight = datetime.datetime.combine(last_ended_day(now), datetime.time(), datetime.UTC) + datetime.timedelta(
        days=2
    )
    return min(LOOK_EVERY, (midnight - now).total_seconds())


def plan(first: datetime.date, last: datetime.date) -> Plan:
    """Listening from the first to the last day that continues whatever was generated before."""
    days = [first + datetime.timedelta(days=number) for number in range((last - first).days + 1)]
    weights = sum(behaviour.WEEKDAYS[day.weekday()] for day in days)
    return Plan(
        first,
        last,
        users=USERS,
        songs=SONGS,
        plays=round(PLAYS_A_WEEK * weights / sum(behaviour.WEEKDAYS)),
        seed=SEED,
        first_session=first.toordinal() * SESSION_NUMBERS_A_DAY,
        registered_before=REGISTERED_BEFORE,
    )


def logs(bucket: Path) -> Iterator[tuple[datetime.date, Path]]:
    """The log files of the bucket and their days."""
    for path in sorted(bucket.glob("log_data/*/*/*.json")):
        if found := LOG.fullmatch(path.name):
            yield datetime.date.fromisoformat(found[1]), path


def fill(out: Path, days: int, until: datetime.date) -> str:
    """Write the days that are missing in the bucket folder below `out`, up to `until`; return a sentence about it.

    Days are missing after the last one that is there, and none before the window of `days` is written: a gap is what a
    log has when nothing ran, and nobody wants to wait for a year of listening after a long pause.
    """
    out.mkdir(parents=True, exist_ok=True)
    bucket = out / BUCKET
    unfinished = out / ".unfinished"  # hidden folders are no buckets
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # wait for another process that fills it; then there is nothing left to do
        last = max((day for day, _ in logs(bucket) if day <= until), default=datetime.date.min)
        if last == until:
            return f"{bucket} holds listening up to {until}"
        first = max(last, until - datetime.timedelta(days=days)) + datetime.timedelta(days=1)
        shutil.rmtree(unfinished, ignore_errors=True)  # of a process that was killed
        with progress() as report:
            is_first = last == datetime.date.min
            written = write(plan(first, until), unfinished, compress=False, report=report, catalogue=is_first)
        move([path for path in unfinished.rglob("*.json") if not LOG.fullmatch(path.name)], unfinished, bucket)
        # The oldest first, and after the files they need: when this is killed here, the next fill continues from there.
        move([path for _, path in logs(unfinished)], unfinished, bucket)
        shutil.rmtree(unfinished)
    return f"filled {bucket} with {written.plays:,} plays from {first} to {until}"


def move(files: list[Path], source: Path, target: Path) -> None:
    """Move files from folder to folder, each in one step: nobody ever sees half of one."""
    for file in files:
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)


def follow(
    out: Path,
    days: int,
    now: Callable[[], datetime.datetime] = now_utc,
    sleep: Callable[[float], object] = time.sleep,
) -> Never:
    """Fill at once, and again after each midnight, until the process is ended; print what changes.

    A fill that fails, because the disk is full for example, is tried again at the next look.
    """
    printed = ""
    while True:
        try:
            done = fill(out, days, last_ended_day(now()))
        except OSError as error:
            done = f"cannot add listening to {out}: {error}; trying again every {LOOK_EVERY:.0f} s"
        if done != printed:
            print(done, flush=True)
            printed = done
        sleep(pause(now()))


def main() -> None:
    """Read the command line and fill."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help=f"the folder that holds {BUCKET}")
    parser.add_argument(
        "--days", type=int, default=WINDOW, metavar="N", help="length of the window (default: %(default)s)"
    )
    parser.add_argument("--follow", action="store_true", help="keep running, and add each day once it has ended")
    given = parser.parse_args()
    if given.days < 1:
        parser.error(f"--days is {given.days}, expected 1 or more")
    if given.follow:
        follow(given.out, given.days)
    print(fill(given.out, given.days, last_ended_day(now_utc())))


if __name__ == "__main__":
    main()
