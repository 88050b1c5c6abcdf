"""CSV files of `hippo export --excel`, whose cells spreadsheets must not change."""

import csv
import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hippo_cli.exports.files import CsvWriter
from hippo_cli.exports.rows import Kind, Table
from hippo_cli.exports.spreadsheets import Separator, Spreadsheet, find_spreadsheet
from tests.support.study_world import PROJECT, StudyWorld
from tests.unit.cli.export_world import export

Run = Callable[..., Any]
GERMAN = Spreadsheet(";", ",")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Provide a new folder for an export."""
    return tmp_path / "out"


@pytest.mark.parametrize(
    "text",
    [
        "60123456789012345678",
        "123456789012",
        "4111 1111 1111 1111",
        "007",
        "0041791234567",
        "12e5",
        "5E10",
        "1-5",
        "18/24",
        "1.5.2026",
        "01/02/2026",
        "SEPT2",
        "Mar 5",
        "5-mar-26",
        "12 October 2026",
        "=1",
    ],
)
@pytest.mark.parametrize("spreadsheet", [Spreadsheet(), GERMAN])
def test_text_that_would_become_another_value(text: str, spreadsheet: Spreadsheet) -> None:
    """Given digits that a spreadsheet would round, shorten or read as a date, they stay text."""
    assert spreadsheet.format_text(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "german"),
    [
        ("7", "7"),
        ("-1.5", "-1,5"),
        ("0.25", "0,25"),
        ("0", "0"),
        ("12345678901", "12345678901"),
        ("3,5", "3,5"),
        ("1.5 or so", "1.5 or so"),
        ("2026-11-25", "2026-11-25"),
        ("10:30", "10:30"),
        ("Mary 5 years", "Mary 5 years"),
        ("May", "May"),
        ("5e1234567890abcdef012345", "5e1234567890abcdef012345"),
        ("", ""),
    ],
)
def test_cells_that_spreadsheets_understand(text: str, german: str) -> None:
    """Given numbers and plain text, a spreadsheet shows them as they are, with its own decimal point."""
    assert Spreadsheet().format_text(text) == text
    assert GERMAN.format_text(text) == german


COMMAND = "cmd|' /C calc'!A0"
SIGNS = ("=", "+", "-", "@", "=-+", "＝", "＋", "－", "＠", "﹦", "−")  # noqa: RUF001
SEPARATORS = [",", ";", "\t", "|", "\n", "\r\n", "\v", "\u2028", "،", "؛", "、", "，", "；", "｜"]  # noqa: RUF001


@pytest.mark.parametrize("separator", ["", *SEPARATORS])
@pytest.mark.parametrize("spreadsheet", [Spreadsheet(), GERMAN])
def test_no_reader_finds_a_formula(tmp_path: Path, spreadsheet: Spreadsheet, separator: str) -> None:
    """Given a formula after any separator, no cell begins with it, wherever the reader splits rows."""
    # Text in quotes at the beginning of a cell is not a formula.
    unseen = ["", " ", "\x00", "\xa0\u200b", "\ufeff", *(['"', ' ""'] if separator else [])]
    start = f"a{separator}" if separator else ""
    texts = [f"{start}{before}{sign}{COMMAND}" for before, sign in itertools.product(unseen, SIGNS)]
    file = tmp_path / "answers.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = CsvWriter(opened, Table("t", (("user", Kind.TEXT), ("value", Kind.TEXT))), spreadsheet)
        for text in texts:
            writer.write(("u1", text))

    written = file.read_text("utf-8")
    cells = re.split(f"[{''.join(SEPARATORS)}]", written)
    for delimiter in ",;\t|":
        cells += [cell for row in csv.reader(written.splitlines(True), delimiter=delimiter) for cell in row]

    assert written.count(COMMAND) == len(texts)
    assert [cell for cell in cells if cell.strip(' "\x00\xa0\u200b\ufeff').startswith(SIGNS)] == []


@pytest.mark.parametrize(
    "text",
    [
        "a;b,c",
        "1,-2,3",
        "1;-2;3",
        "5, -3",
        "yes - no",
        "x = 1",
        "me @home",
        "https://example.org/?a=b;c=d",
        "one,\ntwo;\tthree",
        "a|b",
    ],
)
def test_text_with_separators_stays(text: str) -> None:
    """Given separators, numbers and signs that make no formula, the text stays as it is."""
    assert Spreadsheet().format_text(text) == text


def test_long_text_without_a_formula_stays() -> None:
    """Given the longest answer, made of what may come before a formula, it stays as it is."""
    for part in ("\n", "; ", ';"', ";-1", " "):
        text = "a" + part * (262_144 // len(part))
        assert Spreadsheet().format_text(text) == text


def test_a_computer_with_decimal_commas(
    stack_world: StudyWorld, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given decimal commas, cells are separated by semicolons, and no other file changes."""
    stack_world.get()
    stack_world.post({"age": "7.5", "id": "60123456789012345678", "text": "a;b,c"})
    monkeypatch.setattr("locale.localeconv", lambda: {"decimal_point": ","})

    export(run, out, "--excel")
    with (out / "answers.csv").open(encoding="utf-8-sig", newline="") as file:
        shown = {row["question"]: row["value"] for row in csv.DictReader(file, delimiter=";")}
    with (out / "steps.csv").open(encoding="utf-8-sig", newline="") as file:
        steps = list(csv.DictReader(file, delimiter=";"))
    export(run, out)

    assert shown == {"age": "7,5", "id": "'60123456789012345678", "text": "a;b,c"}
    assert all("." not in row["seconds"] for row in steps)
    assert any("," in row["seconds"] for row in steps)
    with (out / "answers.csv").open(encoding="utf-8", newline="") as file:
        assert [row["value"] for row in csv.DictReader(file)] == ["7.5", "60123456789012345678", "a;b,c"]


def test_a_chosen_separator(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given --separator, it decides, and without --excel it is refused."""
    stack_world.get()

    refused = run("export", PROJECT, "--out", out, "--separator", "semicolon")
    export(run, out, "--excel", "--separator", "semicolon")

    assert refused.exit_code == 2
    assert "--excel" in refused.stderr
    assert (out / "participants.csv").read_text("utf-8-sig").startswith("user;")
    assert find_spreadsheet(Separator.COMMA) == Spreadsheet()


@pytest.mark.parametrize("name", ["C.UTF-8", "xx_XX"])
def test_a_locale_with_decimal_points(name: str) -> None:
    """Given a locale with decimal points, or one that is not installed, cells are separated by commas."""
    code = "from hippo_cli.exports.spreadsheets import find_spreadsheet as f; print(f().separator)"
    environment = {"LC_ALL": name, "PYTHONPATH": ":".join(sys.path)}

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, text=True)

    assert shown.stdout.strip() == ",", shown.stderr
