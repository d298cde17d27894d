"""The endpoint as its clients have it: redshift_connector, psycopg2, psycopg 3, psql, and whoever knocks by mistake."""

import asyncio
import contextlib
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator

import psycopg
import psycopg2
import psycopg2.errors
import pytest
import redshift_connector

from sandbox.redshift.server import RedshiftServer

SSL_REQUEST = struct.pack(">ii", 8, 80877103)
GSSENC_REQUEST = struct.pack(">ii", 8, 80877104)
LOG_IN = struct.pack(">ii", 22, 196608) + b"user\0awsuser\0\0"
ROWS = 200_000
LONG = "SELECT count(*) FROM " + ", ".join(f"digits d{number}" for number in range(10))


def connect_redshift(**changes):
    settings = {
        "host": os.environ["PGHOST"],
        "port": int(os.environ["PGPORT"]),
        "user": os.environ["PGUSER"],
        "password": os.environ["PGPASSWORD"],
        "database": os.environ["PGDATABASE"],
        "ssl": False,
    }
    try:
        return redshift_connector.connect(**settings | changes)
    except redshift_connector.Error as error:
        # The driver leaves its socket open when it is refused.
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if isinstance(connection := frame.f_locals.get("self"), redshift_connector.Connection):
                connection._usock.close()
        raise


CONNECT = {"redshift_connector": connect_redshift, "psycopg2": psycopg2.connect, "psycopg": psycopg.connect}


@pytest.fixture(params=CONNECT)
def connect(request):
    """Each driver's connect(); by default to the sandbox."""
    name = request.param
    return CONNECT[name] if name == "redshift_connector" else lambda **changes: CONNECT[name](_dsn(changes))


def _dsn(changes: dict[str, str]) -> str:
    return " ".join(f"{'dbname' if name == 'database' else name}={value}" for name, value in changes.items())


@pytest.fixture(scope="module")
def digits() -> Iterator[None]:
    """A table `digits` of ten rows, the stuff of long statements."""
    with psycopg.connect("", autocommit=True) as connection:
        connection.execute("CREATE TABLE digits (d INT)")
        connection.execute("INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)")
        yield
        connection.execute("DROP TABLE digits")


def knock(*words: bytes) -> socket.socket:
    """A connection that has said this."""
    connection = socket.create_connection(("127.0.0.1", int(os.environ["PGPORT"])), timeout=10)
    connection.sendall(b"".join(words))
    return connection


# --- what every driver does ---


def test_a_driver_speaks(connect):
    with contextlib.closing(connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1, 'é', NULL, %s, %s", (7, "text"))
        assert [(1, "é", None, 7, "text")] == [tuple(row) for row in cursor.fetchall()]


@pytest.mark.parametrize("value", ["a\\bc", "it's", "\\", "\\'", "%s", "é\n"])
def test_a_value_comes_back_as_it_was_sent(connect, value):
    """Quoted by the driver or bound: a backslash escapes in Redshift's literals, so drivers must know to double it."""
    with contextlib.closing(connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT %s", (value,))
        assert value == cursor.fetchone()[0]


def test_transactions_are_the_drivers(connect):
    with contextlib.closing(connect()) as connection, contextlib.closing(connect()) as other:
        cursor, witness = connection.cursor(), other.cursor()
        cursor.execute("CREATE TABLE passing (a INT)")
        connection.commit()
        cursor.execute("INSERT INTO passing VALUES (%s)", (1,))
        assert 1 == cursor.rowcount
        witness.execute("SELECT count(*) FROM passing")
        assert 0 == witness.fetchone()[0]
        other.rollback()
        connection.rollback()
        cursor.execute("SELECT count(*) FROM passing")
        assert 0 == cursor.fetchone()[0]
        cursor.execute("DROP TABLE passing")
        connection.commit()


def test_after_an_error_the_transaction_is_to_be_rolled_back(connect):
    with contextlib.closing(connect()) as connection:
        cursor = connection.cursor()
        for statement, words in (("SELECT nix", "nix"), ("SELECT 1", "current transaction is aborted")):
            with pytest.raises((psycopg.Error, psycopg2.Error, redshift_connector.Error), match=words):
                cursor.execute(statement)
        connection.rollback()
        cursor.execute("SELECT 1")
        assert 1 == cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong"}, 'password authentication failed for user "awsuser"'),
        ({"user": "nobody_here"}, 'password authentication failed for user "nobody_here"'),
        ({"user": "rdsdb"}, 'role "rdsdb" is not permitted to log in'),
        ({"database": "nix"}, 'database "nix" does not exist'),
    ],
)
def test_who_may_not_come_in_is_told_why(connect, changes, words):
    with pytest.raises((psycopg.Error, psycopg2.Error, redshift_connector.Error), match=words):
        connect(**changes)


