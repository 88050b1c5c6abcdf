"""The checks of the files that the game server's image is built from: whether they can start in it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from hippo_cli.checks.pins import check_pins
from hippo_cli.errors import CliError
from hippo_cli.file_content import is_pointer, report_pointer
from hippo_cli.findings import Finding, error, warning
from hippo_cli.image.build_context import make_context
from hippo_cli.image.dockerfile import ContextUse, find_program, find_wrong_list, has_stage
from hippo_cli.image.scripts import is_program, is_shell_script, read_script, repair
from hippo_cli.study_folder import StudyFolder

_LARGEST_POINTER = 1024  # bytes, by the specification of Git LFS
_LARGEST_PROGRAM = 1024**2


def check_image_files(study: StudyFolder) -> Iterator[Finding]:
    """Yield the findings about the files that the study's Dockerfile copies. The study must have one."""
    try:
        context = make_context(study, {})
        text = context.files[context.dockerfile].read_text(encoding="utf-8", errors="replace")
        use, program = ContextUse(text), find_program(text) or ""
    except CliError as fault:  # a pattern that Docker does not accept
        yield error("dockerfile-pattern", "Dockerfile", 0, "", fault.what, fault.advice or "")
        return
    yield from _check_dockerfile(context.dockerfile, text)
    yield from check_pins(context, text.removeprefix("\ufeff"))
    for name, path in context.files.items():
        if name == context.dockerfile or path.is_symlink() or not use.needs(name):
            continue
        try:
            yield from _check_file(name, path, _is_named(program, name), "chmod" in text)
        except OSError as fault:
            what = f"cannot be read: {fault.strerror or fault}"
            yield warning("image-file", name, 0, "", what, "Fix the file's permissions.")


def _check_dockerfile(name: str, text: str) -> Iterator[Finding]:
    if not has_stage(text.removeprefix("\ufeff")):
        what = "it has no FROM, so no image can be built from it"
        fix = "Write the image to begin with, for example `FROM python:3.13-slim`. Save it as UTF-8."
        yield error("dockerfile-content", name, 1, "FROM", what, fix)
    elif found := find_wrong_list(text):
        instruction, command = found
        line = text.count("\n", 0, text.find(command.split(",")[0])) + 1
        what = f"{command} is not a list in JSON, so the container cannot start"
        fix = f'Write straight double quotes: {instruction} ["python", "App/server.py"].'
        yield error("dockerfile-content", name, line, instruction, what, fix)


def _check_file(name: str, path: Path, is_first: bool, sets_mode: bool) -> Iterator[Finding]:
    if path.stat().st_size <= _LARGEST_POINTER and is_pointer(path.read_bytes()):
        yield report_pointer(name, warning)
    script = read_script(path)
    if script is not None and repair(script) != script and (is_first or is_shell_script(name, script)):
        what = (
            "Linux cannot start it: it has Windows line ends or a byte order mark, which publishing removes"
        )
        fix = "Save it as UTF-8 with Unix line ends (LF), and write `*.sh text eol=lf` into .gitattributes."
        yield warning("line-ends", name, 1, "", what, fix)
    if is_first and (script is not None or path.suffix == ""):
        yield from _check_start(name, path, sets_mode)
    if path.suffix == ".py":
        yield from _check_syntax(name, path)


def _check_start(name: str, path: Path, sets_mode: bool) -> Iterator[Finding]:
    with path.open("rb") as file:
        start = repair(file.read(16))
    if not is_program(start):
        what = "the container starts it, but its first line does not say which program runs it"
        yield warning("script-start", name, 1, "", what, "Begin it with #!/bin/sh, or another program.")
    elif os.name == "posix" and not path.stat().st_mode & 0o100 and not sets_mode:
        what = "the container starts it, but it is not executable (publishing repairs that, Docker does not)"
        yield warning("script-start", name, 0, "", what, f"Run `chmod +x {name}`, and commit that.")


def _check_syntax(name: str, path: Path) -> Iterator[Finding]:
    if path.stat().st_size > _LARGEST_PROGRAM:
        return
    try:
        compile(path.read_bytes(), name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as fault:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        what = f"Python {version} cannot read it: {getattr(fault, 'msg', None) or fault}"
        fix = "Correct this line. If the image has a newer Python, ignore this."
        yield warning("syntax", name, getattr(fault, "lineno", None) or 1, "", what, fix)


def _is_named(program: str, name: str) -> bool:
    """Return whether a file of the context is the program, whose path in the image may begin differently."""
    return bool(program) and PurePosixPath(program).name == PurePosixPath(name).name
