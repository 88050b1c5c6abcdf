"""Tests of `hippo check` on config.yml: the findings of publishing, with line and fix."""

import pytest
import yaml

from hippo_cli.findings import Severity
from tests.unit.cli.conftest import SmallStudy


def test_a_good_study_has_no_findings(study: SmallStudy) -> None:
    """Given a complete study without ecsTask and bucket, the check has no findings."""
    assert study.check() == []


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "what"),
    [
        ("  id: small\n", "  id: _x\n", 2, "project.id", "letters, digits"),
        ("  name: Small\n", "", 1, "project.name", "missing"),
        (
            "  maxRuntime: 30\n",
            "  maxRuntime: half an hour\n",
            15,
            "project.maxRuntime",
            "whole number of minutes",
        ),
        ("    3: thanks.html\n", "    4: thanks.html\n", 7, "project.steps.3", "missing"),
        ("    1: consent.html\n", "    1: pages/consent.html\n", 8, "project.steps.1", "an .html file"),
        ("    startServerStep: 2\n", "", 12, "project.events.startServerStep", "missing"),
        ("  css: style.css\n", "  css: style.scss\n", 6, "project.css", ".css file"),
        (
            "  css: style.css\n",
            "  css: style.css\n  maxParticipants: 0\n",
            7,
            "project.maxParticipants",
            "1 to",
        ),
        ("  css: style.css\n", "  css: style.css\n  closesAt: tomorrow\n", 7, "project.closesAt", "zone"),
        (
            "  css: style.css\n",
            "  css: style.css\n  completion: {url: 'http://x.org'}\n",
            7,
            "project.completion.url",
            "https",
        ),
        (
            "  css: style.css\n",
            "  css: style.css\n  consentStep: 2\n",
            7,
            "project.consentStep",
            "not a page",
        ),
        ("trial:\n  game: x\n", "trial: MountainCar\n", 22, "trial", "keys with values"),
        ("  game: x\n", "  game: x\n  ui: left\n", 24, "trial.ui", "buttons"),
    ],
)
def test_errors_have_line_key_and_advice(
    study: SmallStudy, old: str, new: str, line: int, key: str, what: str
) -> None:
    """Given one fault, the error has its line, or that of the parent of a missing key, and a fix."""
    study.edit(old, new)

    found = next(found for found in study.check() if found.severity is Severity.ERROR)

    assert (found.file, found.line, found.key) == ("config.yml", line, key)
    assert what in found.what
    assert found.fix


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("  css: style.css\n", "  css: style.css\n  colour: red\n", "unknown-key", 7),
        ("trial:\n", "other: 1\ntrial:\n", "unknown-key", 22),
        ("  live: true\n", "  live: false\n", "config", 4),
        ("  live: true\n", "  live: 1\n", "config", 4),
        ("    2: game\n    3: thanks.html\n", "    2: thanks.html\n    3: game\n", "config", 12),
        ("  css: style.css\n", "  css: style.css\n  ecsTask: other\n", "name", 7),
        ("  css: style.css\n", "  css: style.css\n  bucket: your-study-bucket\n", "placeholder", 7),
        ("  name: Small\n", "  name: on\n", "yaml-trap", 3),
    ],
)
def test_warnings(study: SmallStudy, old: str, new: str, code: str, line: int) -> None:
    """Given an odd value that can be published, the check warns at its line."""
    study.edit(old, new)

    warnings = [found for found in study.check() if found.severity is Severity.WARNING]

    assert [(found.code, found.line) for found in warnings] == [(code, line)]


def test_advice_holds_an_example_from_the_table(study: SmallStudy) -> None:
    """Given an option with a wrong value, the fix contains a line to copy."""
    study.edit("  css: style.css\n", "  css: style.css\n  language: no\n")

    advice = [
        found.fix for found in study.check() if found.key == "project.language" and found.code == "config"
    ]

    assert advice == ['Write it, for example `language: "en"`.']


def test_two_buckets_that_differ(study: SmallStudy) -> None:
    """Given bucket and awsSetup.bucket that differ, the check reports an error: scripts read either."""
    study.edit("    cpu: 1\n", "    cpu: 1\n    bucket: b\n")
    study.edit("  css: style.css\n", "  css: style.css\n  bucket: a\n")

    assert [(found.code, found.key) for found in study.check()] == [("name", "project.awsSetup.bucket")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n",
        "project:\n",
        "project: x\n",
        "project: []\n",
        "trial: {}\n",
        "{}\n",
        "a: b: c\n",
        "project: {1: {2: 3}}\n",
    ],
)
def test_a_file_that_is_not_a_config(study: SmallStudy, text: str) -> None:
    """Given a file that is not a config, the check reports an error and raises no exception."""
    study.write("config.yml", text)

    assert any(found.severity is Severity.ERROR for found in study.check())


@pytest.mark.parametrize(
    "key", ["steps", "events", "awsSetup", "ssl", "completion", "screen", "css", "bucket", "id"]
)
@pytest.mark.parametrize("value", ["[1, 2]", "{a: {b: 1}}", "3.5", "true", "'x: y'", "2030-01-01"])
def test_values_of_any_type_are_reported(study: SmallStudy, key: str, value: str) -> None:
    """Given a key with a value of another type, the check reports findings and raises no exception."""
    text = (study.directory / "config.yml").read_text()
    study.write("config.yml", text.replace("trial:", f"  {key}: {value}\ntrial:"))

    assert all(found.what for found in study.check())


@pytest.mark.parametrize(
    ("old", "new", "code", "text"),
    [
        ("useAWS: true", 'useAWS: "false"', "use-aws", "without quotes"),
        ("id: small", "id: Small", "image-name", "--image"),
        ("id: small", "id: 12", "config", "in quotes"),
    ],
)
def test_values_that_look_right(study: SmallStudy, old: str, new: str, code: str, text: str) -> None:
    """Given a value that YAML misreads, or that a later stage refuses, the check reports it."""
    study.edit(old, new)

    (found,) = [one for one in study.check() if one.code == code and text in one.fix]

    assert found.line > 0


def test_an_id_that_is_a_number(study: SmallStudy) -> None:
    """Given an id that is a number, the check reports one error, and none for the names derived from it."""
    study.edit("id: small", "id: 12")

    assert [found.key for found in study.check() if found.severity is Severity.ERROR] == ["project.id"]


def test_server_settings_that_are_a_list(study: SmallStudy) -> None:
    """Given a list under awsSetup, the check reports an error."""
    path = study.directory / "config.yml"
    content = yaml.safe_load(path.read_text())
    content["project"]["awsSetup"] = [1]
    path.write_text(yaml.safe_dump(content))

    assert "project.awsSetup" in {found.key for found in study.check()}
