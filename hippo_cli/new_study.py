"""A new study's folder, created from the example: the same pages and game, with other names."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from hippo_cli.errors import MachineError, UsageError
from hippo_cli.schema import FILE_NAME, make_schema
from hippo_cli.study_folder import PLACEHOLDER

# Files that running or publishing the example leaves behind, and the example's own documentation.
_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "*.pyc", "data", ".trialConfig.yml", ".projectConfig.yml", ".env", "*.pem", "README.md"
)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NO_TEXT = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
# For researchers who know the publishing command by this name.
_PROGRAM = '''\
"""Publishes the study of this folder, as `hippo publish` does: python updateProject.py"""
try:
    from hippo_cli.update_project import main
except ImportError as error:
    raise SystemExit(
        f"This Python does not have the tool ({error}).\\n"
        "Install it there from its checkout, `pip install .`, or run `hippo publish`."
    ) from None
main()
'''
# Letters that are not a letter with an accent.
_LETTERS = str.maketrans(
    {"æ": "ae", "ð": "d", "đ": "d", "ħ": "h", "ı": "i", "ł": "l", "ŋ": "n", "ø": "o", "œ": "oe", "þ": "th"}
)
_SCHEMA_LINE = re.compile(r"^# yaml-language-server: .*\n", re.MULTILINE)


@dataclass(frozen=True)
class NewStudy:
    """The values of a new study. Without a bucket, the stack's own is used."""

    project_id: str
    name: str
    researcher: str
    keeps_consent: bool = True
    region: str | None = None
    bucket: str | None = None


def suggest_id(folder: str) -> str:
    """Return an id for a study in a folder of this name that is also a valid name of an image repository.

    Letters lose their accents. A name in another script has an id that differs from those of other names.
    """
    # Again in lower case: № becomes No only now.
    plain = unicodedata.normalize("NFKD", folder.casefold()).casefold().translate(_LETTERS)
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    project_id = re.sub(r"[^a-z0-9]+", lambda gap: gap[0] if gap[0] in ("-", "_") else "_", plain)
    project_id = project_id.strip("_-")[:64].rstrip("_-")
    if not project_id and re.search(r"\w", plain.replace("_", "")):
        return f"study_{hashlib.sha256(plain.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"
    return project_id if len(project_id) > 1 else f"{project_id or 'my'}_study"


def suggest_name(text: str) -> str:
    """Return a study's name from its folder's name or its id."""
    name = " ".join(re.split(r"[\s_-]+", text)).strip()
    name = name[:1].upper() + name[1:]
    return name if name.isprintable() and name else "My study"


def make_study(example: Path, target: Path, study: NewStudy) -> None:
    """Create the folder, completely or not at all. Raises UsageError if it exists and is not empty."""
    target = Path(os.path.realpath(target))
    if os.path.lexists(target) and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} exists and is not empty", "Choose a folder that is new or empty.")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Inside an existing target: its parent may be on another file system, or not writable.
    parent = target if target.exists() else target.parent
    with tempfile.TemporaryDirectory(prefix=".hippo-new-", dir=parent) as draft:
        folder = Path(draft) / "study"
        shutil.copytree(example, folder, ignore=_LEFT_OUT)
        config = folder / "config.yml"
        config.write_text(write_config(config.read_text(encoding="utf-8"), study), encoding="utf-8")
        _name_image(folder / "local.yml", study.project_id)
        schema = json.dumps(make_schema(), indent=2, ensure_ascii=False) + "\n"
        (folder / FILE_NAME).write_text(schema, encoding="utf-8")
        (folder / "updateProject.py").write_text(_PROGRAM, encoding="utf-8")
        if not target.exists():
            folder.rename(target)
        for child in folder.iterdir() if folder.exists() else ():
            child.rename(target / child.name)  # the empty folder may be the user's current one


def write_config(text: str, study: NewStudy) -> str:
    """Return the example's config with the values filled in; its comments stay."""
    project_id = study.project_id
    values: dict[tuple[str, ...], str] = {
        ("id",): project_id,
        ("name",): study.name,
        ("researcher",): study.researcher,
        ("teamMembers",): study.researcher,
        ("ecsTask",): project_id,
        ("awsSetup", "repository"): project_id,
        ("awsSetup", "containerName"): project_id,
    }
    if study.region:
        values["awsSetup", "region"] = study.region
    if study.bucket:
        values |= dict.fromkeys((("bucket",), ("awsSetup", "bucket"), ("ssl", "sslBucket")), study.bucket)
    text = _replace_values(text, {("project", *path): value for path, value in values.items()})
    if study.keeps_consent:
        text = text.replace("  # consentStep: 1 #", "  consentStep: 1 #", 1)
    if not study.bucket:
        text = _leave_out_bucket(text)
    head = f"# yaml-language-server: $schema={FILE_NAME}\n"
    return head + _SCHEMA_LINE.sub("", text)


def quote(text: str) -> str:
    """Return a text as a YAML scalar."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXT:
        return text
    return json.dumps(text, ensure_ascii=False)


def _replace_values(text: str, values: Mapping[tuple[str, ...], str]) -> str:
    spans = _find_values(yaml.compose(text, yaml.SafeLoader), ())
    missing = sorted(".".join(path) for path in values if path not in spans)
    if missing:
        raise MachineError(f"the example study has no {', '.join(missing)}", "Reinstall the tool.")
    for path in sorted(values, key=lambda path: spans[path], reverse=True):
        start, end = spans[path]
        text = text[:start] + quote(values[path]) + text[end:]
    return text


def _find_values(node: yaml.Node | None, path: tuple[str, ...]) -> dict[tuple[str, ...], tuple[int, int]]:
    """Return the start and end of each scalar, by the keys above it."""
    if isinstance(node, yaml.ScalarNode):
        return {path: (node.start_mark.index, node.end_mark.index)}
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            found |= _find_values(value, (*path, str(key.value)))
    return found


def _leave_out_bucket(text: str) -> str:
    """Turn lines about the bucket into comments, and `ssl`, which names files in it."""
    lines, in_ssl = [], False
    for line in text.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip())
        if line.strip() and indent <= 2:
            in_ssl = line.startswith("  ssl:")
        if line.strip() and (in_ssl or f": {PLACEHOLDER}" in line):
            line = " " * indent + "# " + line.lstrip()
        lines.append(line)
    return "".join(lines)


def _name_image(path: Path, project_id: str) -> None:
    """Write the project id into local.yml, which maps each image's name to a program."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  mountain_car: [", f"  {quote(project_id)}: [", 1), encoding="utf-8")
