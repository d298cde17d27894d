"""The environment by which a sandbox is reached."""

import json
import os
import socket
from pathlib import Path

import boto3
import psutil
import psycopg
import pytest

from sandbox.processes import PROJECT, SandboxError
from sandbox.stack import airflow_defaults, environment, listen, main_bucket


def test_the_environment_leads_every_client_to_the_sandbox():
    redshift = json.loads(os.environ["AIRFLOW_CONN_REDSHIFT"])
    assert ("redshift", "127.0.0.1", "awsuser", "dev") == tuple(
        redshift[key] for key in ("conn_type", "host", "login", "schema")
    )
    assert redshift["extra"]["ssl"] is False
    assert str(redshift["port"]) == os.environ["PGPORT"]
    assert (redshift["host"], redshift["login"], redshift["password"], redshift["schema"]) == tuple(
        os.environ[name] for name in ("PGHOST", "PGUSER", "PGPASSWORD", "PGDATABASE")
    )
    aws = json.loads(os.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    assert os.environ["AWS_ENDPOINT_URL"] == aws["extra"]["endpoint_url"]
    assert os.environ["AWS_ENDPOINT_URL_S3"] == aws["extra"]["service_config"]["s3"]["endpoint_url"]
    assert os.environ["AWS_ACCESS_KEY_ID"] == aws["login"]
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == aws["password"]
    assert os.environ["AWS_DEFAULT_REGION"] == aws["extra"]["region_name"]
    assert str(PROJECT / "dags") == os.environ["AIRFLOW__CORE__DAGS_FOLDER"]


def test_the_work_prefix_is_a_bucket_that_can_be_written_and_lies_in_the_state(s3):
    bucket = os.environ["AIRFLOW_VAR_SPARKIFY_WORK_PREFIX"].removeprefix("s3://").rstrip("/")
    s3.put_object(Bucket=bucket, Key="proof", Body=b"x")
    assert (Path(os.environ["SANDBOX_STATE"]) / "s3" / bucket / "proof").exists()


def test_no_secret_is_for_other_users_to_see():
    logs = Path(os.environ["SANDBOX_STATE"]) / "log"
    with psycopg.connect("", autocommit=True) as connection, pytest.raises(psycopg.errors.DuplicateObject):
        connection.execute("CREATE USER awsuser PASSWORD 'Hush12345'")
    boto3.client("sts").get_caller_identity()  # the first call starts the server
    found = {log.name: log for log in logs.iterdir()}
    assert {"postgresql.log", "s3.log", "aws.log"} <= found.keys()
    assert {0o600} == {log.stat().st_mode & 0o777 for log in found.values()}
    assert 'role "awsuser" already exists' in found["postgresql.log"].read_text()
    assert "Hush12345" not in found["postgresql.log"].read_text()

    arguments = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert [] != [line for line in arguments if f"serve s3 {logs.parent}" in line]
    secret = os.environ["AWS_SECRET_ACCESS_KEY"]
    assert [] == [line for line in arguments if str(logs.parent) in line and secret in line]


def test_the_main_bucket_is_the_only_one_there_is(tmp_path):
    assert "udacity-dend" == main_bucket(None)
    (tmp_path / "listening").mkdir()
    (tmp_path / ".hidden").mkdir()
    assert "listening" == main_bucket(tmp_path)
    (tmp_path / "another").mkdir()
    assert "udacity-dend" == main_bucket(tmp_path)


def test_what_would_lead_elsewhere_is_dropped_and_what_the_caller_set_for_airflow_stays():
    callers = {
        "AWS_PROFILE": "work",
        "PGSSLMODE": "require",
        "AIRFLOW_HOME": "/mine",
        "PGHOST": "elsewhere",
        "no_proxy": "x",
    }
    found = environment(callers, airflow_defaults(Path("/state")), {"PGHOST": "127.0.0.1"})
    assert {"AWS_PROFILE", "PGSSLMODE"} & set(found) == set()
    assert ("/mine", "127.0.0.1") == (found["AIRFLOW_HOME"], found["PGHOST"])
    assert "x,127.0.0.1,localhost" == found["NO_PROXY"]


def test_a_taken_port_is_an_error_that_names_it_and_its_holder():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=rf"port {port} is taken by .*process {os.getpid()}\)"):
            listen(port)
