"""docs/sandbox.md says what known_gaps.toml says; that it is true is tested in tests/sandbox/redshift."""

from scripts import sandbox_reference


def test_the_page_is_what_the_script_writes():
    """After a change to the gaps, the functions or the clauses: `make docs`."""
    assert sandbox_reference.TARGET.read_text(encoding="utf-8") == sandbox_reference.document()
