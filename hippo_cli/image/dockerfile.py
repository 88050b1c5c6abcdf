"""The files that a Dockerfile takes from its context, so that only their changes lead to a new image."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from hippo_cli.image.docker_ignore import clean_path, compile_pattern, list_with_parents
from hippo_cli.study_folder import APP_FOLDER, StudyFolder

_DOCKERFILES = ("Dockerfile", f"{APP_FOLDER}/Dockerfile")
# The lines of a here-document, up to one that has only its name, are not instructions.
_HERE_DOCUMENT = re.compile(r"""(?:^|(?<=\s))\d*<<(-?)(["']?)(\w+)\2(?=\s|$)""")
_TAKES_HERE_DOCUMENT = re.compile(r"(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#\s*(escape|syntax|check)\s*=\s*(\S*)", re.IGNORECASE)
_USUAL_SYNTAX = re.compile(r"(?:docker\.io/)?docker/dockerfile(?:[:@]\S+)?")
_KNOWN = re.compile(
    r"(?:FROM|RUN|CMD|LABEL|MAINTAINER|EXPOSE|ENV|ADD|COPY|ENTRYPOINT|VOLUME|USER|WORKDIR|ARG|STOPSIGNAL"
    r"|HEALTHCHECK|SHELL)(?:\s|$)",
    re.IGNORECASE,
)
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
        if not _read_instructions(text)[1]:
            self._patterns = None
            return
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
            if any(flag.startswith("--mount=") and not _is_of_another(flag) for flag in flags):
                yield "."
        elif not any(flag.startswith("--from=") and _is_of_another(flag) for flag in flags):
            yield from (source for source in _split_arguments(rest)[:-1] if not _is_external(source))


def _join_lines(text: str) -> str:
    """Return a Dockerfile with one instruction on each line, without comments and here-documents."""
    return "\n".join(_read_instructions(text)[0])


def _read_instructions(text: str) -> tuple[list[str], bool]:
    """Return the instructions, and whether it is certain that Docker reads them in the same way.

    It is not if the text changes how it is read, or has instructions for other builds or unknown ones.
    """
    lines = [line.rstrip("\r").rstrip(" \t") for line in text.removeprefix("\ufeff").split("\n")]
    last = {line.lstrip("\t"): number for number, line in enumerate(lines)}
    found, is_certain, number = [], True, 0
    while number < len(lines):
        parts = [lines[number].lstrip()]
        number += 1
        if not parts[0] or parts[0].startswith("#"):
            is_certain = is_certain and _is_usual(parts[0])
            continue
        while parts[-1].endswith("\\") and number < len(lines):
            line = lines[number]
            number += 1
            if line.strip() and not line.lstrip().startswith("#"):  # Docker skips these
                # Builders disagree about two backslashes.
                is_certain = is_certain and not parts[-1].endswith("\\\\")
                parts[-1:] = [parts[-1][:-1], line]
        instruction = "".join(parts)
        found.append(instruction)
        number, is_clear = _skip_here_documents(instruction, lines, number, last)
        is_certain = is_certain and is_clear and _KNOWN.match(instruction) is not None
    return found, is_certain


def _skip_here_documents(
    instruction: str, lines: list[str], number: int, last: Mapping[str, int]
) -> tuple[int, bool]:
    """Return the number of the line after an instruction's here-documents, and whether that is certain.

    `last` is the number of the last line with a content, so that each line is read once.
    """
    if "<<" not in instruction or not _TAKES_HERE_DOCUMENT.match(instruction):
        return number, True
    # Quotes and lists make it a plain word, and its name may have other characters.
    rest = _HERE_DOCUMENT.sub("", instruction)
    is_certain = not re.search(r"""<<|["'`\\\[]""", rest)
    for dash, _, name in _HERE_DOCUMENT.findall(instruction):
        if last.get(name, -1) < number:  # Docker refuses this
            return number, False
        while number < len(lines) and (lines[number].lstrip("\t") if dash else lines[number]) != name:
            number += 1
        number += 1
    return number, is_certain


def _is_usual(comment: str) -> bool:
    """Return whether a comment leaves it to Docker's usual rules how the file is read."""
    directive = _DIRECTIVE.match(comment)
    if directive is None or directive[1].lower() == "check":
        return True
    if directive[1].lower() == "escape":
        return directive[2] == "\\"
    return _USUAL_SYNTAX.fullmatch(directive[2]) is not None


def _is_of_another(flag: str) -> bool:
    """Return whether `--from=` or `--mount=` certainly names another image or stage, not the context."""
    options = [option.partition("=") for option in flag.strip().removeprefix("--mount=").split(",")]
    names = [value for key, _, value in options if key.strip().lower() in ("from", "--from")]
    return bool(names) and all(names) and not re.search(r"""["'\\]""", flag)


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
