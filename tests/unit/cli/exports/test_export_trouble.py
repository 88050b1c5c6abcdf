"""`hippo export` when something fails: earlier data stays, and the next run continues."""

import errno
import os
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError, IncompleteReadError, NoCredentialsError
from botocore.response import StreamingBody

from hippo_cli.data.bucket import Bucket
from hippo_cli.data.pool import WORKERS
from hippo_cli.errors import ExitCode, MachineError
from hippo_cli.exports.fetch import Fetched, Fetcher
from hippo_cli.exports.files import CsvWriter
from hippo_cli.exports.store import ExportStore
from tests.support.study_world import BUCKET, PROJECT, StudyWorld
from tests.unit.cli.export_world import Run, export, put_many, put_trial, read_csv, read_keys


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return the export's folder."""
    return tmp_path / "out"


def break_network() -> None:
    """Raise botocore's error after its last retry."""
    raise EndpointConnectionError(endpoint_url="https://s3.example")


def fill_disk(*_: object) -> None:
    """Raise the system's error for a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "answers.csv.part")


def list_parts(out: Path) -> list[Path]:
    """Return the partial files."""
    return list(out.rglob("*.part"))


def test_network_gone_in_the_middle(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a network that fails after some records, this is reported and the next run reads the others."""
    users = put_many(stack_world, 60)
    stack_world.aws.before("GetObject", break_network, times=99, key=f"Users/{users[40]}")

    result = run("export", PROJECT, "--out", out)
    assert result.exit_code == ExitCode.AWS
    assert "AWS cannot be reached" in result.stderr
    assert not list(out.glob("*.csv"))
    before = set(read_keys(stack_world, "Users")) - {f"{PROJECT}/Users/{users[40]}"}
    assert len(before) >= 40 - 2 * WORKERS
    stack_world.aws.reset()
    export(run, out)

    again = set(read_keys(stack_world, "Users"))
    assert len(again) <= 60 - len(before) + 2 * WORKERS  # those in progress when the network failed
    assert len(read_csv(out / "answers.csv")) == 60


def test_interrupted_by_its_user(
    stack_world: StudyWorld, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given Ctrl-C after some records, the run ends as interrupted and the next one keeps the records."""
    put_many(stack_world, 30)
    keep, kept = Fetcher._store_result, []

    def interrupt(self: Fetcher, fetched: Fetched) -> None:
        if len(kept) == 12:
            raise KeyboardInterrupt
        keep(self, fetched)
        kept.append(fetched.key)

    with monkeypatch.context() as patch:
        patch.setattr(Fetcher, "_store_result", interrupt)
        result = run("export", PROJECT, "--out", out)
    stack_world.aws.reset()

    assert result.exit_code == ExitCode.INTERRUPTED
    assert export(run, out)["fetched"]["participants"] == 18
    assert not set(read_keys(stack_world, "Users")) & set(kept)


def test_an_answer_that_breaks_off_is_asked_for_again(
    stack_world: StudyWorld, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a body that ends too early once, the record is read again and is complete."""
    put_many(stack_world, 1)
    whole, reads = StreamingBody.read, []

    def break_off(self: StreamingBody, amt: int | None = None) -> bytes:
        body = whole(self, amt)
        if b'"age' in body and not reads:
            reads.append(1)
            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)
        return body

    monkeypatch.setattr(StreamingBody, "read", break_off)

    assert export(run, out)["rows"]["answers"] == 1
    assert reads


def test_a_full_disk_leaves_the_files_of_before(
    stack_world: StudyWorld, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a disk that fills up while tables are written, the earlier tables stay complete."""
    put_many(stack_world, 2)
    export(run, out)
    before = {path: path.read_bytes() for path in out.rglob("*.csv")}
    put_many(stack_world, 4)
    with monkeypatch.context() as patch:
        patch.setattr(CsvWriter, "write", fill_disk)
        result = run("export", PROJECT, "--out", out)

    assert result.exit_code == ExitCode.MACHINE
    assert "the disk is full; free some space and run the same command again" in result.stderr
    assert {path: path.read_bytes() for path in out.rglob("*.csv")} == before
    assert not list_parts(out)
    assert export(run, out)["rows"]["participants"] == 4


def test_a_full_disk_while_a_trial_is_fetched(
    stack_world: StudyWorld, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a disk that fills up during a trial, this is reported and the file is complete or absent."""
    put_many(stack_world, 1)
    put_trial(stack_world, "user-000/trial_1.json", "whole")

    def write_half(self: Bucket, key: str, path: Path) -> None:
        path.write_text("wh")
        fill_disk()

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "download", write_half)
        result = run("export", PROJECT, "--out", out)

    assert result.exit_code == ExitCode.MACHINE
    assert not list((out / "trials").rglob("*.*"))
    assert export(run, out)["fetched"] == {"participants": 0, "trials": 1}
    assert (out / "trials" / "user-000" / "trial_1.json").read_text() == "whole"


