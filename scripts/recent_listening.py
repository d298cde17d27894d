"""Fill a bucket folder with made-up listening of the last 30 days, up to and including today (UTC).

`make up` and the containers run it before every start: the first time it makes the whole window, later the days since
then, and nothing when today is there already. Days that have left the window stay, as they would in S3.
"""

from __future__ import annotations

import argparse
import datetime
import fcntl
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sandbox.listening import behaviour  # the line above leads to it
from sandbox.listening.files import write
from sandbox.listening.plan import Plan
from sandbox.listening.progress import progress

BUCKET = "udacity-dend"
# The amounts of `make demo`, but for any days and by the day of the week.
USERS = 100
SONGS = 2_000
SEED = 1
PLAYS_A_WEEK = 20_000 * 7 / 30
# The same for every fill, or people would have registered on another day in every log file. Nobody listened before it.
REGISTERED_BEFORE = datetime.date(2018, 11, 1)
# Each day has so many session numbers of its own, by its ordinal: no fill repeats a number of another one. A day takes
# some 70. The numbers fit into Redshift's INTEGER until the year 5879.
SESSION_NUMBERS_A_DAY = 1_000

LOG = re.compile(r"(\d{4}-\d\d-\d\d)-events\.json")


def plan(first: datetime.date, last: datetime.date) -> Plan:
    """Listening from the first to the last day that continues whatever was made before."""
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


def fill(out: Path, days: int, today: datetime.date) -> str:
    """Make the days that are missing in the bucket folder below `out`; returns what was done, in words.

    Days are missing after the last one that is there, and none before the window of `days` is made: a gap is what a log
    has when nothing ran, and a year of listening would be a long wait for what nobody asked for.
    """
    out.mkdir(parents=True, exist_ok=True)
    bucket = out / BUCKET
    made = out / ".unfinished"  # hidden folders are no buckets
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another one that fills it is waited for, then there is nothing left to do
        last = max((day for day, _ in logs(bucket) if day <= today), default=datetime.date.min)
        if last == today:
            return f"{bucket} holds listening up to today, {today}"
        first = max(last, today - datetime.timedelta(days=days)) + datetime.timedelta(days=1)
        shutil.rmtree(made, ignore_errors=True)  # of a run that was ended by force
        with progress() as report:
            is_first = last == datetime.date.min
            written = write(plan(first, today), made, compress=False, report=report, catalogue=is_first)
        move([path for path in made.rglob("*.json") if not LOG.fullmatch(path.name)], made, bucket)
        # The oldest first, and after what they need: ended here, the next run goes on where this one was.
        move([path for _, path in logs(made)], made, bucket)
        shutil.rmtree(made)
    return f"filled {bucket} with {written.plays:,} plays from {first} to today, {today}"


def move(files: list[Path], source: Path, target: Path) -> None:
    """Move files from folder to folder, each at once: nobody ever sees half of one."""
    for file in files:
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)


def main() -> None:
    """Read the command line and fill."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help=f"the folder that holds {BUCKET}")
    parser.add_argument("--days", type=int, default=30, metavar="N", help="length of the window (default: 30)")
    parser.add_argument(
        "--today",
        type=datetime.date.fromisoformat,
        default=datetime.datetime.now(datetime.UTC).date(),
        metavar="D",
        help="the last day (default: today, UTC)",
    )
    given = parser.parse_args()
    if given.days < 1:
        parser.error(f"--days is {given.days}, expected 1 or more")
    print(fill(given.out, given.days, given.today))


if __name__ == "__main__":
    main()
