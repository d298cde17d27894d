"""The SQL that decides which rows a table gains, changes and loses. The rules are in docs/how-it-works.md.

A key can have many versions in the raw records. The preferred one, the winner, is in the published table. When a run
replaces files, a version can be lost as well as gained. A key whose published row is lost is computed again from all
raw records; for every other key the better of its gained versions and its published row wins, because the order of
preference is total. The statements use temporary tables of one session, in the order of the functions below.

They are here and not in a .sql file because they are the operators' own and name no table of anybody's.
"""

from __future__ import annotations

from collections.abc import Sequence

from warehouse.tables import Table

GAINED = "#gained"
LOST = "#lost"
TOUCHED = "#touched"
PUBLISHED = "#published"
TAKEN_BACK = "#taken_back"
AFFECTED = "#affected"
WINNERS = "#winners"
ROWS = "#winning_rows"
OLD_VALUES = "#old_values"


def same_key(key: Sequence[str], left: str, right: str) -> str:
    """The condition that two relations have the same key."""
    return " AND ".join(f"{left}.{column} = {right}.{column}" for column in key)


def prefixed(relation: str, columns: Sequence[str]) -> str:
    """Columns of a relation."""
    return ", ".join(f"{relation}.{column}" for column in columns)


def in_range(time_column: str | None, relation: str) -> str:
    """The condition that binds the bounds of the sort key as literals; two values are to be bound."""
    return f"{relation}.{time_column} BETWEEN %s AND %s" if time_column else "TRUE"


def keep(name: str, select: str) -> str:
    """A temporary table of a query's rows: on Redshift the # makes it one."""
    return f"CREATE TABLE {name} AS\n{select}"


def empty(name: str, key: Sequence[str], like: str) -> str:
    """A temporary table for keys, without rows."""
    return keep(name, f"SELECT {', '.join(key)} FROM {like} WHERE FALSE")


def touched_keys(key: Sequence[str], has_lost: bool) -> str:
    """The keys of which versions were gained or lost."""
    names = ", ".join(key)
    lost = f"\nUNION\nSELECT {names} FROM {LOST}" if has_lost else ""
    return keep(TOUCHED, f"SELECT DISTINCT {names} FROM {GAINED}{lost}")


def time_bounds(published: str, time_column: str, key: Sequence[str], keys: str) -> str:
    """One row: the smallest and largest sort key of the published rows with these keys; narrow columns alone."""
    return (
        f"SELECT MIN(published.{time_column}), MAX(published.{time_column})\n"
        f"FROM {published} AS published\n"
        f"INNER JOIN {keys} AS keys ON {same_key(key, 'published', 'keys')}"
    )


def published_rows(published: str, columns: Sequence[str], key: Sequence[str], time_column: str | None) -> str:
    """The published rows of the touched keys."""
    return keep(
        PUBLISHED,
        f"SELECT {prefixed('published', columns)}\n"
        f"FROM {published} AS published\n"
        f"INNER JOIN {TOUCHED} AS touched ON {same_key(key, 'published', 'touched')}\n"
        f"WHERE {in_range(time_column, 'published')}",
    )


def taken_back(own: Sequence[str], key: Sequence[str]) -> str:
    """The keys whose published row is among the lost versions. INTERSECT takes NULLs for equal, which `=` does not."""
    names = ", ".join(own)
    return keep(
        TAKEN_BACK,
        f"SELECT {', '.join(key)}\n"
        f"FROM (\n    SELECT {names} FROM {PUBLISHED}\n    INTERSECT\n    SELECT {names} FROM {LOST}\n) AS lost_rows",
    )


def best(columns: Sequence[str], table: Table, versions: str) -> str:
    """One version per key: the preferred one. Columns without a place in the preference decide last."""
    order = [f"{expression} NULLS LAST" for expression in table.preference]
    named = {expression.split()[0] for expression in table.preference}
    order += [f"{column} NULLS LAST" for column in columns if column not in named and column not in table.key]
    order_by = f" ORDER BY {', '.join(order)}" if order else f" ORDER BY {table.key[0]}"
    names = ", ".join(columns)
    window = f"PARTITION BY {', '.join(table.key)}{order_by}"
    return (
        f"SELECT {names}\nFROM (\n"
        f"    SELECT {names}, ROW_NUMBER() OVER ({window}) AS place_among_versions\n"
        f"    FROM (\n{versions}\n    ) AS versions\n) AS ranked\nWHERE place_among_versions = 1"
    )


def incremental_versions(own: Sequence[str], key: Sequence[str], all_versions: str | None) -> str:
    """The versions that compete. `all_versions`: those in all raw records, when published rows were taken back."""
    names = prefixed("versions", own)
    not_taken_back = (
        f"LEFT JOIN {TAKEN_BACK} AS taken_back ON {same_key(key, 'versions', 'taken_back')}\n"
        f"WHERE taken_back.{key[0]} IS NULL"
    )
    parts = [f"SELECT {names} FROM {relation} AS versions\n{not_taken_back}" for relation in (GAINED, PUBLISHED)]
    if all_versions:
        parts.append(
            f"SELECT {names} FROM (\n{all_versions}\n) AS versions\n"
            f"INNER JOIN {TAKEN_BACK} AS taken_back ON {same_key(key, 'versions', 'taken_back')}"
        )
    return "\nUNION ALL\n".join(parts)


