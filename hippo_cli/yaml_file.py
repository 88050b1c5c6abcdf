"""YAML files with the line of each key, and findings where YAML reads something unexpected."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hippo_cli.file_content import is_pointer, report_pointer
from hippo_cli.findings import Finding, error, warning
from hippo_cli.similar_names import advise_similar
from hippo_cli.yaml_characters import check_key, check_text
from hippo_cli.yaml_faults import describe_fault

KeyPath = tuple[str, ...]
_TAG = "tag:yaml.org,2002:"
_BOM = "\ufeff"
_DEEPEST = 60
_LARGEST = 100_000  # values
_DOCUMENTATION = "https://yaml.org/type/"


@dataclass(frozen=True)
class YamlFile:
    """The content as the platform receives it (JSON: text keys, no dates), or None if it cannot be read."""

    name: str
    content: Any
    lines: Mapping[KeyPath, int]
    findings: list[Finding]

    def find_line(self, path: KeyPath) -> int:
        """Return the line of a key or, if it is missing, of its closest parent; 0 without either."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 0


def read_yaml(path: Path, name: str) -> YamlFile:
    """Return the file, or findings that explain why it cannot be read. Do not raise for either."""
    try:
        body = path.read_bytes()
        text = body.decode("utf-8")
    except FileNotFoundError:
        return _unreadable(
            error(
                "file-missing",
                name,
                0,
                "",
                f"{name} is missing",
                _find_similar(path) or "Add it; `hippo new` creates a complete study.",
            )
        )
    except OSError as fault:
        reason = fault.strerror or str(fault)
        return _unreadable(
            error("file-unreadable", name, 0, "", f"cannot be read: {reason}", "Fix the file's permissions.")
        )
    except UnicodeDecodeError as fault:
        line = fault.object[: fault.start].count(b"\n") + 1
        return _unreadable(
            error("not-utf-8", name, line, "", "a character is not UTF-8", "Save the file as UTF-8.")
        )
    return _unreadable(report_pointer(name)) if is_pointer(body) else parse_yaml(text, name)


def _find_similar(path: Path) -> str | None:
    names = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
    return advise_similar(path.name, names, renames=True)


def parse_yaml(text: str, name: str) -> YamlFile:
    """Read a text as `read_yaml` reads a file."""
    text = text.removeprefix(_BOM)
    try:
        if line := _find_too_deep(text):
            return _unreadable(error("yaml", name, line, "", "nested too deeply", "Use fewer levels."))
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            walk = _Walk(name, text)
            walk.check(node, ())
            if node is not None and not walk.is_broken and _count(node, {}) > _LARGEST:
                what = "references (&, *) make the content too large"
                return _unreadable(error("yaml", name, 0, "", what, "Remove the references."))
            content = loader.construct_document(node) if node is not None and not walk.is_broken else None
        finally:
            loader.dispose()
    except yaml.YAMLError as fault:
        return _unreadable(describe_fault(fault, name, text))
    except (ValueError, OverflowError, TypeError) as fault:  # 2026-13-45
        what = f"YAML cannot read a value: {fault}"
        return _unreadable(error("yaml", name, 0, "", what, "Put text in quotes."))
    return YamlFile(name, to_wire(content), walk.lines, walk.findings)


