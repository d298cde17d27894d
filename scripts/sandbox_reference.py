"""Write what docs/sandbox.md says of SQL out of the sandbox's own lists; `make docs` runs it.

What works comes from the tables the sandbox itself decides by, what it refuses or does otherwise from
sandbox/redshift/known_gaps.toml. A test compares the page with this; another tries what is refused on the real thing.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sandbox.redshift.copy import command as copy_command  # noqa: E402  # found from any folder
from sandbox.redshift.rewrite.allowed import FAMILIES  # noqa: E402
from sandbox.redshift.unload import command as unload_command  # noqa: E402

TARGET = ROOT / "docs" / "sandbox.md"
GAPS = ROOT / "sandbox" / "redshift" / "known_gaps.toml"
BEGIN = (
    "<!-- Written by scripts/sandbox_reference.py: `make docs`. Change sandbox/redshift/known_gaps.toml instead. -->"
)
END = "<!-- The end of what is written by a script. -->"


def listed(words: Iterable[str]) -> str:
    """Words as code, in order."""
    return ", ".join(f"`{word.upper()}`" for word in sorted(words))


def code(text: str) -> str:
    """Code inside a table."""
    return f"`{text.replace('|', '&#124;')}`" if "|" not in text else f"<code>{text.replace('|', '&#124;')}</code>"


def what_works() -> Iterator[str]:
    """Functions by family; the clauses of COPY and UNLOAD."""
    yield "| | |"
    yield "|---|---|"
    for family, names in FAMILIES.items():
        yield f"| {family} functions | {listed(names)} |"
    yield f"| COPY | {listed(copy_command.keywords())} |"
    yield f"| UNLOAD | {listed(unload_command.keywords())} |"


def statements(refusals: dict[str, str]) -> Iterator[str]:
    """What is refused, in the refusal's own words, and a statement that meets it."""
    yield "| Refused | For instance |"
    yield "|---|---|"
    for words, statement in refusals.items():
        yield f"| {words.replace('|', '&#124;').replace('*', '&#42;')} | {code(statement)} |"


def reference() -> str:
    """The part of the page that this writes."""
    gaps = tomllib.loads(GAPS.read_text(encoding="utf-8"))

    lines = [
        BEGIN,
        "",
        "### What works",
        "",
        *what_works(),
        "",
        "### What it refuses though Redshift has it",
        "",
        *statements(gaps["refused"]),
        "",
        "### What it refuses as Redshift does",
        "",
        *statements(gaps["refused_as_on_redshift"]),
        "",
        "### What it takes though Redshift refuses it",
        "",
        *(f"- {text[0].upper()}{text[1:]}." for text in gaps["lenient"].values()),
        "",
        "### Where it answers otherwise",
        "",
        *(f"- {text[0].upper()}{text[1:]}." for text in gaps["differs"].values()),
        "",
        "### What clients cannot do",
        "",
        *(f"- {text}." for text in gaps["clients"].values()),
        "",
        END,
    ]
    return "\n".join(lines)


def document() -> str:
    """The whole page, with that part as it should be."""
    page = TARGET.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{TARGET} has not the two comments between which this writes")
    return f"{before}{reference()}{after}"


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
