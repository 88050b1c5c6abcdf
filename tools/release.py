"""Release of a version: `python tools/release.py x.y.z`, which `make release VERSION=x.y.z` runs.

It reports every reason against the release at once, runs `make check`, and creates the annotated tag vx.y.z.
It pushes nothing: it prints the command that does. See RELEASING.md.
"""

import argparse
import datetime
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

BRANCH = "main"
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


def run_git(root: Path, *arguments: str) -> str:
    """Return what a git command prints, without the newline at its end."""
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.rstrip("\n")


def read_section(root: Path, version: str) -> tuple[str, str]:
    """Return the date and the text of a version's section in CHANGELOG.md, empty where they are missing."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = re.search(rf"^## \[{re.escape(version)}\](?: - (\S+))?[ \t]*$", text, re.MULTILINE)
    if heading is None:
        return "", ""
    return heading[1] or "", re.split(r"^(?:## |\[[^]]+\]: )", text[heading.end() :], flags=re.MULTILINE)[
        0
    ].strip()


def check_files(root: Path, version: str) -> list[str]:
    """Return the problems of the files that name the version."""
    problems = []
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if project != version:
        problems.append(f"pyproject.toml has version {project}. Set it to {version}.")
    citation = (root / "CITATION.cff").read_text(encoding="utf-8")
    if not re.search(rf"^version: [\"']?{re.escape(version)}[\"']?$", citation, re.MULTILINE):
        problems.append(f"CITATION.cff has another version. Set it to {version}.")
    date, text = read_section(root, version)
    if not text:
        problems.append(f"CHANGELOG.md has no changes for {version}. Add a section ## [{version}] - <date>.")
    elif not _is_date(date):
        problems.append(f"CHANGELOG.md has no date for {version}. Write ## [{version}] - YYYY-MM-DD.")
    elif f'date-released: "{date}"' not in citation and f"date-released: {date}" not in citation:
        problems.append(f"CITATION.cff has another date than CHANGELOG.md. Set date-released to {date}.")
    return problems


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def check_repository(root: Path, version: str) -> list[str]:
    """Return the problems of the working tree, its branch and its tags."""
    problems = []
    if run_git(root, "status", "--porcelain"):
        problems.append("The working tree has changes. Commit or stash them.")
    branch = run_git(root, "branch", "--show-current")
    if branch != BRANCH:
        problems.append(f"The branch is {branch or 'detached'}. Switch to {BRANCH}.")
    if run_git(root, "tag", "--list", f"v{version}"):
        problems.append(f"The tag v{version} exists. Choose the next version.")
    return problems


def main(arguments: Sequence[str]) -> int:
    """Check the version, run the gate and create the tag; return 1 if something is against the release."""
    parser = argparse.ArgumentParser(description="Check and tag a release.")
    parser.add_argument("version", help="the version, such as 0.2.0")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the checkout (default: this folder)")
    parser.add_argument(
        "--gate", default="make check", help="the command that must pass (default: make check)"
    )
    options = parser.parse_args(arguments)
    root, version = options.root, options.version
    if not _VERSION.fullmatch(version):
        parser.error(f"{version!r} is not a version. Pass one such as 0.2.0.")
    problems = [*check_repository(root, version), *check_files(root, version)]
    if problems:
        sys.stderr.writelines(f"{problem}\n" for problem in problems)
        return 1
    if subprocess.run(shlex.split(options.gate), cwd=root, check=False).returncode:
        sys.stderr.write(f"`{options.gate}` failed. Fix what it reports, commit, and try again.\n")
        return 1
    if run_git(root, "status", "--porcelain"):
        sys.stderr.write(f"`{options.gate}` changed files. Commit or discard the changes, and try again.\n")
        return 1
    message = f"Release {version}\n\n{read_section(root, version)[1]}\n"
    # Without --cleanup git would drop the headings, which begin with #.
    run_git(root, "tag", "--annotate", f"v{version}", "--cleanup=verbatim", "--message", message)
    sys.stdout.write(f"Tagged v{version}. Publish it with:\n\n    git push origin {BRANCH} v{version}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
