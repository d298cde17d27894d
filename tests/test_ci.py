"""What runs on a change, .ci/run and the workflow of GitHub, names only what there is and may do only what it must."""

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
    """GitHub's workflow. Its key `on` is a Boolean to YAML 1.1."""
    return yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text(encoding="utf-8"))


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    """The steps of all jobs."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def chores() -> set[str]:
    """The targets that .ci/run makes."""
    (line,) = re.findall(r"^for chore in (.+); do$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    return set(line.split())


def test_every_target_that_is_made_exists(workflow):
    """And GitHub makes all that .ci/run makes."""
    made = {target for step in steps(workflow) for target in MAKE.findall(step.get("run", ""))}
    assert set() == (made | chores()) - TARGETS
    assert set() == chores() - made


def test_the_pythons_are_those_the_project_is_for(workflow):
    """From the least that pyproject.toml requires on, without a gap."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pythons = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert f">={pythons[0]}" == project["requires-python"]
    first = int(pythons[0].removeprefix("3."))
    assert [f"3.{first + place}" for place in range(len(pythons))] == pythons


def test_it_may_only_read(workflow):
    """No job has more rights than to read the repository, or keeps the token on disk, or runs for ever."""
    assert {"contents": "read"} == workflow["permissions"]
    for name, job in workflow["jobs"].items():
        assert "permissions" not in job, name
        assert job["timeout-minutes"] <= 60, name
    for step in steps(workflow):
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_actions_have_exact_versions(workflow):
    """A tag of three numbers, which does not move."""
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert [] == [action for action in used if not re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", action)]


def test_the_containers_named_are_those_of_the_compose_file(workflow):
    """What a step runs inside of."""
    services = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))["services"]
    named = {
        name for step in steps(workflow) for name in re.findall(r"compose (?:exec|logs) (\w\S+)", step.get("run", ""))
    }
    assert named
    assert set() == named - set(services)
