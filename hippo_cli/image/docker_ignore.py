"""Which files of a folder Docker leaves out: .dockerignore, as Docker's client reads it.

The rules: https://docs.docker.com/build/concepts/context/#dockerignore-files. A context that is piped to
Docker is not filtered by it, so whoever makes one has to.
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from hippo_cli.errors import CliError

_TOKEN = re.compile(r"\*\*/?|\*|\?|\[[^\]]+\]|\\.|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    excludes: bool


class DockerIgnore:
    """The rules of one file; the last one that fits a path, or a folder that it lies in, counts."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules = [rule for line in lines if (rule := _read_rule(line))]

    def excludes(self, path: str) -> bool:
        """Whether a path (relative, with slashes) is left out."""
        parts = path.split("/")
        places = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        excluded = False
        for rule in self._rules:
            if any(rule.pattern.fullmatch(place) for place in places):
                excluded = rule.excludes
        return excluded


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of Docker's: `*` and `?` stay within a folder, `**` goes through any number of them."""
    try:
        return re.compile("".join(_translate(token) for token in _TOKEN.findall(pattern)), re.DOTALL)
    except re.error as error:
        raise CliError(
            f"{pattern} is no pattern for Docker ({error})", "Correct it in .dockerignore or Dockerfile."
        ) from None


def clean_path(path: str) -> str:
    """A path as written in a Dockerfile or .dockerignore, relative to the context; `.` is all of it."""
    return posixpath.normpath(path.strip().lstrip("/") or ".")


def _read_rule(line: str) -> _Rule | None:
    text = line.removeprefix("\ufeff")
    if text.startswith("#") or not text.strip():
        return None
    text = text.strip()
    excludes = not text.startswith("!")
    pattern = clean_path(text.removeprefix("!"))
    return None if pattern == "." else _Rule(compile_pattern(pattern), excludes)


def _translate(token: str) -> str:
    if token == "**/":
        return "(?:.*/)?"
    if token == "**":
        return ".*"
    if token == "*":
        return "[^/]*"
    if token == "?":
        return "[^/]"
    if token.startswith("[") and len(token) > 1:
        return token.replace("\\", "\\\\")
    return re.escape(token[1:] if token.startswith("\\") and len(token) > 1 else token)
