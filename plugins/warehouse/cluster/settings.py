"""What a cluster is to be like, checked by AWS's published patterns before the first call.

Patterns and bounds are those of the API references of Redshift, IAM, EC2 and S3: what they would refuse half way, after
other things exist already, is refused here.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any

from warehouse.s3_objects import split_url

# The API's list without dc2: AWS announced its end in April 2025 and creates no more of them.
NODE_TYPES = (
    *("rg.large", "rg.xlarge", "rg.4xlarge", "rg.12xlarge"),
    *("ra3.large", "ra3.xlplus", "ra3.4xlarge", "ra3.16xlarge"),
)
TAG = "managed-by"
# Typed into a param, these words open the port to everybody.
OPEN_WORDS = "open to the internet"
# A network broader than this is no office's and no VPC's; it is the internet, or a good part of it.
BROADEST = 8

IDENTIFIER = re.compile(r"[a-z](?:-?[a-z0-9])*")
# The role's name is `redshift-` and the identifier, and IAM takes 64 characters.
LONGEST_IDENTIFIER = 55
DATABASE = re.compile(r"[a-z][a-z0-9]{0,63}")
USER = re.compile(r"[a-z][a-z0-9_+.@-]{0,127}")
SUBNET = re.compile(r"subnet-(?:[0-9a-f]{8}|[0-9a-f]{17})")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
TAG_TEXT = re.compile(r"[\w \t.:/=+@-]*")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WINDOW = re.compile(rf"({'|'.join(DAYS)}):([01]\d|2[0-3]):([0-5]\d)")
# RG and RA3 clusters listen in one of these ranges.
PORTS = (range(5431, 5456), range(8191, 8216))
YES = {"true": True, "false": False}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClusterNames:
    """All names follow from the cluster's identifier, and one tag says whose they are.

    :param identifier: the cluster's identifier.
    :param managed_by: who creates and deletes; the tag's value is this and the identifier.
    """

    identifier: str
    managed_by: str

    @property
    def name(self) -> str:
        """The name of the role, the security group and the subnet group."""
        return f"redshift-{self.identifier}"

    @property
    def owner(self) -> str:
        """The tag's value on everything that is ours."""
        return f"{self.managed_by}/{self.identifier}"

    @classmethod
    def parse(cls, raw: Mapping[str, str]) -> ClusterNames:
        """The names out of rendered settings; ValueError when the identifier is none."""
        _refuse(_identifier_problems(raw["identifier"]))
        return ClusterNames(identifier=raw["identifier"], managed_by=raw["managed_by"])


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClusterSettings(ClusterNames):
    """Everything provisioning is asked for. See `parse` for what each value must be."""

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
        """The tags of everything that is created."""
        return {**self.extra_tags, TAG: self.owner}

    @property
    def buckets(self) -> list[str]:
        """The buckets that must be there: the one that is loaded from, and that of the work prefix if there is one."""
        work = [split_url(self.work_prefix)[0]] if self.work_prefix else []
        return [self.bucket, *work]

    @classmethod
    def parse(cls, raw: Mapping[str, str]) -> ClusterSettings:
        """Settings out of rendered templates, which are text; ValueError lists everything that is wrong with them."""
        checks = Checks(raw)
        checks.problems += _identifier_problems(raw["identifier"])
        settings = cls(
            identifier=raw["identifier"],
            managed_by=raw["managed_by"],
            bucket=checks.pattern("bucket", BUCKET, "3 to 63 lower-case letters, digits, dots and hyphens"),
            work_prefix=checks.work_prefix("work_prefix"),
            node_type=checks.choice("node_type", NODE_TYPES),
            nodes=checks.number("nodes", range(1, 101), "1 to 100"),
            database=checks.pattern("database", DATABASE, "1 to 64 lower-case letters and digits"),
            master_user=checks.pattern("master_user", USER, "a lower-case letter, then letters, digits and _+.@-"),
            port=checks.number("port", (*PORTS[0], *PORTS[1]), "5431 to 5455 or 8191 to 8215"),
            cidr=checks.network("cidr", is_open=raw["anyone"] == OPEN_WORDS),
            subnets=checks.subnets("subnets"),
            public=checks.yes_or_no("public"),
            # 0 would switch automated snapshots off, which RG and RA3 do not allow.
            snapshot_days=checks.number("snapshot_days", range(1, 36), "1 to 35"),
            maintenance_window=checks.window("maintenance_window"),
            extra_tags=checks.tags("tags"),
        )
        if raw["master_user"] == "public":
            checks.problems.append("master_user must not be 'public', which is a keyword")
        _refuse(checks.problems)
        return settings


