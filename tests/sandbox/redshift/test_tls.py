"""TLS as clients ask for it: with the sandbox's own authority, or none."""

import contextlib
import os
import shutil
import socket
import ssl
import struct
import subprocess

import psycopg
import psycopg2
import pytest
import redshift_connector

from sandbox.redshift import messages, tls
from tests.sandbox.redshift.wire import SECONDS

AUTHORITY = os.environ.get("SANDBOX_TLS_AUTHORITY", "")
SSL_REQUEST = struct.pack(">ii", 8, 80877103)


def stranger(*words: bytes) -> socket.socket:
    """A connection that has said this."""
    connection = socket.create_connection(("127.0.0.1", int(os.environ["PGPORT"])), timeout=SECONDS)
    connection.sendall(b"".join(words))
    return connection


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_libpq_has_tls_where_it_asks_for_it(mode):
    with psycopg.connect("", sslmode=mode, sslrootcert=AUTHORITY) as connection:
        assert connection.pgconn.ssl_in_use
        assert (1,) == connection.execute("SELECT 1").fetchone()
    with contextlib.closing(psycopg2.connect(f"sslmode={mode} sslrootcert={AUTHORITY}")) as connection:
        assert connection.info.ssl_in_use


def test_plain_connections_stay_possible():
    for changes in ({}, {"sslmode": "disable"}):
        with psycopg.connect("", **changes) as connection:
            assert not connection.pgconn.ssl_in_use


@pytest.mark.skipif(shutil.which("psql") is None, reason="needs psql")
def test_psql_has_tls():
    words = f"sslmode=verify-full sslrootcert={AUTHORITY}"
    asked = subprocess.run(["psql", words, "-c", r"\conninfo"], capture_output=True, text=True)
    assert "TLSv1.3" in asked.stdout, asked.stderr


@pytest.mark.filterwarnings("ignore:ssl:DeprecationWarning")  # the driver's own
@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_amazons_driver_has_tls_by_ssl_cert_file(monkeypatch, mode):
    settings = {
        "host": os.environ["PGHOST"],
        "port": int(os.environ["PGPORT"]),
        "user": os.environ["PGUSER"],
        "password": os.environ["PGPASSWORD"],
        "database": os.environ["PGDATABASE"],
        "sslmode": mode,
    }
    with pytest.raises(redshift_connector.InterfaceError, match="certificate verify failed"):
        redshift_connector.connect(**settings)
    monkeypatch.setenv("SSL_CERT_FILE", AUTHORITY)
    with contextlib.closing(redshift_connector.connect(**settings)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        assert ([1],) == cursor.fetchall()


def test_another_authority_is_not_believed(tmp_path):
    tls.context(tmp_path / "tls")
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect("", sslmode="verify-ca", sslrootcert=str(tmp_path / "tls" / tls.AUTHORITY))


def test_much_passes_both_ways():
    text = "0123456789" * 100
    with psycopg.connect("", sslmode="require") as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TEMP TABLE much (a VARCHAR(1000))")
        with cursor.copy("COPY much FROM STDIN") as copy:
            for _ in range(3000):
                copy.write(f"{text}\n")
        assert [(text,)] * 3000 == cursor.execute("SELECT a FROM much").fetchall()


def test_what_was_slipped_in_before_tls_is_refused():
    """Else somebody on the way could put words before the client's own: CVE-2021-23214."""
    start = messages.StartUp("StartupMessage", parameters={"user": "awsuser", "database": "dev"})
    with stranger(SSL_REQUEST, messages.start_up_message(start)) as client:
        assert b"SFATAL\0C08P01\0Mreceived unencrypted data after SSL request\0" in client.recv(1000)
        assert b"" == client.recv(1)


def test_who_then_speaks_no_tls_is_cut_off():
    with stranger(SSL_REQUEST) as client:
        assert b"S" == client.recv(10)
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            while client.recv(1000):
                pass
    with psycopg.connect("") as connection:
        assert (1,) == connection.execute("SELECT 1").fetchone()


def test_the_certificate_is_made_once_and_its_key_is_nobody_elses(tmp_path):
    folder = tmp_path / "tls"
    tls.context(folder)
    made = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert isinstance(tls.context(folder), ssl.SSLContext)
    assert made == {file.name: file.read_bytes() for file in folder.iterdir()}
    assert 0o600 == (folder / "server.key").stat().st_mode & 0o777
