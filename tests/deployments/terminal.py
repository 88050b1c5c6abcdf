"""`sam deploy --guided` as an operator uses it: in a terminal, question by question."""

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from select import select

from tests.deployments.local_account import Build, LocalAccount

_SECONDS = 120
_QUESTION = re.compile(r"([^\n\r\t]*?)\s*\[([^\]\n]*)\]: ?$")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def talk(
    account: LocalAccount, build: Build, options: Sequence[str], answers: Mapping[str, str]
) -> tuple[int, dict[str, str], str]:
    """Deploy by answering questions, with Enter where `answers` has none. Return exit code, defaults by
    question, output."""
    terminal, inner = pty.openpty()
    sam = str(Path(sys.executable).with_name("sam"))
    process = subprocess.Popen(
        [sam, "deploy", "--guided", "--template-file", str(build.template), *options],
        cwd=account.directory,
        env={**account.get_environment(), "TERM": "dumb"},
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    try:
        screen, questions = _answer(terminal, answers)
        return process.wait(_SECONDS), questions, screen
    finally:
        process.kill()
        os.close(terminal)


def _answer(terminal: int, answers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    deadline, screen, since = time.monotonic() + _SECONDS, "", 0
    questions: dict[str, str] = {}
    while time.monotonic() < deadline:
        if not select([terminal], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:  # raised on Linux once the other side is closed
            return screen, questions
        screen += _COLOURS.sub("", data.decode(errors="replace"))
        if found := _QUESTION.search(screen[since:]):
            questions[found[1].strip()] = found[2]
            since = len(screen)
            os.write(terminal, f"{answers.get(found[1].strip(), '')}\n".encode())
    raise AssertionError(f"it does not end:\n{screen[-3000:]}")
