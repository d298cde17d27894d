"""An HTML page as a browser parses it: its elements, and their text."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """The elements in order, each with its attributes, its ancestors (`inside`) and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[dict[str, Any]] = []
        self._open: list[dict[str, Any]] = []
        self.feed(html)
        self.close()
        assert [] == self._open, "every element must be closed"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        element = {"tag": tag, "attributes": dict(attributes), "inside": list(self._open), "text": ""}
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self._open.pop()["tag"]

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element["text"] += data

    def all(self, tag: str, inside: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """The elements with this tag, everywhere or inside another element."""
        return [
            element
            for element in self.elements
            if element["tag"] == tag and (inside is None or any(ancestor is inside for ancestor in element["inside"]))
        ]

    def section(self, name: str) -> dict[str, Any]:
        """The section of a question."""
        (section,) = (element for element in self.all("section") if element["attributes"]["data-question"] == name)
        assert name == section["attributes"]["id"]
        return section

    def table(self, name: str) -> list[list[Any]]:
        """The rows of a question's table: machine-readable numbers and timestamps, and text for all other values."""
        rows = []
        for row in self.all("tr", self.section(name)):
            cells = []
            for cell in self.all("td", row):
                machine_readable = [*self.all("data", cell), *self.all("time", cell)]
                attributes = machine_readable[0]["attributes"] if machine_readable else {}
                cells.append(attributes.get("value") or attributes.get("datetime") or cell["text"])
            rows.append(cells)
        return rows[1:]
