"""A session, spoken to in raw messages: the endpoint is real, and so is PostgreSQL behind it.

What the client's SQL becomes and what a COPY from S3 does is told by the test, so that each can be seen at its edges.
"""

import asyncio
import contextlib
import queue
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from sandbox.processes import Children
from sandbox.redshift import engine, messages
from sandbox.redshift.copy import CopyFailed, CopyOutcome
from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.server import RedshiftServer
from sandbox.redshift.session import Session
from sandbox.redshift.statement import Statement
from tests.sandbox.redshift.wire import SECONDS, Client, error, kinds, query, tags

# --- the endpoint ---


# How a test says what belongs to a statement: "before: SQL | statement | after: SQL"
def plan(sql: str) -> list[Statement]:
    return [planned(part.strip()) for part in sql.split(";") if part.strip()]


def planned(sql: str) -> Statement:
    if sql.startswith("refuse"):
        raise RedshiftError("0A000", "no", "a detail", "a hint")
    if "s3://" in sql:
        return Statement("", copy=sql)
    parts = [part.strip() for part in sql.split("|")]
    return Statement(
        next(part for part in parts if not part.startswith(("before:", "after:", "tag:"))),
        before=tuple(part[7:] for part in parts if part.startswith("before:")),
        after=tuple(part[6:] for part in parts if part.startswith("after:")),
        tag=next((part[4:].strip() for part in parts if part.startswith("tag:")), None),
    )


started = threading.Event()


async def copy(text: str, host, settings) -> CopyOutcome:
    """COPY table FROM 's3://WHAT': three rows, whatever else WHAT says."""
    table, what = text.split()[1], text.split("'")[1]

    async def chunks():
        yield b"1\n2\n"
        started.set()
        if "slow" in what:
            await asyncio.sleep(60)
        if "halting" in what:
            await asyncio.sleep(0.5)
        if "broken" in what:
            raise CopyFailed(8, "Load into table 't' failed.")
        yield b"x\n" if "wrong" in what else b"3\n"
        while "endless" in what:
            yield b"4\n" * 1000

    if "slow fetch" in what:
        started.set()
        await host.fetch("SELECT pg_sleep(60)")
    if "slow start" in what:
        started.set()
        await host.copy_in("COPY (SELECT pg_sleep(60)) TO STDOUT", chunks())
    assert [(str(host.pid), settings, None)] == await host.fetch("SELECT pg_backend_pid(), 'settings', NULL")
    rows = await host.copy_in(f"COPY {table} FROM STDIN", chunks())
    host.notice("INFO", f"{rows} record(s)")
    return CopyOutcome(query_id=7, rows=rows)


@contextlib.asynccontextmanager
async def endpoint(state: Path) -> AsyncIterator[RedshiftServer]:
    """A PostgreSQL and an endpoint of our own."""
    children = Children(state / "log", mark="none")
    await children.open()
    database = engine.Engine(state, children)
    try:
        await database.start()
        server = RedshiftServer(
            socket_directory=database.socket_directory, port=0, copy_settings="settings", plan=plan, copy=copy
        )
        await server.start()
        yield server
        await server.stop()
    finally:
        await database.stop()
        await children.close()
        engine.discard(state / "postgresql")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The endpoint's port; it lives in a thread, beside the clients."""
    found: queue.Queue[int] = queue.Queue()
    stop: asyncio.Event
    loop: asyncio.AbstractEventLoop

    async def serve() -> None:
        nonlocal stop, loop
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        async with endpoint(tmp_path_factory.mktemp("state")) as server:
            found.put(server.port)
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    yield found.get(timeout=30)
    loop.call_soon_threadsafe(stop.set)
    thread.join()


@pytest.fixture
def connect(port: int) -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def connect(**parameters: str) -> Client:
        clients.append(Client(port, **parameters))
        return clients[-1]

    yield connect
    for client in clients:
        client.socket.close()


@pytest.fixture
def client(connect) -> Client:
    """A client with an empty table t (a INT) of its own."""
    client = connect()
    assert client.ask_kinds(query("CREATE TEMP TABLE t (a int)")) == "C ZI"
    return client


# --- simple queries ---


def test_a_query_is_answered_to_the_last_byte(client):
    heard = client.ask(query("SELECT 1 AS a, NULL"))
    assert [
        b"T\0\0\0\x35\0\x02a\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0"
        b"?column?\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0",
        b"D\0\0\0\x0f\0\x02\0\0\0\x011\xff\xff\xff\xff",
        b"C\0\0\0\x0dSELECT 1\0",
        b"Z\0\0\0\x05I",
    ] == [message.raw for message in heard]


