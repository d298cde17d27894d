"""docker-compose.yaml, Dockerfile and .env.example without a Docker engine; tests/browser runs the services."""

from __future__ import annotations

import ast
import base64
import functools
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from packaging.requirements import Requirement

from sandbox import stack
from tests.compose_file import EXAMPLE, FILE, ROOT, VARIABLE, copied, example, raw, services

DOCKERFILE = (ROOT / "Dockerfile").read_text()
PIPELINE = (ROOT / "requirements.txt").read_text()
DEVELOPMENT = (ROOT / "requirements-dev.txt").read_text()
AIRFLOW = {name for name in raw()["services"] if name.startswith("airflow-")}


@functools.cache
def compose() -> list[str]:
    """The command of Docker Compose, version 2 or 1; neither needs an engine to read a file."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and subprocess.run([*command, "version"], capture_output=True).returncode == 0:
            return command
    pytest.skip("neither docker compose nor docker-compose is installed")


def config(env_file: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SPARKIFY_")}
    return subprocess.run(
        [*compose(), "--file", FILE, "--env-file", env_file, "config"], capture_output=True, text=True, env=clean
    )


def test_docker_compose_accepts_the_file_and_reads_it_as_these_tests_do():
    done = config(EXAMPLE)
    assert 0 == done.returncode, done.stderr

    def summary(service: dict[str, Any]) -> dict[str, Any]:
        found = {key: service.get(key) for key in ("image", "user", "command", "environment", "restart")}
        return found | {"check": service.get("healthcheck", {}).get("test")}

    theirs = yaml.safe_load(done.stdout)["services"]
    ours = services()
    assert {name: summary(service) for name, service in ours.items()} == {
        name: summary(service) for name, service in theirs.items()
    }


def test_a_variable_that_is_missing_in_env_is_named(tmp_path):
    (tmp_path / "env").write_text("".join(f"{line}\n" for line in EXAMPLE.read_text().splitlines()[:-2]))
    done = config(tmp_path / "env")
    assert done.returncode != 0
    assert "missing in .env, see .env.example" in done.stderr


def test_the_example_sets_exactly_the_variables_that_are_used():
    text = FILE.read_text()
    used = {found["name"] for found in VARIABLE.finditer(text)}
    assert used == set(example())
    assert "$" not in VARIABLE.sub("", text)
    assert all(name.startswith("SPARKIFY_") for name in used), "exported variables override .env"


def test_the_example_secrets_work_and_are_recognisable():
    given = example()
    fernet = given.pop("SPARKIFY_FERNET_KEY")
    Fernet(fernet)
    secrets = {name: value for name, value in given.items() if name.endswith(("PASSWORD", "SECRET", "KEY"))}
    assert 4 == len(secrets)
    assert [] == [name for name, value in secrets.items() if not value.startswith("example")]
    assert base64.urlsafe_b64decode(fernet).startswith(b"example")
    assert 64 <= len(given["SPARKIFY_JWT_SECRET"]), "HS512 needs a key as long as its output"
    ignored = (ROOT / ".gitignore").read_text().split()
    assert ".env" in ignored


def test_secrets_are_in_env_only():
    connections = [json.loads(example()[name]) for name in ("SPARKIFY_REDSHIFT", "SPARKIFY_AWS")]
    secrets = [value for name, value in example().items() if name.endswith(("PASSWORD", "SECRET", "KEY"))]
    secrets += [connection["password"] for connection in connections]
    text = FILE.read_text() + DOCKERFILE
    assert [] == [secret for secret in secrets if secret in text]
    named = re.compile(r"PASSWORD$|SECRET|KEY|CONN")
    literal = [
        f"{name}: {variable}"
        for name, service in raw()["services"].items()
        for variable, value in service.get("environment", {}).items()
        if named.search(variable) and not VARIABLE.search(value) and not variable.startswith("CONNECTION_CHECK")
    ]
    assert [] == literal


def test_the_connections_of_the_example_are_the_sandboxes_own():
    given = example()
    ports = stack.STANDARD_PORTS
    own = stack.service_variables(ports.redshift, f"http://127.0.0.1:{ports.s3}", f"http://127.0.0.1:{ports.aws}")
    for ours, theirs in (("SPARKIFY_REDSHIFT", "AIRFLOW_CONN_REDSHIFT"), ("SPARKIFY_AWS", "AIRFLOW_CONN_AWS_DEFAULT")):
        assert json.loads(own[theirs].replace("127.0.0.1", "sandbox")) == json.loads(given[ours])
    assert f"s3://{stack.WORK_BUCKET}/" == given["SPARKIFY_WORK_PREFIX"]
    assert stack.DEFAULT_BUCKET == given["SPARKIFY_BUCKET"]


def test_images_are_pinned_and_of_one_airflow():
    (version,) = re.findall(r"^apache-airflow==(.+)$", PIPELINE, re.MULTILINE)
    assert [f"apache/airflow:{version}-python3.12"] == re.findall(r"^FROM (\S+)$", DOCKERFILE, re.MULTILINE)
    images = {name: service["image"] for name, service in services().items()}
    assert re.fullmatch(r"postgres:\d+\.\d+", images.pop("postgres"))
    assert {f"sparkify-airflow:{version}"} == set(images.values())
    # Compose builds in parallel: two services that build the same image fail. An image of that name is never pulled.
    policies = {name: service.get("pull_policy") for name, service in services().items() if name in images}
    assert ["sandbox"] == [name for name, service in services().items() if "build" in service]
    assert {"sandbox": "build", **dict.fromkeys(AIRFLOW, "never")} == policies


def test_ports_are_published_on_this_machine_only():
    published = {port for service in services().values() for port in service.get("ports", [])}
    standard = (8080, stack.STANDARD_PORTS.redshift, stack.STANDARD_PORTS.s3, stack.STANDARD_PORTS.aws)
    assert {f"127.0.0.1:{port}:{port}" for port in standard} == published


def test_a_login_is_required_and_nothing_runs_as_root():
    for service in services().values():
        assert [] == [name for name in service.get("environment", {}) if "ALL_ADMINS" in name]
        assert service["user"] in ("50000:0", "postgres")
        assert ["no-new-privileges:true"] == service["security_opt"]
        assert "privileged" not in service
    assert "airflow" == re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)[-1]


def test_services_wait_for_what_they_need_have_health_checks_and_restart():
    for name, service in services().items():
        one_shot = name == "airflow-init"
        assert one_shot != ("healthcheck" in service)
        assert ("no" if one_shot else "unless-stopped") == service["restart"]
        for needed, wait in service.get("depends_on", {}).items():
            ends = needed == "airflow-init"
            assert ("service_completed_successfully" if ends else "service_healthy") == wait["condition"]
    needs = {name: set(service.get("depends_on", {})) for name, service in services().items()}
    assert {"postgres", "airflow-init", "airflow-apiserver", "sandbox"} == needs["airflow-scheduler"]
    assert [] == [name for name in AIRFLOW - {"airflow-init"} if "airflow-init" not in needs[name]]


def test_data_is_kept_in_named_volumes_whose_folders_the_user_owns():
    kept = {volume for service in services().values() for volume in service.get("volumes", [])}
    assert set(raw()["volumes"]) == {volume.partition(":")[0] for volume in kept}
    made = re.findall(r"^RUN install --directory --owner=airflow --group=root (.+)$", DOCKERFILE, re.MULTILINE)
    of_images = {"/var/lib/postgresql", "/opt/airflow/logs"}
    assert {*made[0].split(), *of_images} == {volume.partition(":")[2] for volume in kept}


def test_the_build_sees_what_it_copies_and_nothing_else():
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert ("*", "**/__pycache__") == (patterns[0], patterns[-1])
    assert {f"!{name}" for name in copied()} == set(patterns[1:-1])
    assert {"dags", "plugins", "include", "sandbox"} <= set(copied())
    assert [] == [name for name in copied() if not (ROOT / name).exists()]
    assert [] == [(name, into) for name, into in copied().items() if into.removeprefix("./") != name]


def needed(text: str) -> set[str]:
    """The names of the installed distributions that these lines of a requirements file lead to, themselves included."""
    lines = [line.partition(" #")[0] for line in text.splitlines() if line and not line.startswith(("#", "-"))]
    found: set[tuple[str, str]] = set()
    todo = [(requirement, extra) for requirement in map(Requirement, lines) for extra in ("", *requirement.extras)]
    while todo:
        requirement, extra = todo.pop()
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for dependency in map(Requirement, importlib.metadata.requires(name) or []):
            if dependency.marker is None or dependency.marker.evaluate({"extra": extra}):
                todo += [(dependency, more) for more in ("", *dependency.extras)]
    return {name for name, _ in found}


def imported_beyond(installed: set[str], *paths: str) -> list[str]:
    """Imports in these files and folders of the project that none of the installed distributions provides."""
    homes = importlib.metadata.packages_distributions()
    files = [file for path in paths for file in (ROOT / path, *(ROOT / path).rglob("*")) if file.suffix == ".py"]
    assert files
    own = {"sandbox", "sparkify", "warehouse", *(file.stem for file in files), "_typeshed"}  # the last has types only
    missing = []
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for name in {name.partition(".")[0] for name in names} - sys.stdlib_module_names - own:
                if not installed & {re.sub(r"[-_.]+", "-", home).lower() for home in homes.get(name, [])}:
                    missing.append(f"{file.relative_to(ROOT)}: {name}")
    return missing


def test_the_dags_need_requirements_txt_alone():
    """It is what you install where Airflow runs; requirements-dev.txt includes it."""
    assert [] == imported_beyond(needed(PIPELINE), "dags", "plugins")
    assert "-r requirements.txt" in DEVELOPMENT.splitlines()
    assert not {"duckdb", "moto", "pytest"} & needed(PIPELINE)


def test_what_the_image_runs_needs_no_development_package():
    """The Dockerfile installs the files up to the line `# Development`."""
    installed = needed(PIPELINE + DEVELOPMENT.partition("# Development\n")[0])
    assert [] == imported_beyond(installed, *copied())
    assert "pytest" not in installed
    assert "sed '/^# Development$/,$d' requirements-dev.txt" in DOCKERFILE