def _find_too_deep(text: str) -> int:
    """Return the first line that is nested too deeply to be read by recursion, or 0."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return event.start_mark.line + 1 if event.start_mark else 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return 0


def _count(node: Any, known: dict[int, int]) -> int:
    """Return the number of values in a node, counted once for each reference to them."""
    if id(node) not in known:
        inner = node.value if isinstance(node, yaml.CollectionNode) else []
        parts = [part for one in inner for part in (one if isinstance(one, tuple) else (one,))]
        known[id(node)] = 1 + sum(_count(part, known) for part in parts)
    return known[id(node)]


def to_wire(value: Any) -> Any:
    """Return a value as JSON has it: keys and dates become text."""
    if isinstance(value, Mapping):
        return {_to_key(key): to_wire(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_wire(inner) for inner in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _to_key(key: object) -> str:
    if isinstance(key, bool):
        return str(key).lower()
    return "null" if key is None else str(key)


def _unreadable(finding: Finding) -> YamlFile:
    return YamlFile(finding.file, None, {}, [finding])


class _Walk:
    """One pass over all nodes, which collects the line of each key, and findings."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._done: set[int] = set()
        self._above: list[int] = []
        self.lines: dict[KeyPath, int] = {}
        self.findings: list[Finding] = []
        self.is_broken = False

    def check(self, node: yaml.Node | None, path: KeyPath) -> None:
        if node is None:
            return
        if id(node) in self._above:
            self.is_broken = True
            self._add(error, "yaml", node, path, "contains itself", "Remove the reference.")
            return
        if id(node) in self._done:  # an alias: its lines are those of the first occurrence
            return
        self._done.add(id(node))
        self._above.append(id(node))
        if isinstance(node, yaml.MappingNode):
            self._check_mapping(node, path)
        elif isinstance(node, yaml.SequenceNode):
            for number, inner in enumerate(node.value):
                self.lines.setdefault((*path, str(number)), inner.start_mark.line + 1)
                self.check(inner, (*path, str(number)))
        else:
            self._check_scalar(node, path)
        self._above.pop()

    def _check_mapping(self, node: yaml.MappingNode, path: KeyPath) -> None:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == f"{_TAG}merge" or not isinstance(key_node, yaml.ScalarNode):
                self.check(value_node, path)
                continue
            key, line = _read_key(key_node), key_node.start_mark.line + 1
            here = (*path, key)
            if key in seen:
                what = f"duplicate key (first on line {seen[key]}); only the last one counts"
                self._add(error, "duplicate-key", key_node, here, what, "Remove one of them.")
            seen[key] = line
            if key_node.style is None and key != key_node.value:
                what = f"YAML reads the key `{key_node.value}` as {key}"
                self._add(warning, "yaml-trap", key_node, here, what, f'Write "{key_node.value}", in quotes.')
            for code, what, fix in check_key(key):
                self._add(error, code, key_node, here, what, fix)
            self.lines[here] = line
            self.check(value_node, here)

    def _check_scalar(self, node: yaml.Node, path: KeyPath) -> None:
        """Warn of unquoted scalars that YAML 1.1 does not read as text, which is seldom intended."""
        kind, text = node.tag.removeprefix(_TAG), str(node.value)
        if kind == "str" or not text:
            is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
            rest = self._find_rest(node) if is_plain else None
            for code, what, fix in check_text(text, rest):
                self._add(warning, code, node, path, what, fix)
        if kind == "bool" and text.lower() not in ("true", "false"):
            meaning = "true" if text.lower() in ("yes", "on", "y") else "false"
            self._trap(node, path, f"YAML reads {text} as {meaning}")
        elif kind == "int" and text not in (str(number := _read_int(text)), f"+{number}"):
            self._trap(node, path, f"YAML reads {text} as the number {number}")
        elif kind == "float" and (value := _read_float(text)) is not None:
            if not math.isfinite(value):
                self._add(
                    error,
                    "yaml",
                    node,
                    path,
                    f"{text} is not a number that can be sent",
                    "Write a finite number.",
                )
            elif text != str(value):
                self._trap(node, path, f"YAML reads {text} as the number {value}")
        elif kind == "timestamp":
            self._trap(node, path, f"YAML reads {text} as a date")

    def _find_rest(self, node: yaml.Node) -> str:
        """Return what follows a node on its last line."""
        end: int = node.end_mark.index
        stop = self._text.find("\n", end)
        return self._text[end : None if stop < 0 else stop]

    def _trap(self, node: yaml.Node, path: KeyPath, what: str) -> None:
        fix = f'If this is text, put it in quotes: "{node.value}".'
        self._add(warning, "yaml-trap", node, path, what, fix)

    def _add(self, make: Any, code: str, node: yaml.Node, path: KeyPath, what: str, fix: str) -> None:
        self.findings.append(make(code, self._name, node.start_mark.line + 1, ".".join(path), what, fix))


def _read_key(node: yaml.ScalarNode) -> str:
    try:
        return _to_key(next(iter(_construct(node))))
    except (ValueError, OverflowError):
        return str(node.value)


def _construct(node: yaml.Node) -> Iterator[Any]:
    yield yaml.constructor.SafeConstructor().construct_object(node)


def _read_int(text: str) -> int | None:
    node = yaml.ScalarNode(f"{_TAG}int", text)
    try:
        return int(next(_construct(node)))
    except ValueError:
        return None


def _read_float(text: str) -> float | None:
    node = yaml.ScalarNode(f"{_TAG}float", text)
    try:
        return float(next(_construct(node)))
    except (ValueError, OverflowError):
        return None
