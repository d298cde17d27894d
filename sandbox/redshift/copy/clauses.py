"""The clauses of COPY and UNLOAD: tokens, and keywords with their arguments in any order."""

from __future__ import annotations

import abc
import re
from collections.abc import Callable

from sandbox.redshift.copy.authorization import Authorization, from_credentials, from_keys, from_role
from sandbox.redshift.errors import RedshiftError

TOKEN = re.compile(
    r"(?P<blank>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<string>'(?:[^'\\]|''|\\.)*')"
    r"|\$(?P<tag>\w*)\$(?P<dollar>.*?)\$(?P=tag)\$"
    r'|(?P<quoted>"(?:[^"]|"")+")'
    r"|(?P<word>\#?[^\W\d][\w$]*)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<sign>[(),.;])",
    re.DOTALL,
)
# standard_conforming_strings does not exist in Redshift: a backslash escapes in every literal. But COPY's own '\N' is
# written with one backslash as often as with two.
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "N": "\\N"}
ESCAPED = re.compile(r"\\([0-7]{1,3}|.)", re.DOTALL)

SWITCHES = {"ON": True, "TRUE": True, "OFF": False, "FALSE": False}
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


def _tokens(text: str) -> list[tuple[str, str]]:
    """(kind, value) pairs; kind is string, name, word, number, sign or end."""
    found, position = [], 0
    while position < len(text):
        token = TOKEN.match(text, position)
        if not token:
            raise syntax_error(text[position:].split()[0])
        position = token.end()
        kind = token.lastgroup
        if kind == "string":
            found.append(("string", unescaped(token["string"][1:-1].replace("''", "'"))))
        elif kind == "dollar":
            found.append(("string", token["dollar"]))
        elif kind == "quoted":
            # Redshift folds quoted names too (enable_case_sensitive_identifier is off)
            found.append(("name", token["quoted"][1:-1].replace('""', '"').lower()))
        elif kind in ("word", "number", "sign"):
            found.append((kind, token[0]))
    return [*found, ("end", "end of input")]


def unescaped(text: str) -> str:
    """The text with its escapes read: \\n and its like, \\ddd in octal, a backslash before anything else dropped."""

    def meant(found: re.Match[str]) -> str:
        return chr(int(found[1], 8)) if found[1][0] in "01234567" else ESCAPES.get(found[1], found[1])

    return ESCAPED.sub(meant, text)


def syntax_error(near: str) -> RedshiftError:
    return RedshiftError("42601", f'syntax error at or near "{near}"')


class Clauses(abc.ABC):
    """A statement read word by word. `given` holds the clauses met so far, by keyword."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.given: dict[str, object] = {}

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at]

    def next(self) -> tuple[str, str]:
        token = self.tokens[self.at]
        self.at += token[0] != "end"
        return token

    def sign(self, sign: str) -> bool:
        return self.accept(("sign", sign))

    def word(self, word: str) -> bool:
        kind, value = self.peek()
        return kind == "word" and value.upper() == word and self.accept((kind, value))

    def accept(self, token: tuple[str, str]) -> bool:
        matches = self.peek() == token
        self.at += matches
        return matches

    def expect(self, word: str) -> None:
        if not self.word(word):
            raise syntax_error(self.peek()[1])

    def string(self) -> str:
        self.word("AS")
        kind, value = self.next()
        if kind != "string":
            raise syntax_error(value)
        return value

    def string_or_name(self) -> str:
        self.word("AS")
        return self.string() if self.peek()[0] == "string" else self.name()

    def number(self, keyword: str, lowest: int, highest: int) -> int:
        self.word("AS")
        kind, value = self.next()
        if kind not in ("number", "string") or not re.fullmatch(r"-?\d+", value):
            raise syntax_error(value)
        if not lowest <= int(value) <= highest:
            raise RedshiftError("22023", f"invalid value {value} for {keyword}, expected {lowest} to {highest}")
        return int(value)

    def must(self, sign: str) -> None:
        if not self.sign(sign):
            raise syntax_error(self.peek()[1])

    def name(self) -> str:
        kind, value = self.next()
        if kind not in ("word", "name"):
            raise syntax_error(value)
        return value.lower()

    def ended(self) -> bool:
        while self.sign(";"):
            pass
        return self.peek()[0] == "end"

    def column_list(self) -> tuple[str, ...]:
        columns = [self.name()]
        while self.sign(","):
            columns.append(self.name())
        if not self.sign(")"):
            raise syntax_error(self.peek()[1])
        for column in columns:
            if columns.count(column) > 1:
                raise RedshiftError("42701", f'column "{column}" specified more than once')
        return tuple(columns)

    def clause(self) -> None:
        kind, value = self.next()
        if kind != "word":
            raise syntax_error(value)
        keyword = value.upper()
        if keyword in ("FORMAT", "WITH"):
            self.word("AS")
            return
        if keyword in self.given:
            raise RedshiftError("42601", f"conflicting or redundant options: {keyword} is given twice")
        self.given[keyword] = self.argument(keyword, value)

    @abc.abstractmethod
    def argument(self, keyword: str, value: str) -> object:
        """What follows a keyword; `value` is the keyword as it was written."""

    def authorization_readers(self) -> dict[str, Callable[[], object]]:
        return {
            "IAM_ROLE": lambda: "default" if self.word("DEFAULT") else self.string(),
            "CREDENTIALS": self.string,
            "ACCESS_KEY_ID": self.string,
            "SECRET_ACCESS_KEY": self.string,
            "SESSION_TOKEN": self.string,
            "REGION": self.string,
        }

    def switch(self) -> bool:
        kind, value = self.peek()
        if kind == "word" and value.upper() in SWITCHES:
            self.next()
            return SWITCHES[value.upper()]
        return True

    def text_of(self, keyword: str) -> str | None:
        value = self.given.get(keyword)
        return value if isinstance(value, str) else None

    def authorization(self) -> Authorization:
        region = self.text_of("REGION")
        if region is not None and not REGION.fullmatch(region):
            raise RedshiftError("XX000", f"invalid REGION '{region}', expected a name such as us-west-2")
        forms = [form for form in ("IAM_ROLE", "CREDENTIALS", "ACCESS_KEY_ID") if form in self.given]
        if "ACCESS_KEY_ID" not in forms and self.given.keys() & {"SECRET_ACCESS_KEY", "SESSION_TOKEN"}:
            raise RedshiftError("42601", "SECRET_ACCESS_KEY and SESSION_TOKEN need ACCESS_KEY_ID")
        if not forms:
            raise RedshiftError("XX000", "CREDENTIALS argument is required but not specified")
        if len(forms) > 1:
            raise RedshiftError("42601", f"conflicting or redundant options: {forms[0]} and {forms[1]}")
        if forms[0] == "IAM_ROLE":
            return from_role(self.text_of("IAM_ROLE") or "")
        if forms[0] == "CREDENTIALS":
            return from_credentials(self.text_of("CREDENTIALS") or "")
        return from_keys(self.text_of("ACCESS_KEY_ID") or "", self.text_of("SECRET_ACCESS_KEY"))
