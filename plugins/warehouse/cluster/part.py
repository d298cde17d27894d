"""What all parts of a cluster share: found by name, ours by tag, compared with what is wanted."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any

from warehouse.cluster.account import Account, AccountError
from warehouse.cluster.settings import TAG, ClusterNames, ClusterSettings


@dataclasses.dataclass(frozen=True)
class Found:
    """What AWS has under a name.

    :param id: what other calls call it by.
    :param tags: its tags.
    :param facts: what can be compared with what is wanted.
    """

    id: str
    tags: Mapping[str, str]
    facts: Mapping[str, Any]


def tags_of(listed: list[dict[str, str]] | None) -> dict[str, str]:
    """Tags as a mapping; every API has them as a list of Key and Value."""
    return {tag["Key"]: tag["Value"] for tag in listed or []}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """A mapping as every API wants tags."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Part(abc.ABC):
    """One thing of a cluster's.

    Everything is created with its tag in the same call, so that a run that dies leaves nothing nameless behind; what a
    part needs beyond that call is completed by the next run.
    """

    kind: str
    # Facts that a second call adds. While one is missing altogether, the part is unfinished, not different.
    later: frozenset[str] = frozenset()

    def __init__(self, account: Account, names: ClusterNames) -> None:
        self.account = account
        self.names = names

    @property
    def name(self) -> str:
        """Its name in AWS."""
        return self.names.name

    @property
    def settings(self) -> ClusterSettings:
        """What is wanted; known when provisioning, not when deleting."""
        assert isinstance(self.names, ClusterSettings), f"{self.kind}: names are not enough to create it"
        return self.names

    @property
    def is_wanted(self) -> bool:
        """Whether these settings need it at all."""
        return True

    @abc.abstractmethod
    def find(self) -> Found | None:
        """What AWS has under the name, ours or not."""

    @abc.abstractmethod
    def wanted(self) -> dict[str, Any]:
        """The facts it should have."""

    @abc.abstractmethod
    def create(self) -> str:
        """Create it by one call, tag included; return its id."""

    def finish(self, part_id: str) -> None:
        """Add the facts of `later`, each by a call of its own."""
        assert not self.later, f"{self.kind}: {', '.join(self.later)} would never be added"

    @abc.abstractmethod
    def delete(self, found: Found) -> None:
        """Delete it."""

    def describe(self) -> str:
        """It in words."""
        return f"{self.kind} {self.name!r}"

    def own(self) -> Found | None:
        """It, if it is there; AccountError when it is someone else's."""
        found = self.find()
        if found is not None and found.tags.get(TAG) != self.names.owner:
            raise AccountError(
                f"{self.describe()} exists and is not ours: its tag {TAG} is {found.tags.get(TAG)!r}, expected "
                f"{self.names.owner!r}; it is left alone, choose another identifier"
            )
        return found

    def differences(self, found: Found) -> list[str]:
        """What differs from what is wanted, in words. What a died run left out is no difference."""
        if not self.is_wanted:
            return [f"{self.describe()} exists, but nothing asks for it any more"]
        pairs = {**self.wanted(), **{f"tag {key}": value for key, value in self.settings.tags.items()}}
        facts = {**found.facts, **{f"tag {key}": value for key, value in found.tags.items()}}
        return [
            f"{self.describe()}: {name} is {facts.get(name)!r}, asked for is {value!r}"
            for name, value in pairs.items()
            if facts.get(name) != value and not (name in self.later and not facts[name])
        ]

    def provide(self) -> str:
        """Leave it, create it or complete it; return which, in words. AccountError when it differs."""
        found = self.own()
        if found is None:
            if not self.is_wanted:
                return "not needed"
            self.finish(self.create())
            return "created"
        self.refuse_differences(found)
        if all(found.facts[name] for name in self.later):
            return "found as it should be"
        self.finish(found.id)
        return "completed"

    def refuse_differences(self, found: Found) -> None:
        """Say what differs, and what can be done."""
        if differing := self.differences(found):
            raise AccountError(
                "; ".join(differing) + "; nothing was changed: ask for what is there, change it by hand, or tear down"
            )

    def remove(self) -> str:
        """Delete it if it is there and ours; return what was done, in words."""
        found = self.own()
        if found is None:
            return "not there"
        self.delete(found)
        return "deleted"
