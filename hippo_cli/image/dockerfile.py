"""The files that a Dockerfile takes from its context, so that only their changes lead to a new image."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from hippo_cli.image.docker_ignore import clean_path, compile_pattern, list_with_parents
from hippo_cli.study_folder import APP_FOLDER, StudyFolder

_DOCKERFILES = ("Dockerfile", f"{APP_FOLDER}/Dockerfile")
_CONTINUED = re.compile(r"\\[ \t]*\r?\n(?:[ \t]*#[^\n]*\n)*")
# The lines of a here-document are not instructions.
_HERE_DOCUMENT = re.compile(r"""(?<=<<)-?["']?(\w+)["']?([^\n]*)\n(?:.*\n)*?[ \t]*\1[ \t]*(?=\n|\Z)""")
_INSTRUCTION = re.compile(r"^\s*(COPY|ADD|RUN)\s+(.*)$", re.IGNORECASE | re.MULTILINE)
_START = re.compile(r"^\s*(CMD|ENTRYPOINT|FROM)\s+(.*)$", re.IGNORECASE | re.MULTILINE)
_IMAGE = re.compile(
    r"^\s*(?:FROM\s+(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<stage>\S+))?|(?:COPY|ADD)\s.*?--from=(?P<copied>\S+))",
    re.IGNORECASE | re.MULTILINE,
)
_ARGUMENT = re.compile(r"^\s*ARG\s+(\w+)=[\"']?([^\s\"']+)", re.IGNORECASE | re.MULTILINE)
_VARIABLE = re.compile(r"\$\{?(\w+)(?::-[^}]*)?\}?")
_FLAG = re.compile(r"--[a-z-]+(?:=\S*)?\s+")


def find_dockerfile(study: StudyFolder) -> Path | None:
    """Return the path of the study's Dockerfile, next to config.yml or in App/."""
    return next((path for name in _DOCKERFILES if (path := study.directory / name).is_file()), None)


class ContextUse:
    """The paths of the context that an image can contain; all of them if the Dockerfile leaves it open."""

    def __init__(self, text: str) -> None:
        self._patterns: list[re.Pattern[str]] | None = []
        for source in list_sources(text):
            path = clean_path(source)
            if "$" in source or path.startswith(".."):
                self._patterns = None
                return
            self._patterns.append(compile_pattern("**" if path == "." else path))

    def needs(self, path: str) -> bool:
        """Return whether a change of this file can change the image."""
        if self._patterns is None:
            return True
        paths = list_with_parents(path)
        return any(pattern.fullmatch(one) for pattern in self._patterns for one in paths)


def find_wrong_list(text: str) -> tuple[str, str] | None:
    """Return the instruction and the text of a command that looks like a list but is not one, or None.

    Docker passes it to a shell, which finds no program `[python,`.
    """
    for match in _START.finditer(_join_lines(text)):
        command = match[2].strip()
        if match[1].upper() != "FROM" and command.startswith("[") and not _is_list_of_texts(command):
            return match[1].upper(), command
    return None


def _is_list_of_texts(command: str) -> bool:
    try:
        found = json.loads(command)
    except ValueError:
        return False
    return isinstance(found, list) and all(isinstance(word, str) for word in found)


def find_program(text: str) -> str | None:
    """Return the program that the container starts, as written in the last stage; None without one."""
    found: dict[str, str] = {}
    for match in _START.finditer(_join_lines(text)):
        name, rest = match[1].upper(), match[2].strip()
        if name == "FROM":
            found = {}
        elif arguments := _split_arguments(rest):
            found[name] = arguments[0]
    return found.get("ENTRYPOINT") or found.get("CMD")


def has_stage(text: str) -> bool:
    """Return whether an image can be built from a text: it has a FROM."""
    return any(match[1].upper() == "FROM" for match in _START.finditer(_join_lines(text)))


def list_images(text: str) -> Iterator[str]:
    """Yield the images that FROM and `COPY --from` name, with the defaults of ARG filled in; no stages."""
    lines = _join_lines(text)
    stages, defaults = {"scratch"}, dict(_ARGUMENT.findall(lines))
    for match in _IMAGE.finditer(lines):
        image = _VARIABLE.sub(
            lambda found: defaults.get(found[1], found[0]), match["base"] or match["copied"]
        )
        if image.lower() not in stages and not image.isdigit() and "$" not in image:
            yield image
        if match["stage"]:
            stages.add(match["stage"].lower())


def list_sources(text: str) -> Iterator[str]:
    """Yield the sources of COPY and ADD as written, without external ones; `.` is the whole context."""
    for match in _INSTRUCTION.finditer(_join_lines(text)):
        name, rest = match[1].upper(), match[2].strip()
        flags = []
        while flag := _FLAG.match(rest):
            flags.append(flag[0])
            rest = rest[flag.end() :]
        if name == "RUN":
            if any(flag.startswith("--mount=") and "from=" not in flag for flag in flags):
                yield "."
        elif not any(flag.startswith("--from=") for flag in flags):
            yield from (source for source in _split_arguments(rest)[:-1] if not _is_external(source))


def _join_lines(text: str) -> str:
    """Return a Dockerfile with one instruction on each line, and without here-documents."""
    return _HERE_DOCUMENT.sub(r"\1\2", _CONTINUED.sub(" ", text))


def _split_arguments(text: str) -> list[str]:
    if text.startswith("["):
        try:
            arguments = json.loads(text)
        except ValueError:
            arguments = None
        if isinstance(arguments, list):
            return [str(argument) for argument in arguments]
    try:
        return shlex.split(text)
    except ValueError:
        return [".", ""]


def _is_external(source: str) -> bool:
    """Return whether a source is a URL, or a here-document in the Dockerfile itself."""
    return "://" in source or source.startswith(("<<", "git@"))
