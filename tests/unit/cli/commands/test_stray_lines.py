"""Standard error holds only the tool's own messages, because people and scripts read it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import SmallStudy

_NOISY = """\
import logging
import warnings

warnings.warn("stray import")

def main():
    logging.getLogger("library").warning("stray line")
    logging.getLogger("library").error("stray error")
    warnings.warn("stray warning", DeprecationWarning)
    warnings.warn("stray warning", UserWarning)
"""


def run_python(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with modules of `directory` and of the project."""
    environment = {"PYTHONPATH": ":".join([str(directory), *sys.path])}
    return subprocess.run([sys.executable, *arguments], capture_output=True, env=environment, text=True)


@pytest.mark.parametrize(("more", "stray"), [([], False), (["--debug"], True)])
def test_lines_of_libraries(tmp_path: Path, more: list[str], stray: bool) -> None:
    """Given libraries that log and warn, also while they are imported, only --debug shows it."""
    (tmp_path / "noisy.py").write_text(_NOISY)
    code = "from hippo_cli.__main__ import _run; _run('noisy')"

    shown = run_python(tmp_path, "-c", code, *more)

    assert shown.returncode == 0
    assert [text in shown.stderr for text in ("stray import", "stray line", "stray error")] == [stray] * 3
    assert stray or shown.stderr == ""


@pytest.mark.parametrize("module", ["hippo_cli", "hippo_cli.update_project"])
def test_a_config_that_the_layer_logs_about(study: SmallStudy, module: str) -> None:
    """Given a config that the handlers would log about, the tool prints findings and no log line."""
    study.edit("live: true", "live: true\n  language: no")
    arguments = ["check", str(study.directory)] if module == "hippo_cli" else []
    code = f"import os, {module} as m; os.chdir({str(study.directory)!r}); m.main()"
    called = ["-m", module, *arguments] if module == "hippo_cli" else ["-c", code]

    shown = run_python(study.directory, *called)

    assert "option is not readable" not in shown.stdout + shown.stderr
    assert "language" in shown.stdout + shown.stderr


def test_the_local_platforms_messages(tmp_path: Path) -> None:
    """Given a folder without a platform, `python -m hippo_local answers` prints only its own message."""
    shown = run_python(tmp_path, "-m", "hippo_local", "answers", "--directory", str(tmp_path))

    assert shown.returncode == 1
    assert [line for line in shown.stderr.splitlines() if line][0].startswith("hippo_local: ")
