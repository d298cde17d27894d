"""Redshift's SQL in sqlglot's terms: a tokenizer and parser of its own, and PostgreSQL's generator for the way back."""

from __future__ import annotations

import re
import string
from typing import Any, ClassVar, cast

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ParseError, TokenError, UnsupportedError
from sqlglot.generators.postgres import PostgresGenerator
from sqlglot.parsers.redshift import RedshiftParser
from sqlglot.tokenizer_core import Token, TokenType

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite.allowed import FUNCTIONS
from sandbox.redshift.statement import CASE_SENSITIVE


class DistKeyColumn(exp.Expression, exp.ColumnConstraintKind):
    """`DISTKEY` after a column's type."""

    arg_types: ClassVar[dict[str, bool]] = {}


class SortKeyColumn(exp.Expression, exp.ColumnConstraintKind):
    """`SORTKEY` after a column's type."""

    arg_types: ClassVar[dict[str, bool]] = {}


def call(name: str, *arguments: Any) -> exp.Anonymous:
    """A function call by name, resolved by PostgreSQL along the search path."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def _named(name: str) -> Any:
    return lambda args: call(name, *args)


class Sandbox(Redshift):
    """Redshift as sqlglot knows it, with every function left under its own name."""

    # so that pg_catalog.regclass parses; what types there are is decided in `types`
    SUPPORTS_USER_DEFINED_TYPES = True
    # (a, b) IS NOT NULL is not the opposite of (a, b) IS NULL
    NORMALIZE_NOT_NULL = False

    class Tokenizer(Redshift.Tokenizer):
        # sqlglot swallows the rest of such a statement as one string; here whole statements stay tokens
        COMMANDS: ClassVar[set[TokenType]] = set()
        # sqlglot takes `$1,$` for the opening of a dollar quote; `tokenize` sees to the real ones
        HEREDOC_STRINGS: ClassVar[list[str | tuple[str, str]]] = []
        SINGLE_TOKENS = {**Redshift.Tokenizer.SINGLE_TOKENS, "$": TokenType.PARAMETER}

    class Parser(RedshiftParser):
        # sqlglot's builders translate functions by meaning and get many wrong (dates, concat, regexps): names are kept
        FUNCTIONS = {name.upper(): _named(name) for name in FUNCTIONS}
        FUNCTION_PARSERS = {
            name: parser
            for name, parser in RedshiftParser.FUNCTION_PARSERS.items()
            if name in ("CAST", "CONVERT", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")
        }
        NO_PAREN_FUNCTION_PARSERS = {
            "ANY": RedshiftParser.NO_PAREN_FUNCTION_PARSERS["ANY"],
            "CASE": RedshiftParser.NO_PAREN_FUNCTION_PARSERS["CASE"],
            "APPROXIMATE": lambda self: self._parse_approximate(),
            "SYSDATE": lambda self: call("sysdate"),
        }
        CONSTRAINT_PARSERS = {
            **RedshiftParser.CONSTRAINT_PARSERS,
            "DISTKEY": lambda self: self.expression(DistKeyColumn()),
            "SORTKEY": lambda self: self.expression(SortKeyColumn()),
        }

        def _parse_approximate(self) -> exp.Expression:
            # an exact count is one of the answers the approximate one may give
            function = self._parse_function()
            name = function.name.lower() if isinstance(function, exp.Anonymous) else ""
            is_count = (
                function and name == "count" and any(isinstance(item, exp.Distinct) for item in function.expressions)
            )
            if not is_count:
                raise unsupported("APPROXIMATE with anything but COUNT(DISTINCT ...)")
            return cast(exp.Expression, function)

        def _parse_as_command(self, start: Token) -> exp.Command:
            # sqlglot's way out when a statement does not end where it expects
            if self._curr:
                raise unsupported(f'{start.text.upper()} with "{self._curr.text}" here')
            raise RedshiftError("42601", "syntax error at end of input")

        def _parse_substring(self) -> Any:
            # a plain call, so that overloads apply
            parsed = super()._parse_substring()
            arguments = [parsed.this, parsed.args.get("start"), parsed.args.get("length")]
            return call("substring", *[argument for argument in arguments if argument is not None])


class _Generator(PostgresGenerator):
    """PostgreSQL's generator; literals are standard strings, so a backslash in one is itself."""

    # LISTAGG(DISTINCT a, ',') is one value and its delimiter, not a row of two
    MULTI_ARG_DISTINCT = True
    TRANSFORMS = {
        **{key: value for key, value in PostgresGenerator.TRANSFORMS.items() if key is not exp.Select},
        # as an operator its column has no name, as a function it would be called power
        exp.Pow: lambda self, node: self.binary(node, "^"),
    }


DIALECT = Sandbox()

# names fold by their ASCII letters
LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
# what stands in quotes; all else is folded here where names in quotes are not
_AS_WRITTEN = (TokenType.IDENTIFIER, TokenType.STRING, TokenType.BYTE_STRING, TokenType.RAW_STRING)

# a dollar quote, or what may hold one without its being one: comments, strings, names in quotes
_QUOTES = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.|'')*'|"[^"]*"|(?<![\w$])\$(?P<tag>[A-Za-z_]\w*|)\$(?P<body>.*?)\$(?P=tag)\$""",
    re.DOTALL,
)


# operators that Redshift has and sqlglot does not parse
_OPERATORS = {"@", "#", "!", "||/"}


def tokenize(sql: str) -> list[Token]:
    """The tokens of a text, dollar quotes as strings; positions count in `sql`."""
    bodies: dict[int, str] = {}

    def as_string(match: re.Match[str]) -> str:
        if match["body"] is None:
            return match[0]
        bodies[match.start()] = match["body"]
        return "'" + "." * (len(match[0]) - 2) + "'"

    try:
        tokens = DIALECT.tokenize(_QUOTES.sub(as_string, sql) if "$" in sql else sql)
    except TokenError as error:
        raise RedshiftError("42601", "unterminated quoted string, name or comment") from error
    for token in tokens if bodies else ():
        token.text = bodies.get(token.start, token.text)
    for token in tokens if CASE_SENSITIVE.get() else ():
        if token.token_type not in _AS_WRITTEN:
            token.text = token.text.translate(LOWER)
    return tokens


def parse(tokens: list[Token], sql: str) -> exp.Expression:
    """The tree of one statement; what sqlglot cannot parse is a syntax error in PostgreSQL's words."""
    try:
        tree = DIALECT.parser(error_level=ErrorLevel.IMMEDIATE).parse(tokens, sql)[0]
    except (ParseError, ValueError) as error:  # a ValueError where sqlglot makes a name of what is none
        for operator in _OPERATORS & {token.text for token in tokens}:
            raise unsupported(f"the operator {operator}") from error
        near = error.errors[0].get("highlight") if isinstance(error, ParseError) and error.errors else None
        message = f'syntax error at or near "{near}"' if near else "syntax error at end of input"
        raise RedshiftError("42601", message) from error
    if tree is None or isinstance(tree, exp.Command):
        raise unsupported(f"the statement {' '.join(token.text for token in tokens[:3]).upper()}")
    return cast(exp.Expression, tree)


def generate(tree: exp.Expression) -> str:
    """PostgreSQL's text of a tree, every name quoted; nothing sqlglot cannot express is dropped."""
    generator = _Generator(dialect="postgres", identify=True, comments=False, unsupported_level=ErrorLevel.RAISE)
    try:
        return str(generator.generate(tree, copy=False))
    except UnsupportedError as error:
        raise unsupported(str(error)) from error