def test_the_statements_of_a_query_are_one_transaction(client):
    assert "C T D C E ZI" == client.ask_kinds(query("INSERT INTO t VALUES (1); TABLE t; SELECT 1/0; SELECT 2"))
    assert [] == client.rows("TABLE t")
    assert "C C C ZT" == client.ask_kinds(query("INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2)"))
    assert "C ZI" == client.ask_kinds(query("ROLLBACK"))
    assert [] == client.rows("TABLE t")


def test_a_query_of_nothing_is_an_empty_query(client):
    assert "I ZI" == client.ask_kinds(query(" ;; "))


def test_a_query_does_not_keep_the_tables_it_read(client):
    assert "T C C ZI" == client.ask_kinds(query("TABLE t; DROP TABLE t"))


# --- extended protocol ---


def extended(sql: str, *parameters: str, name: str = "", portal: str = "", limit: int = 0) -> bytes:
    return (
        messages.parse(name, sql)
        + messages.bind(portal, name, parameters)
        + messages.describe("P", portal)
        + messages.message("E", portal.encode() + b"\0" + struct.pack(">i", limit))
    )


def test_extended_messages_are_answered_one_by_one(client):
    assert "1 2 T D C ZI" == client.ask_kinds(extended("SELECT $1", "x"), messages.SYNC)
    assert "1 t T ZI" == client.ask_kinds(
        messages.parse("s", "SELECT $1::int"), messages.describe("S", "s"), messages.SYNC
    )
    assert "1 2 n I ZI" == client.ask_kinds(extended(""), messages.SYNC)


def test_flush_brings_answers_without_a_sync(client):
    client.say(extended("SELECT 1"), messages.FLUSH)
    assert "1 2 T D C" == kinds(client.hear("C"))


def test_an_error_drops_the_rest_of_the_pipeline_and_not_the_next(client):
    insert = extended("INSERT INTO t VALUES (1)")
    heard = client.ask(insert, extended("SELECT 1/0"), insert, messages.SYNC)
    assert "1 2 n C 1 E ZI" == kinds(heard)  # PostgreSQL folds 1/0 when it binds
    assert {"S": "ERROR", "V": "ERROR", "C": "22012", "M": "division by zero"} == error(heard)
    assert "1 2 n C ZI" == client.ask_kinds(insert, messages.SYNC)
    assert [("1",)] == client.rows("TABLE t")


def test_one_prepared_statement_is_one_statement(client):
    heard = client.ask(messages.parse("", "SELECT 1; SELECT 2"), messages.SYNC)
    assert "E ZI" == kinds(heard)
    assert ("42601", "cannot insert multiple commands into a prepared statement") == (
        error(heard)["C"],
        error(heard)["M"],
    )


def test_rows_come_in_portions(client):
    execute = messages.message("E", b"\0\0\0\0\x02")
    heard = client.ask(extended("VALUES (1), (2), (3) | tag: THREE", limit=2), execute, messages.SYNC)
    assert "1 2 T D s D C ZI" == kinds(heard)
    assert ["THREE"] == tags(heard)


def test_closing_what_does_not_exist_is_answered(client):
    assert "3 3 ZI" == client.ask_kinds(messages.close("S", "nix"), messages.close("P", "nix"), messages.SYNC)


def test_requests_in_one_go_are_answered_in_order(client):
    words = extended("SELECT $1", "x", name="s") + messages.SYNC
    again = messages.bind("", "s", "y") + messages.execute() + messages.SYNC
    client.say(words, again * 2, query("SELECT 1/0"), again)
    heard = [kinds(client.hear()) for _ in range(5)]
    assert ["1 2 T D C ZI", "2 D C ZI", "2 D C ZI", "E ZI", "2 D C ZI"] == heard


def test_what_follows_an_error_has_changed_no_name(client):
    client.ask(messages.parse("s", "SELECT 6 | tag: SIX"), messages.SYNC)
    heard = client.ask(
        extended("SELECT 1/0"), messages.close("S", "s"), messages.parse("s", "SELECT 7 | tag: SEVEN"), messages.SYNC
    )
    assert "1 E ZI" == kinds(heard)
    heard = client.ask(messages.bind("", "s"), messages.execute(), messages.SYNC)
    assert (["SIX"], "2 D C ZI") == (tags(heard), kinds(heard))