# --- what is each driver's own ---


def test_options_at_start_up_are_taken_as_set_takes_them():
    words = r"-c search_path=public,\ Other --statement-timeout=1000 -cquery_group=me -c timezone=Europe/Oslo"
    words += " -c default_transaction_isolation=read\\ committed -c transaction_isolation=serializable"
    with psycopg.connect("", options=words, autocommit=True) as connection:

        def one(sql: str) -> str:
            return str(connection.execute(sql).fetchone()[0])

        assert "0" == one("SELECT datediff(day, getdate(), getdate())")
        assert ["public, other", "1000", "me", "Europe/Oslo"] == [
            one(f"SHOW {name}") for name in ("search_path", "statement_timeout", "query_group", "timezone")
        ]
        assert "repeatable read" == one("SHOW transaction_isolation")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("-c work_mem=1MB", 'does not support the start-up option "work_mem"'),
        ("-c allow_system_table_mods=on", 'does not support the start-up option "allow_system_table_mods"'),
        ("-c enable_case_sensitive_identifier=on", "does not support enable_case_sensitive_identifier set to on"),
        ("-c search_path=pg_redshift_store", "permission denied"),
        ("-c pg_redshift.last_copy_id=5", "permission denied"),
        ("-E", 'does not support the start-up option "-E"'),
        ("-c search_path", 'does not support the start-up option "-c"'),
    ],
)
def test_options_at_start_up_that_set_would_refuse_are_refused(options, words):
    with pytest.raises(psycopg.OperationalError, match=words):
        psycopg.connect("", options=options)


def test_the_server_says_it_is_redshift():
    with contextlib.closing(psycopg2.connect("")) as connection:
        assert "8.0.2" == connection.get_parameter_status("server_version")
        assert "UTF8" == connection.get_parameter_status("client_encoding")
        for absent in ("server_protocol_version", "show_discovery"):
            assert connection.get_parameter_status(absent) is None


def test_redshift_connector_gives_the_fields_of_an_error():
    with contextlib.closing(connect_redshift()) as connection:
        with pytest.raises(redshift_connector.ProgrammingError) as refused:
            connection.cursor().execute("LISTEN x")
        assert ("ERROR", "0A000") == (refused.value.args[0]["S"], refused.value.args[0]["C"])


def test_redshift_connector_prepares_again_what_a_drop_made_stale():
    with contextlib.closing(connect_redshift()) as connection:
        cursor = connection.cursor()
        for _ in range(3):
            cursor.execute("CREATE TABLE passing (a INT)")
            cursor.execute("INSERT INTO passing VALUES (%s)", (5,))
            cursor.execute("SELECT a FROM passing")
            assert ([5],) == cursor.fetchall()
            cursor.execute("DROP TABLE passing")


