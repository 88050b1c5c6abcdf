"""A security scan of template.yaml with checkov, as a part of `make check`.

The scan fails for a finding that tools/accepted_findings.yaml does not explain, and for an entry there that
is no longer needed. A second template, unsafe on purpose, is scanned as well and compared with the same list:
if nothing is found in that one, the scan did not work.

checkov has its own environment, .venv-scan, since it needs another boto3. It makes no network calls: it is
set to download nothing, and gets no key of its makers' platform.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
ACCEPTED = ROOT / "tools/accepted_findings.yaml"
_OPTIONS = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--output", "json"]
# Each resource has a finding that must be reported despite the accepted findings.
UNSAFE_TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  UnsafeBucket:
    Type: AWS::S3::Bucket
    Properties: {AccessControl: PublicRead}
  UnsafeSecurityGroup:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: Open to everyone
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}]
  UnsafePolicy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "*", Resource: "*"}]
"""
UNSAFE = {
    ("CKV_AWS_20", "UnsafeBucket"),  # readable by everyone
    ("CKV_AWS_24", "UnsafeSecurityGroup"),  # port 22 open to the internet
    ("CKV_AWS_110", "UnsafePolicy"),  # allows privilege escalation
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that a resource has failed."""

    check: str
    name: str
    resource: str
    line: int


class ScanError(RuntimeError):
    """The scanner failed; the message has its output."""


def scan(templates: Sequence[Path]) -> dict[Path, list[Finding]]:
    """Return the findings in each template. Raises ScanError."""
    files = [argument for template in templates for argument in ("--file", str(template))]
    command = [str(ROOT / ".venv-scan/bin/checkov"), *_OPTIONS, *files]
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": home, "LOG_LEVEL": "ERROR"}
        done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True)
    try:
        report = json.loads(done.stdout)
        results = report["results"]
    except (ValueError, TypeError, KeyError):
        raise ScanError(f"checkov exited with {done.returncode}:\n{done.stderr or done.stdout}") from None
    if results.get("parsing_errors") or report["summary"]["parsing_errors"]:
        raise ScanError(f"checkov cannot read {results.get('parsing_errors')}")
    found: dict[Path, list[Finding]] = {template: [] for template in templates}
    for failed in results["failed_checks"]:
        resource = failed["resource"].rsplit(".", 1)[-1]
        finding = Finding(failed["check_id"], failed["check_name"], resource, failed["file_line_range"][0])
        found[Path(failed["file_abs_path"])].append(finding)
    return found


def compare(
    findings: Iterable[Finding], accepted: Iterable[dict[str, Any]]
) -> tuple[list[Finding], list[str]]:
    """Return the findings that are not accepted, and `check: resource` of accepted ones not found."""
    entries = [(entry["check"], pattern) for entry in accepted for pattern in entry["resources"]]
    unused, new = set(entries), []
    for finding in findings:
        matching = {e for e in entries if e[0] == finding.check and fnmatchcase(finding.resource, e[1])}
        unused -= matching
        if not matching:
            new.append(finding)
    return new, sorted(f"{check}: {pattern}" for check, pattern in unused)


def read_accepted() -> list[dict[str, Any]]:
    """Return the entries of accepted_findings.yaml. Raises ScanError for one without a reason."""
    entries: list[dict[str, Any]] = yaml.safe_load(ACCEPTED.read_text(encoding="utf-8"))
    for entry in entries:
        if not (entry.get("check") and entry.get("resources") and str(entry.get("reason") or "").strip()):
            raise ScanError(f"{ACCEPTED.name}: an entry needs check, resources and reason: {entry}")
    return entries


def main() -> int:
    """Scan both templates; return 1 if anything needs to be fixed."""
    template = ROOT / "template.yaml"
    try:
        accepted = read_accepted()
        with tempfile.TemporaryDirectory() as directory:
            unsafe = Path(directory).resolve() / "unsafe.yaml"
            unsafe.write_text(UNSAFE_TEMPLATE, encoding="utf-8")
            found = scan([template, unsafe])
    except ScanError as error:
        sys.stderr.write(f"scan_template: {error}\n")
        return 1
    new, unused = compare(found[template], accepted)
    still_found = {(finding.check, finding.resource) for finding in compare(found[unsafe], accepted)[0]}
    for finding in new:
        location = f"template.yaml:{finding.line}: {finding.resource}"
        sys.stdout.write(f"{location}: {finding.check} {finding.name}\n")
    for entry in unused:
        sys.stdout.write(f"{ACCEPTED.name}: {entry} is no longer found. Remove it.\n")
    for check, resource in sorted(UNSAFE - still_found):
        sys.stdout.write(
            f"{check} is not found in {resource}, which is unsafe on purpose: the scan does not work.\n"
        )
    if new:
        sys.stdout.write(f"Fix these, or explain them in {ACCEPTED.relative_to(ROOT)}.\n")
    accepted_count = len(found[template]) - len(new)
    sys.stdout.write(f"scan of the template: {accepted_count} findings accepted, {len(new)} new\n")
    return 1 if new or unused or UNSAFE - still_found else 0


if __name__ == "__main__":
    sys.exit(main())