@pytest.mark.parametrize(
    ("sql", "parameter", "shown"),
    [
        ("SELECT 1/$1::int", "0", "E ZI"),
        ("SELECT repeat('x', $1::int)", "1000000", "2 D C ZI"),
        ("SELECT set_config('application_name', concat($1::text, clock_timestamp()), false)", "me", "2 D C S ZI"),
    ],
)
def test_whatever_the_short_way_meets_is_shown_as_ever(client, sql, parameter, shown):
    """A prepared statement that PostgreSQL answers with more than rows, or in more than one piece."""
    client.ask(messages.parse("s", sql), messages.SYNC)
    words = messages.bind("", "s", [parameter]) + messages.execute() + messages.SYNC
    for _ in range(2):
        assert shown == client.ask_kinds(words)
    client.say(words, words)
    assert [shown, shown] == [kinds(client.hear()), kinds(client.hear())]
    assert "T D C ZI" == client.ask_kinds(query("SELECT 1"))


def test_a_function_call_is_refused(client):
    heard = client.ask(messages.message("F", b"\0\0\0\x01\0\0\0\0\0\0"))
    assert "E ZI" == kinds(heard)
    assert ("0A000", "the sandbox does not support the protocol's FunctionCall message") == (
        error(heard)["C"],
        error(heard)["M"],
    )


# --- what belongs to a statement ---


@pytest.mark.parametrize("ask", [query, lambda sql: extended(sql) + messages.SYNC])
def test_hidden_sql_runs_around_a_statement_unseen(client, ask):
    insert = "INSERT INTO t VALUES"
    heard = client.ask(ask(f"before: {insert} (1) | {insert} (2) | after: {insert} (3), (4) | tag: SHOWN"))
    assert ["SHOWN"] == tags(heard)
    assert [("1",), ("2",), ("3",), ("4",)] == client.rows("TABLE t")


@pytest.mark.parametrize("hidden", ["before: SELECT 1/0 | SELECT 1", "SELECT 1 | after: SELECT 1/0"])
def test_an_error_of_hidden_sql_is_the_statements(client, hidden):
    heard = client.ask(query(f"INSERT INTO t VALUES (1); {hidden}"))
    assert "division by zero" == error(heard)["M"]
    assert ["INSERT 0 1"] == tags(heard)
    assert [] == client.rows("TABLE t")


def test_hidden_sql_leaves_the_clients_statements_alone(client):
    prepare = messages.parse("", "SELECT 5") + messages.parse("other", "SELECT 6 | after: SELECT 7")
    assert "1 1 2 D C ZI" == client.ask_kinds(
        prepare, messages.bind("p", "other"), messages.execute("p"), messages.SYNC
    )
    assert "2 D C ZI" == client.ask_kinds(messages.bind(), messages.execute(), messages.SYNC)


def test_a_hidden_commit_ends_the_block(client):
    client.ask(query("BEGIN"))
    heard = client.ask(query("TRUNCATE t | tag: TRUNCATE | after: COMMIT"))
    assert "C ZI" == kinds(heard)


def test_a_refusal_fails_the_transaction(client):
    assert "C ZT" == client.ask_kinds(query("BEGIN"))
    heard = client.ask(query("refuse this"))
    assert "E ZE" == kinds(heard)
    assert {"S": "ERROR", "V": "ERROR", "C": "0A000", "M": "no", "D": "a detail", "H": "a hint"} == error(heard)
    heard = client.ask(extended("SELECT 1"), messages.SYNC)
    assert ("E ZE", "25P02") == (kinds(heard), error(heard)["C"])
    assert "C ZI" == client.ask_kinds(query("ROLLBACK"))


def test_a_refused_statement_drops_the_rest_of_the_pipeline(client):
    assert "1 2 n C E ZI" == client.ask_kinds(
        extended("INSERT INTO t VALUES (1)"), extended("refuse"), extended("SELECT 1"), messages.SYNC
    )
    assert [] == client.rows("TABLE t")


# --- COPY from S3 ---

LAST_COPY = (
    "SELECT current_setting('pg_redshift.last_copy_count', true), current_setting('pg_redshift.last_copy_id', true)"
)


@pytest.mark.parametrize(
    ("words", "shown"), [(query, "N C ZI"), (lambda sql: extended(sql) + messages.SYNC, "1 2 n N C ZI")]
)
def test_a_copy_is_carried_out_in_the_session(client, words, shown):
    heard = client.ask(words("COPY t FROM 's3://b/k'"))
    assert shown == kinds(heard)
    assert ["COPY"] == tags(heard)
    (notice,) = (messages.response_fields(message.raw) for message in heard if message.kind == "N")
    assert {"S": "INFO", "C": "00000", "M": "3 record(s)"} == notice
    assert [("1",), ("2",), ("3",)] == client.rows("TABLE t")
    assert [("3", "7")] == client.rows(LAST_COPY)


