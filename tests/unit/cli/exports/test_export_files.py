"""The files of `hippo export`: the content of CSV and Parquet, and the paths of trials."""

from pathlib import Path

import pytest
from pyarrow import parquet

from hippo_cli.errors import ExitCode
from hippo_cli.exports.paths import TrialPaths
from tests.support.study_world import PROJECT, USER, StudyWorld
from tests.unit.cli.export_world import Run, export, put_trial, read_csv


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return the export's folder."""
    return tmp_path / "out"


def test_parquet_holds_what_csv_does(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given an export, each Parquet file has the rows of the CSV file, with types."""
    stack_world.reach_final()

    export(run, out)

    for path in sorted(out.rglob("*.csv")):
        table = parquet.read_table(path.with_suffix(".parquet"))
        assert table.num_rows == len(read_csv(path)), path
        assert table.column_names == path.read_text(encoding="utf-8").splitlines()[0].split(",")
    answers = parquet.read_table(out / "answers.parquet")
    assert [str(answers.schema.field(name).type) for name in ("step", "value", "time", "repeat")] == [
        "int64",
        "string",
        "timestamp[ms, tz=UTC]",
        "bool",
    ]
    assert answers["step"].to_pylist() == [1, 2, 4]


def test_trials_come_as_they_are(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given recorded files, they are written below trials/, and one deleted locally is fetched again."""
    stack_world.get()
    put_trial(stack_world, f"{USER}/a/trial_1.json", '{"reward": 1}')
    put_trial(stack_world, f"{USER}/")
    put_trial(stack_world, f"{USER}/trial_2.json", "two")

    export(run, out)
    assert (out / "trials" / USER / "a" / "trial_1.json").read_text() == '{"reward": 1}'
    (out / "trials" / USER / "trial_2.json").unlink()
    report = export(run, out)

    assert report["fetched"]["trials"] == 1
    assert (out / "trials" / USER / "trial_2.json").read_text() == "two"
    assert sorted(path.name for path in (out / "trials").rglob("*") if path.is_file()) == [
        "trial_1.json",
        "trial_2.json",
    ]


@pytest.mark.parametrize(
    "name",
    ["u/../../../etc/passwd", "../x", "u//x", "u/./x", "u/a\\b", "u/\x00", "/etc/passwd", "u/%2E%2E/x"],
)
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    """Given a key that is not a plain path, its file is written below trials/ under a unique name."""
    path = TrialPaths(tmp_path).find(name)

    inside = path.relative_to(tmp_path / "trials").parts
    assert len(inside) == name.count("/") + 1
    assert not set(inside) & {"", ".", ".."}
    assert not any("\x00" in part or "\\" in part for part in inside)
    assert path != TrialPaths(tmp_path).find("u/../x")


def test_a_name_that_no_file_can_have_is_reported(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a file and a folder of the same name, and a name that is too long, other files are written."""
    stack_world.get()
    put_trial(stack_world, f"{USER}/a", "file")
    put_trial(stack_world, f"{USER}/a/b", "folder")
    put_trial(stack_world, f"{USER}/{'x' * 300}")
    put_trial(stack_world, f"{USER}/good", "good")

    report = export(run, out, code=ExitCode.PROBLEMS)

    assert len(report["problems"]) == 2
    assert (out / "trials" / USER / "good").read_text() == "good"


def test_formulas_and_marks_for_spreadsheets_on_request(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given answers that look like formulas, they are unchanged, and with --excel they are harmless."""
    stack_world.get()
    values = {
        "a": "=HYPERLINK(1)",
        "b": "@x",
        "c": "-1.5",
        "d": "-2+3",
        "e": "\t=1",
        "f": "+49 1",
        "g": "é=1",
        "h": "＝1",
    }
    stack_world.post(values)

    export(run, out)
    assert {row["question"]: row["value"] for row in read_csv(out / "answers.csv")} == values
    assert not (out / "answers.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    export(run, out, "--excel", "--separator", "comma")

    assert (out / "answers.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    shown = {row["question"]: row["value"] for row in read_csv(out / "answers.csv", "utf-8-sig")}
    marked = {name: value if name in "cg" else f"'{value}" for name, value in values.items()}
    assert shown == marked | {"e": "'\t'=1"}  # some readers take a tab for a separator
    assert parquet.read_table(out / "answers.parquet")["value"].to_pylist() == list(values.values())


def test_without_the_extra_there_are_csv_files(
    stack_world: StudyWorld, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a machine without pyarrow, only CSV is written and the missing extra is named."""
    stack_world.get()
    monkeypatch.setattr("hippo_cli.exports.files.find_pyarrow", lambda: None)
    monkeypatch.setattr("hippo_cli.commands.export.find_pyarrow", lambda: None)

    result = run("export", PROJECT, "--out", out)

    assert result.exit_code == 0, result.output
    assert ".[report]" in result.stderr
    assert {path.suffix for path in out.glob("*.*")} == {".csv"}
