"""The regular expression functions' parameters: 'c' and 'i' are PostgreSQL's too, 'e' is an argument of its own there.

'p' makes a pattern Perl's. PostgreSQL finds what Perl would where the matching part has at most one quantifier, so that
the longest match is the first tried, and all looking ahead is done before it.
"""

from __future__ import annotations

import re

from sqlglot import exp

from sandbox.redshift.errors import unsupported
from sandbox.redshift.rewrite.dialect import call

# one character: itself, escaped, of a kind, any but a line's end, or one of a class
_ITSELF = r"\w @,;:/=!#%&~'\"<>"
_CLASS = rf"\[\^?(?:[A-Za-z0-9]-[A-Za-z0-9]|[{_ITSELF}.+*?$|(){{}}])+-?\]"
_ATOM = rf"(?:[{_ITSELF}-]|\\[^\w\s]|\\[dsw]|\.|{_CLASS})"
_QUANTIFIER = r"(?:[*+?]|\{\d+(?:,\d*)?\})"
_AHEAD = rf"\(\?[=!](?:{_ATOM}{_QUANTIFIER}?)+\)"
_ALIKE = re.compile(
    rf"(?:{_AHEAD})*(?P<before>{_ATOM}*)(?:(?P<quantifier>{_QUANTIFIER})(?P<after>{_ATOM}*))?", re.ASCII
)
_GROUP = re.compile(r"\\.|\[\^?\]?[^\]]*\]|(?P<group>\((?!\?))", re.DOTALL)


def with_parameters(node: exp.Anonymous, letters: str) -> exp.Expression:
    """A call whose last argument is its parameters, of which it takes these."""
    *others, given = node.expressions
    function, chosen = node.name.upper(), set(given.name)
    if not (given.is_string and chosen <= set(letters) and not {"e", "p"} <= chosen):
        raise unsupported(f"{function} with parameters other than {', '.join(letters)}, or e and p")
    if chosen <= set("ci"):
        return node
    pattern = others[1]
    if not pattern.is_string:
        raise unsupported(f"{function} with the parameter e or p and a pattern that is no literal")
    flags = exp.Literal.string(given.name.translate({ord("e"): None, ord("p"): None}))
    if "e" in chosen:
        has_group = any(found["group"] for found in _GROUP.finditer(pattern.name))
        return call(node.name.lower(), *others, flags, exp.Literal.number(int(has_group)))
    if function == "REGEXP_REPLACE" and not (others[2].is_string and not set(others[2].name) & set("\\$")):
        raise unsupported(f"{function} with the parameter p and this replacement")
    others[1] = exp.Literal.string(_alike(pattern.name, function))
    return call(node.name.lower(), *others, flags)


def _alike(pattern: str, function: str) -> str:
    """A pattern of Perl's for PostgreSQL, where a dot would match a line's end."""
    found = _ALIKE.fullmatch(pattern)
    if not found or _may_be_empty(found):
        raise unsupported(f"{function} with the parameter p and the pattern {pattern}")
    return re.sub(r"(\\.|\[[^\]]*\])|\.", lambda part: part[1] or "[^\n]", pattern)


def _may_be_empty(found: re.Match[str]) -> bool:
    """Whether the pattern matches no character at all, of which the two find different numbers."""
    atoms = len(re.findall(_ATOM, found["before"] + (found["after"] or "")))
    return atoms <= (found["quantifier"] or "+").startswith(("*", "?", "{0"))