def test_a_copy_goes_with_its_transaction_but_is_remembered(client):
    client.ask(query("BEGIN; COPY t FROM 's3://b/k'"))
    assert [("3", "7")] == client.rows(LAST_COPY)
    client.ask(query("ROLLBACK"))
    assert [] == client.rows("TABLE t")
    assert [("3", "7")] == client.rows(LAST_COPY)


@pytest.mark.parametrize(
    ("what", "sqlstate", "message"),
    [
        ("broken", "XX000", "Load into table 't' failed."),
        ("wrong endless", "22P02", 'invalid input syntax for type integer: "x"'),
    ],
)
def test_a_failing_copy_fails_the_transaction(client, what, sqlstate, message):
    heard = client.ask(query(f"BEGIN; INSERT INTO t VALUES (9); COPY t FROM 's3://{what}'"))
    assert "C C E ZE" == kinds(heard)
    assert (sqlstate, message) == (error(heard)["C"], error(heard)["M"])
    client.ask(query("ROLLBACK"))
    assert [] == client.rows("TABLE t")


def test_the_id_of_a_failed_copy_is_remembered(client):
    client.ask(query("COPY t FROM 's3://broken'"))
    assert [("0", "8")] == client.rows(LAST_COPY)


def test_no_copy_runs_in_a_failed_transaction(client):
    client.ask(query("BEGIN"))
    client.ask(query("SELECT 1/0"))
    started.clear()
    heard = client.ask(query("COPY t FROM 's3://b/k'"))
    assert ("E ZE", "25P02") == (kinds(heard), error(heard)["C"])
    assert not started.is_set()


@pytest.mark.parametrize("what", ["slow", "slow fetch", "slow start"])
def test_a_cancel_request_ends_a_copy(client, port, what):
    started.clear()
    client.say(query(f"COPY t FROM 's3://{what}'"))
    assert started.wait(SECONDS)
    with socket.create_connection(("127.0.0.1", port)) as other:
        other.sendall(messages.cancel_request(client.key))
        assert other.recv(1) == b""
    heard = client.hear()
    assert "E ZI" == kinds(heard)
    assert ("57014", f"Query ({client.pid}) canceled on user's request") == (error(heard)["C"], error(heard)["M"])
    assert [] == client.rows("TABLE t")


def test_a_cancel_request_that_came_too_late_is_forgotten(client, port, monkeypatch):
    """What ends the next COPY is then the end of its session, not a cancel request."""
    seen = []

    async def remembering(session, text):
        session._cancelled = True  # as if the COPY before had ended just then
        await copying(session, text)
        seen.append(session._cancelled)

    copying = Session._copy
    monkeypatch.setattr(Session, "_copy", remembering)
    assert ["COPY"] == tags(client.ask(query("COPY t FROM 's3://b/k'")))
    assert [False] == seen


def test_a_cancel_request_needs_the_secret(client, port):
    started.clear()
    client.say(query("COPY t FROM 's3://halting'"))
    assert started.wait(SECONDS)
    with socket.create_connection(("127.0.0.1", port)) as other:
        other.sendall(messages.cancel_request(client.key[:4] + b"\0\0\0\0"))
        assert other.recv(1) == b""
    assert "N C ZI" == kinds(client.hear())


# --- the client's own COPY ---


def test_copy_data_pass_in_both_directions(client):
    client.say(query("COPY t FROM STDIN; COPY t TO STDOUT"))
    assert "G" == kinds(client.hear("G"))
    heard = client.ask(messages.copy_data(b"1\n2\n"), messages.copy_data(b"3\n"), messages.COPY_DONE)
    assert "C H d c C ZI" == kinds(heard)
    assert ["COPY 3", "COPY 3"] == tags(heard)


def test_in_the_midst_of_copy_data_a_sync_means_nothing(client):
    client.say(messages.parse("", "COPY t FROM STDIN"), messages.bind(), messages.execute(), messages.SYNC)
    assert "1 2 G" == kinds(client.hear("G"))
    assert "C ZI" == client.ask_kinds(messages.copy_data(b"1\n"), messages.COPY_DONE, messages.SYNC)


def test_an_error_in_copy_data_comes_at_once_and_the_rest_is_dropped(client):
    client.say(query("COPY t FROM STDIN"))
    client.hear("G")
    heard = client.ask(messages.copy_data(b"x\n"), messages.FLUSH, messages.copy_data(b"1\n" * 40_000))
    assert "E ZI" == kinds(heard)
    assert "T C ZI" == client.ask_kinds(messages.copy_data(b"2\n"), messages.COPY_DONE, query("TABLE t"))


