"""A new study's folder, made of the example: same pages, same game, with names of its own."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from hippo_cli.errors import MachineError, UsageError
from hippo_cli.schema import FILE_NAME, make_schema
from hippo_cli.study_folder import PLACEHOLDER

# What running or publishing the example leaves in it, and what is about the example itself.
_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "*.pyc", "data", ".trialConfig.yml", ".projectConfig.yml", ".env", "*.pem", "README.md"
)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NO_TEXT = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
# For those who know publishing by this name.
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
_SCHEMA_LINE = re.compile(r"^# yaml-language-server: .*\n", re.MULTILINE)


@dataclass(frozen=True)
class Answers:
    """What a new study needs to know. Without a bucket the stack is asked for it."""

    project_id: str
    name: str
    researcher: str
    keeps_consent: bool = True
    region: str | None = None
    bucket: str | None = None


def make_study(example: Path, target: Path, answers: Answers) -> None:
    """Makes the folder, whole or not at all. Raises UsageError if something is there already."""
    target = Path(os.path.realpath(target))
    if os.path.lexists(target) and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there already, and not empty", "Name a folder that is new or empty.")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Within a folder that is there: the one around it may be another file system, or somebody else's.
    place = target if target.exists() else target.parent
    with tempfile.TemporaryDirectory(prefix=".hippo-new-", dir=place) as draft:
        folder = Path(draft) / "study"
        shutil.copytree(example, folder, ignore=_LEFT_OUT)
        config = folder / "config.yml"
        config.write_text(write_config(config.read_text(encoding="utf-8"), answers), encoding="utf-8")
        _name_image(folder / "local.yml", answers.project_id)
        schema = json.dumps(make_schema(), indent=2, ensure_ascii=False) + "\n"
        (folder / FILE_NAME).write_text(schema, encoding="utf-8")
        (folder / "updateProject.py").write_text(_PROGRAM, encoding="utf-8")
        if not target.exists():
            folder.rename(target)
        for child in folder.iterdir() if folder.exists() else ():
            child.rename(target / child.name)  # the empty folder may be the one that the user is in


def write_config(text: str, answers: Answers) -> str:
    """The example's config with the answers in their places; its comments stay."""
    project_id = answers.project_id
    values: dict[tuple[str, ...], str] = {
        ("id",): project_id,
        ("name",): answers.name,
        ("researcher",): answers.researcher,
        ("teamMembers",): answers.researcher,
        ("ecsTask",): project_id,
        ("awsSetup", "repository"): project_id,
        ("awsSetup", "containerName"): project_id,
    }
    if answers.region:
        values["awsSetup", "region"] = answers.region
    if answers.bucket:
        values |= dict.fromkeys((("bucket",), ("awsSetup", "bucket"), ("ssl", "sslBucket")), answers.bucket)
    text = _replace_values(text, {("project", *path): value for path, value in values.items()})
    if answers.keeps_consent:
        text = text.replace("  # consentStep: 1 #", "  consentStep: 1 #", 1)
    if not answers.bucket:
        text = _leave_out_bucket(text)
    head = f"# yaml-language-server: $schema={FILE_NAME}\n"
    return head + _SCHEMA_LINE.sub("", text)


def quote(text: str) -> str:
    """Text as YAML reads it back."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXT:
        return text
    return json.dumps(text, ensure_ascii=False)


def _replace_values(text: str, values: Mapping[tuple[str, ...], str]) -> str:
    places = _find_values(yaml.compose(text, yaml.SafeLoader), ())
    missing = sorted(".".join(path) for path in values if path not in places)
    if missing:
        raise MachineError(f"the example study has no {', '.join(missing)}", "Install the tool again.")
    for path in sorted(values, key=lambda path: places[path], reverse=True):
        start, end = places[path]
        text = text[:start] + quote(values[path]) + text[end:]
    return text


def _find_values(node: yaml.Node | None, path: tuple[str, ...]) -> dict[tuple[str, ...], tuple[int, int]]:
    """Where each text or number stands, by the keys above it."""
    if isinstance(node, yaml.ScalarNode):
        return {path: (node.start_mark.index, node.end_mark.index)}
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            found |= _find_values(value, (*path, str(key.value)))
    return found


def _leave_out_bucket(text: str) -> str:
    """Lines about the bucket become comments, and so does `ssl`, which names files in it."""
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
    """local.yml says by which program the image is replaced, under the image's name."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  mountain_car: [", f"  {quote(project_id)}: [", 1), encoding="utf-8")
