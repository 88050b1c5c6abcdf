"""Security scan of template.yaml with checkov: a part of `make check`.

It fails for a finding without a reason in tools/accepted_findings.yaml, and for an entry there that is no
longer needed. A second template, unsafe on purpose, is scanned too and compared with the same list: a scan
that finds nothing there did not work.

checkov has its own environment, .venv-scan, because it needs another boto3. It makes no network calls:
downloads are switched off, and it gets no key for its makers' platform.
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
# Each resource has a finding that must be reported, whatever findings are accepted.
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
      GroupDescription: Open to the internet
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
    """One check that one resource has failed."""

    check: str
    name: str
    resource: str
    line: int


class ScanError(RuntimeError):
    """The scanner failed; the message contains its output."""


def scan(templates: Sequence[Path]) -> dict[Path, list[Finding]]:
    """Return the findings in each template. Raises ScanError."""
    files = [word for template in templates for word in ("--file", str(template))]
    command = [str(ROOT / ".venv-scan/bin/checkov"), *_OPTIONS, *files]
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": home, "LOG_LEVEL": "ERROR"}
        done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True)
    try:
        report = json.loads(done.stdout)
        results = report["results"]
    except (ValueError, TypeError, KeyError):
        raise ScanError(f"checkov ended with code {done.returncode}:\n{done.stderr or done.stdout}") from None
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
    """Return the findings that are not accepted, and `check: resource` of accepted ones that do not occur."""
    entries = [(entry["check"], pattern) for entry in accepted for pattern in entry["resources"]]
    unused, news = set(entries), []
    for finding in findings:
        matching = {e for e in entries if e[0] == finding.check and fnmatchcase(finding.resource, e[1])}
        unused -= matching
        if not matching:
            news.append(finding)
    return news, sorted(f"{check}: {pattern}" for check, pattern in unused)


def read_accepted() -> list[dict[str, Any]]:
    """Return the entries of accepted_findings.yaml. Raises ScanError for one without a reason."""
    entries: list[dict[str, Any]] = yaml.safe_load(ACCEPTED.read_text(encoding="utf-8"))
    for entry in entries:
        if not (entry.get("check") and entry.get("resources") and str(entry.get("reason") or "").strip()):
            raise ScanError(f"{ACCEPTED.name}: an entry needs check, resources and reason: {entry}")
    return entries


def main() -> int:
    """Scan both templates; return 1 if there is anything to fix."""
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
    news, unused = compare(found[template], accepted)
    still_found = {(finding.check, finding.resource) for finding in compare(found[unsafe], accepted)[0]}
    for finding in news:
        where = f"template.yaml:{finding.line}: {finding.resource}"
        sys.stdout.write(f"{where}: {finding.check} {finding.name}\n")
    for entry in unused:
        sys.stdout.write(f"{ACCEPTED.name}: {entry} is no longer found. Remove the entry.\n")
    for check, resource in sorted(UNSAFE - still_found):
        sys.stdout.write(
            f"{check} is not found in {resource}, which is unsafe on purpose: the scan does not work\n"
        )
    if news:
        sys.stdout.write(f"Fix these, or give the reason to accept them in {ACCEPTED.relative_to(ROOT)}.\n")
    accepted_count = len(found[template]) - len(news)
    sys.stdout.write(f"scan of the template: {accepted_count} findings accepted, {len(news)} new\n")
    return 1 if news or unused or UNSAFE - still_found else 0


if __name__ == "__main__":
    sys.exit(main())
