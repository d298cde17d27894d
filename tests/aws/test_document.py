"""The commands in docs/aws.md work: Airflow accepts them, and the triggered DAGs do what the document says."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from typing import Any

import pytest

from scripts.aws_policy import DOCUMENT
from tests.aws.conftest import ROOT
from tests.docs.documents import blocks

pytestmark = pytest.mark.filterwarnings("ignore")

COMMANDS = [line for block in blocks("docs/aws.md") if block.language == "sh" for line in block.text.splitlines()]


def conf_of(dag_id: str) -> list[dict[str, Any]]:
    """Return the confs with which the document triggers a DAG, in order."""
    commands = [shlex.split(command) for command in COMMANDS if f"dags trigger {dag_id} " in command]
    return [json.loads(arguments[arguments.index("--conf") + 1]) for arguments in commands]


@pytest.fixture
def airflow(airflow_database: None) -> Any:
    """A function that runs an Airflow command in this process. The database has no runs, Variables or connections."""
    from airflow.cli.cli_parser import get_parser
    from airflow.models.connection import Connection
    from airflow.models.dagrun import DagRun
    from airflow.models.variable import Variable
    from airflow.utils.session import create_session

    parser = get_parser()

    def run(command: str) -> None:
        arguments = parser.parse_args(shlex.split(command)[1:])
        arguments.func(arguments)

    def clean() -> None:
        with create_session() as session:
            for model in (DagRun, Variable, Connection):
                session.query(model).delete()

    clean()
    run("airflow dags reserialize")
    yield run
    clean()


def test_every_command_is_one_of_airflows(airflow):
    """Run in order. Each triggered run exists afterwards, with params that its DAG accepts."""
    from airflow.models.connection import Connection
    from airflow.models.dagrun import DagRun
    from airflow.models.variable import Variable
    from airflow.utils.session import create_session

    assert len(COMMANDS) > 10
    for command in COMMANDS:
        airflow(command)
    with create_session() as session:
        runs = [(run.dag_id, run.conf) for run in session.query(DagRun).order_by(DagRun.id)]
        variables = {variable.key for variable in session.query(Variable)}
        connections = {connection.conn_id for connection in session.query(Connection)}
    for dag_id in ("sparkify_provision", "sparkify_warehouse", "sparkify_teardown"):
        assert conf_of(dag_id) == [conf for found, conf in runs if found == dag_id]
    assert {"sparkify_bucket", "sparkify_region", "sparkify_work_prefix", "sparkify_alert_topic"} == variables
    assert "aws_default" in connections


def test_the_triggered_dags_do_what_the_document_says(lifecycle, account):
    """Provision, dry run, tear down. Only the final snapshot remains."""
    before = account.inventory()
    (conf,) = conf_of("sparkify_provision")
    lifecycle.run("sparkify_provision", **conf)
    dry, wet = conf_of("sparkify_teardown")
    assert {"skipped"} == set(lifecycle.run("sparkify_teardown", **dry).values())
    assert ["sparkify"] == list(account.inventory()["clusters"])
    kept = lifecycle.run("sparkify_teardown", **wet)["check_nothing_left"]
    assert before | {"snapshots": kept} == account.inventory()


def test_every_documented_setting_is_read():
    """Variables, and the section `[sparkify]` of Airflow's configuration."""
    text = DOCUMENT.read_text(encoding="utf-8")
    files = (ROOT / "plugins" / "sparkify").glob("*.py"), (ROOT / "dags").glob("*.py")
    code = "\n".join(file.read_text(encoding="utf-8") for file in itertools.chain(*files))
    variables = set(re.findall(r"variables set (\w+)", text))
    options = {name.lower() for name in re.findall(r"AIRFLOW__SPARKIFY__(\w+)=", text)}
    assert len(variables) > 3
    assert {"pause_schedule", "resume_schedule"} == options
    assert [] == [name for name in variables if f"get('{name}'" not in code]
    assert [] == [name for name in options if f'conf.get("sparkify", "{name}"' not in code]
