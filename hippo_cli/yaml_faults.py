"""The finding about a text that is not YAML: the line, the reason, and what to do."""

import yaml

from hippo_cli.findings import Finding, error
from hippo_cli.yaml_characters import describe, find_suspect


def describe_fault(fault: yaml.YAMLError, name: str, text: str) -> Finding:
    """Return the finding about a file that YAML cannot read."""
    if isinstance(fault, yaml.reader.ReaderError):
        line = text.count("\n", 0, fault.position) + 1
        what = f"not valid YAML: {describe(chr(int(fault.character)))} is not allowed"
        return error("yaml", name, line, "", what, "Delete the character, which may be invisible.")
    mark = getattr(fault, "problem_mark", None)
    problem = str(getattr(fault, "problem", None) or " ".join(str(fault).split()))
    if mark and (finding := _blame_character(name, text.splitlines(), mark.line)):
        return finding
    fix = "Check this line and the one before it for indentation, colons and quotes."
    if "'\\t'" in problem:
        is_first = not text.splitlines()[mark.line][: mark.column].strip() if mark else True
        problem = "a tab cannot begin a line" if is_first else "a tab cannot separate key and value"
        fix = "Indent with spaces." if is_first else "Write a space instead of the tab."
    column = f" (column {mark.column + 1})" if mark else ""
    what = f"not valid YAML{column}: {problem}"
    return error("yaml", name, mark.line + 1 if mark else 0, "", what, fix)


def _blame_character(name: str, lines: list[str], last: int) -> Finding | None:
    """Return a finding about a character that only looks right, on the line of a fault or just before."""
    for number in range(min(last, len(lines) - 1), max(last - 3, -1), -1):
        char = find_suspect(lines[number])
        if char and char != "\t":  # PyYAML reports tabs itself
            what = f"not valid YAML: the line has {describe(char)}, which YAML reads as text"
            fix = "Replace it by a normal space or colon: it may come from a word processor or a web page."
            return error("yaml", name, number + 1, "", what, fix)
    return None
