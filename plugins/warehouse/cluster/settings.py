"""A cluster's settings, validated against AWS's published patterns before the first API call.

The patterns and limits come from the API references of Redshift, IAM, EC2 and S3. A value that an API would reject half
way through a run, when other resources already exist, is rejected here.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any

from warehouse.s3_objects import split_url

# The API's list without dc2: AWS announced its retirement in April 2025 and no longer creates dc2 clusters.
NODE_TYPES = (
    *("rg.large", "rg.xlarge", "rg.4xlarge", "rg.12xlarge"),
    *("ra3.large", "ra3.xlplus", "ra3.4xlarge", "ra3.16xlarge"),
)
TAG = "managed-by"
# The phrase that a user must type to open the port to the whole internet.
OPEN_PHRASE = "open to the internet"
# No office and no VPC needs a network larger than a /8; a shorter prefix means a large part of the internet.
SHORTEST_PREFIX = 8

IDENTIFIER = re.compile(r"[a-z](?:-?[a-z0-9])*")
# The role is named `redshift-` plus the identifier, and IAM allows 64 characters.
MAX_IDENTIFIER_LENGTH = 55
DATABASE = re.compile(r"[a-z][a-z0-9]{0,63}")
USER = re.compile(r"[a-z][a-z0-9_+.@-]{0,127}")
SUBNET = re.compile(r"subnet-(?:[0-9a-f]{8}|[0-9a-f]{17})")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
TAG_TEXT = re.compile(r"[\w \t.:/=+@-]*")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WINDOW = re.compile(rf"({'|'.join(DAYS)}):([01]\d|2[0-3]):([0-5]\d)")
# RG and RA3 clusters accept ports in these two ranges.
PORTS = (range(5431, 5456), range(8191, 8216))
BOOLEANS = {"true": True, "false": False}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClusterNames:
    """The names of a cluster's parts, derived from its identifier, and the tag value that marks them as ours.

    :param identifier: the cluster's identifier.
    :param managed_by: the project that creates and deletes the parts; the tag's value is `managed_by/identifier`.
    """

    identifier: str
    managed_by: str

    @property
    def name(self) -> str:
        """The name that the role, the security group and the subnet group share."""
        return f"redshift-{self.identifier}"

    @property
    def owner(self) -> str:
        """The value of the tag on all of our parts."""
        return f"{self.managed_by}/{self.identifier}"

    @classmethod
    def parse(cls, raw: Mapping[str, str]) -> ClusterNames:
        """Read the names from rendered settings; raise ValueError if the identifier is invalid."""
        _raise_problems(_identifier_problems(raw["identifier"]))
        return ClusterNames(identifier=raw["identifier"], managed_by=raw["managed_by"])


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClusterSettings(ClusterNames):
    """All settings that provisioning needs. `parse` defines the valid values of each."""

    bucket: str
    work_prefix: str
    node_type: str
    nodes: int
    database: str
    master_user: str
    port: int
    cidr: str
    subnets: tuple[str, ...]
    public: bool
    snapshot_days: int
    maintenance_window: str
    extra_tags: Mapping[str, str]

    @property
    def tags(self) -> dict[str, str]:
        """The tags of every part: the user's and our own."""
        return {**self.extra_tags, TAG: self.owner}

    @property
    def buckets(self) -> list[str]:
        """The buckets that must exist: the one to load from and, if there is a work prefix, the work prefix's."""
        work = [split_url(self.work_prefix)[0]] if self.work_prefix else []
        return [self.bucket, *work]

    @classmethod
    def parse(cls, raw: Mapping[str, str]) -> ClusterSettings:
        """Read the settings from rendered templates, which are text; raise ValueError with every problem found."""
        parser = SettingsParser(raw)
        parser.problems += _identifier_problems(raw["identifier"])
        settings = cls(
            identifier=raw["identifier"],
            managed_by=raw["managed_by"],
            bucket=parser.pattern("bucket", BUCKET, "3 to 63 lower-case letters, digits, dots and hyphens"),
            work_prefix=parser.work_prefix("work_prefix"),
            node_type=parser.choice("node_type", NODE_TYPES),
            nodes=parser.number("nodes", range(1, 101), "1 to 100"),
            database=parser.pattern("database", DATABASE, "1 to 64 lower-case letters and digits"),
            master_user=parser.pattern("master_user", USER, "a lower-case letter, then letters, digits and _+.@-"),
            port=parser.number("port", (*PORTS[0], *PORTS[1]), "5431 to 5455 or 8191 to 8215"),
            cidr=parser.network("cidr", is_open=raw["anyone"] == OPEN_PHRASE),
            subnets=parser.subnets("subnets"),
            public=parser.boolean("public"),
            # 0 would turn automated snapshots off, which RG and RA3 clusters do not allow.
            snapshot_days=parser.number("snapshot_days", range(1, 36), "1 to 35"),
            maintenance_window=parser.window("maintenance_window"),
            extra_tags=parser.tags("tags"),
        )
        if raw["master_user"] == "public":
            parser.problems.append("master_user is 'public', which is a reserved word: choose another name")
        _raise_problems(parser.problems)
        return settings


