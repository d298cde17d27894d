"""The SQL by which candidate rows are chosen: which version of a row wins, and is it news to the published table.

One shape serves facts and dimensions. Versions of a row come from staging (`#versions`) and from the published table;
a total order, declared by the DAG's author, says which version of a key wins; the winner is a candidate unless the very
same row is published already. The order is total and looks at values only, never at what arrived last, so loading is
commutative, associative and idempotent: any order of runs, any number of times, the same warehouse.

The statements are written here and not in a .sql file because they are the operators' own: they hold names that the
DAG's author gives as arguments, and no table of anybody's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from warehouse.identifiers import column_name, table_name

VERSIONS = "#versions"


@dataclasses.dataclass(frozen=True)
class Merge:
    """Names that make up one load.

    :param published: the table readers see; its rows compete with the staged ones.
    :param candidates: the audit table, of the same columns, that receives the winners.
    :param key: the column that identifies a row.
    :param columns: all columns, in the order in which the load's SELECT gives them.
    :param preference: SQL expressions over the columns, each with ASC or DESC if need be, first wins. NULLs go last.
    """

    published: str
    candidates: str
    key: str
    columns: Sequence[str]
    preference: Sequence[str]

    def __post_init__(self) -> None:
        table_name(self.published)
        table_name(self.candidates)
        for name in self.columns:
            column_name(name)
        if self.key not in self.columns:
            raise ValueError(f"the key {self.key!r} is not one of the columns: {', '.join(self.columns)}")

    @property
    def column_list(self) -> str:
        """The columns as SQL."""
        return ", ".join(self.columns)


def create_versions(merge: Merge) -> str:
    """A temporary table for the staged versions. LIKE, not CTAS: it keeps types and the distribution key."""
    return f"CREATE TABLE {VERSIONS} (LIKE {merge.candidates})"


def fill_versions(merge: Merge, select: str) -> str:
    """Staged versions from the load's own SELECT."""
    return f"INSERT INTO {VERSIONS} ({merge.column_list})\n{select}"


def count_versions(merge: Merge) -> str:
    """One row: staged versions, distinct keys, smallest and largest key."""
    key = merge.key
    return f"SELECT COUNT(*), COUNT(DISTINCT {key}), MIN({key}), MAX({key}) FROM {VERSIONS}"


def published_versions(merge: Merge, conditions: Sequence[str]) -> str:
    """The published rows that compete: those whose key is staged, and that meet all `conditions`."""
    where = "\n        AND ".join([f"{merge.key} IN (SELECT {merge.key} FROM {VERSIONS})", *conditions])
    return f"""
    UNION ALL
    SELECT
        {merge.column_list},
        0 AS is_new
    FROM {merge.published}
    WHERE
        {where}"""


def insert_candidates(merge: Merge, competitors: str) -> str:
    """The winners that are news. `competitors` is what published_versions gives, or empty when none compete.

    A window over all columns finds the published twin of a row: PARTITION BY takes NULLs for equal, which `=` does not.
    Of a staged and a published version that tie in the order but differ in another (derived) column, the staged wins.
    """
    order = ", ".join(f"{expression} NULLS LAST" for expression in merge.preference)
    return f"""INSERT INTO {merge.candidates} ({merge.column_list})
WITH versions AS (
    SELECT
        {merge.column_list},
        1 AS is_new
    FROM {VERSIONS}{competitors}
),
ranked AS (
    SELECT
        {merge.column_list},
        ROW_NUMBER() OVER (PARTITION BY {merge.key} ORDER BY {order}, is_new DESC) AS place,
        MIN(is_new) OVER (PARTITION BY {merge.column_list}) AS is_unpublished
    FROM versions
)
SELECT {merge.column_list}
FROM ranked
WHERE place = 1 AND is_unpublished = 1"""


def count_candidates(merge: Merge, conditions: Sequence[str]) -> str:
    """One row: candidates, and how many of them replace a published row. `conditions` narrow the published rows."""
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"""SELECT COUNT(*), COUNT(published.{merge.key})
FROM {merge.candidates} AS candidates
LEFT JOIN (SELECT {merge.key} FROM {merge.published}{where}) AS published
    ON candidates.{merge.key} = published.{merge.key}"""


def count_news(merge: Merge) -> str:
    """One row: how many candidates are not in the published table as they are. EXCEPT takes NULLs for equal."""
    return f"""SELECT COUNT(*)
FROM (
    SELECT {merge.column_list} FROM {merge.candidates}
    EXCEPT
    SELECT {merge.column_list} FROM {merge.published}
) AS news"""


def delete_all(table: str) -> str:
    """DELETE, not TRUNCATE: on Redshift TRUNCATE commits the transaction it stands in."""
    return f"DELETE FROM {table_name(table)}"
