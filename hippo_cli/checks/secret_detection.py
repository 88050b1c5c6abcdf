"""The detection of credentials in a file. Results say where and of which kind, never what the secret is."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from hippo_cli.errors import MachineError

# AWS variables that neither are nor name credentials.
_HARMLESS = (
    r"(?:DEFAULT_)?REGION|DEFAULT_OUTPUT|ENDPOINT_URL|CA_BUNDLE|RETRY_MODE|MAX_ATTEMPTS|EC2_METADATA_DISABLED"
)
# In files that only set variables; `ENV NAME value` has been rewritten as `ENV NAME=value`.
_VARIABLE = re.compile(rf"""\b(?P<name>AWS_(?!(?:{_HARMLESS})\b)\w+)[ \t]*=[ \t]*["']?[^\s"'$<]""")
_ASSIGNMENT = re.compile(
    r"""(?P<name>aws_(?:access_key_id|secret_access_key|session_token|security_token))["']?\]?"""
    r"""[ \t]*[:=][ \t]*"""
    r"""(?:(?P<quote>["'])[^"'$<{\n]{8,}(?P=quote)|[A-Za-z0-9/+=]{16,}(?=\s|,|$))""",
    re.IGNORECASE,
)
# In any file, whatever its format.
_MARKS = {
    "private key": re.compile(r"BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY|PuTTY-User-Key-File-\d"),
    "AWS access key": re.compile(r"(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Z])"),
}
# Entropy is that of hashes, ids and pictures too, and addresses are not secrets.
_TOO_NOISY = {"Base64HighEntropyString", "HexHighEntropyString", "IPPublicDetector"}
_OF_KEYWORDS = "KeywordDetector"
_NAME_OF_KEY_FILE = r"\.pem\b"  # `privkey: SSL/privkey.pem`
_KEYWORD = re.compile("key|pass|pwd|secret|contrase", re.IGNORECASE)
_ENV_INSTRUCTION = re.compile(r"^([ \t]*ENV[ \t]+\w+)[ \t]+(?=[^\s=]+[ \t]*$)", re.IGNORECASE | re.MULTILINE)
# Files in which values need no quotes; detect-secrets knows some of them by another suffix.
_AS_CONFIG = re.compile(
    r"(?:^|/)(?:\.env[^/]*|[^/]*\.env|[^/]*\.(?:sh|bash)|Dockerfile[^/]*|credentials)$", re.IGNORECASE
)
_LARGEST = 16 * 1024**2  # bytes of a file that are read
_LARGEST_TEXT = 8 * 1024**2  # characters of a text in which detect-secrets searches
_LONGEST = 2000  # characters; longer lines are searched in overlapping parts
_OVERLAP = 200
_START = 8192
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


@dataclass(frozen=True, slots=True)
class Secret:
    """The line of a secret (0: the file is not a text), and its kind, such as `private key`."""

    line: int
    kind: str


@dataclass(frozen=True, slots=True)
class Search:
    """The secrets of a file, one for each line. A text that is not `complete` is longer than was searched."""

    secrets: tuple[Secret, ...]
    complete: bool


def search_file(name: str, path: Path) -> Search:
    """Search a file in bounded time; `name` decides how its text is read. Raises OSError."""
    with path.open("rb") as file:
        return search_stream(name, file)


def search_stream(name: str, stream: IO[bytes]) -> Search:
    """Search the content of a file. Only keys that keep their form are found in files that are not texts."""
    content = stream.read(_LARGEST)
    is_whole = not stream.read(1)
    text = _decode(content)
    if text is None:
        unreadable = content.decode("latin-1")
        kinds = [kind for kind, mark in _MARKS.items() if mark.search(unreadable)]
        return Search(tuple(Secret(0, kind) for kind in kinds[:1]), complete=True)
    found: dict[int, str] = {}
    for line, kind in _search_text(name, text):
        found.setdefault(line, kind)
    secrets = tuple(Secret(line, kind) for line, kind in sorted(found.items()))
    return Search(secrets, complete=is_whole and len(text) <= _LARGEST_TEXT)


def _decode(content: bytes) -> str | None:
    """Return the text, with a mark in place of what is not valid in its encoding; None for other files."""
    encoding = next((name for mark, name in _BOMS.items() if content.startswith(mark)), "utf-8")
    if encoding != "utf-16" and b"\0" in content[:_START]:
        return None
    return content.decode(encoding, errors="replace")


def _search_text(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield line and kind of each secret; the first kind of a line is the most exact."""
    only_sets_variables = _AS_CONFIG.search(name) is not None
    if only_sets_variables:
        text = _ENV_INSTRUCTION.sub(r"\1=", text)
    for pattern in (_ASSIGNMENT, *((_VARIABLE,) if only_sets_variables else ())):
        for match in pattern.finditer(text):
            yield _count_lines(text, match), match["name"].upper()
    for kind, mark in _MARKS.items():
        for match in mark.finditer(text):
            yield _count_lines(text, match), kind
    known_as = "variables.conf" if only_sets_variables else name
    start = text[:_LARGEST_TEXT]
    detectors = [detector for detector in _list_detectors() if _may_find(detector, start)]
    for number, line in enumerate(start.split("\n") if detectors else (), start=1):
        yield from ((number, kind) for kind in _search_line(known_as, line, detectors))


def _count_lines(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start("name" if "name" in match.re.groupindex else 0)) + 1


def _may_find(detector: Any, text: str) -> bool:
    """Return whether a detector may find something, which for most files no detector does."""
    is_of_keywords = type(detector).__name__ == _OF_KEYWORDS
    patterns = (_KEYWORD,) if is_of_keywords else getattr(detector, "denylist", None)
    return patterns is None or any(pattern.search(text) for pattern in patterns)


def _search_line(name: str, line: str, detectors: Sequence[Any]) -> Iterator[str]:
    for start in range(0, max(len(line), 1), _LONGEST - _OVERLAP):
        part = line[start : start + _LONGEST]
        for detector in detectors:
            for secret in detector.analyze_line(filename=name, line=part):
                if not _is_placeholder(str(secret.secret_value), part, detector):
                    yield secret.type


@cache
def _list_detectors() -> list[Any]:
    """Return the detectors. They only read: verifying a secret would send it over the network."""
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    except ImportError as fault:
        raise MachineError(
            f"secrets cannot be searched for ({fault.name} is missing)", "Reinstall the tool."
        ) from fault
    kinds: Any = get_mapping_from_secret_type_to_class().values()
    return [
        kind(_NAME_OF_KEY_FILE) if kind.__name__ == _OF_KEYWORDS else kind()
        for kind in kinds
        if kind.__name__ not in _TOO_NOISY
    ]


def _is_placeholder(secret: str, line: str, detector: Any) -> bool:
    """Return whether a program fills in the value, or a person should, by detect-secrets' own rules."""
    from detect_secrets.filters import heuristic

    of_the_value = (
        heuristic.is_sequential_string,
        heuristic.is_potential_uuid,
        heuristic.is_templated_secret,
        heuristic.is_prefixed_with_dollar_sign,
        heuristic.is_not_alphanumeric_string,
    )
    return (
        any(rule(secret) for rule in of_the_value)
        or heuristic.is_indirect_reference(line)
        or heuristic.is_likely_id_string(secret, line, detector)
    )
