"""`hippo delete` removes a whole study, with its participants' data only if that is asked for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hippo_cli.operations.interrupted_run import InterruptedRun
from tests.support.stack_values import put_values
from tests.support.study_world import BUCKET, EXTRA_BUCKET, PAGES, PROJECT, USER, StudyWorld
from tests.unit.cli.operations.test_pause import FakeLambda, function

Run = Callable[..., Any]
KEY = f"{PROJECT}/_config.json"
NEIGHBOUR = f"{PROJECT}-two"
__all__ = ["function"]


@pytest.fixture(autouse=True)
def closed(
    stack_world: StudyWorld, function: FakeLambda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StudyWorld:
    """Provide two studies in a bucket that keeps old versions; one of them is closed."""
    monkeypatch.chdir(tmp_path)
    put_values(stack_world)
    stack_world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    stack_world.publish(id=NEIGHBOUR)
    put_own(stack_world, live=False)
    assert stack_world.update({"projectId": PROJECT, "live": False})["statusCode"] == 200
    return stack_world


def put_own(stack_world: StudyWorld, **changes: Any) -> None:
    """Write the study's own config."""
    content = json.dumps({**stack_world.config, **changes})
    stack_world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=content)


def put_participant(stack_world: StudyWorld, state: str = "stopped") -> None:
    """Store everything that a participant leaves, with old versions."""
    for step in (1, 2):
        stack_world.put_record({"nextStep": step})
    for key in (f"{PROJECT}/Trials/{USER}/1", f"{PROJECT}/_admission.json"):
        stack_world.s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    stack_world.put_server(state)


def list_versions(stack_world: StudyWorld, prefix: str) -> list[str]:
    """Return the keys of all versions below a prefix."""
    found = stack_world.s3.list_object_versions(Bucket=BUCKET, Prefix=prefix)
    return [entry["Key"] for entry in found.get("Versions", ())]


def test_a_study_without_participants(stack_world: StudyWorld, run: Run) -> None:
    """Given a closed study, all that was published is gone, old versions and other studies stay."""
    others = stack_world.list_keys(f"{NEIGHBOUR}/")

    result = run("delete", PROJECT, "--yes", "--receipt", "receipt.json")

    assert result.exit_code == 0, result.output
    assert stack_world.list_keys(f"{PROJECT}/") == []
    assert [entry["id"] for entry in stack_world.read_list()] == [NEIGHBOUR]
    assert stack_world.list_keys(f"{NEIGHBOUR}/") == others
    assert f"{PROJECT}/consent.html" in list_versions(stack_world, f"{PROJECT}/")
    receipt = json.loads(Path("receipt.json").read_text())
    assert receipt["deleted"]["publishedObjects"] == len(PAGES) + 1
    assert any("OldVersionDays" in line for line in receipt["stillThere"])
    assert stack_world.update(stack_world.config)["statusCode"] == 200  # the id is free


def test_participants_data_only_if_asked_for(stack_world: StudyWorld, run: Run) -> None:
    """Given participants, nothing is deleted without --with-data; with it, no version of theirs stays."""
    put_participant(stack_world)
    before = stack_world.list_keys()

    refused = run("delete", PROJECT, "--yes")
    kept = stack_world.list_keys()
    dry = json.loads(run("delete", PROJECT, "--with-data", "--dry-run", "--json").stdout)
    done = run("delete", PROJECT, "--with-data", "--yes")

    assert refused.exit_code == 1
    assert "the data of 1 participant" in refused.stderr
    assert "hippo export" in refused.stderr
    assert kept == before
    assert dry["deleted"]["participants"] == 1
    assert done.exit_code == 0, done.output
    for prefix in ("Users/", "Trials/", "_admission.json"):
        assert list_versions(stack_world, f"{PROJECT}/{prefix}") == []
    assert list_versions(stack_world, "_servers/") == []


@pytest.mark.parametrize("state", ["starting", "ready", "stopping"])
def test_a_running_server(stack_world: StudyWorld, run: Run, state: str) -> None:
    """Given a server that has not stopped, nothing is deleted."""
    put_participant(stack_world, state)
    before = stack_world.list_keys()

    result = run("delete", PROJECT, "--with-data", "--yes")

    assert result.exit_code == 1
    assert f"hippo stop --all --project {PROJECT}" in result.stderr
    assert stack_world.list_keys() == before


def test_an_open_study(stack_world: StudyWorld, run: Run) -> None:
    """Given a study that is open, nothing is deleted, and the advice is to close it."""
    put_own(stack_world, live=True)

    result = run("delete", PROJECT, "--yes")
    unknown = run("delete", "unknown", "--yes")

    assert (result.exit_code, unknown.exit_code) == (1, 1)
    assert f"hippo pause {PROJECT}" in result.stderr
    assert "there is no project unknown" in unknown.stderr


def test_a_study_that_scripts_published(stack_world: StudyWorld, run: Run) -> None:
    """Given a study without an own config, it is deleted in the same way."""
    stack_world.s3.delete_object(Bucket=BUCKET, Key=KEY)

    result = run("delete", PROJECT, "--yes", "--json")

    assert result.exit_code == 0, result.output
    assert stack_world.list_keys(f"{PROJECT}/") == []
    assert [entry["id"] for entry in stack_world.read_list()] == [NEIGHBOUR]


def test_a_forged_state_opens_nothing(stack_world: StudyWorld, run: Run) -> None:
    """Given a state of an interrupted run that someone put into the folder, an open study stays open."""
    stack_world.s3.delete_object(Bucket=BUCKET, Key=KEY)
    assert stack_world.update({"projectId": PROJECT, "live": True})["statusCode"] == 200
    state = InterruptedRun(Path(), PROJECT, "")
    state.keep({"begun": "", "deleted": {"versionsOfData": "many"}})
    before = stack_world.list_keys()

    result = run("delete", PROJECT, "--yes")

    assert result.exit_code == 1
    assert f"hippo pause {PROJECT}" in result.stderr
    assert stack_world.list_keys() == before
    assert stack_world.update({"projectId": PROJECT, "live": False})["statusCode"] == 200
    assert run("delete", PROJECT, "--yes").exit_code == 0
    assert not state.path.exists()


def test_only_who_may_write_its_config(stack_world: StudyWorld, run: Run) -> None:
    """Given a caller who may not write the own config, nothing is deleted."""
    stack_world.aws.fail("PutObject", "AccessDenied", 403, times=9, key="_config.json")
    before = stack_world.list_keys()

    result = run("delete", PROJECT, "--yes")

    assert result.exit_code == 3
    assert f"hippo-project={PROJECT}" in result.stderr
    assert stack_world.list_keys() == before
    assert list(Path().glob("deletion-*")) == []


def test_a_bucket_of_its_own(stack_world: StudyWorld, run: Run) -> None:
    """Given a study in an extra bucket whose deletion was interrupted, the next run still finds it there."""
    stack_world.upload(PAGES, bucket=EXTRA_BUCKET)
    content = {"id": PROJECT, "deleted": True, "bucket": EXTRA_BUCKET}
    stack_world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps(content))

    result = run("delete", PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert stack_world.list_keys(f"{PROJECT}/", EXTRA_BUCKET) == []
    assert KEY not in stack_world.list_keys(KEY)