def test_a_client_can_give_up_its_copy(client):
    client.say(query("COPY t FROM STDIN"))
    client.hear("G")
    heard = client.ask(messages.copy_data(b"1\n"), messages.copy_fail("enough"))
    assert "COPY from stdin failed: enough" == error(heard)["M"]
    assert [] == client.rows("TABLE t")


# --- errors as Redshift has them ---


def test_a_conflict_of_transactions_is_error_1023(client, connect):
    other = connect()
    client.ask(
        query("CREATE TABLE IF NOT EXISTS conflict (a int); DELETE FROM conflict; INSERT INTO conflict VALUES (1)")
    )
    client.ask(query("BEGIN; TABLE conflict"))
    other.ask(query("UPDATE conflict SET a = 2"))
    heard = client.ask(query("UPDATE conflict SET a = 3"))
    client.ask(query("ROLLBACK; DROP TABLE conflict"))
    assert {
        "S": "ERROR",
        "V": "ERROR",
        "C": "XX000",
        "M": "1023",
        "D": "Serializable isolation violation on table - unknown, transactions forming the cycle are: "
        f"unknown, unknown (pid:{client.pid})",
    } == error(heard)


def test_a_timeout_is_a_cancelled_query(client):
    client.ask(query("SET statement_timeout = 50"))
    assert f"Query ({client.pid}) canceled on user's request" == error(client.ask(query("SELECT pg_sleep(60)")))["M"]


def test_an_error_tells_nothing_of_the_rewritten_text(client):
    assert {"S", "V", "C", "M"} == set(error(client.ask(query("SELECT nix FROM t"))))
    in_function = error(client.ask(query("SELECT pg_redshift.fail('22000', 'no')")))
    assert {"S", "V", "C", "M"} == set(in_function)


def test_a_prepared_statement_gone_stale_is_no_refusal(client):
    client.ask(query("CREATE TEMP TABLE stale (a INT)"))
    assert "1 2 T C ZI" == client.ask_kinds(extended("TABLE stale", name="s"), messages.SYNC)
    client.ask(query("ALTER TABLE stale ADD COLUMN b INT"))
    heard = client.ask(messages.bind("", "s") + messages.execute() + messages.SYNC)
    assert ("XX000", "cached plan must not change result type") == (error(heard)["C"], error(heard)["M"])


# --- ends ---


def gone(connect, pid: int) -> bool:
    """Whether a session of PostgreSQL ends soon."""
    watcher = connect()
    until = time.monotonic() + SECONDS
    while watcher.rows(f"SELECT 1 FROM pg_stat_activity WHERE pid = {pid}"):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize(
    "words",
    [
        messages.TERMINATE,
        b"",
        query("SELECT pg_sleep(60)"),
        query("COPY t FROM STDIN"),
        query("COPY t FROM STDIN") + messages.copy_data(b"1\n"),
        query("COPY t FROM 's3://slow'"),
        query("COPY t FROM 's3://slow fetch'"),
        query("SELECT 1")[:7],
        query("BEGIN; SELECT * FROM generate_series(1, 10000000)"),
    ],
)
def test_a_client_that_goes_leaves_no_session(client, connect, words):
    client.say(words)
    time.sleep(0.2)
    client.socket.close()
    assert gone(connect, client.pid)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (b"Y\0\0\0\x04", "invalid frontend message type 89"),
        (b"Q\x7f\0\0\0", "invalid message length 2130706432 of message type Q"),
        (messages.message("Q", b"SELECT 1"), "invalid string in message"),
        (messages.message("p", b"x"), 'unexpected message "p" while between commands'),
        (
            query("COPY t FROM STDIN") + query("SELECT 1"),
            'unexpected message "Q" while the client sends the data of a COPY in a Query',
        ),
    ],
)
def test_garbage_ends_the_session_with_a_reason(client, connect, words, message):
    client.say(words)
    heard = client.hear("E")
    assert ("FATAL", "08P01", message) == (error(heard)["S"], error(heard)["C"], error(heard)["M"])
    assert client.ends()
    assert gone(connect, client.pid)


def test_a_session_that_postgresql_ends_is_ended_with_its_words(client, connect):
    client.say(query("SELECT pg_sleep(60)"))
    time.sleep(0.2)
    connect().rows(f"SELECT pg_terminate_backend({client.pid})")
    heard = client.hear("E")
    assert ("FATAL", "57P01") == (error(heard)["S"], error(heard)["C"])
    assert client.ends()
