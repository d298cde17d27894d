"""The notebook is stored without outputs, and runs from its first cell to its last against a loaded warehouse."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from sandbox.listening.__main__ import main as write_listening
from tests.docs.documents import ROOT, block
from tests.end_to_end import conftest as end_to_end

NOTEBOOK = ROOT / "notebooks" / "example_queries.ipynb"

# Shared fixtures.
warehouse_dag = end_to_end.warehouse_dag
whole_pipeline = end_to_end.whole_pipeline
reader = end_to_end.reader
empty_warehouse = end_to_end.empty_warehouse
lake = end_to_end.lake


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    """The notebook as stored in the repository."""
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture
def two_weeks(lake, whole_pipeline, empty_warehouse, tmp_path):
    """Two weeks of generated listening, published."""
    options = "--from 2018-11-01 --to 2018-11-14 --users 20 --songs 50 --plays 1000"
    assert 0 == write_listening(["--out", str(tmp_path), *options.split()])
    for file in tmp_path.rglob("*.json"):
        lake.put(str(file.relative_to(tmp_path)), file.read_bytes())
    whole_pipeline.run(period="all")


def outputs(notebook: nbformat.NotebookNode, cell_id: str) -> dict[str, str]:
    """The outputs of a cell by MIME type."""
    (cell,) = [cell for cell in notebook.cells if cell.id == cell_id]
    return {kind: text for output in cell.outputs for kind, text in output.get("data", {}).items()}


def test_it_is_stored_without_outputs(notebook):
    """Data from a warehouse must not be in the repository."""
    assert [] == [cell.id for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]
    assert {None} == {cell.execution_count for cell in notebook.cells if cell.cell_type == "code"}


def test_every_cell_runs_and_shows_the_result_of_its_sql(two_weeks, reader, tmp_path):
    """With the command from the docs, which fails if a cell fails; the environment has the connection."""
    command = shlex.split(block("docs/getting-started.md", "Query it", "sh", 3))
    program = str(Path(sys.executable).with_name(Path(command[0]).name))
    executed = tmp_path / "executed.ipynb"
    done = subprocess.run(
        [program, *command[1:], f"--output={executed}"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert 0 == done.returncode, done.stderr
    notebook = nbformat.read(executed, as_version=4)
    (plays,) = reader.execute("SELECT COUNT(*) FROM sparkify.songplays").fetchone()
    assert 1000 == plays
    assert f" {plays} " in outputs(notebook, "counts")["text/plain"]
    (matched,) = reader.execute("SELECT COUNT(*) FROM sparkify.songplays WHERE song_id IS NOT NULL").fetchone()
    assert f" {matched} " in outputs(notebook, "own-ask")["text/plain"]
    hours = reader.execute("SELECT COUNT(DISTINCT hour) FROM sparkify.time")
    weeks = reader.execute("SELECT COUNT(DISTINCT DATE_TRUNC('week', start_time) || level) FROM sparkify.songplays")
    for cell_id, mark, count in (
        ("hours-draw", "bar", hours.fetchone()[0]),
        ("levels-draw", "point", weeks.fetchone()[0]),
        ("artists-draw", "bar", 10),
    ):
        chart = outputs(notebook, cell_id)["image/svg+xml"]
        assert count == chart.count(f'aria-roledescription="{mark}"'), cell_id
