"""Clients that want TLS by default, as on Redshift: all they need is the sandbox's authority."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import ssl
from pathlib import Path

import asyncpg
import awswrangler as wr
import boto3
import pytest
import sqlalchemy as sa
from dbt.cli.main import dbtRunner

pytestmark = pytest.mark.filterwarnings("ignore")  # of the drivers' own parts


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> str:
    """The authority's file. Clients that ask the system for authorities believe it; no variable asks for no TLS."""
    file = os.environ["SANDBOX_TLS_AUTHORITY"]
    monkeypatch.setenv("SSL_CERT_FILE", file)
    monkeypatch.delenv("PGSSLMODE", raising=False)
    return file


def url(dialect: str) -> sa.URL:
    where = os.environ["PGHOST"], int(os.environ["PGPORT"]), os.environ["PGDATABASE"]
    return sa.URL.create(dialect, os.environ["PGUSER"], os.environ["PGPASSWORD"], *where)


def test_asyncpg(authority):
    async def work() -> int:
        connection = await asyncpg.connect(ssl=ssl.create_default_context())
        try:
            assert connection._transport.get_extra_info("cipher")
            return await connection.fetchval("SELECT $1::INTEGER + 1", 1)
        finally:
            await connection.close()

    assert 2 == asyncio.run(work())


def test_sqlalchemy_redshift_on_psycopg2(authority):
    """It verifies in full, by Amazon's authorities if it is given none."""
    engine = sa.create_engine(url("redshift+psycopg2"))
    with pytest.raises(sa.exc.OperationalError, match="certificate verify failed"):
        engine.connect()
    engine = sa.create_engine(url("redshift+psycopg2"), connect_args={"sslrootcert": authority})
    with engine.connect() as connection:
        assert connection.connection.driver_connection.info.ssl_in_use
        assert 2 == connection.scalar(sa.text("SELECT 1 + 1"))


def test_sqlalchemy_redshift_on_redshift_connector(authority):
    engine = sa.create_engine(url("redshift+redshift_connector"))
    with engine.connect() as connection:
        assert connection.connection.driver_connection._usock.cipher()
        assert 2 == connection.scalar(sa.text("SELECT 1 + 1"))


def test_awswrangler(authority):
    login = {"engine": "redshift", "host": os.environ["PGHOST"], "port": int(os.environ["PGPORT"])}
    login |= {"username": os.environ["PGUSER"], "password": os.environ["PGPASSWORD"]}
    login["dbname"] = os.environ["PGDATABASE"]
    boto3.client("secretsmanager").create_secret(Name="tls", SecretString=json.dumps(login))
    with contextlib.closing(wr.redshift.connect(secret_id="tls")) as connection:
        assert connection._usock.cipher()
        assert [2] == wr.redshift.read_sql_query("SELECT 1 + 1 AS two", con=connection)["two"].tolist()


@pytest.mark.parametrize("mode", ["", "sslmode: verify-full"], ids=["by itself", "in full"])
def test_dbt(authority, tmp_path, monkeypatch, mode):
    project = Path(__file__).parent / "dbt_project"
    profile = (project / "profiles.yml").read_text(encoding="utf-8").replace("sslmode: disable", mode)
    (tmp_path / "profiles.yml").write_text(profile, encoding="utf-8")
    where = ["--project-dir", str(project), "--profiles-dir", str(tmp_path), "--log-path", str(tmp_path)]
    for is_believed in (True, False):
        done = dbtRunner().invoke(["debug", *where, "--log-level", "none"])
        assert is_believed == done.success, done.exception
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
