"""`hippo withdraw` with a recruiter's id, where the study derives the participant from it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hippo.studies.links import derive_user_id
from tests.support.stack_values import put_values
from tests.support.study_world import BUCKET, PROJECT, USER, StudyWorld

Run = Callable[..., Any]
PID = "5f1b@example.org"  # an email address cannot be a user id
DERIVED = derive_user_id(PROJECT, "PROLIFIC_PID", PID)
USERS = f"{PROJECT}/Users/"


@pytest.fixture(autouse=True)
def folder(stack_world: StudyWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Enter an empty folder, with a stack whose bucket keeps old versions."""
    monkeypatch.chdir(tmp_path)
    put_values(stack_world)
    stack_world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


@pytest.mark.parametrize("given", [PID, f" {PID} ", DERIVED, DERIVED.upper()])
def test_the_recruiters_id_is_resolved(stack_world: StudyWorld, run: Run, given: str) -> None:
    """Given a study with `onePer`, the recruiter's id and the user id withdraw the same participant."""
    stack_world.publish(onePer="PROLIFIC_PID")
    stack_world.get(PROLIFIC_PID=PID)
    stack_world.get(PROLIFIC_PID="another")

    result = run("withdraw", given, PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert f"{DERIVED} in {PROJECT}:" in result.stdout
    left = derive_user_id(PROJECT, "PROLIFIC_PID", "another")
    assert stack_world.list_keys(USERS) == [f"{USERS}{left}"]


@pytest.mark.parametrize("given", ["unknown", "un@known"])
def test_an_unknown_recruiters_id(stack_world: StudyWorld, run: Run, given: str) -> None:
    """Given an id under which nothing is stored, the message names the parameter whose value is meant."""
    stack_world.publish(onePer="PROLIFIC_PID")
    stack_world.get(PROLIFIC_PID=PID)

    result = run("withdraw", given, PROJECT, "--yes")

    assert result.exit_code == 1
    assert "pass its value" in result.stderr
    assert "PROLIFIC_PID" in result.stderr
    assert len(stack_world.list_keys(USERS)) == 1


@pytest.mark.parametrize(("given", "code"), [("5f1b", 1), (PID, 2)])
def test_without_one_per_it_says_where_to_look(
    stack_world: StudyWorld, run: Run, given: str, code: int
) -> None:
    """Given a study without `onePer`, the message names the file that has the recruiter's ids."""
    stack_world.publish()
    stack_world.get(PROLIFIC_PID=given)

    result = run("withdraw", given, PROJECT, "--yes")

    assert result.exit_code == code
    assert "private/recruiter_ids.csv" in " ".join(result.stderr.split())
    assert stack_world.list_keys(USERS) == [f"{USERS}{USER}"]
