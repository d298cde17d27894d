"""Whatever bytes come over the wire, the server answers by the protocol, goes on, and leaves other sessions alone."""

import os
import select
import socket
import struct
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings
from hypothesis import strategies as st

from sandbox.redshift import messages
from sandbox.redshift.protocol import Framer
from tests.sandbox.redshift.wire import SECONDS, Client, kinds, query

# The same every time. 40 of each kind take 3 s; after a change to the protocol, attack by more of them: ATTACKS=5000.
NUMBER = int(os.environ.get("ATTACKS", "40"))
SETTINGS = settings(
    max_examples=NUMBER,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],  # making an example smaller would wait for a timeout each time
)
SESSIONS = "SELECT pid FROM pg_stat_activity WHERE usename = 'awsuser'"
PORT = int(os.environ.get("PGPORT", "0"))

# --- what is sent ---

INT32 = st.one_of(st.integers(0, 12_000), st.integers(-(2**31), 2**31 - 1)).map(struct.Struct(">i").pack)
PARAMETERS = (
    b"user",
    b"awsuser",
    b"database",
    b"dev",
    b"options",
    b"-c x=y",
    b"client_encoding",
    b"UTF8",
    b"replication",
)
START_UPS = st.builds(
    lambda code, words, end, lie: (
        struct.pack(">ii", len(body := b"".join(word + b"\0" for word in words) + end) + 8 + lie, code) + body
    ),
    st.sampled_from((196608, 196610, 80877102, 80877103, 80877104, 131072)),
    st.lists(st.sampled_from(PARAMETERS) | st.binary(max_size=9), max_size=6),
    st.sampled_from([b"\0", b"", b"\0\0"]),
    st.sampled_from([0, 0, 0, 1, -1, 5000]),
)

# Words that open, close and join statements, in any order; none harms what another session has.
SQL_WORDS = (
    *("SELECT", "FROM", "WHERE", "CREATE", "TABLE", "TEMP", "ALTER", "ADD", "COPY", "UNLOAD", "INSERT", "INTO", "AS"),
    *("VALUES", "SET", "WITH", "CASE", "END", "BEGIN", "DECLARE", "FETCH", "CURSOR", "FOR", "PREPARE", "EXECUTE", "IN"),
    *("SHOW", "VIEW", "INT", "VARCHAR(3)", "IAM_ROLE", "DEFAULT", "STDIN", "'s3://no-such/x'", "'$1'", "nix", "t", "("),
    *(")", ",", ";", ".", "::", "$1", "*", "1", "-", "'", '"', "/*", "*/", "--", "\n", "\\", "é", "NULL", "=", "||"),
)
SQL = st.one_of(
    st.sampled_from(["SELECT 1", "BEGIN", "COPY t FROM STDIN", "COPY t TO STDOUT", "SELECT $1::int", "SELECT 1/0", ""]),
    st.lists(st.sampled_from(SQL_WORDS), max_size=12).map(" ".join),
    st.text(max_size=20),
).map(lambda sql: sql.encode(errors="replace"))
NAMES = st.sampled_from([b"", b"s", b"sandbox hidden", b"\xff"])
BODIES = st.one_of(
    st.binary(max_size=30),
    SQL.map(lambda sql: sql + b"\0"),
    st.builds(lambda name, sql, types: name + b"\0" + sql + b"\0" + types, NAMES, SQL, st.just(b"\0\0") | st.binary()),
    st.builds(lambda portal, name, rest: portal + b"\0" + name + b"\0" + rest, NAMES, NAMES, st.just(bytes(6))),
    st.builds(lambda kind, name, rest: kind + name + b"\0" + rest, st.sampled_from([b"S", b"P"]), NAMES, st.binary()),
    st.builds(lambda name, limit: name + b"\0" + limit, NAMES, INT32),
)
KINDS = st.sampled_from("QPBDECHSFdcf")
MESSAGES = st.builds(messages.message, KINDS, BODIES)
LIARS = st.builds(lambda message, length: message[:1] + length + message[5:], MESSAGES, INT32)
STREAMS = st.lists(st.one_of(MESSAGES, MESSAGES, MESSAGES, LIARS, st.binary(max_size=20)), max_size=8).map(b"".join)


# --- what must hold ---


