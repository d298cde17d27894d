"""Cutting and joining: no record is cut, none is made of two files."""

import io

import pytest

from sandbox.redshift.copy import pieces
from sandbox.redshift.copy.command import S3Path
from sandbox.redshift.copy.pieces import Piece, groups, joined
from sandbox.redshift.copy.source import S3Object

FILE = S3Object(S3Path("b", "k"), 0)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "SIZE", 40)


@pytest.mark.parametrize(
    "text", ['{"a":1}\n' * 20, '{"a":1}' * 20, '{"a":\n["}\\n{",{}\n]}\r\n\r\n' * 20, "[\n{\n}\n,\n{\n}\n]\n" * 20]
)
def test_pieces_are_whole_records_with_their_first_line(text: str) -> None:
    parts = list(pieces.pieces(FILE, io.BytesIO(text.encode()), 0))
    assert text.encode() == b"".join(part.data for part in parts)
    assert len(parts) > 3
    line = 1
    for part in parts:
        assert line == part.first_line
        assert pieces.is_plain(part)
        assert part.data.count(b"{") == part.data.count(b"}")
        line += part.data.count(b"\n")
    assert [part is parts[-1] for part in parts] == [part.last for part in parts]


def test_header_lines_are_skipped_and_counted() -> None:
    (part,) = pieces.pieces(FILE, io.BytesIO(b"title\n" + b"x" * 100 + b"\n{}"), 2)
    assert (b"{}", 3) == (part.data, part.first_line)


def test_only_plain_pieces_are_joined() -> None:
    texts = [b'{"a":1}', b"", b'{"a":', b'{"a":2}\n', b" [1] ", b"\xef\xbb\xbf{}"]
    found = [joined(group) for group in groups(Piece(FILE, text, 1, last=True) for text in texts)]
    assert [b'{"a":1}\n', b'{"a":', b'{"a":2}\n\n [1] ', b"\xef\xbb\xbf{}"] == found
