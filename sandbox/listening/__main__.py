"""`python -m sandbox.listening`: write made-up listening into a bucket folder. Same inputs, same bytes."""

import argparse
import sys
from datetime import date
from pathlib import Path

from sandbox.listening.files import write
from sandbox.listening.plan import ListeningError, Plan
from sandbox.listening.progress import progress


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 written, 1 not writable, 2 cannot be made as asked for."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        plan = Plan(
            given.first,
            given.last,
            given.users,
            given.songs,
            given.plays,
            given.seed,
            given.first_session,
            given.registered_before,
        )
        with progress() as report:
            written = write(plan, given.out, given.gzip, report)
    except ListeningError as error:
        parser.error(str(error))
    except OSError as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 1
    print(
        f"wrote {written.files:,} files to {given.out}: {written.events:,} events, {written.plays:,} plays, "
        f"{plan.songs:,} songs, {written.size:,} bytes"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.listening",
        description="Write made-up listening at Sparkify (log_data, song_data, log_json_path.json) into a bucket "
        "folder. The same inputs give the same bytes.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bucket's folder")
    parser.add_argument("--from", dest="first", type=_day, default="2018-11-01", metavar="D", help="first day, UTC")
    parser.add_argument("--to", dest="last", type=_day, default="2018-11-30", metavar="D", help="last day, included")
    parser.add_argument("--users", type=int, default=100, metavar="N", help="users")
    parser.add_argument("--songs", type=int, default=2_000, metavar="N", help="songs in the catalogue")
    parser.add_argument("--plays", type=int, default=20_000, metavar="N", help="plays (NextSong events), exactly")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another seed, another world")
    parser.add_argument(
        "--first-session",
        type=int,
        default=1,
        metavar="N",
        help="number of the first session; beyond those of an earlier period, the same users go on listening",
    )
    parser.add_argument(
        "--registered-before",
        type=_day,
        metavar="D",
        help="all users registered before this day; None is --from",
    )
    parser.add_argument("--gzip", action="store_true", help="write .json.gz files")
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day, expected YYYY-MM-DD") from error


if __name__ == "__main__":
    sys.exit(main())
