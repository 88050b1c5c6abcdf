"""Statements of each role of the template, with every intrinsic function resolved to neutral names.

A bucket, topic or role is named by its logical id (`arn:aws:s3:::DataBucket`), so that the record of a
deployment can be compared with the template.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from template_file import ROOT, as_list, load_template

from hippo_local.emulator.ministack import load

REGION, ACCOUNT, STACK = "ca-central-1", "000000000000", "hippo-local"
# Required parameters, and every option that adds a permission; some exclude each other.
NEEDED = {"HostedZoneId": "ZONE", "RootDomain": "localhost", "Subnet": "subnet-1", "SecurityGroup": "sg-1"}
OPTIONS = {"ExtraBuckets": "extra-bucket", "Tracing": "Active", "GameCertificate": "acm"}
OTHER_OPTIONS = {**OPTIONS, "GameCertificate": "bucket"}
# Policies outside the roles; those without a role are for people.
RESEARCHER, STEWARD = "Researcher", "Steward"
_ATTACHED = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
_NAMES = {
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}:*",
    "AWS::CertificateManager::Certificate": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/{{}}",
    "AWS::Serverless::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
}


@dataclass(frozen=True)
class Statement:
    """One statement; `role` is the logical id of the role, RESEARCHER or STEWARD."""

    role: str
    policy: str
    name: str
    body: dict[str, Any] = field(hash=False)

    @property
    def actions(self) -> list[str]:
        """The actions."""
        return as_list(self.body["Action"])

    @property
    def resources(self) -> list[str]:
        """The resources; empty for a statement with NotResource."""
        return as_list(self.body.get("Resource", []))

    @property
    def is_allow(self) -> bool:
        """Whether the effect is Allow."""
        return bool(self.body["Effect"] == "Allow")


@cache
def list_statements() -> tuple[Statement, ...]:
    """Return the statements of all roles, in the template's order, with every option."""
    found = read_statements(OPTIONS)
    return (*found, *(one for one in read_statements(OTHER_OPTIONS) if one not in found))


def read_statements(options: Mapping[str, str]) -> list[Statement]:
    """Return the statements of a deployment with these options."""
    return list(_read_statements(resolve_template(options)))


def _read_statements(resources: dict[str, Any]) -> Iterator[Statement]:
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role":
            for policy in properties.get("Policies", []):
                yield from _read_document(name, policy["PolicyName"], policy["PolicyDocument"])
        elif resource["Type"] in _ATTACHED:
            for holder in properties.get("Roles") or [name_holder(name)]:
                yield from _read_document(holder, name, properties["PolicyDocument"])


def name_holder(policy: str) -> str:
    """Return the holder of a policy without a role, by its logical id."""
    return STEWARD if policy.startswith(STEWARD) else RESEARCHER


def _read_document(role: str, policy: str, document: dict[str, Any]) -> Iterator[Statement]:
    for number, body in enumerate(as_list(document["Statement"]), 1):
        yield Statement(role, policy, body.get("Sid") or f"{policy} {number}", body)


def resolve_template(options: Mapping[str, str]) -> dict[str, Any]:
    """Return the IAM resources that these parameters create, resolved as CloudFormation would."""
    engine, responses = load("services.cloudformation.engine"), load("core.responses")
    responses.set_request_region(REGION)
    template = copy.deepcopy(load_template())
    given = [{"Key": key, "Value": value} for key, value in {**NEEDED, **options}.items()]
    parameters = engine._resolve_parameters(template, given)
    conditions = engine._evaluate_conditions(template, parameters)
    named = {name: _name(name, resource) for name, resource in template["Resources"].items()}
    wanted = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"].startswith("AWS::IAM::") and conditions.get(resource.get("Condition"), True)
    }
    resolved: dict[str, Any] = engine._resolve_refs(
        wanted,
        named,
        parameters,
        conditions,
        {},
        STACK,
        f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/ID",
    )
    return resolved


class _Attributes(dict[str, str]):
    """A value for any attribute."""

    def __contains__(self, _: object) -> bool:
        return True


def _name(logical_id: str, resource: dict[str, Any]) -> dict[str, Any]:
    """Return the value of Ref and GetAtt for a resource."""
    name = logical_id
    if logical_id == "UpdateProjectMasterListFunction":
        name = load_template()["Parameters"]["UpdateFunctionName"]["Default"]
    arn = _NAMES.get(resource["Type"], f"arn:aws:{resource['Type']}:{{}}").format(name)
    refers_by_arn = resource["Type"] in ("AWS::SNS::Topic", "AWS::CertificateManager::Certificate")
    attributes = _Attributes(Arn=arn, Name=name, QueueName=name)
    return {"PhysicalResourceId": arn if refers_by_arn else name, "Attributes": attributes}


def list_reasons() -> dict[tuple[str, str], str]:
    """Return the comment above each statement of the template, by role or policy and Sid."""
    reasons: dict[tuple[str, str], str] = {}
    role, comment = "", []
    for line in (ROOT / "template.yaml").read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if line.startswith("  ") and not line.startswith("   ") and text.endswith(":"):
            role = text.rstrip(":")
        if text.startswith("# "):
            comment.append(text[2:])
            continue
        if text.startswith("- Sid: ") and comment:
            reasons[(role, text.removeprefix("- Sid: "))] = " ".join(comment)
        comment = []
    return reasons
