"""The security scan: findings are compared with the accepted ones, each of which has a reason."""

from fnmatch import fnmatchcase

from template_file import ROOT, load_template

from tools import scan_template
from tools.scan_template import Finding, compare, read_accepted

OPEN = Finding("CKV_AWS_20", "not readable by everybody", "DataBucket", 1)
TAKEN = [{"check": "CKV_AWS_20", "resources": ["Site*"], "reason": "it is a site"}]


def test_finding_without_a_reason_is_new():
    """Given a failed check, it is accepted only for the named resources, and only for that check."""
    site = Finding("CKV_AWS_20", "not readable by everybody", "SiteBucket", 2)
    other = Finding("CKV_AWS_21", "versions", "SiteBucket", 2)

    assert compare([site], TAKEN) == ([], [])
    assert compare([site, OPEN, other], TAKEN) == ([OPEN, other], [])


def test_unused_reason_is_reported():
    """Given an accepted finding that no longer occurs, it is reported, so that it cannot hide a later
    finding."""
    assert compare([OPEN], TAKEN) == ([OPEN], ["CKV_AWS_20: Site*"])


def test_accepted_findings_are_about_resources_of_the_template():
    """Given the accepted findings, each names a check once, with a reason and existing resources."""
    accepted = read_accepted()
    checks = [entry["check"] for entry in accepted]
    assert sorted(set(checks)) == sorted(checks)
    resources = load_template()["Resources"]
    patterns = [pattern for entry in accepted for pattern in entry["resources"]]
    assert [p for p in patterns if not any(fnmatchcase(name, p) for name in resources)] == []


def test_unsafe_template_is_compared_with_the_same_list():
    """Given the template that is unsafe on purpose, none of its findings is accepted, because otherwise `make
    check` would always fail."""
    unsafe = [Finding(check, "", resource, 1) for check, resource in sorted(scan_template.UNSAFE)]
    assert compare(unsafe, read_accepted())[0] == unsafe


def test_the_gate_runs_the_scanner():
    """Given `make check`, it scans with an environment that it creates from a lock."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    gate = makefile.partition("\ncheck:")[2].partition("\n\n")[0]
    assert ".venv-scan/ready" in gate
    assert "tools/scan_template.py" in gate
    assert "checkov==" in (ROOT / "requirements/scan.txt").read_text(encoding="utf-8")
