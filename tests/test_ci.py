""".ci/run and GitHub's workflow, which run on every change: they name only what exists and may only read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
MAKE = re.compile(r"^make (?:\S+=\S+ )*([a-z-]+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    """GitHub's workflow. YAML 1.1 reads its key `on` as a Boolean."""
    return yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text(encoding="utf-8"))


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    """All steps of all jobs."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def ci_targets() -> set[str]:
    """The targets that .ci/run runs."""
    (line,) = re.findall(r"^for target in (.+); do$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    return set(line.split())


def test_every_target_that_ci_runs_exists(workflow):
    """And GitHub runs all that .ci/run runs."""
    made = {target for step in steps(workflow) for target in MAKE.findall(step.get("run", ""))}
    assert set() == (made | ci_targets()) - TARGETS
    assert set() == ci_targets() - made


def test_all_supported_pythons_are_tested(workflow):
    """From the oldest that pyproject.toml allows on, without a gap."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pythons = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert f">={pythons[0]}" == project["requires-python"]
    first = int(pythons[0].removeprefix("3."))
    assert [f"3.{first + place}" for place in range(len(pythons))] == pythons


def test_it_may_only_read(workflow):
    """No job may do more than read the repository, keep the token on disk, or run forever."""
    assert {"contents": "read"} == workflow["permissions"]
    for name, job in workflow["jobs"].items():
        assert "permissions" not in job, name
        assert job["timeout-minutes"] <= 60, name
    for step in steps(workflow):
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_actions_have_exact_versions(workflow):
    """A tag of three numbers does not move, unlike `v5`."""
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert [] == [action for action in used if not re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", action)]


def test_the_services_that_steps_name_are_in_the_compose_file(workflow):
    """For `docker compose exec` and `logs`."""
    services = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))["services"]
    named = {
        name for step in steps(workflow) for name in re.findall(r"compose (?:exec|logs) (\w\S+)", step.get("run", ""))
    }
    assert named
    assert set() == named - set(services)
