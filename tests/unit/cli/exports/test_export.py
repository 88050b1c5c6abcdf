"""`hippo export`: every answer is exported once, and shareable files identify no participant."""

import json
from pathlib import Path

import pytest

from hippo_cli.errors import ExitCode
from tests.support.study_world import BUCKET, OTHER_USER, PROJECT, USER, StudyWorld
from tests.unit.cli.export_world import Run, export, put_many, put_trial, read_csv, read_keys

FORM = '<label>Age <input name="age" type="number" required></label>'


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return the export's folder."""
    return tmp_path / "out"


def test_answers_are_listed_by_step_and_question(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a participant who completed the study, their answers are listed by step and question."""
    stack_world.get(PROLIFIC_PID="p-77")
    stack_world.put_server()
    for body in ({"age": "31", "hobbies": ["chess", "go"]}, {"q": 'so-so, "quoted"\nand more é'}):
        stack_world.clock.advance(30)
        stack_world.post(body)
    stack_world.clock.advance(60)
    stack_world.get()
    stack_world.clock.advance(5)
    stack_world.post({"survey": ""})

    report = export(run, out)

    answers = read_csv(out / "answers.csv")
    assert [(row["step"], row["page"], row["question"], row["value"]) for row in answers] == [
        ("1", "consent.html", "age", "31"),
        ("1", "consent.html", "hobbies", '["chess", "go"]'),
        ("2", "quiz.html", "q", 'so-so, "quoted"\nand more é'),
        ("4", "survey.html", "survey", ""),
    ]
    assert {row["user"] for row in answers} == {USER}
    assert {row["version"] for row in answers} == {stack_world.record()["version"]}
    assert answers[0]["time"] == stack_world.record()["requests"][1]["time"].replace("+00:00", "Z")
    (person,) = read_csv(out / "participants.csv")
    assert (person["step"], person["place"], person["finished"], person["answers"]) == (
        "5",
        "final",
        "true",
        "3",
    )
    seconds = {row["step"]: float(row["seconds"]) for row in read_csv(out / "steps.csv")}
    assert seconds == {"1": 30.0, "2": 30.0, "3": 60.0, "4": 5.0}
    assert report["rows"]["answers"] == 4
    assert report["fetched"] == {"participants": 1, "trials": 0}


def test_the_variant_comes_from_the_recorded_group(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given balanced groups, the export has the variant that was shown, not the one of the id."""
    stack_world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/survey.html")
    stack_world.publish({"survey-0.html": "zero", "survey-1.html": "one"}, groups="balanced")
    stack_world.reach_final()
    group = stack_world.record()["group"]

    export(run, out)

    (person,) = read_csv(out / "participants.csv")
    assert person["group"] == str(group)
    (survey,) = [row for row in read_csv(out / "answers.csv") if row["step"] == "4"]
    assert (survey["page"], survey["group"]) == (f"survey-{group}.html", str(group))


def test_only_private_files_identify_participants(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given recruiter ids and headers in a record, only private/ contains the ids and no file the headers."""
    stack_world.get(PROLIFIC_PID="p-77-secret")
    stack_world.post({"age": "31"})
    headers = json.dumps(stack_world.record()["requests"][0]["headers"])
    assert "Mozilla" in headers

    export(run, out, "--no-parquet")

    shared = "".join(path.read_text(encoding="utf-8") for path in out.glob("*.csv"))
    private = b"".join(path.read_bytes() for path in (out / "private").iterdir())
    assert USER in shared
    assert "p-77-secret" not in shared
    assert read_csv(out / "private" / "recruiter_ids.csv") == [
        {"user": USER, "parameter": "PROLIFIC_PID", "value": "p-77-secret"}
    ]
    assert "Mozilla" not in shared
    assert b"Mozilla" not in private
    assert (out / "private").stat().st_mode & 0o077 == 0


def test_late_and_second_answers_are_marked(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a second answer to a page, it is listed after the first one and marked as a repeat."""
    stack_world.get()
    stack_world.post({"age": "31"}, step=1)
    stack_world.post({"age": "32"}, step=1)

    export(run, out)

    rows = read_csv(out / "answers.csv")
    assert [(row["step"], row["value"], row["repeat"]) for row in rows] == [
        ("1", "31", "false"),
        ("1", "32", "true"),
    ]


def test_the_variant_that_was_seen_is_named(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a page in two variants, answers name the participant's own and the dictionary lists both."""
    stack_world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/quiz.html")
    stack_world.publish(
        {
            "consent.html": "<p>Hi</p>",
            "quiz-0.html": FORM,
            "quiz-1.html": FORM,
            "survey.html": "",
            "thanks.html": "",
        }
    )
    for user in (USER, OTHER_USER):
        stack_world.get(user)
        stack_world.post({}, user)
        stack_world.post({"age": "9"}, user)

    export(run, out)

    seen = {row["user"]: (row["page"], row["group"]) for row in read_csv(out / "answers.csv")}
    assert seen == {USER: ("quiz-0.html", "0"), OTHER_USER: ("quiz-1.html", "1")}
    version = stack_world.record()["version"]
    described = [row for row in read_csv(out / "dictionary.csv") if row["version"] == version]
    assert [(row["step"], row["page"], row["group"], row["question"]) for row in described] == [
        ("2", "quiz-0.html", "0", "age"),
        ("2", "quiz-1.html", "1", "age"),
    ]
    assert (described[0]["kind"], described[0]["required"], described[0]["label"]) == (
        "number",
        "true",
        "Age",
    )


def test_only_what_changed_is_read_again(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given an export from yesterday, today's reads only one changed and one new record."""
    first, second, *_ = put_many(stack_world, 5)
    put_trial(stack_world, "user-000/trial_1.json")
    export(run, out)
    stack_world.put_record(
        {"nextStep": 3, "requests": [{"requestId": "0"}, {"requestId": "1", "body": '{"age":"8"}'}]}, second
    )
    stack_world.put_record({"nextStep": 2, "requests": [{"requestId": "0"}]}, "zoe")
    stack_world.aws.reset()

    report = export(run, out)

    assert sorted(read_keys(stack_world, "Users")) == [f"{PROJECT}/Users/{second}", f"{PROJECT}/Users/zoe"]
    assert read_keys(stack_world, "Trials") == []
    assert report["fetched"] == {"participants": 2, "trials": 0}
    values = {row["user"]: row["value"] for row in read_csv(out / "answers.csv")}
    assert (values[first], values[second]) == ("7", "8")


def test_broken_records_are_listed_and_the_others_exported(
    stack_world: StudyWorld, run: Run, out: Path
) -> None:
    """Given records that cannot be read, each is listed with its reason until it is fixed."""
    put_many(stack_world, 3)
    broken = {
        "a": b"{",
        "b": b"[]",
        "c": b'{"requests": {}}',
        "d": b'{"requests": [1]}',
        "e": b"\xff",
        "f": b'{"nextStep": "x"}',
    }
    for user, body in broken.items():
        stack_world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Users/{user}", Body=body)

    report = export(run, out, code=ExitCode.PROBLEMS)
    assert [problem["key"].rpartition("/")[2] for problem in report["problems"]] == list(broken)
    assert read_csv(out / "problems.csv")[3] == {
        "key": f"{PROJECT}/Users/d",
        "reason": "requests[0] is not an object",
    }
    assert len(read_csv(out / "participants.csv")) == 3
    shown = run("export", PROJECT, "--out", out)
    assert shown.exit_code == ExitCode.PROBLEMS
    assert f"{PROJECT}/Users/b: not a JSON object" in shown.stderr
    for user in broken:
        stack_world.put_record({"nextStep": 2, "requests": []}, user)

    assert export(run, out)["problems"] == []
    assert read_csv(out / "problems.csv") == []


def test_deleted_participants_stay_until_prune(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a deleted participant, they stay in the export, which reports this, until --prune."""
    first, *_ = put_many(stack_world, 2)
    put_trial(stack_world, f"{first}/trial_1.json")
    export(run, out)
    for key in (f"{PROJECT}/Users/{first}", f"{PROJECT}/Trials/{first}/trial_1.json"):
        stack_world.s3.delete_object(Bucket=BUCKET, Key=key)

    report = export(run, out)
    assert [key.split("/")[1] for key in report["vanished"]] == ["Users", "Trials"]
    assert len(read_csv(out / "participants.csv")) == 2
    report = export(run, out, "--prune")

    assert report["vanished"] == []
    assert [row["user"] for row in read_csv(out / "participants.csv")] == ["user-001"]
    assert not (out / "trials" / first).exists()
    everything = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert first.encode() not in everything


def test_since_leaves_out_older_records(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given --since, only records written from then on are read and exported."""
    put_many(stack_world, 2)

    assert export(run, out, "--since", "2999-01-01")["rows"]["participants"] == 0
    assert read_keys(stack_world, "Users") == []
    assert export(run, out, "--since", "2020-01-01T10:30+01:00")["rows"]["participants"] == 2
    result = run("export", PROJECT, "--out", out, "--since", "yesterday")
    assert result.exit_code == ExitCode.USAGE
    assert "--since yesterday: not a time" in result.stderr


def test_a_project_with_its_own_bucket(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a project whose entry names another bucket, its records come from that bucket."""
    stack_world.publish(id="elsewhere", bucket="hippo-lab")
    stack_world.get(project="elsewhere")

    result = run("export", "elsewhere", "--out", out, "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rows"]["participants"] == 1


def test_the_ids_of_later_links_are_listed(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a user id in the links of two people, recruiter_ids has the ids of both, each once."""
    stack_world.get(PROLIFIC_PID="a", STUDY_ID="s")
    stack_world.get(PROLIFIC_PID="b", STUDY_ID="s")

    export(run, out, "--no-parquet")

    rows = read_csv(out / "private" / "recruiter_ids.csv")
    assert [(row["parameter"], row["value"]) for row in rows] == [
        ("PROLIFIC_PID", "a"),
        ("STUDY_ID", "s"),
        ("PROLIFIC_PID", "b"),
    ]
