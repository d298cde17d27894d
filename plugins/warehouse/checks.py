"""A check as data: a query that observes one figure, the bounds it must keep, and what that means in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from warehouse.identifiers import table_name

SEVERITIES = ("error", "warn")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Check:
    """One check.

    :param name: what the check is called in results and messages; unique among the checks of a task.
    :param sql: a .sql file whose query gives one row with one number. It is rendered with `parameters`, `run_schema`
        and `run_id`.
    :param table: the table the check is about.
    :param description: what the check claims.
    :param at_least: smallest figure that passes; None for no bound.
    :param at_most: largest figure that passes; None for no bound.
    :param severity: `error` stops the run, `warn` does not.
    """

    name: str
    sql: str
    table: str
    description: str
    at_least: float | None = None
    at_most: float | None = None
    severity: str = "error"
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        table_name(self.table)
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"check {self.name!r} can never fail: it has neither at_least nor at_most")
        if self.severity not in SEVERITIES:
            raise ValueError(f"not a severity: {self.severity!r}; expected one of {', '.join(SEVERITIES)}")

    @property
    def expected(self) -> str:
        """The bounds in words."""
        if self.at_least == self.at_most:
            return f"{self.at_least:g}"
        if self.at_most is None:
            return f"at least {self.at_least:g}"
        if self.at_least is None:
            return f"at most {self.at_most:g}"
        return f"from {self.at_least:g} to {self.at_most:g}"

    def passes(self, observed: float | None) -> bool:
        """Whether the figure keeps the bounds; no figure never does."""
        if observed is None:
            return False
        return (self.at_least is None or observed >= self.at_least) and (
            self.at_most is None or observed <= self.at_most
        )

    def excess(self, observed: float | None) -> float:
        """How far outside the bounds the figure is; 0 inside them, and for no figure."""
        if observed is None:
            return 0
        low = observed if self.at_least is None else self.at_least
        high = observed if self.at_most is None else self.at_most
        return max(low - observed, observed - high, 0)


@dataclasses.dataclass(frozen=True)
class Result:
    """What one check found."""

    check: Check
    observed: float | None
    sql: str
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the check passed."""
        return self.check.passes(self.observed)

    def __str__(self) -> str:
        observed = "nothing" if self.observed is None else f"{self.observed:g}"
        if self.error:
            observed = f"an error: {self.error}"
        return f"{self.check.name}: {self.check.description}; observed {observed}, expected {self.check.expected}"


def observation(value: Any) -> float | None:
    """The figure a check's query gave; ValueError if it gave none that is a number."""
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a check observes one number, got {value!r}") from error
