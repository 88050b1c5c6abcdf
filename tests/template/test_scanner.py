"""The scanner's findings are told from the accepted ones, and each accepted one has its reason."""

from fnmatch import fnmatchcase

from template_file import ROOT, load_template

from tools import scan_template
from tools.scan_template import Finding, compare, read_accepted

OPEN = Finding("CKV_AWS_20", "not readable by everybody", "DataBucket", 1)
TAKEN = [{"check": "CKV_AWS_20", "resources": ["Site*"], "reason": "it is a site"}]


def test_finding_without_a_reason_is_new():
    """A check that fails is accepted for the named resources only, and only that check."""
    site = Finding("CKV_AWS_20", "not readable by everybody", "SiteBucket", 2)
    other = Finding("CKV_AWS_21", "versions", "SiteBucket", 2)

    assert compare([site], TAKEN) == ([], [])
    assert compare([site, OPEN, other], TAKEN) == ([OPEN, other], [])


def test_reason_that_nothing_needs_is_told():
    """What is accepted and not found any more has to go, so that it cannot hide a finding of later."""
    assert compare([OPEN], TAKEN) == ([OPEN], ["CKV_AWS_20: Site*"])


def test_accepted_findings_are_about_resources_of_the_template():
    """Each names a check once, with a reason, and resources that there are."""
    accepted = read_accepted()
    checks = [entry["check"] for entry in accepted]
    assert sorted(set(checks)) == sorted(checks)
    resources = load_template()["Resources"]
    patterns = [pattern for entry in accepted for pattern in entry["resources"]]
    assert [p for p in patterns if not any(fnmatchcase(name, p) for name in resources)] == []


def test_unsafe_template_is_judged_by_the_same_list():
    """What is made unsafe on purpose is none of what is accepted; else `make check` would fail for ever."""
    unsafe = [Finding(check, "", resource, 1) for check, resource in sorted(scan_template.UNSAFE)]
    assert compare(unsafe, read_accepted())[0] == unsafe


def test_the_gate_runs_the_scanner():
    """`make check` scans, with an environment that it sets up itself from a lock."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    gate = makefile.partition("\ncheck:")[2].partition("\n\n")[0]
    assert ".venv-scan/ready" in gate
    assert "tools/scan_template.py" in gate
    assert "checkov==" in (ROOT / "requirements/scan.txt").read_text(encoding="utf-8")
