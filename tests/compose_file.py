"""docker-compose.yaml as Docker Compose reads it: YAML, and variables filled in from .env.example."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docker-compose.yaml"
EXAMPLE = ROOT / ".env.example"
# Of Compose's notations for a variable, the file uses the one that fails with a message when it is missing.
VARIABLE = re.compile(r"\$\{(?P<name>\w+):?\?[^}]+\}")


def raw() -> dict[str, Any]:
    """The file without variables filled in."""
    return yaml.safe_load(FILE.read_text())


def example() -> dict[str, str]:
    """The variables of .env.example."""
    lines = re.findall(r"^(\w+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE)
    return {name: value.strip("'") for name, value in lines}


def services() -> dict[str, dict[str, Any]]:
    """The services, with every variable filled in."""
    return filled_in(raw()["services"], example())


def filled_in(part: Any, variables: dict[str, str]) -> Any:
    """A part of the file with its variables replaced by their values."""
    if isinstance(part, dict):
        return {key: filled_in(value, variables) for key, value in part.items()}
    if isinstance(part, list):
        return [filled_in(value, variables) for value in part]
    return VARIABLE.sub(lambda found: variables[found["name"]], part) if isinstance(part, str) else part


def copied() -> dict[str, str]:
    """The paths that the Dockerfile copies from the project, each with its target in the image's /opt/airflow."""
    lines = re.findall(r"^COPY (?:--\S+ )*(.+) (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return {
        name: f"{into}{Path(name).name}" if into.endswith("/") else into
        for names, into in lines
        for name in names.split()
    }
