"""Statements known by their first words: transactions, parameters, upkeep, rights, cursors. They need no tree."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite.allowed import word_set
from sandbox.redshift.rewrite.scan import Piece, literal, quote, syntax_error
from sandbox.redshift.statement import CASE_SENSITIVE, Statement

# parameters PostgreSQL and Redshift share
_SHARED = word_set("""
    application_name client_encoding client_min_messages datestyle default_transaction_read_only extra_float_digits
    intervalstyle search_path statement_timeout timezone transaction_read_only
""")
# parameters of Redshift alone, with what SHOW answers before a SET; but for case none of them changes a result here
_REMEMBERED = {
    "analyze_threshold_percent": "10",
    "auto_analyze": "on",
    "cursor_auto_commit": "off",
    "default_transaction_isolation": "serializable",
    "describe_field_name_in_uppercase": "off",
    "enable_case_sensitive_identifier": "off",
    "enable_result_cache_for_session": "on",
    "enable_vacuum_boost": "off",
    "error_on_nondeterministic_update": "off",
    "max_cursor_result_set_size": "default",
    "max_concurrency_scaling_clusters": "1",
    "mv_enable_aqmv_for_session": "on",
    "query_group": "default",
    "statistics_target": "100",
    "stored_proc_log_min_messages": "log",
    "use_fips_ssl": "off",
    "wlm_query_slot_count": "1",
}
# those that would change a result: only the value they already have is taken, of case at the start of a session alone
FIXED = {
    "describe_field_name_in_uppercase": ("off", "false", "0", "default"),
    "enable_case_sensitive_identifier": ("off", "false", "0", "default"),
    "error_on_nondeterministic_update": ("off", "false", "0", "default"),
    "json_serialization_enable": ("off", "false", "0", "default"),
    "standard_conforming_strings": ("off", "default"),
}
_REMEMBERED |= {"json_serialization_enable": "off", "json_serialization_parse_nested_strings": "off"}

_CASE = "enable_case_sensitive_identifier"

Handler = Callable[[Piece], Statement]


def transaction(piece: Piece) -> Statement:
    """BEGIN and its kin; Redshift reads the isolation level and ignores it."""
    upper = piece.words()
    if upper[:2] == ["START", "TRANSACTION"]:
        verb, rest = "START TRANSACTION", upper[2:]
    else:
        verb = {"END": "COMMIT", "ABORT": "ROLLBACK"}.get(upper[0], upper[0])
        rest = upper[2:] if upper[1:2] in (["WORK"], ["TRANSACTION"]) else upper[1:]
    if not rest:
        return Statement(verb)
    if verb in ("COMMIT", "ROLLBACK"):
        if rest[0] in ("TO", "PREPARED", "AND"):
            raise unsupported(f"{verb} {rest[0]}")
        raise syntax_error(piece, len(upper) - len(rest))
    mode = _transaction_mode(piece, len(upper) - len(rest))
    return Statement(f"{verb} {mode}".strip())


def _transaction_mode(piece: Piece, at: int) -> str:
    """The READ mode among the transaction's options; the isolation level is read over."""
    upper, mode = piece.words(), ""
    while at < len(upper):
        if upper[at] == ",":
            at += 1
        elif upper[at : at + 2] in (["READ", "ONLY"], ["READ", "WRITE"]):
            mode, at = f"READ {upper[at + 1]}", at + 2
        elif upper[at : at + 2] == ["ISOLATION", "LEVEL"]:
            two = upper[at + 2 : at + 4] in (["REPEATABLE", "READ"], ["READ", "COMMITTED"], ["READ", "UNCOMMITTED"])
            if not two and upper[at + 2 : at + 3] not in (["SERIALIZABLE"], ["SNAPSHOT"]):
                raise syntax_error(piece, at + 2)
            at += 4 if two else 3
        else:
            raise syntax_error(piece, at)
    return mode


def set_parameter(piece: Piece) -> Statement:
    upper = piece.words()
    scope = upper[1] if upper[1:2] in (["SESSION"], ["LOCAL"]) and upper[2:3] != ["TO"] else ""
    at = 2 if scope else 1
    if upper[at : at + 1] == ["AUTHORIZATION"]:
        return Statement(piece.plain())
    if upper[at : at + 1] == ["TRANSACTION"] or upper[at : at + 3] == ["CHARACTERISTICS", "AS", "TRANSACTION"]:
        end = at + (1 if upper[at] == "TRANSACTION" else 3)
        mode = _transaction_mode(piece, end)
        return Statement(f"{' '.join(upper[:end])} {mode}" if mode else _NOTHING)
    name, at = _parameter(piece, at)
    if name == "timezone" and upper[at - 2 : at] == ["TIME", "ZONE"]:
        value = piece.part(at)
    elif upper[at : at + 1] in (["TO"], ["="]):
        value = piece.part(at + 1)
    else:
        raise syntax_error(piece, at)
    if not value.tokens:
        raise syntax_error(piece, at + 1)
    if name == _CASE and scope == "LOCAL":
        raise unsupported(f"SET LOCAL {_CASE}")
    if name == _CASE:
        return _set_case_sensitive(value)
    return Statement(f"SET {scope + ' ' if scope else ''}{target(name)} TO {_value(name, value)}")