def test_psycopg_has_its_pipeline():
    with psycopg.connect("") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE piped (a INT)")
        with connection.pipeline() as pipeline:
            cursors = [connection.execute("SELECT %s::int", (number,)) for number in range(100)]
            connection.execute("INSERT INTO piped VALUES (1)")
            pipeline.sync()
            assert [(number,) for number in range(100)] == [cursor.fetchone() for cursor in cursors]
        assert 1 == cursor.execute("SELECT count(*) FROM piped").fetchone()[0]


def test_an_error_in_psycopgs_pipeline_drops_what_follows():
    with psycopg.connect("", autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE piped (a INT)")
        with contextlib.suppress(psycopg.errors.DivisionByZero), connection.pipeline() as pipeline:
            connection.execute("INSERT INTO piped VALUES (1)")
            failing = connection.execute("SELECT 1 / %s", (0,))
            connection.execute("INSERT INTO piped VALUES (2)")
            pipeline.sync()
            with pytest.raises(psycopg.errors.DivisionByZero):
                failing.fetchone()
        assert 0 == connection.execute("SELECT count(*) FROM piped").fetchone()[0]


def test_binary_formats_pass():
    with psycopg.connect("") as connection, connection.cursor(binary=True) as cursor:
        cursor.execute("SELECT %b::int, %b::float8, 'x'", (5, 0.1))
        assert (5, 0.1, "x") == cursor.fetchone()


def psql(*options: str, script: str = "") -> tuple[str, str]:
    """What psql prints, and what it complains about."""
    if shutil.which("psql") is None:
        pytest.skip("needs psql on the PATH")
    done = subprocess.run(
        ["psql", "-XAt", *options], input=script, capture_output=True, text=True, timeout=20, check=False
    )
    return done.stdout, done.stderr


def test_psql_runs_a_script():
    script = """
        CREATE TEMP TABLE t (a INT);
        COPY t FROM STDIN;\n1\n2\n\\.
        BEGIN; DELETE FROM t; ROLLBACK;
        SELECT sum(a) FROM t;
    """
    assert ("3\n", "") == psql("-q", script=script)


def test_psql_runs_several_statements_as_one():
    _, errors = psql("-c", "CREATE TABLE half (a INT); SELECT 1/0", "-c", "SELECT * FROM half")
    assert 'ERROR:  division by zero\nERROR:  relation "half" does not exist\n' == errors


# --- much data ---


def lines() -> Iterator[bytes]:
    for number in range(ROWS):
        yield b"%d\tthe row of number %d\n" % (number, number)


def test_psycopg_copies_in_and_out():
    with psycopg.connect("") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE many (a INT, b VARCHAR(50))")
        with cursor.copy("COPY many FROM STDIN") as copy:
            for line in lines():
                copy.write(line)
        assert ROWS == cursor.rowcount
        with cursor.copy("COPY many TO STDOUT") as copy:
            assert b"".join(lines()) == b"".join(copy)


def test_psycopg2_copies_in_and_reads_all_rows(tmp_path):
    file = tmp_path / "many"
    file.write_bytes(b"".join(lines()))
    with contextlib.closing(psycopg2.connect("")) as connection, connection.cursor() as cursor, file.open() as data:
        cursor.execute("CREATE TEMP TABLE many (a INT, b VARCHAR(50))")
        cursor.copy_expert("COPY many FROM STDIN", data)
        cursor.execute("SELECT a, b FROM many ORDER BY a")
        assert [(number, f"the row of number {number}") for number in range(ROWS)] == cursor.fetchall()


def test_a_value_of_many_megabytes_passes():
    text = "é" * 5_000_000
    with psycopg.connect("") as connection:
        assert (text,) == connection.execute("SELECT %s", (text,)).fetchone()


# --- cancelling and leaving ---


def comes(event: Callable[[], bool]) -> bool:
    """Whether this becomes so within ten seconds."""
    until = time.monotonic() + 10
    while not (come := event()) and time.monotonic() < until:
        time.sleep(0.05)
    return come


@pytest.mark.parametrize("driver", [psycopg, psycopg2])
def test_another_thread_cancels_a_long_query(driver, digits):
    with contextlib.closing(driver.connect("")) as connection:
        cursor = connection.cursor()
        timer = threading.Timer(0.3, connection.cancel)
        timer.start()
        with pytest.raises(driver.errors.QueryCanceled, match=r"Query \(\d+\) canceled on user's request"):
            cursor.execute(LONG)
        timer.join()
        connection.rollback()
        cursor.execute("SELECT 1")
        assert 1 == cursor.fetchone()[0]


def test_a_client_that_dies_in_a_query_leaves_no_session(digits):
    command = [sys.executable, "-c", "import psycopg2, sys; psycopg2.connect('').cursor().execute(sys.argv[1])", LONG]
    with psycopg.connect("", autocommit=True) as watcher, subprocess.Popen(command) as client:

        def running() -> int:
            sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%%d9%%' AND pid <> %s"
            return watcher.execute(sql, (watcher.info.backend_pid,)).fetchone()[0]

        try:
            assert comes(lambda: running() == 1)
        finally:
            client.kill()
        assert comes(lambda: running() == 0)


# --- before anybody is logged in ---


def test_kerberos_is_declined_and_the_conversation_goes_on():
    with knock(GSSENC_REQUEST) as client:
        assert b"N" == client.recv(10)
        client.sendall(LOG_IN)
        assert b"R" == client.recv(1)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"SFATAL\0C08P01\0Minvalid length of startup packet\0"),
        (struct.pack(">ii", 8, 2 << 16), b"SFATAL\0C0A000\0Munsupported frontend protocol 2.0: server supports 3.0\0"),
        (
            struct.pack(">ii", 12, 196608) + b"user",
            b"Minvalid startup packet layout: expected terminator as last byte\0",
        ),
        (LOG_IN + b"Q\x3f\0\0\0SELECT", b"SFATAL\0C08P01\0Minvalid frontend message type 81\0"),
        (LOG_IN + b"p\0\1\0\0", b"SFATAL\0C08P01\0Minvalid message length 65536 of message type p\0"),
        (struct.pack(">ii", 9, 196608) + b"\0", b"Mno PostgreSQL user name specified in startup packet\0"),
    ],
)
def test_garbage_is_answered_and_cut_off(words, answer):
    with knock(words) as client:
        heard = b""
        while data := client.recv(1000):
            heard += data
        assert answer in heard


