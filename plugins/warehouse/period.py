"""The stretch of time a run loads: `all`, a year, a month or a day, each written as it starts in ISO 8601."""

from __future__ import annotations

import dataclasses
import datetime
import re

PATTERN = r"^(all|[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)$"

# `all` as bounds: wide enough for any event, narrow enough for every driver's timestamps.
BEGINNING = datetime.datetime(1900, 1, 1)
END = datetime.datetime(2200, 1, 1)


@dataclasses.dataclass(frozen=True)
class Period:
    """A period by name; `start` (inclusive) and `end` (exclusive) are UTC without a zone, as Redshift keeps them."""

    name: str
    start: datetime.datetime
    end: datetime.datetime

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read `all`, YYYY, YYYY-MM or YYYY-MM-DD; ValueError for anything else, also for dates that do not exist."""
        if not re.fullmatch(PATTERN, text):
            raise ValueError(f"not a period: {text!r}; expected all, YYYY, YYYY-MM or YYYY-MM-DD")
        if text == "all":
            return cls(text, BEGINNING, END)
        numbers = [int(number) for number in text.split("-")]
        try:
            start = datetime.datetime(*[*numbers, 1, 1][:3])
        except ValueError as error:
            raise ValueError(f"not a period: {text!r}; {error}") from error
        if not BEGINNING <= start < END:
            raise ValueError(f"not a period: {text!r}; expected one from {BEGINNING.year} to {END.year - 1}")
        if len(numbers) == 1:
            return cls(text, start, start.replace(year=start.year + 1))
        if len(numbers) == 2:
            return cls(text, start, (start + datetime.timedelta(days=31)).replace(day=1))
        return cls(text, start, start + datetime.timedelta(days=1))