# SET TRANSACTION ISOLATION LEVEL alone changes nothing on Redshift, and nothing here
_NOTHING = "SET LOCAL pg_redshift.isolation TO 'ignored'"


def _parameter(piece: Piece, at: int) -> tuple[str, int]:
    """A parameter's name and the position after it."""
    upper = piece.words()
    if upper[at : at + 2] == ["TIME", "ZONE"]:
        return "timezone", at + 2
    if at >= len(upper):
        raise syntax_error(piece, at)
    name = piece.tokens[at].text.lower()
    if upper[at + 1 : at + 2] == ["."]:
        if at + 2 >= len(upper):
            raise syntax_error(piece, at + 2)
        return f"{name}.{piece.tokens[at + 2].text.lower()}", at + 3
    return name, at + 1


def target(name: str) -> str:
    """The name PostgreSQL keeps a parameter under."""
    prefix, dot, rest = name.partition(".")
    if dot and prefix != "pg_redshift":
        return f"{quote(prefix)}.{quote(rest)}"
    if name in _SHARED:
        return name
    if name in _REMEMBERED or name in FIXED:
        return f"pg_redshift.{name}"
    raise RedshiftError("42704", f'unrecognized configuration parameter "{name}"')


def _value(name: str, value: Piece) -> str:
    if name in FIXED and value.tokens[0].text.lower() not in FIXED[name]:
        raise unsupported(f"{name} set to {value.text}")
    if value.words() == ["DEFAULT"]:
        return "DEFAULT"
    if name == "search_path":
        return f"{value.plain()}, pg_redshift, pg_catalog"
    if name in _REMEMBERED or name in FIXED:
        return literal(" ".join(token.text for token in value.tokens))
    return value.plain()


def _set_case_sensitive(value: Piece) -> Statement:
    given = value.text.strip("'").lower()
    if given not in ("on", "true", "1", *FIXED[_CASE]):
        raise RedshiftError("22023", f'parameter "{_CASE}" requires a Boolean value')
    on = given not in FIXED[_CASE]
    return Statement(f"SET {target(_CASE)} TO '{'on' if on else 'off'}'", case_sensitive=on)


def refuse_case_sensitive(piece: Piece) -> None:
    """COPY and UNLOAD read their clauses themselves, and fold the names there."""
    if CASE_SENSITIVE.get():
        raise unsupported(f"{piece.words(1)[0]} while {_CASE} is on")


def reset(piece: Piece) -> Statement:
    if piece.words()[1:] == ["SESSION", "AUTHORIZATION"]:
        return Statement(piece.plain())
    if piece.words()[1:] == ["ALL"]:
        return Statement(piece.plain(), case_sensitive=False)
    name, at = _parameter(piece, 1)
    if at < len(piece.tokens):
        raise syntax_error(piece, at)
    return Statement(f"RESET {target(name)}", case_sensitive=False if name == _CASE else None)


def show(piece: Piece) -> Statement:
    upper = piece.words()
    if upper[1:] in (["TRANSACTION", "ISOLATION", "LEVEL"], ["TRANSACTION_ISOLATION"]):
        return Statement(piece.plain())
    if upper[1:] == ["SERVER_VERSION"]:
        return Statement("SELECT '8.0.2'::text AS server_version", tag="SHOW")
    if upper[1:2] in (["ALL"], ["TABLE"], ["VIEW"], ["PROCEDURE"], ["DATABASES"], ["SCHEMAS"], ["TABLES"], ["COLUMNS"]):
        raise unsupported(f"SHOW {upper[1]}")
    name, at = _parameter(piece, 1)
    if at < len(upper):
        raise syntax_error(piece, at)
    column = '"' + name.replace('"', '""') + '"'
    if name == "search_path":
        shown = r"regexp_replace(current_setting('search_path'), ',\s*pg_redshift,\s*pg_catalog$', '')"
    elif name == "standard_conforming_strings":
        # strings do take backslash escapes, and clients that ask double their backslashes only if told so
        shown = "'off'::text"
    elif name == "statement_timeout":
        # in milliseconds, without PostgreSQL's unit
        shown = "(SELECT setting FROM pg_catalog.pg_settings WHERE name = 'statement_timeout')"
    elif name in _REMEMBERED:
        shown = f"coalesce(nullif(current_setting('pg_redshift.{name}', true), ''), {literal(_REMEMBERED[name])})"
    else:
        return Statement(f"SHOW {target(name)}")
    return Statement(f"SELECT {shown} AS {column}", tag="SHOW")


