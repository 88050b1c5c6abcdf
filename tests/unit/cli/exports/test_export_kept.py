"""`hippo export` keeps exported data until it is pruned, and then leaves nothing of it."""

import sqlite3
from pathlib import Path

import pytest

from hippo_cli.errors import ExitCode, MachineError
from hippo_cli.exports.store import ExportStore
from tests.support.study_world import BUCKET, PROJECT, StudyWorld
from tests.unit.cli.export_world import Run, export, put_trial, read_csv

ANSWER = [{"requestId": "0"}, {"requestId": "1", "body": '{"q": "keepme"}'}]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return the export's folder."""
    return tmp_path / "out"


def put_answer(stack_world: StudyWorld, user: str = "u2", more: int = 0) -> None:
    """Store a record with an answer and this many later requests for pages."""
    stack_world.put_record({"nextStep": 3 + more, "requests": [*ANSWER, *[{"requestId": "2"}] * more]}, user)


def read_values(out: Path) -> list[str]:
    """Return the exported values of answers."""
    return [row["value"] for row in read_csv(out / "answers.csv")]


def find_traces(out: Path, user: str) -> list[str]:
    """Return the names of files and folders that contain a participant's id."""
    names = [str(path.relative_to(out)) for path in (out / "trials").rglob("*")]
    return [name for name in names if user in name]


def test_names_that_differ_by_part(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given trials called X and X.part, fetched concurrently, each has its own content."""
    for number in range(20):
        put_trial(stack_world, f"u2/{number}", "whole")
        put_trial(stack_world, f"u2/{number}.part", "other")

    export(run, out)

    read = {path.name: path.read_text() for path in (out / "trials/u2").iterdir()}
    assert read == {str(n): "whole" for n in range(20)} | {f"{n}.part": "other" for n in range(20)}


def test_partial_file_of_a_killed_run(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a partial file of a run that was killed, the next run removes it."""
    put_trial(stack_world, "u2/x")
    export(run, out)
    (out / "private/0123.part").write_text("half")

    export(run, out)

    assert list((out / "private").glob("*.part")) == []


def test_a_record_that_breaks(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a record that was good and is now broken, its answers stay and the problem is reported."""
    put_answer(stack_world)
    export(run, out)
    stack_world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Users/u2", Body=b"{broken")

    report = export(run, out, code=ExitCode.PROBLEMS)

    assert read_values(out) == ["keepme"]
    assert [problem["key"] for problem in report["problems"]] == [f"{PROJECT}/Users/u2"]


def test_gone_while_it_is_read(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a withdrawal between listing and reading, all data stays until --prune, which finds all of it."""
    put_answer(stack_world)
    put_trial(stack_world, "u2/x.json", "1")
    export(run, out)
    put_answer(stack_world, more=1)
    put_trial(stack_world, "u2/x.json", "22")
    for key in (f"{PROJECT}/Users/u2", f"{PROJECT}/Trials/u2/x.json"):
        stack_world.aws.before(
            "GetObject", lambda key=key: stack_world.s3.delete_object(Bucket=BUCKET, Key=key), key=key
        )

    export(run, out)

    assert (read_values(out), find_traces(out, "u2")) == (["keepme"], ["trials/u2", "trials/u2/x.json"])
    export(run, out, "--prune")
    assert (read_values(out), find_traces(out, "u2")) == ([], [])


@pytest.mark.parametrize("arguments", [("--prune",), ("--prune", "--no-trials")])
def test_pruned_to_the_last_folder(
    stack_world: StudyWorld, run: Run, out: Path, arguments: tuple[str, ...]
) -> None:
    """Given nested trials of a withdrawn participant, no file, folder or row names them after --prune."""
    put_answer(stack_world)
    put_answer(stack_world, "u3")
    for name in ("u2/deep/er/x", "u2/y", "u3/z"):
        put_trial(stack_world, name)
    export(run, out)
    for name in ("Users/u2", "Trials/u2/deep/er/x", "Trials/u2/y"):
        stack_world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/{name}")

    export(run, out, *arguments)

    assert find_traces(out, "u2") == []
    assert (out / "trials/u3/z").exists()
    state = out / "private/state.sqlite"
    assert sqlite3.connect(state).execute("select count(*) from objects").fetchone() == (2,)
    assert b"u2" not in state.read_bytes()


def test_pruned_after_a_change_of_the_format(
    stack_world: StudyWorld, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a newer tool that reads all records again, it finds earlier and recent withdrawals."""
    put_answer(stack_world)
    put_answer(stack_world, "u3")
    export(run, out)
    stack_world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/Users/u2")
    key = f"{PROJECT}/Users/u3"
    stack_world.aws.before("GetObject", lambda: stack_world.s3.delete_object(Bucket=BUCKET, Key=key), key=key)
    monkeypatch.setattr("hippo_cli.exports.store.FORMAT", 1000)

    assert len(export(run, out)["vanished"]) == 2
    assert read_values(out) == ["keepme", "keepme"]
    export(run, out, "--prune")

    assert read_values(out) == []


def test_a_zero_character(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given an answer with a null character, which R and older readers reject, it is replaced."""
    stack_world.put_record({"nextStep": 3, "requests": [{}, {"body": '{"q": "a\\u0000b"}'}]}, "u2")

    export(run, out)

    assert read_values(out) == ["a\ufffdb"]
    assert b"\0" not in (out / "answers.csv").read_bytes()


def test_a_state_that_is_damaged(
    stack_world: StudyWorld, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a damaged state, kept or deleted, the error's advice works and the file is closed."""
    put_answer(stack_world)
    export(run, out)
    state = out / "private/state.sqlite"
    state.write_bytes(b"garbage" * 1000)
    opened, connect = [], sqlite3.connect
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", lambda *a, **k: opened.append(connect(*a, **k)) or opened[-1])
        with pytest.raises(MachineError) as error:
            ExportStore(state)

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("select 1")
    state.unlink()
    refused = run("export", PROJECT, "--out", out)
    assert (refused.exit_code, error.value.advice) == (
        2,
        "Pass a new folder with --out. It does not need any data from this one.",
    )
    assert "Pass a new folder with --out" in refused.stderr
    export(run, out.with_name("new"))
    assert read_values(out.with_name("new")) == read_values(out) == ["keepme"]
