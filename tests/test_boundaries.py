"""Production code knows only Redshift and S3; the sandbox knows nothing of the pipeline."""

from __future__ import annotations

import re
from pathlib import Path

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


def test_production_code_does_not_know_where_it_runs():
    """The very same DAG runs on a laptop and on AWS."""
    found = files("dags", "plugins", "include")
    assert len(found) > 40
    mentions = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in found
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if LOCAL.search(line)
    ]
    assert [] == mentions


def test_the_sandbox_does_not_know_the_pipeline():
    """It is a stand-in for AWS, for any project."""
    importing = re.compile(r"^\s*(from|import) (dags|plugins|warehouse|sparkify_\w+)\b", re.MULTILINE)
    found = [file for file in files("sandbox") if file.suffix == ".py"]
    assert found
    assert [] == [file.name for file in found if importing.search(file.read_text(encoding="utf-8"))]


def test_operators_name_no_table_of_sparkify():
    """Another team can load its own tables with them."""
    names = re.compile(r"sparkify|songplay|staging\.(events|songs)|song_files", re.IGNORECASE)
    found = [file for file in files("plugins/warehouse") if file.suffix == ".py"]
    assert found
    assert [] == [file.name for file in found if names.search(file.read_text(encoding="utf-8"))]