def heard(connection: socket.socket) -> bytes:
    """All that the server says up to its closing; a server that hangs is a timeout."""
    said = b""
    try:
        while data := connection.recv(65536):
            said += data
    except ConnectionResetError:
        pass  # it has closed with words of ours unread
    return said


def judge(said: bytes) -> None:
    """These are whole messages, and each error is one of the protocol's, none of a failure in the sandbox."""
    framer = Framer()
    framer.receive(said)
    rest = len(said)
    while message := framer.next():
        rest -= len(message.raw)
        assert message.kind in "RSKZTDCIEN123sntGHdcA"
        if message.kind == "E":
            fields = messages.response_fields(message.raw)
            assert {"S", "C", "M"} <= fields.keys()
            assert 5 == len(fields["C"])
            assert "internal error of the sandbox" not in fields["M"]
    assert 0 == rest


class Witness(Client):
    """Another session, which is to keep what it has."""

    def __init__(self) -> None:
        super().__init__(PORT)
        self.ask(query("CREATE TEMP TABLE kept (a INT); INSERT INTO kept VALUES (7); SET query_group TO mine; BEGIN"))
        self.others = self.rows(SESSIONS)  # of tests before this one

    def testify(self) -> None:
        """It answers and has what it had, and no session of PostgreSQL is left over."""
        assert [("7",), ("mine",)] == self.rows("SELECT a FROM kept; SHOW query_group")
        until = time.monotonic() + SECONDS
        while left := set(self.rows(SESSIONS)).difference(self.others):
            assert time.monotonic() < until, f"left over: {left}"
            time.sleep(0.01)


@pytest.fixture(scope="module")
def witness() -> Iterator[Witness]:
    client = Witness()
    yield client
    client.socket.close()


@seed(1)
@SETTINGS
@given(words=st.one_of(st.binary(max_size=60), st.lists(START_UPS, max_size=3).map(b"".join), INT32))
def test_any_bytes_before_authentication(witness, words):
    with socket.create_connection(("127.0.0.1", PORT), timeout=SECONDS) as stranger:
        stranger.sendall(words)
        stranger.shutdown(socket.SHUT_WR)
        said = heard(stranger).lstrip(b"N")  # GSSENCRequest is answered by a letter, as is SSLRequest; then comes TLS
        if not said.startswith(b"S"):
            judge(said)
    witness.testify()


@seed(2)
@SETTINGS
@given(words=STREAMS)
def test_any_bytes_in_place_of_a_password(witness, words):
    with socket.create_connection(("127.0.0.1", PORT), timeout=SECONDS) as stranger:
        start = messages.StartUp("StartupMessage", parameters={"user": "awsuser", "database": "dev"})
        stranger.sendall(messages.start_up_message(start) + words)
        stranger.shutdown(socket.SHUT_WR)
        judge(heard(stranger))
    witness.testify()


@seed(3)
@SETTINGS
@given(words=STREAMS, cut=st.integers(0, 40))
def test_any_bytes_of_a_client_that_goes(witness, words, cut):
    client = Client(PORT)
    with client.socket:
        client.say(words[: len(words) - cut])
        client.socket.shutdown(socket.SHUT_WR)
        judge(heard(client.socket))
    witness.testify()


@seed(4)
@SETTINGS
@given(words=st.lists(MESSAGES, max_size=8).map(b"".join))
@example(words=query("SELECT " + "(" * 10_000))
@example(words=query("SELECT 1" + "+ 1" * 2000))
@example(words=messages.message("Q", b'CREATE TABLE "\xff" (a INT)\0'))
def test_any_messages_of_a_client_that_stays(witness, words):
    """It can go on after them, or is told why not."""
    client = Client(PORT)
    with client.socket:
        client.say(words, messages.copy_fail("enough"), messages.SYNC, query("ROLLBACK"), query("SELECT 42"))
        client.say(messages.TERMINATE)
        said = heard(client.socket)
        judge(said)
        assert b"\x00\x00\x00\x0242" in said or b"SFATAL\0C08P01\0" in said
    witness.testify()


def test_a_long_text_keeps_nobody_waiting(witness):
    client = Client(PORT)
    with client.socket:
        client.say(query(f"SELECT {'1, ' * 20_000} pg_terminate_backend(1)"))
        for _ in range(5):
            witness.ask(query("SELECT 1"))
        assert ([], [], []) == select.select([client.socket], [], [], 0)  # reading it takes a second
        assert "E ZI" == kinds(client.hear())  # refused by the sandbox itself
