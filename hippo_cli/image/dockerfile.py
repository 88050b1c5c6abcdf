"""What a Dockerfile takes from its context, so that only what can change the image makes a new one."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from hippo_cli.image.docker_ignore import clean_path, compile_pattern
from hippo_cli.study_folder import APP_FOLDER, StudyFolder

_DOCKERFILES = ("Dockerfile", f"{APP_FOLDER}/Dockerfile")
_CONTINUED = re.compile(r"\\[ \t]*\r?\n(?:[ \t]*#[^\n]*\n)*")
# What stands in one is no instruction.
_HERE_DOCUMENT = re.compile(r"""(?<=<<)-?["']?(\w+)["']?([^\n]*)\n(?:.*\n)*?[ \t]*\1[ \t]*(?=\n|\Z)""")
_INSTRUCTION = re.compile(r"^\s*(COPY|ADD|RUN)\s+(.*)$", re.IGNORECASE | re.MULTILINE)
_FLAG = re.compile(r"--[a-z-]+(?:=\S*)?\s+")


def find_dockerfile(study: StudyFolder) -> Path | None:
    """Return the Dockerfile of the image: beside config.yml, or in App/."""
    return next((path for name in _DOCKERFILES if (path := study.directory / name).is_file()), None)


class ContextUse:
    """Which paths of the context an image can hold; all of them where that cannot be read off."""

    def __init__(self, text: str) -> None:
        self._patterns: list[re.Pattern[str]] | None = []
        for source in list_sources(text):
            path = clean_path(source)
            if "$" in source or path.startswith(".."):
                self._patterns = None
                return
            self._patterns.append(compile_pattern("**" if path == "." else path))

    def needs(self, path: str) -> bool:
        """Whether a change of this file can change the image."""
        if self._patterns is None:
            return True
        parts = path.split("/")
        places = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        return any(pattern.fullmatch(place) for pattern in self._patterns for place in places)


def list_sources(text: str) -> Iterator[str]:
    """The sources of COPY and ADD as they are written, without those that lie elsewhere; `.` for all."""
    for match in _INSTRUCTION.finditer(_HERE_DOCUMENT.sub(r"\1\2", _CONTINUED.sub(" ", text))):
        name, rest = match[1].upper(), match[2].strip()
        flags = []
        while flag := _FLAG.match(rest):
            flags.append(flag[0])
            rest = rest[flag.end() :]
        if name == "RUN":
            if any(flag.startswith("--mount=") and "from=" not in flag for flag in flags):
                yield "."
        elif not any(flag.startswith("--from=") for flag in flags):
            yield from (source for source in _read_words(rest)[:-1] if not _is_elsewhere(source))


def _read_words(text: str) -> list[str]:
    if text.startswith("["):
        try:
            words = json.loads(text)
        except ValueError:
            words = None
        if isinstance(words, list):
            return [str(word) for word in words]
    try:
        return shlex.split(text)
    except ValueError:
        return [".", ""]


def _is_elsewhere(source: str) -> bool:
    """An address, or a text that stands in the Dockerfile itself."""
    return "://" in source or source.startswith(("<<", "git@"))
