"""Passwords and keys are in no log, no XCom, no rendered template, no param and no connection string."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.aws.conftest import CIDR, ROOT


def by_airflow(dag_id: str, **conf: Any) -> str:
    """Run a DAG by Airflow's own command, at the log level people have; return all it wrote."""
    command = [sys.executable, str(ROOT / "scripts" / "fast_airflow.py"), "dags", "test", dag_id]
    environment = {**os.environ, "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO"}
    done = subprocess.run([*command, "--conf", json.dumps(conf)], env=environment, capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def database() -> str:
    """All of Airflow's database as text: XCom, rendered templates, params, serialized DAGs, connections."""
    with sqlite3.connect(Path(os.environ["AIRFLOW_HOME"]) / "airflow.db") as connection:
        return "\n".join(connection.iterdump())


@pytest.mark.filterwarnings("ignore")
def test_no_secret_is_written_anywhere(airflow_database, lifecycle, account, s3, bucket, monkeypatch):
    """The connection that was shown is used: the login is by IAM, with the password of an hour."""
    s3.put_object(Bucket=bucket, Key="song_data/A.json", Body=b'{"song_id": "S1"}')
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", bucket)
    shown = lifecycle.provision()["show_connection"]
    connection = json.loads(shown["other_connection"])
    # moto made the host up, and the local Redshift speaks no TLS; all else is as it was shown.
    connection |= {"host": os.environ["PGHOST"], "port": int(os.environ["PGPORT"])}
    connection["extra"]["sslmode"] = "disable"
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(connection))

    cluster = account.cluster()
    managed = json.loads(account.secrets.get_secret_value(SecretId=cluster["MasterPasswordSecretArn"])["SecretString"])
    log = by_airflow("sparkify_provision", cidr=CIDR)
    log += by_airflow("sparkify_teardown", confirmation="sparkify")
    text = log + database() + json.dumps(shown)

    # What is looked through is the real thing: the copy ran over that connection, and all places are in it.
    assert f"the cluster reads s3://{bucket}/song_data/A.json by its default role" in log
    assert "AIRFLOW_CONN_REDSHIFT=" in log
    assert all(place in text for place in ("xcom", "rendered_task_instance_fields", "serialized_dag", CIDR))
    for secret in (os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["PGPASSWORD"], managed["password"]):
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
