"""The `options` of a start-up packet: parameters given before the first SET, taken by the same rules."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite.names import HELPERS
from sandbox.redshift.rewrite.words import FIXED, target

# PostgreSQL's pg_split_opts: words between blanks, a backslash taking the next character as it is
_WORD = re.compile(r"(?:\\.|[^\\\s])+", re.DOTALL)


def options(text: str) -> str:
    """PostgreSQL's options for a client's; RedshiftError (0A000, 42501) for what is not supported or not permitted."""
    kept = [
        re.sub(r"([\\\s])", r"\\\1", setting)
        for name, value in _settings(text)
        if (setting := _setting(name.lower().replace("-", "_"), value))
    ]
    return " ".join(f"-c {setting}" for setting in kept)


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """Names and values of `-c name=value`, `-cname=value` and `--name=value`."""
    words = (re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL) for word in _WORD.findall(text))
    for word in words:
        given = next(words, "") if word == "-c" else word[2:]
        name, equals, value = given.partition("=")
        if word[:2] not in ("-c", "--") or not name or not equals:
            raise unsupported(f'the start-up option "{word}"', hint="Give -c name=value.")
        yield name, value


def _setting(name: str, value: str) -> str | None:
    """What PostgreSQL is to set; None for what SET reads over."""
    if name == "transaction_isolation":
        return None
    if name in FIXED and value.lower() not in FIXED[name]:
        raise unsupported(f"{name} set to {value}")
    if HELPERS in f"{name} {value}".lower():
        raise RedshiftError("42501", f"permission denied for {name}={value}")
    try:
        kept = target(name).replace('"', "")
    except RedshiftError as error:
        raise unsupported(f'the start-up option "{name}"') from error
    if name == "search_path":
        value = f"{value.lower()}, {HELPERS}, pg_catalog"
    return f"{kept}={value}"