class SettingsParser:
    """Parses settings one by one and collects the problems, so that one error can report all of them.

    Each method takes the name of a setting and returns its parsed value. The value of an invalid setting has the right
    type but no meaning.
    """

    def __init__(self, raw: Mapping[str, str]) -> None:
        self.raw = raw
        self.problems: list[str] = []

    def reject(self, name: str, expected: str) -> None:
        """Add a problem that shows the setting's value and what was expected."""
        self.problems.append(f"{name} is {self.raw[name]!r}, expected {expected}")

    def pattern(self, name: str, pattern: re.Pattern[str], expected: str) -> str:
        """Parse text that must match the whole pattern."""
        if not pattern.fullmatch(self.raw[name]):
            self.reject(name, expected)
        return self.raw[name]

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Parse text that must be one of the choices."""
        if self.raw[name] not in choices:
            self.reject(name, f"one of {', '.join(choices)}")
        return self.raw[name]

    def number(self, name: str, numbers: range | tuple[int, ...], expected: str) -> int:
        """Parse a whole number that must be one of `numbers`."""
        text = self.raw[name]
        value = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1
        if value not in numbers:
            self.reject(name, expected)
        return value

    def boolean(self, name: str) -> bool:
        """Parse `true` or `false`, in any case."""
        if self.raw[name].lower() not in BOOLEANS:
            self.reject(name, "true or false")
        return BOOLEANS.get(self.raw[name].lower(), False)

    def network(self, name: str, *, is_open: bool) -> str:
        """Parse an IPv4 network. One that covers much of the internet is rejected unless `is_open`."""
        try:
            network = ipaddress.IPv4Network(self.raw[name])
        except ValueError as error:
            self.reject(name, f"an IPv4 network such as 10.0.0.0/16, or 203.0.113.7/32 for one address ({error})")
            return ""
        if network.prefixlen < SHORTEST_PREFIX and not is_open:
            self.problems.append(
                f"{name} is '{network}', which opens the port to the whole internet or much of it: use the network of "
                f"Airflow and the readers, or set anyone to '{OPEN_PHRASE}'"
            )
        return str(network)

    def work_prefix(self, name: str) -> str:
        """Parse `s3://bucket/prefix`; an empty string means no work prefix."""
        try:
            bucket, _ = split_url(self.raw[name]) if self.raw[name] else ("none", "")
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return ""
        if not BUCKET.fullmatch(bucket) or "*" in self.raw[name]:
            self.reject(name, "s3://bucket/prefix")
        return self.raw[name]

    def subnets(self, name: str) -> tuple[str, ...]:
        """Parse a JSON list of up to 20 subnet ids; an empty list means the default VPC."""
        found = self.json_value(name, list, "a list of subnet ids") or []
        if not all(isinstance(item, str) and SUBNET.fullmatch(item) for item in found) or len(found) > 20:
            self.reject(name, "up to 20 ids such as subnet-0123456789abcdef0")
            return ()
        return tuple(sorted(set(found)))

    def tags(self, name: str) -> dict[str, str]:
        """Parse a JSON object of tags. AWS allows 50 per resource, and our own tag is one of them."""
        found = self.json_value(name, dict, "an object of tags") or {}
        for key, value in found.items():
            fits = isinstance(value, str) and len(value) <= 256 and TAG_TEXT.fullmatch(value)
            if not (fits and 1 <= len(key) <= 128 and TAG_TEXT.fullmatch(key)):
                self.problems.append(
                    f"{name}: {key!r}: {value!r} is not a valid tag; use letters, digits, spaces and _.:/=+-@"
                )
            if key == TAG or key.lower().startswith("aws:"):
                self.problems.append(f"{name}: the key {key!r} is reserved")
        if len(found) > 49:
            self.problems.append(f"{name} has {len(found)} tags, expected at most 49")
        return found

    def json_value(self, name: str, kind: type, expected: str) -> Any:
        """Parse JSON of one type. An empty string, null and a rejected value all give None."""
        try:
            found = json.loads(self.raw[name] or "null")
        except json.JSONDecodeError:
            found = self.raw[name]
        if found is not None and not isinstance(found, kind):
            self.reject(name, expected)
            return None
        return found

    def window(self, name: str) -> str:
        """Parse a weekly window of at least 30 minutes, ddd:hh:mm-ddd:hh:mm in UTC; if empty, AWS chooses one."""
        text = self.raw[name].lower()
        ends = [WINDOW.fullmatch(end) for end in text.split("-")]
        if text and (len(ends) != 2 or not all(ends)):
            self.reject(name, "ddd:hh:mm-ddd:hh:mm in UTC, such as sun:03:00-sun:03:30")
        elif text:
            start, end = (_minute_of_week(match) for match in ends if match)
            if (end - start) % (7 * 24 * 60) < 30:
                self.reject(name, "at least 30 minutes")
        return text


def _minute_of_week(match: re.Match[str]) -> int:
    return (DAYS.index(match[1]) * 24 + int(match[2])) * 60 + int(match[3])


def _identifier_problems(identifier: str) -> list[str]:
    if IDENTIFIER.fullmatch(identifier) and len(identifier) <= MAX_IDENTIFIER_LENGTH:
        return []
    return [
        f"identifier is {identifier!r}, expected 1 to {MAX_IDENTIFIER_LENGTH} lower-case letters, digits and single "
        "hyphens, starting with a letter and not ending with a hyphen"
    ]


def _raise_problems(problems: list[str]) -> None:
    if problems:
        raise ValueError("nothing was done: " + "; ".join(problems))