@pytest.mark.parametrize("words", [b"", b"\0", SSL_REQUEST[:6], struct.pack(">ii", 5000, 196608) + b"user"])
def test_a_client_may_go_at_any_time(words):
    knock(words).close()
    with psycopg.connect("") as connection:
        assert (1,) == connection.execute("SELECT 1").fetchone()


def test_only_one_address_is_listened_on():
    # Linux has all of 127/8; who listens everywhere answers here too.
    with socket.socket() as client, pytest.raises(OSError):  # noqa: PT011 - refused, or no such address
        client.connect(("127.0.0.2", int(os.environ["PGPORT"])))


# --- the server by itself ---


def test_without_postgresql_clients_are_told(tmp_path):
    async def answer() -> bytes:
        server = RedshiftServer(socket_directory=tmp_path, port=0, copy_settings=None, plan=None, copy=None)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(LOG_IN)
        heard = await reader.read()
        writer.close()
        await server.stop()
        return heard

    assert b"SFATAL\0C57P03\0Mthe database system is not available\0" in asyncio.run(answer())


def test_stopping_ends_who_is_still_there(tmp_path):
    async def answer() -> bytes:
        server = RedshiftServer(socket_directory=tmp_path, port=0, copy_settings=None, plan=None, copy=None)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(SSL_REQUEST)
        assert await reader.readexactly(1) == b"N"
        await server.stop()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)
        heard = await reader.read()
        writer.close()
        return heard

    assert b"SFATAL\0C57P01\0Mterminating connection due to administrator command\0" in asyncio.run(answer())
