"""Has checkov look for what is unsafe in template.yaml: a part of `make check`.

Fails for a finding that tools/accepted_findings.yaml does not give a reason for, and for an entry there that
nothing needs any more. A second template, unsafe on purpose, is scanned along with it and judged by the same
list: a scan that finds nothing in that one has not looked.

checkov has an environment of its own, .venv-scan, since it wants another boto3. It calls nobody: it is told
to download nothing, and gets no key of the platform that its makers offer.
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
# Each with a finding that must come up, accepted findings notwithstanding.
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
      GroupDescription: Lets anybody in
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}]
  UnsafePolicy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "*", Resource: "*"}]
"""
UNSAFE = {
    ("CKV_AWS_20", "UnsafeBucket"),  # readable by everybody
    ("CKV_AWS_24", "UnsafeSecurityGroup"),  # port 22 open to the internet
    ("CKV_AWS_110", "UnsafePolicy"),  # lets anybody become anybody
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that one resource has failed."""

    check: str
    name: str
    resource: str
    line: int


class ScanError(RuntimeError):
    """The scanner did not do its work; the message says what it said."""


def scan(templates: Sequence[Path]) -> dict[Path, list[Finding]]:
    """The findings in each template. Raises ScanError."""
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
    """The findings that nothing accepts, and `check: resource` of what is accepted without being found."""
    entries = [(entry["check"], pattern) for entry in accepted for pattern in entry["resources"]]
    unused, news = set(entries), []
    for finding in findings:
        matching = {e for e in entries if e[0] == finding.check and fnmatchcase(finding.resource, e[1])}
        unused -= matching
        if not matching:
            news.append(finding)
    return news, sorted(f"{check}: {pattern}" for check, pattern in unused)


def read_accepted() -> list[dict[str, Any]]:
    """The entries of accepted_findings.yaml. Raises ScanError for one without a reason."""
    entries: list[dict[str, Any]] = yaml.safe_load(ACCEPTED.read_text(encoding="utf-8"))
    for entry in entries:
        if not (entry.get("check") and entry.get("resources") and str(entry.get("reason") or "").strip()):
            raise ScanError(f"{ACCEPTED.name}: check, resources and reason are needed: {entry}")
    return entries


def main() -> int:
    """Scan both; 1 if anything has to be done."""
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
        sys.stdout.write(f"{ACCEPTED.name}: {entry} is not found any more; take it out\n")
    for check, resource in sorted(UNSAFE - still_found):
        sys.stdout.write(
            f"{check} is not found in {resource}, which is made to be unsafe: the scan is blind\n"
        )
    if news:
        sys.stdout.write(f"Mend these, or say in {ACCEPTED.relative_to(ROOT)} why they stay.\n")
    accepted_count = len(found[template]) - len(news)
    sys.stdout.write(f"scan of the template: {accepted_count} findings accepted, {len(news)} new\n")
    return 1 if news or unused or UNSAFE - still_found else 0


if __name__ == "__main__":
    sys.exit(main())
