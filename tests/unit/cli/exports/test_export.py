"""`hippo export`: every answer comes home, once, and nothing that says who gave it where it can be shared."""

import json
from pathlib import Path

import pytest

from hippo_cli.errors import ExitCode
from tests.support.study_world import BUCKET, OTHER_USER, PROJECT, USER, StudyWorld
from tests.unit.cli.export_world import Run, export, put_many, put_trial, read_csv, read_keys

FORM = '<label>Age <input name="age" type="number" required></label>'


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where exports go."""
    return tmp_path / "out"


def test_a_participant_comes_home(lab: StudyWorld, run: Run, out: Path) -> None:
    """Given somebody who went through the study, then their answers stand by step and question."""
    lab.get(PROLIFIC_PID="p-77")
    lab.put_server()
    for body in ({"age": "31", "hobbies": ["chess", "go"]}, {"q": 'so-so, "quoted"\nand more é'}):
        lab.clock.advance(30)
        lab.post(body)
    lab.clock.advance(60)
    lab.get()
    lab.clock.advance(5)
    lab.post({"survey": ""})

    said = export(run, out)

    answers = read_csv(out / "answers.csv")
    assert [(row["step"], row["page"], row["question"], row["value"]) for row in answers] == [
        ("1", "consent.html", "age", "31"),
        ("1", "consent.html", "hobbies", '["chess", "go"]'),
        ("2", "quiz.html", "q", 'so-so, "quoted"\nand more é'),
        ("4", "survey.html", "survey", ""),
    ]
    assert {row["user"] for row in answers} == {USER}
    assert {row["version"] for row in answers} == {lab.record()["version"]}
    assert answers[0]["time"] == lab.record()["requests"][1]["time"].replace("+00:00", "Z")
    (person,) = read_csv(out / "participants.csv")
    assert (person["step"], person["place"], person["finished"], person["answers"]) == (
        "5",
        "final",
        "true",
        "3",
    )
    seconds = {row["step"]: float(row["seconds"]) for row in read_csv(out / "steps.csv")}
    assert seconds == {"1": 30.0, "2": 30.0, "3": 60.0, "4": 5.0}
    assert said["rows"]["answers"] == 4
    assert said["fetched"] == {"participants": 1, "trials": 0}


def test_the_group_in_the_record_says_what_was_seen(lab: StudyWorld, run: Run, out: Path) -> None:
    """Given groups that were balanced, then the export has the variant that was shown, not that of the id."""
    lab.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/survey.html")
    lab.publish({"survey-0.html": "zero", "survey-1.html": "one"}, groups="balanced")
    lab.reach_final()
    group = lab.record()["group"]

    export(run, out)

    (person,) = read_csv(out / "participants.csv")
    assert person["group"] == str(group)
    (survey,) = [row for row in read_csv(out / "answers.csv") if row["step"] == "4"]
    assert (survey["page"], survey["group"]) == (f"survey-{group}.html", str(group))


def test_who_it_was_is_in_private_files_only(lab: StudyWorld, run: Run, out: Path) -> None:
    """Given recruiter ids and headers in a record, then only private/ has the ids, none the headers."""
    lab.get(PROLIFIC_PID="p-77-secret")
    lab.post({"age": "31"})
    headers = json.dumps(lab.record()["requests"][0]["headers"])
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


def test_late_and_second_answers_are_marked(lab: StudyWorld, run: Run, out: Path) -> None:
    """Given a second answer to a page, then it stands beside the first, marked."""
    lab.get()
    lab.post({"age": "31"}, step=1)
    lab.post({"age": "32"}, step=1)

    export(run, out)

    rows = read_csv(out / "answers.csv")
    assert [(row["step"], row["value"], row["repeat"]) for row in rows] == [
        ("1", "31", "false"),
        ("1", "32", "true"),
    ]


def test_the_variant_that_was_seen_is_named(lab: StudyWorld, run: Run, out: Path) -> None:
    """Given a page in two variants, then answers name the participant's, and the dictionary has both."""
    lab.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/quiz.html")
    lab.publish(
        {
            "consent.html": "<p>Hi</p>",
            "quiz-0.html": FORM,
            "quiz-1.html": FORM,
            "survey.html": "",
            "thanks.html": "",
        }
    )
    for user in (USER, OTHER_USER):
        lab.get(user)
        lab.post({}, user)
        lab.post({"age": "9"}, user)

    export(run, out)

    seen = {row["user"]: (row["page"], row["group"]) for row in read_csv(out / "answers.csv")}
    assert seen == {USER: ("quiz-0.html", "0"), OTHER_USER: ("quiz-1.html", "1")}
    version = lab.record()["version"]
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


