"""Random draws that are the same on every platform and every Python.

Only `random.Random.random()` is promised to repeat itself between Python versions, so every draw here is made of it, of
comparisons and of + - * /, which IEEE 754 fixes to the last bit. Not used: `choices`, `randrange`, `gauss` (free to
change), `sum` over floats (Python 3.12 made it more exact), `log` and `**` (C libraries differ in the last bit).
"""

import random
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


class Weighted(Generic[T]):
    """Things with weights, to be drawn by `Stream.of`. The order given is the order drawn from, so it must be fixed."""

    def __init__(self, weights: Mapping[T, float] | Iterable[tuple[T, float]]) -> None:
        pairs: list[tuple[T, float]] = list(weights.items() if isinstance(weights, Mapping) else weights)
        self.things: list[T] = [thing for thing, _ in pairs]
        self.sums = list(accumulate(weight for _, weight in pairs))


def power_law(things: Iterable[T], flatness: int) -> Weighted[T]:
    """Zipf's law in Mandelbrot's form: the thing at rank r (from 0) weighs 1 / (r + flatness)."""
    return Weighted((thing, 1 / (rank + flatness)) for rank, thing in enumerate(things))


class Stream:
    """One entity's own sequence of draws, named by its key: what one song or user draws never shifts another's."""

    def __init__(self, *key: str | int) -> None:
        self._random = random.Random("/".join(str(part) for part in key)).random  # noqa: S311 - to be repeated is its point

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        return int(self._random() * limit)

    def chance(self, share: float) -> bool:
        """True in this share (0 to 1) of draws."""
        return self._random() < share

    def pick(self, things: Sequence[T]) -> T:
        """One of the things, all alike likely."""
        return things[self.below(len(things))]

    def of(self, weighted: Weighted[T]) -> T:
        """One of the things by its weight."""
        place = bisect_right(weighted.sums, self._random() * weighted.sums[-1])
        return weighted.things[min(place, len(weighted.things) - 1)]

    def between(self, quantiles: Sequence[int]) -> float:
        """A number spread as the quantiles (rising, evenly spaced shares) say, straight lines between them."""
        place = self._random() * (len(quantiles) - 1)
        lower = int(place)
        return quantiles[lower] + (place - lower) * (quantiles[lower + 1] - quantiles[lower])