def analyze(piece: Piece) -> Statement:
    upper = piece.words()
    if upper[1:2] == ["COMPRESSION"]:
        raise unsupported("ANALYZE COMPRESSION")
    if upper[-2:] in (["PREDICATE", "COLUMNS"], ["ALL", "COLUMNS"]):
        piece = piece.part(0, -2)
    start = 2 if upper[1:2] == ["VERBOSE"] else 1
    if upper[1:2] == ["("]:
        raise syntax_error(piece, 1)
    # Redshift's own texts for VERBOSE are unknown: PostgreSQL's would be another server's
    target = piece.part(start)
    return Statement(f"ANALYZE {target.plain()}" if target.tokens else "ANALYZE")


def vacuum(piece: Piece) -> Statement:
    """VACUUM of one table; how much of it is sorted or reclaimed has no meaning here."""
    upper, at = piece.words(), 1
    if upper[at : at + 2] in (["SORT", "ONLY"], ["DELETE", "ONLY"]):
        at += 2
    elif upper[at : at + 1] in (["FULL"], ["REINDEX"], ["RECLUSTER"]):
        at += 1
    end = len(upper)
    if upper[end - 1] == "BOOST":
        end -= 1
    if upper[end - 1] == "PERCENT" and upper[end - 3 : end - 2] == ["TO"]:
        end -= 3
    table = piece.part(at, end)
    if any(word == "(" for word in table.words()) or len(table.tokens) > 5:
        raise syntax_error(piece, at)
    return Statement(f"VACUUM {table.plain()}" if table.tokens else "VACUUM")


def plain(piece: Piece) -> Statement:
    """What PostgreSQL takes as Redshift does."""
    return Statement(piece.plain())


def deallocate(piece: Piece) -> Statement:
    if "ALL" in piece.words(3):
        raise unsupported("DEALLOCATE ALL")
    return plain(piece)


_OTHER_RIGHTS = word_set(
    "ALTER ASSUMEROLE COPY DATASHARE DROP EXTERNAL FUNCTION LANGUAGE MODEL PROCEDURE ROLE SEQUENCE TRUNCATE"
)


def grant(piece: Piece) -> Statement:
    upper = piece.words()
    if _OTHER_RIGHTS & set(upper[1:]) or "ON" not in upper:
        raise unsupported(f"this form of {upper[0]}")
    return plain(piece)


def lock(piece: Piece) -> Statement:
    if "IN" in piece.words() or "NOWAIT" in piece.words():
        raise unsupported("LOCK with a mode")
    return plain(piece)


def copy(piece: Piece) -> Statement:
    """COPY between a table and the client's own stream is PostgreSQL's; from anywhere else it is the sandbox's."""
    upper, at, depth = piece.words(), 1, 0
    while at < len(upper) and (depth or upper[at] not in ("FROM", "TO")):
        depth += (upper[at] == "(") - (upper[at] == ")")
        at += 1
    if upper[at : at + 2] in (["FROM", "STDIN"], ["TO", "STDOUT"]):
        if upper[1] == "(":
            raise unsupported("COPY of a query")
        return plain(piece)
    refuse_case_sensitive(piece)
    return Statement("", copy=piece.text)


def refuse(piece: Piece) -> Statement:
    raise unsupported(" ".join(piece.words(2)).strip())


_OTHER_OPTIONS = word_set("SYSLOG CONNECTION SESSION EXTERNALID CREATEROLE SUPERUSER REPLICATION BYPASSRLS SET RESET")
_USER_WORDS = {"CREATEUSER": "SUPERUSER", "NOCREATEUSER": "NOSUPERUSER", "DISABLE": "NULL"}


def user(piece: Piece) -> Statement:
    """Users and groups as far as PostgreSQL's own carry them; Redshift's CREATEUSER is a superuser."""
    upper = piece.words()
    if _OTHER_OPTIONS & set(upper):
        raise unsupported(f"this option of {' '.join(upper[:2])}")
    return Statement(piece.plain({at: _USER_WORDS[word] for at, word in enumerate(upper) if word in _USER_WORDS}))


_REFUSED = word_set("""
    CALL CANCEL CHECKPOINT CLUSTER DESC DISCARD DO IMPORT LISTEN LOAD MOVE NOTIFY REASSIGN REINDEX RELEASE
    SAVEPOINT SECURITY UNLISTEN USE VALUES
""")

HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"), transaction),
    **dict.fromkeys(("FETCH", "CLOSE", "EXECUTE", "COMMENT"), plain),
    **dict.fromkeys(_REFUSED, refuse),
    "ANALYSE": analyze,
    "ANALYZE": analyze,
    "COPY": copy,
    "DEALLOCATE": deallocate,
    "GRANT": grant,
    "LOCK": lock,
    "RESET": reset,
    "REVOKE": grant,
    "SET": set_parameter,
    "SHOW": show,
    "VACUUM": vacuum,
}