class Checks:
    """Reads settings one by one and keeps what is wrong with each, so that all is said at once."""

    def __init__(self, raw: Mapping[str, str]) -> None:
        self.raw = raw
        self.problems: list[str] = []

    def expect(self, name: str, expected: str) -> None:
        """Note that a setting is not what was expected."""
        self.problems.append(f"{name} is {self.raw[name]!r}, expected {expected}")

    def pattern(self, name: str, pattern: re.Pattern[str], expected: str) -> str:
        """Text of a pattern."""
        if not pattern.fullmatch(self.raw[name]):
            self.expect(name, expected)
        return self.raw[name]

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of a few."""
        if self.raw[name] not in choices:
            self.expect(name, f"one of {', '.join(choices)}")
        return self.raw[name]

    def number(self, name: str, numbers: range | tuple[int, ...], expected: str) -> int:
        """A whole number out of some."""
        text = self.raw[name]
        value = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1
        if value not in numbers:
            self.expect(name, expected)
        return value

    def yes_or_no(self, name: str) -> bool:
        """A truth value."""
        if self.raw[name].lower() not in YES:
            self.expect(name, "true or false")
        return YES.get(self.raw[name].lower(), False)

    def network(self, name: str, *, is_open: bool) -> str:
        """An IPv4 network; one as broad as the internet only when it was asked for in words."""
        try:
            network = ipaddress.IPv4Network(self.raw[name])
        except ValueError as error:
            self.expect(name, f"an IPv4 network such as 10.0.0.0/16, or 203.0.113.7/32 for one address ({error})")
            return ""
        if network.prefixlen < BROADEST and not is_open:
            self.problems.append(
                f"{name} {network} would let the whole internet, or much of it, try passwords at the port; name the "
                f"network of Airflow and the readers, or type '{OPEN_WORDS}' into the param meant for it"
            )
        return str(network)

    def work_prefix(self, name: str) -> str:
        """An S3 location or nothing."""
        try:
            bucket, _ = split_url(self.raw[name]) if self.raw[name] else ("none", "")
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return ""
        if not BUCKET.fullmatch(bucket) or "*" in self.raw[name]:
            self.expect(name, "s3://bucket/prefix")
        return self.raw[name]

    def subnets(self, name: str) -> tuple[str, ...]:
        """A JSON list of subnet ids, up to 20; none is the default VPC."""
        found = self.parsed(name, list, "a list of subnet ids") or []
        if not all(isinstance(item, str) and SUBNET.fullmatch(item) for item in found) or len(found) > 20:
            self.expect(name, "up to 20 ids such as subnet-0123456789abcdef0")
            return ()
        return tuple(sorted(set(found)))

    def tags(self, name: str) -> dict[str, str]:
        """A JSON object of tags; AWS allows 50, of which one is ours."""
        found = self.parsed(name, dict, "an object of tags") or {}
        for key, value in found.items():
            fits = isinstance(value, str) and len(value) <= 256 and TAG_TEXT.fullmatch(value)
            if not (fits and 1 <= len(key) <= 128 and TAG_TEXT.fullmatch(key)):
                self.problems.append(
                    f"{name}: {key!r}: {value!r} is no tag; letters, digits, spaces and _.:/=+-@ make one"
                )
            if key == TAG or key.lower().startswith("aws:"):
                self.problems.append(f"{name}: the key {key!r} is not yours to set")
        if len(found) > 49:
            self.problems.append(f"{name} has {len(found)} tags, expected at most 49")
        return found

    def parsed(self, name: str, kind: type, expected: str) -> Any:
        """JSON of a kind; an empty text is nothing."""
        try:
            found = json.loads(self.raw[name] or "null")
        except json.JSONDecodeError:
            found = self.raw[name]
        if found is not None and not isinstance(found, kind):
            self.expect(name, expected)
            return None
        return found

    def window(self, name: str) -> str:
        """A weekly time range of half an hour at least, ddd:hh:mm-ddd:hh:mm in UTC; none leaves the choice to AWS."""
        text = self.raw[name].lower()
        ends = [WINDOW.fullmatch(end) for end in text.split("-")]
        if text and (len(ends) != 2 or not all(ends)):
            self.expect(name, "ddd:hh:mm-ddd:hh:mm in UTC, such as sun:03:00-sun:03:30")
        elif text:
            start, end = (_minute_of_week(match) for match in ends if match)
            if (end - start) % (7 * 24 * 60) < 30:
                self.expect(name, "at least 30 minutes")
        return text


def _minute_of_week(match: re.Match[str]) -> int:
    return (DAYS.index(match[1]) * 24 + int(match[2])) * 60 + int(match[3])


def _identifier_problems(identifier: str) -> list[str]:
    if IDENTIFIER.fullmatch(identifier) and len(identifier) <= LONGEST_IDENTIFIER:
        return []
    return [
        f"identifier is {identifier!r}, expected 1 to {LONGEST_IDENTIFIER} lower-case letters, digits and single "
        "hyphens, beginning with a letter and not ending with a hyphen"
    ]


def _refuse(problems: list[str]) -> None:
    if problems:
        raise ValueError("nothing was done: " + "; ".join(problems))
