"""The rules of .dockerignore, as Docker's client reads them.

See https://docs.docker.com/build/concepts/context/#dockerignore-files. Docker does not filter a context that
is piped to it, so this module does.
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
    """The rules of one file. The last rule that matches a path, or one of its parent folders, applies."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules = [rule for line in lines if (rule := _read_rule(line))]

    def excludes(self, path: str) -> bool:
        """Return whether a path (relative, with slashes) is left out."""
        paths = list_with_parents(path)
        excluded = False
        for rule in self._rules:
            if any(rule.pattern.fullmatch(one) for one in paths):
                excluded = rule.excludes
        return excluded


def list_with_parents(path: str) -> list[str]:
    """Return the folders that a path is in, outermost first, and the path itself."""
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of Docker's: `*` and `?` match within a folder, `**` any number of folders."""
    try:
        return re.compile("".join(_translate(token) for token in _TOKEN.findall(pattern)), re.DOTALL)
    except re.error as error:
        raise CliError(
            f"{pattern} is not a pattern that Docker accepts ({error})",
            "Fix it in .dockerignore or Dockerfile.",
        ) from None


def clean_path(path: str) -> str:
    """Return a path of a Dockerfile or .dockerignore, relative to the context; `.` is the whole context."""
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
