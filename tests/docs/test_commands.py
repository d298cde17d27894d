"""Every command in README.md and docs/ is run: here, by another test, or by CI; and what they point to is there."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import yaml

from scripts import demo_month
from sparkify.checks import CHECKS
from tests.docs.documents import DOCUMENTS, ROOT, block, blocks, headings, inlines

# Blocks in these languages are commands; the others are pictures, output and data.
COMMANDS = {"sh", "sql", "python", "diff"}
OTHERS = {"text", "json", "mermaid"}

HERE = "tests/docs/test_commands.py"
OPERATIONS = "tests/docs/test_operations.py"
ONE_DAY = "tests/scripts/test_local.py::test_a_day_is_loaded_and_a_failed_task_is_exit_status_1_by_two_runs_at_once"
ENVIRONMENT = (
    "tests/browser/test_up.py::"
    "test_airflow_commands_in_a_shell_have_a_database_of_their_own_unless_they_are_for_the_scheduler"
)
UP_AND_DOWN = "tests/sandbox/test_main.py::test_up_keeps_a_sandbox_on_the_standard_ports_until_down"
WORKFLOW = ".github/workflows/ci.yaml"
MAKE_UP = "tests/browser/test_up.py::test_everything_is_there_when_make_up_returns"
MAKE_DOWN = (
    "tests/browser/test_up.py::"
    "test_make_down_in_the_middle_of_a_run_leaves_no_process_and_make_up_finds_everything_again"
)

# What runs the blocks under a heading; with `sh 1` and the like where not one test runs them all. A test in this folder
# takes the text from the document itself.
RUN_BY = {
    "README.md # Two commands # sh 1": ".ci/run",
    "README.md # Two commands # sh 2": MAKE_UP,
    "README.md # Two commands # sh 3": ONE_DAY,
    "docs/aws.md # Step by step": "tests/aws/test_document.py::test_every_command_is_one_of_airflows",
    "docs/docker.md # With Docker": WORKFLOW,
    "docs/docker.md # Passwords and keys": WORKFLOW,
    "docs/getting-started.md # See it work": ".ci/run",
    "docs/getting-started.md # See it in the browser # sh 1": MAKE_UP,
    "docs/getting-started.md # See it in the browser # sh 2": MAKE_DOWN,
    "docs/getting-started.md # Run one day": ONE_DAY,
    "docs/getting-started.md # Query it # sh 1": ENVIRONMENT,
    "docs/getting-started.md # Query it # sh 2": f"{HERE}::test_a_shell_queries_the_warehouse",
    "docs/getting-started.md # Query it # sh 3": "tests/notebooks/test_example_queries.py::"
    "test_every_cell_runs_and_shows_the_result_of_its_sql",
    "docs/getting-started.md # Where files are": WORKFLOW,
    "docs/operations.md # Operations": ENVIRONMENT,
    "docs/operations.md # Load history # sh 1": f"{OPERATIONS}::test_a_month_in_one_run_gives_what_its_days_give",
    "docs/operations.md # Load history # sh 2": "tests/browser/test_schedule.py::test_backfill_over_ten_days",
    "docs/operations.md # A file is gone": f"{OPERATIONS}::"
    "test_the_rows_of_a_file_that_is_gone_stay_until_they_are_dropped",
    "docs/operations.md # A file was left out": f"{OPERATIONS}::"
    "test_a_file_that_cannot_be_loaded_is_named_and_its_good_lines_can_be_loaded",
    "docs/operations.md # Read or compute again": f"{OPERATIONS}::test_files_are_read_again_and_tables_computed_again",
    "docs/operations.md # A check failed": f"{OPERATIONS}::"
    "test_a_failed_check_is_found_and_the_next_run_reads_the_file_again",
    "docs/operations.md # Another run has published": f"{OPERATIONS}::test_the_second_of_two_runs_fails_and_is_cleared",
    "docs/operations.md # A task waits for a lock": f"{OPERATIONS}::"
    "test_who_holds_a_lock_is_seen_and_the_task_goes_on_without_it",
    "docs/operations.md # Add a column": f"{OPERATIONS}::test_a_column_is_added_filled_and_taken_away",
    "docs/operations.md # Add tables of your own": f"{OPERATIONS}::test_tables_of_your_own_are_loaded_by_the_example",
    "docs/operations.md # Start over, or upgrade # sh 1": f"{OPERATIONS}::test_a_new_start",
    "docs/operations.md # Start over, or upgrade # sh 2": f"{OPERATIONS}::test_a_new_start",
    "docs/operations.md # Start over, or upgrade # sql 1": f"{OPERATIONS}::"
    "test_a_warehouse_of_the_version_before_is_refused_and_dropped_by_hand",
    "docs/sandbox.md # The sandbox": f"{HERE}::test_the_sandbox_runs_a_command",
    "docs/sandbox.md # For the life of a command": f"{HERE}::test_the_sandbox_runs_a_command",
    "docs/sandbox.md # In the background": UP_AND_DOWN,
    "docs/sandbox.md # Buckets are folders": f"{HERE}::test_a_folder_is_a_bucket_to_copy_from",
    "docs/sandbox.md # What it refuses": f"{HERE}::test_what_is_refused_is_refused_in_these_words",
}
ALL = [block for document in DOCUMENTS for block in blocks(document)]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

needs_psql = pytest.mark.skipif(shutil.which("psql") is None, reason="needs psql, PostgreSQL's client")


def function(test_id: str) -> ast.FunctionDef | None:
    """A test by its id; None when there is none of that name in its file."""
    file, _, name = test_id.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return next((node for node in tree.body if isinstance(node, ast.FunctionDef) and name == node.name), None)


def ran_by_ci(runner: str) -> set[str]:
    """The commands that .ci/run or the workflow runs, line by line."""
    if WORKFLOW == runner:
        jobs = yaml.safe_load((ROOT / runner).read_text(encoding="utf-8"))["jobs"].values()
        return {line for job in jobs for step in job["steps"] for line in step.get("run", "").splitlines()}
    lines = re.findall("for target in (.+); do", (ROOT / runner).read_text(encoding="utf-8"))
    return {f"make {target}" for line in lines for target in line.split()}


def test_there_are_documents():
    """The rules below would hold for none."""
    assert len(DOCUMENTS) >= 6
    assert len(ALL) > 30


@pytest.mark.parametrize("block", ALL, ids=str)
def test_a_block_says_what_it_is(block):
    """Its language is on the line of its fence; indented code has none."""
    assert block.language in COMMANDS | OTHERS


def test_every_command_is_run():
    """Each block of commands has one entry in the table above, and no entry is for a block that is gone."""
    for command in [part for part in ALL if part.language in COMMANDS]:
        entries = {name for name in RUN_BY if str(command) == name or str(command).startswith(f"{name} # ")}
        assert 1 == len(entries), f"{command}: {sorted(entries)}"
    names = {str(block) for block in ALL} | {f"{block.document} # {block.heading}" for block in ALL}
    assert set() == set(RUN_BY) - names


@pytest.mark.parametrize("name", RUN_BY)
def test_what_runs_a_command_exists(name):
    """The test exists, and one in this folder takes the block from the document; CI runs what the block has."""
    runner = RUN_BY[name]
    if runner.startswith("."):
        said = [line for block in ALL if str(block).startswith(name) for line in block.text.splitlines()]
        assert said
        assert set() == set(said) - ran_by_ci(runner)
    else:
        test = function(runner)
        assert test, f"{runner} does not exist"
        if runner.startswith("tests/docs/"):
            _, heading, *_ = name.split(" # ")
            # The example's files are taken by their labels, in a fixture.
            assert f'"{heading}"' in ast.unparse(test).replace("'", '"')


@pytest.fixture
def shell(tmp_path, monkeypatch) -> Callable[[str], str]:
    """Runs commands as a reader would, in a copy of the project made of links; returns their output."""
    for entry in ROOT.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")

    def run(text: str) -> str:
        done = subprocess.run(
            ["sh", "-eu", "-c", text], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert 0 == done.returncode, done.stdout
        return done.stdout

    return run


@needs_psql
def test_a_shell_queries_the_warehouse(shell, two_days):
    """As docs/getting-started.md has it, in a shell that knows the sandbox's environment."""
    answer = shell(block("docs/getting-started.md", "Query it", "sh", 2))
    assert [["free", "2"], ["paid", "1"]] == [
        line.split(" | ") for line in re.findall(r"\w+ \| +\d+", re.sub(" +", " ", answer))
    ]


