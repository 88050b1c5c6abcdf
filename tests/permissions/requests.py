"""What the roles asked for, in a form that is the same for every run: ids, times and people are neutral."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.permissions.policies import RESEARCHER, STEWARD

# What the local platform has recorded, and what the simulation has.
PLATFORM = Path(__file__).with_name("recorded_platform.jsonl")
SIMULATION = Path(__file__).with_name("recorded_simulation.jsonl")
# Of the global keys those that differ from run to run, and none that a policy here asks for.
_LEFT_OUT = (
    "aws:tokenissuetime",
    "aws:userid",
    "aws:multifactorauthpresent",
    "aws:principaltag/aws:",
    "aws:securetransport",
)
# Resources whose physical names hold nothing of the stack's.
_RANDOM = ("AWS::ApiGateway::RestApi", "AWS::CertificateManager::Certificate")
_NEUTRAL = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,}"), "ID"),
    (re.compile(r"(?<=change/)\w+"), "ID"),
    (re.compile(r"\d{8}T\d{6,}Z"), "TIME"),
    (re.compile(r"(?<=_slots/)\d{4}"), "0000"),
    (re.compile(r"(?<=_slots/q\.)[0-9TZ-]+(?=\.)"), "TIME"),
    # People's ids begin so in what is recorded.
    (re.compile(r"\bu-[a-z0-9-]+"), "user"),
)


@dataclass(frozen=True)
class Request:
    """What IAM was asked: `context` are the condition keys, as sorted JSON; `role` is who asked."""

    role: str
    action: str
    resource: str
    context: str
    is_allowed: bool = True

    def as_line(self) -> str:
        """One line of JSON."""
        entries = {"role": self.role, "action": self.action, "resource": self.resource}
        more = {"context": json.loads(self.context)} if self.context != "{}" else {}
        refused = {} if self.is_allowed else {"refused": True}
        return json.dumps({**entries, **more, **refused})

    @classmethod
    def from_line(cls, line: str) -> "Request":
        """The request that such a line describes."""
        entries = json.loads(line)
        context = json.dumps(entries.get("context", {}), sort_keys=True)
        return cls(
            entries["role"], entries["action"], entries["resource"], context, not entries.get("refused")
        )


def neutralise(text: str, names: Mapping[str, str]) -> str:
    """A text with neutral ids; `names` maps what the deployment made to logical ids, the long ones first."""
    for physical, logical in names.items():
        text = text.replace(physical, logical)
    for pattern, neutral in _NEUTRAL:
        text = pattern.sub(neutral, text)
    return text


def read_record(lines: Iterable[str], names: Mapping[str, str]) -> set[Request]:
    """The requests of a record of the local platform."""
    requests = {_read(json.loads(neutralise(line, names))) for line in lines}
    # Whether a missing object is 404 or 403 is a question that S3 asks itself, not a request.
    return {one for one in requests if one.is_allowed or one.action != "s3:ListBucket" or one.context != "{}"}


def _read(entry: dict[str, Any]) -> Request:
    context = {key: value for key, value in entry["context"].items() if not key.startswith(_LEFT_OUT)}
    kind, _, name = entry["principal"].rpartition(":")[2].partition("/")
    person = STEWARD if name.startswith("steward") else RESEARCHER
    role = name.partition("/")[0] if kind == "assumed-role" else person if kind == "user" else kind
    return Request(
        role, entry["action"], entry["resource"], json.dumps(context, sort_keys=True), entry["allowed"]
    )


def name_resources(resources: Iterable[Mapping[str, Any]], stack: str) -> dict[str, str]:
    """What DescribeStackResources lists, physical name to logical id."""
    names = {}
    for resource in resources:
        tail = re.split(r"[:/]", resource["PhysicalResourceId"])[-1]
        if tail.lower().startswith(f"{stack}-") or resource["ResourceType"] in _RANDOM:
            names[tail] = resource["LogicalResourceId"]
        elif resource["ResourceType"] == "AWS::Logs::LogGroup":
            names[resource["PhysicalResourceId"]] = resource["LogicalResourceId"]
    return names


def load_requests(path: Path) -> list[Request]:
    """A committed record."""
    return [Request.from_line(line) for line in path.read_text(encoding="utf-8").splitlines()]


def save_requests(path: Path, requests: Iterable[Request]) -> None:
    """Replace a committed record."""
    lines = sorted(request.as_line() for request in requests)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