def test_only_what_changed_is_read_again(lab: StudyWorld, run: Run, out: Path) -> None:
    """Given an export of yesterday, then today's reads one changed and one new record, and no other."""
    first, second, *_ = put_many(lab, 5)
    put_trial(lab, "user-000/trial_1.json")
    export(run, out)
    lab.put_record(
        {"nextStep": 3, "requests": [{"requestId": "0"}, {"requestId": "1", "body": '{"age":"8"}'}]}, second
    )
    lab.put_record({"nextStep": 2, "requests": [{"requestId": "0"}]}, "zoe")
    lab.aws.reset()

    said = export(run, out)

    assert sorted(read_keys(lab, "Users")) == [f"{PROJECT}/Users/{second}", f"{PROJECT}/Users/zoe"]
    assert read_keys(lab, "Trials") == []
    assert said["fetched"] == {"participants": 2, "trials": 0}
    values = {row["user"]: row["value"] for row in read_csv(out / "answers.csv")}
    assert (values[first], values[second]) == ("7", "8")


def test_broken_records_are_listed_and_the_others_exported(lab: StudyWorld, run: Run, out: Path) -> None:
    """Given records that cannot be read, then each is listed with its reason, until it is mended."""
    put_many(lab, 3)
    broken = {
        "a": b"{",
        "b": b"[]",
        "c": b'{"requests": {}}',
        "d": b'{"requests": [1]}',
        "e": b"\xff",
        "f": b'{"nextStep": "x"}',
    }
    for user, body in broken.items():
        lab.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Users/{user}", Body=body)

    said = export(run, out, code=ExitCode.PROBLEMS)
    assert [problem["key"].rpartition("/")[2] for problem in said["problems"]] == list(broken)
    assert read_csv(out / "problems.csv")[3] == {
        "key": f"{PROJECT}/Users/d",
        "reason": "requests[0] is not an object",
    }
    assert len(read_csv(out / "participants.csv")) == 3
    shown = run("export", PROJECT, "--out", out)
    assert shown.exit_code == ExitCode.PROBLEMS
    assert f"{PROJECT}/Users/b: not a JSON object" in shown.stderr
    for user in broken:
        lab.put_record({"nextStep": 2, "requests": []}, user)

    assert export(run, out)["problems"] == []
    assert read_csv(out / "problems.csv") == []


def test_what_the_bucket_has_no_more_goes_on_request(lab: StudyWorld, run: Run, out: Path) -> None:
    """Given a participant who was deleted, then they stay here, which is told, until --prune."""
    first, *_ = put_many(lab, 2)
    put_trial(lab, f"{first}/trial_1.json")
    export(run, out)
    for key in (f"{PROJECT}/Users/{first}", f"{PROJECT}/Trials/{first}/trial_1.json"):
        lab.s3.delete_object(Bucket=BUCKET, Key=key)

    said = export(run, out)
    assert [key.split("/")[1] for key in said["vanished"]] == ["Users", "Trials"]
    assert len(read_csv(out / "participants.csv")) == 2
    said = export(run, out, "--prune")

    assert said["vanished"] == []
    assert [row["user"] for row in read_csv(out / "participants.csv")] == ["user-001"]
    assert not (out / "trials" / first).exists()
    everything = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert first.encode() not in everything


def test_since_leaves_out_what_is_older(lab: StudyWorld, run: Run, out: Path) -> None:
    """Given a time, then only records that were written from then on are read, and stand in the tables."""
    put_many(lab, 2)

    assert export(run, out, "--since", "2999-01-01")["rows"]["participants"] == 0
    assert read_keys(lab, "Users") == []
    assert export(run, out, "--since", "2020-01-01T10:30+01:00")["rows"]["participants"] == 2
    result = run("export", PROJECT, "--out", out, "--since", "yesterday")
    assert result.exit_code == ExitCode.USAGE
    assert "--since yesterday: not a time" in result.stderr


def test_a_project_in_a_bucket_of_its_own(lab: StudyWorld, run: Run, out: Path) -> None:
    """Given a project whose entry names another bucket, then its records come from there."""
    lab.publish(id="elsewhere", bucket="hippo-lab")
    lab.get(project="elsewhere")

    result = run("export", "elsewhere", "--out", out, "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rows"]["participants"] == 1