def test_a_full_disk_under_the_state(tmp_path: Path) -> None:
    """Given no room for fetched data, the error reports it and earlier data is kept."""
    store = ExportStore(tmp_path / "state.sqlite")
    store.begin("x")
    pages = store._select("pragma page_count", [])[0][0]
    store._database.execute(f"pragma max_page_count = {pages + 2}")

    with pytest.raises(MachineError, match="the disk is full"), store.write():
        store._database.execute("insert into meta values ('big', ?)", ["x" * 100_000])

    store.begin("x")
    store.close()


def test_a_second_export_into_the_same_folder_is_turned_away(
    stack_world: StudyWorld, run: Run, out: Path
) -> None:
    """Given an export in progress in the folder, another one reports that and changes nothing."""
    put_many(stack_world, 1)
    export(run, out)
    busy = ExportStore(out / "private" / "state.sqlite")

    result = run("export", PROJECT, "--out", out)

    busy.close()
    assert result.exit_code == ExitCode.MACHINE
    assert "is in use" in result.stderr


def test_state_that_is_no_database(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a damaged state file, the error names it and says what to do."""
    put_many(stack_world, 1)
    export(run, out)
    (out / "private" / "state.sqlite").write_bytes(b"not a database, at all " * 100)

    result = run("export", PROJECT, "--out", out)

    assert result.exit_code == ExitCode.MACHINE
    assert "state.sqlite" in result.stderr
    assert "Pass a new folder with --out" in result.stderr


def test_other_folders_are_left_alone(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a folder with other files or another project's export, it is rejected."""
    put_many(stack_world, 1)
    out.mkdir()
    (out / "thesis.tex").write_text("x")
    assert run("export", PROJECT, "--out", out).exit_code == ExitCode.USAGE
    (out / "thesis.tex").unlink()
    export(run, out)
    stack_world.publish(id="other")

    result = run("export", "other", "--out", out)

    assert result.exit_code == ExitCode.USAGE
    assert f"contains an export of project {PROJECT}" in result.stderr


def test_another_researchers_project(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a project that these credentials may not list, this is reported and nothing is created."""
    stack_world.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9)

    result = run("export", PROJECT, "--out", out)

    assert result.exit_code == ExitCode.AWS
    assert "access denied" in result.stderr
    assert not out.exists()


def test_a_researcher_who_may_not_see_the_list_of_projects(
    stack_world: StudyWorld, run: Run, out: Path
) -> None:
    """Given the researchers' policy, which hides the list, pages come from the newest version."""
    stack_world.get()
    stack_world.post({"age": "31"})
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="project_master_list.json")

    export(run, out)

    assert [row["page"] for row in read_csv(out / "answers.csv")] == ["consent.html"]


def test_no_credentials(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given no credentials, the error explains how to get some."""

    def refuse() -> None:
        raise NoCredentialsError

    stack_world.aws.before("GetParametersByPath", refuse)

    result = run("export", PROJECT, "--out", out)

    assert result.exit_code == ExitCode.AWS
    assert "no AWS credentials were found" in result.stderr


def test_unknown_projects(
    stack_world: StudyWorld, run: Run, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given an unknown id, an invalid one or none, each gets its own error."""
    monkeypatch.chdir(tmp_path)
    unknown = run("export", "nobodys", "--out", out)
    bad = run("export", "../x", "--out", out)
    none = run("export", "--out", out)

    assert (unknown.exit_code, bad.exit_code, none.exit_code) == (1, 2, 2)
    assert f"there is no project nobodys in the bucket {BUCKET}" in unknown.stderr
    assert "is not a valid project id" in bad.stderr
    assert "no project given" in none.stderr
