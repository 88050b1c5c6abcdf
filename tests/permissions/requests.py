"""Requests of the roles, in a form that is the same for every run: ids, times and people are neutral."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.permissions.policies import RESEARCHER, STEWARD

# The records of the local platform and of the simulation.
PLATFORM = Path(__file__).with_name("recorded_platform.jsonl")
SIMULATION = Path(__file__).with_name("recorded_simulation.jsonl")
# Global keys that differ from run to run, and that no policy here uses.
_LEFT_OUT = (
    "aws:tokenissuetime",
    "aws:userid",
    "aws:multifactorauthpresent",
    "aws:principaltag/aws:",
    "aws:securetransport",
)
# Resources whose physical names contain no name of the stack.
_RANDOM = (
    "AWS::ApiGateway::RestApi",
    "AWS::CertificateManager::Certificate",
    "AWS::CloudFront::Distribution",
)
_NEUTRAL = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,}"), "ID"),
    (re.compile(r"(?<=change/)\w+"), "ID"),
    (re.compile(r"\d{8}T\d{6,}Z"), "TIME"),
    (re.compile(r"(?<=_slots/)\d{4}"), "0000"),
    (re.compile(r"(?<=_slots/q\.)[0-9TZ-]+(?=\.)"), "TIME"),
    # Prefix of participants' ids in the record.
    (re.compile(r"\bu-[a-z0-9-]+"), "user"),
)


@dataclass(frozen=True)
class Request:
    """One request to IAM; `context` has the condition keys as sorted JSON, `role` is the caller."""

    role: str
    action: str
    resource: str
    context: str
    is_allowed: bool = True

    def as_line(self) -> str:
        """Return the request as one line of JSON."""
        entries = {"role": self.role, "action": self.action, "resource": self.resource}
        more = {"context": json.loads(self.context)} if self.context != "{}" else {}
        refused = {} if self.is_allowed else {"refused": True}
        return json.dumps({**entries, **more, **refused})

    @classmethod
    def from_line(cls, line: str) -> "Request":
        """Return the request that such a line describes."""
        entries = json.loads(line)
        context = json.dumps(entries.get("context", {}), sort_keys=True)
        return cls(
            entries["role"], entries["action"], entries["resource"], context, not entries.get("refused")
        )


def neutralise(text: str, names: Mapping[str, str]) -> str:
    """Return a text with neutral ids; `names` maps physical names to logical ids, the longest first."""
    for physical, logical in names.items():
        text = text.replace(physical, logical)
    for pattern, neutral in _NEUTRAL:
        text = pattern.sub(neutral, text)
    return text


def read_record(lines: Iterable[str], names: Mapping[str, str]) -> set[Request]:
    """Return the requests of a record of the local platform."""
    requests = {_read(json.loads(neutralise(line, names))) for line in lines}
    # S3 checks this itself, to choose between 404 and 403 for a missing object. It is not a request.
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
    """Return the result of DescribeStackResources as physical name to logical id."""
    names = {}
    for resource in resources:
        tail = re.split(r"[:/]", resource["PhysicalResourceId"])[-1]
        if tail.lower().startswith(f"{stack}-") or resource["ResourceType"] in _RANDOM:
            names[tail] = resource["LogicalResourceId"]
        elif resource["ResourceType"] == "AWS::Logs::LogGroup":
            names[resource["PhysicalResourceId"]] = resource["LogicalResourceId"]
    return names


def load_requests(path: Path) -> list[Request]:
    """Return a committed record."""
    return [Request.from_line(line) for line in path.read_text(encoding="utf-8").splitlines()]


def save_requests(path: Path, requests: Iterable[Request]) -> None:
    """Replace a committed record."""
    lines = sorted(request.as_line() for request in requests)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
