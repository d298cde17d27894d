"""The base class of a cluster's parts: find a part by name, recognise it by tag, compare it with the desired state."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any

from warehouse.cluster.account import Account, AccountError
from warehouse.cluster.settings import TAG, ClusterNames, ClusterSettings


@dataclasses.dataclass(frozen=True)
class ExistingPart:
    """A part as it exists in AWS.

    :param id: the identifier that other API calls take.
    :param tags: its tags.
    :param attributes: the attributes that can be compared with the desired ones.
    """

    id: str
    tags: Mapping[str, str]
    attributes: Mapping[str, Any]


def tags_of(listed: list[dict[str, str]] | None) -> dict[str, str]:
    """Convert an API's list of Key and Value into a mapping; an absent list means no tags."""
    return {tag["Key"]: tag["Value"] for tag in listed or []}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Convert a mapping of tags into the list of Key and Value that the APIs expect."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Part(abc.ABC):
    """One AWS resource of a cluster: the role, the subnet group, the security group or the cluster itself.

    One API call creates a part together with its tag, so a run that dies never leaves an untagged resource behind. If a
    part needs further calls, the next run makes those that are missing.
    """

    kind: str
    # Attributes that a further call adds. While one is missing, the part counts as incomplete, not as different.
    added_later: frozenset[str] = frozenset()

    def __init__(self, account: Account, names: ClusterNames) -> None:
        self.account = account
        self.names = names

    @property
    def name(self) -> str:
        """The part's name in AWS."""
        return self.names.name

    @property
    def settings(self) -> ClusterSettings:
        """The full settings. Only provisioning has them; deleting needs the names alone."""
        assert isinstance(self.names, ClusterSettings), f"{self.kind}: creating it needs settings, not only names"
        return self.names

    @property
    def is_needed(self) -> bool:
        """Whether a cluster with these settings needs this part."""
        return True

    @abc.abstractmethod
    def find(self) -> ExistingPart | None:
        """Return what has the part's name in AWS, whether it is ours or not; None if nothing has."""

    @abc.abstractmethod
    def desired(self) -> dict[str, Any]:
        """Return the attributes that the part must have."""

    @abc.abstractmethod
    def create(self) -> str:
        """Create the part, tags included, in one call and return its id."""

    def complete(self, part_id: str) -> None:
        """Add the attributes in `added_later`, one call each."""
        assert not self.added_later, f"{self.kind}: nothing adds {', '.join(self.added_later)}"

    @abc.abstractmethod
    def delete(self, existing: ExistingPart) -> None:
        """Delete the part from AWS."""

    def describe(self) -> str:
        """Return kind and name for log and error messages, for example `cluster 'shop'`."""
        return f"{self.kind} {self.name!r}"

    def find_own(self) -> ExistingPart | None:
        """Return the part if it exists, None if not; raise AccountError if it exists without our tag."""
        existing = self.find()
        if existing is not None and existing.tags.get(TAG) != self.names.owner:
            raise AccountError(
                f"{self.describe()} already exists but is not ours: its tag {TAG} is {existing.tags.get(TAG)!r}, "
                f"expected {self.names.owner!r}; it was left unchanged: choose another identifier"
            )
        return existing

    def differences(self, existing: ExistingPart) -> list[str]:
        """Describe each difference from the desired state. An attribute that is still to be added is not one."""
        if not self.is_needed:
            return [f"{self.describe()} exists, but these settings do not need it"]
        pairs = {**self.desired(), **{f"tag {key}": value for key, value in self.settings.tags.items()}}
        actual = {**existing.attributes, **{f"tag {key}": value for key, value in existing.tags.items()}}
        return [
            f"{self.describe()}: {name} is {actual.get(name)!r}, expected {value!r}"
            for name, value in pairs.items()
            if actual.get(name) != value and not (name in self.added_later and not actual[name])
        ]

    def ensure_created(self) -> str:
        """Create or complete the part if necessary and return what was done; raise AccountError if it differs."""
        existing = self.find_own()
        if existing is None:
            if not self.is_needed:
                return "not needed"
            self.complete(self.create())
            return "created"
        self.require_no_differences(existing)
        if all(existing.attributes[name] for name in self.added_later):
            return "up to date"
        self.complete(existing.id)
        return "completed"

    def require_no_differences(self, existing: ExistingPart) -> None:
        """Raise AccountError with all differences and the ways to resolve them, if there are any."""
        if differing := self.differences(existing):
            raise AccountError(
                "; ".join(differing)
                + "; nothing was changed: adjust the params, change it by hand, or tear the cluster down"
            )

    def ensure_deleted(self) -> str:
        """Delete the part if it exists and return what was done; raise AccountError if it is not ours."""
        existing = self.find_own()
        if existing is None:
            return "does not exist"
        self.delete(existing)
        return "deleted"