def affected_keys(key: Sequence[str], select: str) -> str:
    """The published rows, beside the touched ones, whose lookup may have another result."""
    return keep(
        AFFECTED,
        f"SELECT {prefixed('affected', key)}\nFROM (\n{select}\n) AS affected\n"
        f"LEFT JOIN {TOUCHED} AS touched ON {same_key(key, 'affected', 'touched')}\n"
        f"WHERE touched.{key[0]} IS NULL",
    )


def add_affected(published: str, columns: Sequence[str], key: Sequence[str], time_column: str | None) -> str:
    """The published rows that are affected, beside those of the touched keys."""
    return (
        f"INSERT INTO {PUBLISHED} ({', '.join(columns)})\n"
        f"SELECT {prefixed('published', columns)}\n"
        f"FROM {published} AS published\n"
        f"INNER JOIN {AFFECTED} AS affected ON {same_key(key, 'published', 'affected')}\n"
        f"WHERE {in_range(time_column, 'published')}"
    )


def add_affected_winners(own: Sequence[str], key: Sequence[str]) -> str:
    """The affected rows win as they are; only their lookup is new."""
    return (
        f"INSERT INTO {WINNERS} ({', '.join(own)})\n"
        f"SELECT {prefixed('published', own)}\nFROM {PUBLISHED} AS published\n"
        f"INNER JOIN {AFFECTED} AS affected ON {same_key(key, 'published', 'affected')}"
    )


def insert_candidates(candidates: str, columns: Sequence[str], rows: str, published: str) -> str:
    """The winning rows that are not published as they are. EXCEPT takes NULLs for equal."""
    names = ", ".join(columns)
    return f"INSERT INTO {candidates} ({names})\nSELECT {names} FROM {rows}\nEXCEPT\nSELECT {names} FROM {published}"


def insert_deletions(deletions: str, key: Sequence[str], existing: str, winners: str) -> str:
    """The keys in `existing` that have no winner."""
    return (
        f"INSERT INTO {deletions} ({', '.join(key)})\n"
        f"SELECT {prefixed('existing', key)}\nFROM {existing} AS existing\n"
        f"LEFT JOIN {winners} AS winners ON {same_key(key, 'existing', 'winners')}\n"
        f"WHERE winners.{key[0]} IS NULL"
    )


def count_candidates(candidates: str, key: Sequence[str], published: str) -> str:
    """One row: the candidates, and how many of them replace a published row."""
    return (
        f"SELECT COUNT(*), COUNT(published.{key[0]})\nFROM {candidates} AS candidates\n"
        f"LEFT JOIN {published} AS published ON {same_key(key, 'candidates', 'published')}"
    )


def answered_values(source: str, columns: Sequence[str], key: Sequence[str], candidates: str, deletions: str) -> str:
    """Distinct values in the published rows of another table that its candidates and deletions replace."""
    names = ", ".join(key)
    return keep(
        OLD_VALUES,
        f"SELECT DISTINCT {prefixed('source', columns)}\nFROM {source} AS source\n"
        f"INNER JOIN (SELECT {names} FROM {candidates} UNION SELECT {names} FROM {deletions}) AS answered\n"
        f"    ON {same_key(key, 'source', 'answered')}",
    )


def unanswered_rows(source: str, columns: Sequence[str], key: Sequence[str], candidates: str, deletions: str) -> str:
    """The values in the published rows of another table that stay as they are; not distinct."""
    names = ", ".join(key)
    return (
        f"SELECT {prefixed('source', columns)}\nFROM {source} AS source\n"
        f"LEFT JOIN (SELECT {names} FROM {candidates} UNION SELECT {names} FROM {deletions}) AS answered\n"
        f"    ON {same_key(key, 'source', 'answered')}\n"
        f"WHERE answered.{key[0]} IS NULL"
    )


def values_taken_back(columns: Sequence[str], unanswered: str) -> str:
    """The old values that no row which stays has."""
    return keep(
        TAKEN_BACK,
        f"SELECT {prefixed('earlier', columns)}\nFROM {OLD_VALUES} AS earlier\n"
        f"LEFT JOIN (\n    SELECT DISTINCT {prefixed('rows', columns)}\n    FROM (\n{unanswered}\n    ) AS rows\n"
        f"    INNER JOIN {OLD_VALUES} AS earlier ON {same_key(columns, 'rows', 'earlier')}\n) AS stays\n"
        f"    ON {same_key(columns, 'earlier', 'stays')}\nWHERE stays.{columns[0]} IS NULL",
    )


def touched_values(key: Sequence[str]) -> str:
    """The keys of the rows that come, and of those that may go."""
    names = ", ".join(key)
    return keep(TOUCHED, f"SELECT {names} FROM {WINNERS}\nUNION\nSELECT {names} FROM {OLD_VALUES}")
