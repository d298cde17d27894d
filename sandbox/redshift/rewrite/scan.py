"""Statements by their tokens: where one ends, how it begins, its own text with names and strings made PostgreSQL's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from sqlglot.tokenizer_core import Token, TokenType

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite.dialect import LOWER, tokenize
from sandbox.redshift.statement import CASE_SENSITIVE

# PostgreSQL cuts names at 63 bytes where Redshift cuts at 127: two names could silently become one
LONGEST_NAME = 63
DATABASE = "dev"

_STRINGS = (TokenType.STRING, TokenType.BYTE_STRING)


def fold(name: str) -> str:
    """A name as Redshift stores it: ASCII letters in lower case, quoted or not, unless names are case-sensitive."""
    if len(name.encode(errors="surrogateescape")) > LONGEST_NAME:
        raise unsupported(f'names longer than {LONGEST_NAME} bytes ("{name}")')
    return name if CASE_SENSITIVE.get() else name.translate(LOWER)


def is_temporary(token: Token) -> bool:
    """Whether a token is a `#name`."""
    return token.token_type is TokenType.VAR and token.text.startswith("#")


def quote(name: str) -> str:
    return '"' + fold(name).replace('"', '""') + '"'


def literal(text: str) -> str:
    """A standard string literal: standard_conforming_strings is on behind the sandbox."""
    return "'" + text.replace("'", "''") + "'"


@dataclasses.dataclass(frozen=True)
class Piece:
    """One statement of a text: its tokens, whose positions count in `source`."""

    source: str
    tokens: list[Token]

    @property
    def text(self) -> str:
        """The statement as the client wrote it."""
        return self.source[self.tokens[0].start : self.tokens[-1].end + 1]

    def words(self, count: int | None = None) -> list[str]:
        """The texts of the first tokens, upper case; names in quotes and strings come out as "" (they are no words)."""
        quoted = (*_STRINGS, TokenType.IDENTIFIER, TokenType.HEREDOC_STRING)
        return ["" if token.token_type in quoted else token.text.upper() for token in self.tokens[:count]]

    def part(self, start: int, stop: int | None = None) -> Piece:
        return Piece(self.source, self.tokens[start:stop])

    def plain(self, replaced: Mapping[int, str] = MappingProxyType({})) -> str:
        """The text for PostgreSQL as it is, names folded, `#temp` names quoted, strings without backslash escapes.

        `replaced`: other texts for tokens, by position.
        """
        pieces, done = [], self.tokens[0].start
        for at, token in enumerate(self.tokens):
            if at in replaced:
                new = replaced[at]
            elif token.token_type is TokenType.IDENTIFIER or is_temporary(token):
                new = quote(token.text)
            elif token.token_type in _STRINGS:
                new = literal(token.text)
            else:
                continue
            pieces += [self.source[done : token.start], new]
            done = token.end + 1
        return "".join([*pieces, self.source[done : self.tokens[-1].end + 1]])


def split(sql: str) -> list[Piece]:
    """The statements of a text, without comments around them; an empty text has none."""
    pieces: list[list[Token]] = [[]]
    for token in tokenize(sql):
        if token.token_type is TokenType.SEMICOLON:
            pieces.append([])
        else:
            pieces[-1].append(token)
    return [Piece(sql, tokens) for tokens in pieces if tokens]


def syntax_error(piece: Piece, at: int) -> RedshiftError:
    """PostgreSQL's wording for a statement that goes wrong at this token."""
    if at < len(piece.tokens):
        token = piece.tokens[at]
        return RedshiftError("42601", f'syntax error at or near "{piece.source[token.start : token.end + 1]}"')
    return RedshiftError("42601", "syntax error at end of input")