@needs_psql
def test_the_sandbox_runs_a_command(shell):
    """With the project's Python first, and an answer of Redshift's kind."""
    page = "docs/sandbox.md"
    answer = shell(block(page, "The sandbox", "sh") + block(page, "For the life of a command", "sh"))
    assert "Redshift 1." in answer


@needs_psql
def test_a_folder_is_a_bucket_to_copy_from(shell, tmp_path):
    """The folder, the SQL in its file, and the rows."""
    page, heading = "docs/sandbox.md", "Buckets are folders"
    (tmp_path / "orders.sql").write_text(block(page, heading, "sql"), encoding="utf-8")
    shell(block(page, heading, "sh", 1))
    assert re.search(r"1 \| paid", shell(block(page, heading, "sh", 2)))


def test_what_is_refused_is_refused_in_these_words():
    """With the SQLSTATE the page names."""
    page, heading = "docs/sandbox.md", "What it refuses"
    with psycopg.connect("", autocommit=True) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(block(page, heading, "sql"))
    assert ("0A000", block(page, heading, "text").strip()) == (
        refused.value.sqlstate,
        refused.value.diag.message_primary,
    )


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_named_is_there(document):
    """Targets of make, files and folders of the project, links and their headings."""
    codes = [piece.content for piece in inlines(document) if piece.type == "code_inline"]
    texts = codes + [block.text for block in blocks(document)]
    made = {target for text in texts for target in re.findall(r"\bmake ([a-z-]+)$", text, re.MULTILINE)}
    assert set() == made - TARGETS

    folders = {entry.name for entry in ROOT.iterdir() if entry.is_dir() and not entry.name.startswith(".")}
    paths = {code for code in codes if re.fullmatch(r"[\w.-]+/[\w./-]*", code) and code.split("/")[0] in folders}
    mine = {block.label for block in blocks(document)}  # files that the document has the reader make
    assert [] == [path for path in paths - mine if not (ROOT / path).exists()]

    for target in [piece.attrs["href"] for piece in inlines(document) if piece.type == "link_open"] + [
        piece.attrs["src"] for piece in inlines(document) if piece.type == "image"
    ]:
        if re.match("https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / document).parent / path if path else ROOT / document
        assert file.exists(), target
        if anchor:
            assert anchor in headings(str(file.resolve().relative_to(ROOT))), target


def test_the_demo_says_what_the_readme_shows():
    """As far as that is known without running it; CI runs it."""
    assert f"Checks: {len(CHECKS)} of {len(CHECKS)} passed" in block("README.md", "Two commands", "text")
    plays = demo_month.PLAN.plays
    assert f"sparkify.songplays: {plays} new, 0 changed, 0 deleted rows" in block("README.md", "Two commands", "text")
