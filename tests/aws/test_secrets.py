"""Passwords and keys are in no log, no XCom, no rendered template, no param and no connection string."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import sqlite3
from pathlib import Path

import pytest

from tests.aws import test_whole_life
from tests.aws.conftest import CIDR, Outside

run = test_whole_life.run  # the same fixture serves here


def database() -> sqlite3.Connection:
    """Airflow's own."""
    return sqlite3.connect(Path(os.environ["AIRFLOW_HOME"]) / "airflow.db")


def dags_with(table: str, since: datetime.datetime) -> set[str]:
    """The DAGs whose runs since a moment left something in a table."""
    with contextlib.closing(database()) as connection:
        rows = connection.execute(
            f"SELECT DISTINCT dag_id FROM {table} JOIN dag_run USING (dag_id, run_id) WHERE dag_run.start_date >= ?",
            [since.strftime("%Y-%m-%d %H:%M:%S")],
        )
        return {dag_id for (dag_id,) in rows}


def password_of(account: Outside) -> str:
    """The managed password of the cluster that is there."""
    secret = account.secrets.get_secret_value(SecretId=account.cluster()["MasterPasswordSecretArn"])
    return json.loads(secret["SecretString"])["password"]


@pytest.mark.filterwarnings("ignore")
def test_no_secret_is_written_anywhere(run, lifecycle, account, s3, bucket, monkeypatch, capfd):
    """A cluster is found, paused, resumed, torn down and created anew, and everything that was written looked through.

    The connection that was shown is used: the login is by IAM, with the password of an hour.
    """
    s3.put_object(Bucket=bucket, Key="song_data/A.json", Body=b'{"song_id": "S1"}')
    shown = lifecycle.provision()["show_connection"]
    connection = json.loads(shown["other_connection"])
    # moto made the host up, and the local Redshift speaks no TLS; all else is as it was shown.
    connection["port"] = int(os.environ["PGPORT"])
    connection["extra"] |= {"hostaddr": os.environ["PGHOST"], "sslmode": "disable"}
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

    # What is looked through is the real thing: the copy ran over that connection, and every DAG has left its traces.
    assert 2 == log.count(f"the cluster reads s3://{bucket}/song_data/A.json by its default role")
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


def test_the_connection_that_is_shown_has_no_password(lifecycle, account):
    """It names the cluster, the user, and IAM; so does the other one."""
    shown = lifecycle.provision()["show_connection"]
    endpoint = account.cluster()["Endpoint"]
    for name in ("connection", "other_connection"):
        connection = json.loads(shown[name])
        assert (endpoint["Address"], endpoint["Port"], "awsuser", "dev") == tuple(
            connection[field] for field in ("host", "port", "login", "schema")
        )
        assert "password" not in connection
        assert connection["extra"]["iam"] is True


def test_the_driver_of_redshift_takes_the_connection_that_is_shown(lifecycle, calls, monkeypatch):
    """As far as it goes here: the password is fetched by IAM, and the server asked for TLS, which it lacks."""
    from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook

    connection = json.loads(lifecycle.provision()["show_connection"]["connection"])
    connection |= {"host": os.environ["PGHOST"], "port": int(os.environ["PGPORT"])}
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(connection))
    calls.clear()
    # The function itself: the hook would try five times.
    with pytest.raises(Exception, match="SSL"):
        RedshiftSQLHook.get_conn.__wrapped__(RedshiftSQLHook(redshift_conn_id="redshift"))
    # Once by the hook, by the connection aws_default; once by the driver, by the process's own credentials.
    # (Not knowing this host for one of AWS's, the driver tries it for a domain name of our own as well.)
    fetched = [call.parameters for call in calls if call.operation == "GetClusterCredentials"]
    fetched = [parameters for parameters in fetched if "ClusterIdentifier" in parameters]
    assert 2 == len(fetched)
    assert {("awsuser", "dev", "sparkify")} == {
        tuple(parameters[name] for name in ("DbUser", "DbName", "ClusterIdentifier")) for parameters in fetched
    }
