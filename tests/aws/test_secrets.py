"""No log, XCom, rendered template, param or connection string contains a password or key."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import sqlite3
from pathlib import Path

import pytest

from tests.aws import test_whole_life
from tests.aws.conftest import CIDR, AccountInspector

run = test_whole_life.run  # a fixture


def database() -> sqlite3.Connection:
    """Return a connection to Airflow's metadata database."""
    return sqlite3.connect(Path(os.environ["AIRFLOW_HOME"]) / "airflow.db")


def dags_with(table: str, since: datetime.datetime) -> set[str]:
    """Return the ids of the DAGs whose runs since a time left rows in a table."""
    with contextlib.closing(database()) as connection:
        rows = connection.execute(
            f"SELECT DISTINCT dag_id FROM {table} JOIN dag_run USING (dag_id, run_id) WHERE dag_run.start_date >= ?",
            [since.strftime("%Y-%m-%d %H:%M:%S")],
        )
        return {dag_id for (dag_id,) in rows}


def password_of(account: AccountInspector) -> str:
    """Return the managed password of the only cluster."""
    secret = account.secrets.get_secret_value(SecretId=account.cluster()["MasterPasswordSecretArn"])
    return json.loads(secret["SecretString"])["password"]


@pytest.mark.filterwarnings("ignore")
def test_no_secret_is_written_anywhere(run, lifecycle, account, s3, bucket, monkeypatch, capfd):
    """Run all cluster DAGs, then search everything that was written.

    The runs use the connection that was shown: they log in through IAM with a temporary password.
    """
    s3.put_object(Bucket=bucket, Key="song_data/A.json", Body=b'{"song_id": "S1"}')
    shown = lifecycle.provision()["show_connection"]
    connection = json.loads(shown["other_connection"])
    # moto invents the host; everything else is as it was shown.
    connection["port"] = int(os.environ["PGPORT"])
    connection["extra"] |= {"hostaddr": os.environ["PGHOST"]}
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(connection))
    passwords = [password_of(account)]
    since = datetime.datetime.now(datetime.UTC)
    capfd.readouterr()
    assert "success" == run("sparkify_provision", cidr=CIDR)["run"]
    assert "success" == run("sparkify_pause")["run"]
    assert "success" == run("sparkify_resume")["run"]
    assert "success" == run("sparkify_teardown", confirmation="sparkify")["run"]
    assert "success" == run("sparkify_provision", cidr=CIDR)["run"]
    log = "".join(capfd.readouterr())
    passwords.append(password_of(account))

    # The search covers what it should: the COPY used that connection, and every DAG wrote to the database.
    assert 2 == log.count(f"the cluster can read s3://{bucket}/song_data/A.json with its default role")
    assert "AIRFLOW_CONN_REDSHIFT=" in log
    dags = {f"sparkify_{name}" for name in ("provision", "pause", "resume", "teardown")}
    assert dags == dags_with("rendered_task_instance_fields", since)
    assert {"sparkify_provision", "sparkify_teardown"} == dags_with("xcom", since)
    with contextlib.closing(database()) as everything:
        text = log + json.dumps(shown) + "\n".join(everything.iterdump())
    assert 2 == len(set(passwords))
    for secret in (os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["PGPASSWORD"], *passwords):
        assert len(secret) > 8
        assert secret not in text


def test_the_shown_connections_have_no_password(lifecycle, account):
    """Both contain the endpoint, the user and the database, and log in through IAM."""
    shown = lifecycle.provision()["show_connection"]
    endpoint = account.cluster()["Endpoint"]
    for name in ("connection", "other_connection"):
        connection = json.loads(shown[name])
        assert (endpoint["Address"], endpoint["Port"], "awsuser", "dev") == tuple(
            connection[field] for field in ("host", "port", "login", "schema")
        )
        assert "password" not in connection
        assert connection["extra"]["iam"] is True


@pytest.mark.filterwarnings("ignore:ssl:DeprecationWarning")  # raised inside the driver
def test_amazons_driver_logs_in_with_the_connection_that_is_shown(lifecycle, calls, monkeypatch):
    """It fetches the password from IAM and connects over TLS."""
    from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook

    connection = json.loads(lifecycle.provision()["show_connection"]["connection"])
    connection |= {"host": os.environ["PGHOST"], "port": int(os.environ["PGPORT"])}
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(connection))
    monkeypatch.setenv("SSL_CERT_FILE", os.environ["SANDBOX_TLS_AUTHORITY"])
    calls.clear()
    assert (1,) == tuple(RedshiftSQLHook(redshift_conn_id="redshift").get_first("SELECT 1"))
    # The hook fetches a password with the connection aws_default, the driver with the process's own credentials.
    # (The host is not one of AWS's, so the driver also tries it as a custom domain name.)
    fetched = [call.parameters for call in calls if call.operation == "GetClusterCredentials"]
    fetched = [parameters for parameters in fetched if "ClusterIdentifier" in parameters]
    assert 2 == len(fetched)
    assert {("awsuser", "dev", "sparkify")} == {
        tuple(parameters[name] for name in ("DbUser", "DbName", "ClusterIdentifier")) for parameters in fetched
    }
