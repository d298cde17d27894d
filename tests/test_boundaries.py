"""Production code knows only Redshift and S3; operators know no team; the sandbox knows nothing of the pipeline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCAL = re.compile(r"sandbox|localhost|127\.0\.0\.1|postgresql", re.IGNORECASE)


def files(*folders: str) -> list[Path]:
    """All files below the folders that are the project's own."""
    return [
        file
        for folder in folders
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ]


def mentions(found: list[Path], words: re.Pattern) -> list[str]:
    """The lines with these words."""
    assert found
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in found
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line)
    ]


def python(*folders: str) -> list[Path]:
    """The Python files below the folders."""
    return [file for file in files(*folders) if file.suffix == ".py"]


def test_production_code_does_not_know_where_it_runs():
    """The very same DAG runs on a laptop and on AWS."""
    found = files("dags", "plugins", "include")
    assert len(found) > 100
    assert [] == mentions(found, LOCAL)


def test_the_sandbox_does_not_know_the_pipeline():
    """It is a stand-in for AWS, for any project."""
    importing = re.compile(r"^\s*(from|import) (dags|plugins|warehouse|sparkify)\b")
    assert [] == mentions(python("sandbox"), importing)


def test_the_warehouse_package_names_nothing_of_sparkify():
    """Another team can load its own tables with it."""
    names = re.compile(r"sparkify|songplay|staging\.|audit\.|staged_(events|songs)", re.IGNORECASE)
    assert [] == mentions(python("plugins/warehouse"), names)


@pytest.mark.parametrize(
    ("folder", "may_not_import"),
    [
        ("plugins/warehouse", r"sparkify\w*|dags|scripts|tests"),
        ("plugins/sparkify", r"sparkify_plugin|sparkify_warehouse|dags|scripts|tests"),
        ("dags", r"dags|scripts|tests|sparkify_plugin"),
    ],
)
def test_imports_go_one_way(folder, may_not_import):
    """From the DAGs to what is Sparkify's, from there to what is anybody's."""
    assert [] == mentions(python(folder), re.compile(rf"^\s*(from|import) ({may_not_import})\b"))


def test_dag_files_hold_no_helpers():
    """Schedule, params and wiring; a function would be tested nowhere."""
    assert [] == mentions(python("dags"), re.compile(r"^\s*(def|class) "))


def test_nothing_is_left_of_modes():
    """What a run does follows from the files, not from a choice."""
    words = re.compile(r"\{\{ mode \}\}|params\.mode\b|\bis_key_range_bound\b|mode (merge|replace|rebuild)\b")
    assert [] == mentions(files("dags", "plugins", "include"), words)
