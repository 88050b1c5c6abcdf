"""docs/reference/cli.md matches the tool."""

import re

from hippo_cli.errors import ExitCode
from tests.support.paths import ROOT

REFERENCE = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
# `error("code", …`, `self._warn("code", …`, `self._add(warning, "code", …`, on one line or on two.
_CODE = re.compile(
    r"(?:(?:\berror|\bwarning|_warn|_add|\bmake|\b_report)\(\s*(?:(?:error|warning), )?(?:study, )?"
    r'|\byield \(?\s*)"([a-z-]+)",'
    r'|^(?:PUBLISHED|IN_IMAGE|NO_LIMIT) = "([a-z-]+)"',
    re.MULTILINE,
)


def test_every_kind_of_finding_is_documented() -> None:
    """Given the codes in the source, the table has each of them and no other."""
    cli = ROOT / "hippo_cli"
    sources = [*(cli / "checks").glob("*.py"), *cli.glob("yaml_*.py"), cli / "file_content.py"]
    sources.append(cli / "image/env_file.py")
    codes = {code for path in sources for found in _CODE.findall(path.read_text("utf-8")) for code in found}
    codes -= {""}
    table = REFERENCE.split("| where | codes |")[1].split("\n\n")[0]

    assert len(codes) > 30
    assert codes | {"config", "unknown-key"} == set(re.findall(r"`([a-z-]+)`", table)) - {"trial.", "no"}


def test_every_exit_code_is_documented() -> None:
    """Given the exit codes, the table has each of them."""
    table = REFERENCE.split("| code | meaning |")[1].split("\n\n")[0]

    assert [int(code) for code in re.findall(r"^\| (\d+) ", table, re.MULTILINE)] == [
        code.value for code in ExitCode
    ]
