"""README.md and docs/ as the tests read them: their blocks of code, each under its heading, and their links."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import Counter
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("README.md", *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "docs").glob("*.md")))
PARSER = MarkdownIt("commonmark").enable("table")


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of code: the `number`th in its language under its heading, from 1."""

    document: str
    heading: str
    language: str
    number: int
    text: str
    label: str = ""  # the file it is, when the paragraph before says `file`:

    def __str__(self) -> str:
        return f"{self.document} # {self.heading} # {self.language} {self.number}"


@cache
def tokens(document: str) -> list:
    """A document, parsed."""
    return PARSER.parse((ROOT / document).read_text(encoding="utf-8"))


@cache
def blocks(document: str) -> list[Block]:
    """All blocks of code of a document, in order."""
    found = []
    seen: Counter[tuple[str, str]] = Counter()
    heading = label = ""
    parsed = tokens(document)
    for before, token in itertools.pairwise(parsed):
        if before.type == "heading_open":
            heading = token.content
        elif token.type == "inline":
            label = match[1] if (match := re.fullmatch(r"`([^`]+)`:", token.content)) else ""
        elif token.type in ("fence", "code_block"):
            language = token.info if token.type == "fence" else ""
            seen[heading, language] += 1
            found.append(Block(document, heading, language, seen[heading, language], token.content, label))
            label = ""
    return found


def block(document: str, heading: str, language: str, number: int = 1) -> str:
    """The text of one block. LookupError when the document has no such block any more."""
    for candidate in blocks(document):
        if (candidate.heading, candidate.language, candidate.number) == (heading, language, number):
            return candidate.text
    raise LookupError(f"{document} has no block {number} of {language} under the heading {heading!r}")


def inlines(document: str) -> list:
    """The pieces of running text: words, `code`, links."""
    return [child for token in tokens(document) if token.type == "inline" for child in token.children or []]


def headings(document: str) -> set[str]:
    """The anchors that GitHub gives a document's headings."""
    parsed = tokens(document)
    titles = [token.content for before, token in itertools.pairwise(parsed) if before.type == "heading_open"]
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
