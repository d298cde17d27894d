"""`make bench`: what the sandbox's endpoint costs, as ratios against the PostgreSQL behind it, all in one run.

Each figure is the median of rounds in which the two take turns, so that a busy machine slows both. README.md beside
this file has the numbers of a run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import duckdb
import psycopg

from sandbox.processes import PROJECT

BUCKET = "benchmark"
ROLE = "arn:aws:iam::123456789012:role/benchmark"
# 100 bytes, about
ROW = "g AS id, md5(g::TEXT) || ' is a text' AS words, g / 7.0::FLOAT8 AS number, TIMESTAMP '2018-11-01' AS moment"


def parser() -> argparse.ArgumentParser:
    """The command line; its defaults are the sizes the targets are for."""
    words = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    words.add_argument("--rounds", type=int, default=9)
    words.add_argument("--statements", type=int, default=1000, help="in a round")
    words.add_argument("--megabytes", type=float, default=100, help="of the large result")
    words.add_argument("--rows", type=int, default=300_000, help="of the file that COPY loads")
    words.add_argument("--state", type=Path, help=argparse.SUPPRESS)  # of the sandbox we run in
    return words


def main() -> int:
    options = parser().parse_args()
    if options.state is not None:
        measure(options)
        return 0
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        Path(folder).chmod(0o711)  # as root, PostgreSQL's user must get through to its data
        sandbox = [sys.executable, "-m", "sandbox", "run", "--state", folder, "--"]
        command = [sys.executable, "-m", "benchmarks", *sys.argv[1:], "--state", folder]
        return subprocess.call([*sandbox, *command], cwd=PROJECT)  # noqa: S603  # our own words


def measure(options: argparse.Namespace) -> None:
    """Print all ratios; we are in the sandbox."""
    file = options.state / "s3" / BUCKET / "lines.json"
    write_lines(file, options.rows)
    socket = (options.state / "postgresql" / "postmaster.pid").read_text().splitlines()[4]
    direct = {"host": socket, "port": "5432"}
    plain = {"host": os.environ["PGHOST"], "port": os.environ["PGPORT"], "sslmode": "disable"}
    print(f"{'':44}{'sandbox':>12}{'without':>12}{'ratio':>8}{'target':>8}")

    def compare(name: str, unit: str, target: str, ours: Callable[[], float], floor: Callable[[], float]) -> None:
        rounds = [(ours(), floor()) for _ in range(options.rounds)]
        a, b = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:44}{a:9.3g} {unit}{b:9.3g} {unit}{statistics.median(a / b for a, b in rounds):8.2f}{target:>8}")

    with psycopg.connect(**plain, autocommit=True) as ours, psycopg.connect(**direct, autocommit=True) as floor:
        count = options.statements
        name = "a prepared SELECT 1"
        compare(f"{name}, psycopg", "us", "2.0", lambda: repeat(ours, count), lambda: repeat(floor, count))
        with asyncio.Runner() as runner:

            async def prepare(**where: str) -> asyncpg.prepared_stmt.PreparedStatement:
                return await (await asyncpg.connect(**where)).prepare("SELECT 1")

            one = runner.run(prepare(host=plain["host"], port=plain["port"], ssl="disable"))
            two = runner.run(prepare(**direct))
            compare(
                f"{name}, asyncpg", "us", "2.0",
                lambda: runner.run(repeat_async(one, count)), lambda: runner.run(repeat_async(two, count)),
            )  # fmt: skip
        size = large_table(floor, options.megabytes)
        name = f"a result of {size:.0f} MB"
        compare(f"{name}, rows", "s ", "1.2", lambda: fetch(ours), lambda: fetch(floor))
        compare(f"{name}, COPY TO STDOUT", "s ", "1.2", lambda: copy_out(ours), lambda: copy_out(floor))
        compare("a connection", "ms", "", lambda: connect(plain), lambda: connect(direct))
        compare("a connection, TLS", "ms", "", lambda: connect(plain | {"sslmode": "require"}), lambda: connect(direct))
        ours.execute("CREATE TABLE lines (id BIGINT, words VARCHAR(64), number DOUBLE PRECISION, moment TIMESTAMP)")
        compare(
            f"{options.rows} JSON lines, COPY and DuckDB alone", "s ", "",
            lambda: copy_in(ours), lambda: duckdb_reads(file),
        )  # fmt: skip
        floor.execute("DROP TABLE large, lines")  # after it psycopg says DEALLOCATE ALL, which Redshift does not know
    shutil.rmtree(file.parent)


def write_lines(file: Path, count: int) -> None:
    """A file of JSON lines for COPY."""
    file.parent.mkdir(parents=True)
    with file.open("w") as lines:
        for number in range(count):
            row = {"id": number, "words": f"{number:032x} as a text", "number": number / 7, "moment": "2018-11-01"}
            lines.write(json.dumps(row) + "\n")


def large_table(connection: psycopg.Connection, megabytes: float) -> float:
    """Make a table `large` whose rows are so long on the wire; how long they are indeed."""
    connection.execute(f"CREATE TABLE large AS SELECT {ROW} FROM generate_series(1::BIGINT, {megabytes * 1e4:.0f}) g")
    connection.execute("VACUUM ANALYZE large")
    # A DataRow has 7 bytes before its values, and each of these has 4.
    values = " + ".join(f"octet_length({column}::TEXT) + 4" for column in ("id", "words", "number", "moment"))
    return int(connection.execute(f"SELECT sum({values} + 7) FROM large").fetchone()[0]) / 1e6


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def repeat(connection: psycopg.Connection, count: int) -> float:
    """Microseconds of a statement."""

    def work() -> None:
        for _ in range(count):
            connection.execute("SELECT 1", prepare=True).fetchone()

    return timed(work) / count * 1e6


async def repeat_async(statement: asyncpg.prepared_stmt.PreparedStatement, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        await statement.fetchval()
    return (time.perf_counter() - start) / count * 1e6


def fetch(connection: psycopg.Connection) -> float:
    return timed(lambda: connection.execute("SELECT * FROM large"))


def copy_out(connection: psycopg.Connection) -> float:
    def work() -> None:
        with connection.cursor().copy("COPY large TO STDOUT") as copy:
            for _ in copy:
                pass

    return timed(work)


def connect(where: dict[str, str]) -> float:
    """Milliseconds of a connection."""
    return timed(lambda: psycopg.connect(**where).close()) * 1e3


def copy_in(connection: psycopg.Connection) -> float:
    connection.execute("TRUNCATE lines")
    copy = f"COPY lines FROM 's3://{BUCKET}/lines.json' IAM_ROLE '{ROLE}' JSON 'auto'"
    return timed(lambda: connection.execute(copy))


def duckdb_reads(file: Path) -> float:
    sql = "SELECT sum(id), max(words), sum(number), max(moment) FROM read_json(?, format = 'newline_delimited')"
    with duckdb.connect() as database:
        return timed(lambda: database.execute(sql, [str(file)]).fetchall())


if __name__ == "__main__":
    sys.exit(main())
