"""Publishing a project: the list gets its entry, the pages are frozen, and simultaneous changes are both
kept."""

import hashlib
import json
from typing import Any
from unicodedata import normalize

import pytest

from tests.support.study_world import BUCKET, EXTRA_BUCKET, PAGES, PROJECT, StudyWorld

LIST = "project_master_list.json"


def list_versions(world: StudyWorld, bucket: str = BUCKET) -> list[str]:
    """Return the keys of the sample project's frozen versions."""
    return world.list_keys(f"{PROJECT}/_versions/", bucket)


def test_first_update_creates_the_list(empty_world: StudyWorld) -> None:
    """Given no list, it is created with the project's whole config and its version."""
    empty_world.upload(PAGES)

    answer = empty_world.update(empty_world.config)

    (entry,) = empty_world.read_list()
    assert answer == {"statusCode": 200, "body": "", "version": entry["version"]}
    assert entry == empty_world.config | {"version": entry["version"]}
    assert list_versions(empty_world) == [f"{PROJECT}/_versions/{entry['version']}.json"]


def test_second_project_is_added(world: StudyWorld) -> None:
    """Given a list with one project, another is added and the first is unchanged."""
    before = world.read_list()

    world.publish(id="second")

    assert world.read_list()[:1] == before
    assert [entry["id"] for entry in world.read_list()] == [PROJECT, "second"]


def test_project_is_replaced_by_its_id(world: StudyWorld) -> None:
    """Given a project published before, its entry is replaced, and neither duplicated nor merged."""
    world.publish(id="second")
    changed = {key: value for key, value in world.config.items() if key != "teamMembers"}

    world.update(changed | {"name": "New name"})

    entries = world.read_list()
    assert sorted(entry["id"] for entry in entries) == [PROJECT, "second"]
    (entry,) = [entry for entry in entries if entry["id"] == PROJECT]
    assert (entry["name"], "teamMembers" in entry) == ("New name", False)


def test_two_updates_at_once_are_both_kept(world: StudyWorld) -> None:
    """Given a rival who publishes another project between the read and the write, both are listed."""
    world.upload(PAGES, "first")
    world.upload(PAGES, "rival")
    rivals: list[dict[str, Any]] = []
    world.aws.before("PutObject", lambda: rivals.append(world.update(world.name("rival"))), key=LIST)

    answer = world.update(world.name("first"))

    assert [answer["statusCode"], rivals[0]["statusCode"]] == [200, 200]
    assert sorted(entry["id"] for entry in world.read_list()) == ["first", PROJECT, "rival"]


def test_two_first_updates_at_once_are_both_kept(empty_world: StudyWorld) -> None:
    """Given no list and a rival who creates it meanwhile, both are in it."""
    empty_world.aws.before("PutObject", lambda: empty_world.update(empty_world.name("rival")), key=LIST)

    empty_world.update(empty_world.config)

    assert sorted(entry["id"] for entry in empty_world.read_list()) == [PROJECT, "rival"]


def test_write_that_succeeded_and_was_retried_lists_the_project_once(world: StudyWorld) -> None:
    """Given a write whose response was lost, so that its retry gets 412, the entry is there once."""
    world.aws.before("PutObject", lambda: world.s3.put_object(**world.aws.calls[-1].parameters), key=LIST)

    assert world.update(world.name("second"))["statusCode"] == 200
    assert [entry["id"] for entry in world.read_list()] == [PROJECT, "second"]


@pytest.mark.parametrize(
    ("code", "status"), [("PreconditionFailed", 412), ("ConditionalRequestConflict", 409)]
)
def test_lost_writes_are_redone_with_growing_waits(world: StudyWorld, code: str, status: int) -> None:
    """Given a list that others change five times, the update succeeds, having waited each time."""
    world.aws.fail("PutObject", code, status, times=5, key=LIST)

    assert world.update(world.name("second"))["statusCode"] == 200
    assert len(world.clock.slept) == 5
    assert sum(world.clock.slept) < 3


def test_list_is_written_by_the_twelfth_try(world: StudyWorld) -> None:
    """Given a list that others change eleven times, the update succeeds, having waited less than 3 s."""
    world.aws.fail("PutObject", "PreconditionFailed", 412, times=11, key=LIST)

    assert world.update(world.name("second"))["statusCode"] == 200
    assert len(world.clock.slept) == 11
    assert sum(world.clock.slept) < 3


def test_list_that_keeps_changing_is_reported(world: StudyWorld) -> None:
    """Given a list that others keep changing, the response is 400 with the advice to try again, and the
    list is theirs."""
    before = world.read_object(LIST)
    world.aws.fail("PutObject", "PreconditionFailed", 412, times=1000, key=LIST)

    answer = world.update(world.name("second"))

    assert answer["statusCode"] == 400
    assert "try again" in answer["body"]
    assert world.read_object(LIST) == before


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"projects": {"a": {}}}', b'{"projects": null}', b"\xff\xfe"]
)
def test_list_that_is_not_one_is_left_alone(world: StudyWorld, content: bytes) -> None:
    """Given a list file that is not a JSON list of projects, the response is 400 with its name, and it is
    unchanged."""
    world.s3.put_object(Bucket=BUCKET, Key=LIST, Body=content)

    answer = world.update(world.config)

    assert answer["statusCode"] == 400
    assert LIST in answer["body"]
    assert world.s3.get_object(Bucket=BUCKET, Key=LIST)["Body"].read() == content


def test_failing_service_is_reported(world: StudyWorld) -> None:
    """Given S3 refusing the write, the response is 400 with AWS's own code: the existing script shows the
    body."""
    world.aws.fail("PutObject", "AccessDenied", 403, key=LIST)

    answer = world.update(world.config | {"name": "New name"})

    assert answer["statusCode"] == 400
    assert "AccessDenied" in answer["body"]


def test_same_content_has_the_same_version(world: StudyWorld) -> None:
    """Given a project published again without a change, whatever the order of its keys, its version is
    the same and nothing more is stored."""
    version = world.read_list()[0]["version"]

    world.update(dict(reversed(world.config.items())))
    world.update(world.read_list()[0])

    assert world.read_list()[0]["version"] == version
    assert len(list_versions(world)) == 1


@pytest.mark.parametrize("change", ["page", "css", "config"])
def test_other_content_has_another_version(world: StudyWorld, change: str) -> None:
    """Given a changed page, style sheet or setting, there is one more version and the list names it."""
    version = world.read_list()[0]["version"]
    if change == "config":
        world.update(world.config | {"maxRuntime": 31})
    else:
        world.upload({"quiz.html" if change == "page" else "style.css": "changed"})
        world.update(world.config)

    assert world.read_list()[0]["version"] != version
    assert len(list_versions(world)) == 2


def test_other_files_do_not_change_the_version(world: StudyWorld) -> None:
    """Given new participants, game data and a page outside the steps, the version is the same."""
    version = world.read_list()[0]["version"]
    world.get()
    world.upload({"Trials/x/episode.json": "{}", "old-page.html": "unused"})

    world.update(world.config)

    assert world.read_list()[0]["version"] == version


def test_missing_files_are_warnings(empty_world: StudyWorld) -> None:
    """Given a config with missing files, it is published, with one warning for each."""
    empty_world.upload({"consent.html": "x", "survey-0.html": "y"})

    answer = empty_world.update(empty_world.config)

    assert answer["statusCode"] == 200
    assert answer["body"].splitlines() == [
        f"Warning: {name}: not found in s3://{BUCKET}/{PROJECT}/"
        for name in ("quiz.html", "style.css", "thanks.html")
    ]


def test_file_that_is_not_utf_8_is_a_warning(empty_world: StudyWorld) -> None:
    """Given a page in another encoding, it is published, and a warning names it."""
    empty_world.upload({**PAGES, "quiz.html": "Zoë".encode("latin-1")})

    answer = empty_world.update(empty_world.config)

    assert answer["statusCode"] == 200
    assert answer["body"] == "Warning: quiz.html: not UTF-8, some characters were replaced"


def test_project_in_an_extra_bucket_is_frozen_there_and_listed_here(empty_world: StudyWorld) -> None:
    """Given a bucket of the operator's list, the version is stored there with the pages, and the list in
    the stack's own."""
    empty_world.publish(bucket=EXTRA_BUCKET)

    assert len(list_versions(empty_world, EXTRA_BUCKET)) == 1
    assert list_versions(empty_world) == []
    assert empty_world.read_list()[0]["bucket"] == EXTRA_BUCKET


def test_project_whose_id_begins_with_anothers_is_not_frozen_with_it(world: StudyWorld) -> None:
    """Given variants of `mountain_car-2`'s pages, those of `mountain_car` are not affected."""
    world.upload({"survey-0.html": "0", "survey-1.html": "1"}, f"{PROJECT}-2")
    version = world.read_list()[0]["version"]

    world.update(world.config)

    assert world.read_list()[0]["version"] == version


def test_entries_that_a_person_added_are_kept(world: StudyWorld) -> None:
    """Given a listed entry that this function would refuse, publishing another project leaves it
    unchanged."""
    odd = {"id": "old", "live": True, "note": "by hand"}
    world.write_list([odd, *world.read_list()])

    world.update(world.config)

    assert odd in world.read_list()


def test_config_of_the_existing_script_is_taken_without_a_warning(empty_world: StudyWorld) -> None:
    """Given the existing deployment script's event, with some numbers as text, the response is 200
    without warnings, and every key is kept."""
    config = empty_world.config | {
        "bucket": BUCKET,
        "maxRuntime": "30",
        "events": {"startServerStep": "1", "stopServerStep": "4"},
        "team_members": "Ada, Grace",
    }
    empty_world.upload(PAGES)

    answer = empty_world.update(config)

    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert {"useAWS", "awsSetup", "ssl", "team_members"} <= empty_world.read_list()[0].keys()
    empty_world.clock.advance(11)
    assert empty_world.reach_waiting().page == "wait"
    assert len(empty_world.messages("start")) == 1


def test_number_of_calls(world: StudyWorld) -> None:
    """Given the sample study, the calls are a listing, each file once, the version, and the list twice."""
    # Two more listings look for an own config, before and after the version is frozen.
    world.update(world.config | {"name": "New name"})

    assert world.aws.count() == {"ListObjectsV2": 3, "GetObject": len(PAGES) + 1, "PutObject": 2}


def test_list_is_readable_json(world: StudyWorld) -> None:
    """Given the list, it is an object with `projects`, and each project has a line for human readers."""
    world.publish(id="another")
    text = world.read_object(LIST)

    assert list(json.loads(text)) == ["projects"]
    ids = [json.loads(line.removesuffix(","))["id"] for line in text.splitlines()[1:-1]]
    assert ids == [PROJECT, "another"]


def hash_pages(pages: dict[str, Any]) -> dict[str, str]:
    """Return the hashes of the step files as a sender states them."""
    bodies = {name: body.encode() if isinstance(body, str) else body for name, body in pages.items()}
    return {name: hashlib.sha256(body).hexdigest() for name, body in bodies.items()}


def test_files_as_they_were_sent(empty_world: StudyWorld) -> None:
    """Given the hashes of all step files, the version is that of scripts that send none."""
    empty_world.upload(PAGES)

    answer = empty_world.update(empty_world.config | {"files": hash_pages(PAGES)})

    (entry,) = empty_world.read_list()
    assert (answer["statusCode"], "files" in entry) == (200, False)
    assert empty_world.update(empty_world.config)["version"] == answer["version"]


@pytest.mark.parametrize("change", ["changed", "added", "deleted"])
def test_files_that_were_changed_meanwhile(world: StudyWorld, change: str) -> None:
    """Given a page that differs from the one sent, it is named and nothing is published."""
    before, versions, hashes = world.read_list(), list_versions(world), hash_pages(PAGES)
    page = next(name for name in PAGES if name in world.config["steps"].values())
    if change == "changed":
        world.upload({page: "<p>other"})
    elif change == "added":
        page = page.replace(".html", "-0.html")
        world.upload({page: "<p>other"})
    else:
        world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/{page}")

    answer = world.update(world.config | {"files": hashes})

    assert answer["statusCode"] == 400
    assert answer["body"].startswith(f"{page}: was changed by someone else")
    assert (world.read_list(), list_versions(world)) == (before, versions)


@pytest.mark.parametrize("files", [[], "x", {"a.html": 1}])
def test_files_that_are_not_hashes(world: StudyWorld, files: Any) -> None:
    """Given anything else under `files`, the response says what it must be."""
    assert world.update(world.config | {"files": files})["body"].startswith("files: must map")


@pytest.mark.parametrize("in_bucket", ["NFC", "NFD"])
@pytest.mark.parametrize("in_config", ["NFC", "NFD"])
def test_names_with_accents_are_found_in_either_form(
    empty_world: StudyWorld, in_bucket: Any, in_config: Any
) -> None:
    """Given a name whose accents are encoded differently in bucket and config, participants see the page."""
    name = "présentation.html"
    empty_world.upload({**PAGES, normalize(in_bucket, name): "<p>Hello</p>"})
    steps = empty_world.config["steps"] | {"1": normalize(in_config, name)}

    answer = empty_world.update(empty_world.config | {"steps": steps})

    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert empty_world.read_list()[0]["steps"]["1"] == name
    assert empty_world.get().page == "<p>Hello</p>"


def test_a_closing_time_in_the_past_is_a_warning(empty_world: StudyWorld) -> None:
    """Given a study that admits no newcomer any more, the response warns of it."""
    empty_world.upload(PAGES)

    answer = empty_world.update(empty_world.config | {"closesAt": "2020-12-01T12:00:00+01:00"})

    assert answer["statusCode"] == 200
    assert answer["body"].startswith("Warning: closesAt: 2020-12-01 11:00 UTC is in the past")


def test_version_is_stored_as_utf_8_under_the_hash_of_earlier_releases(empty_world: StudyWorld) -> None:
    """Given pages with letters beyond ASCII, they are stored as they are, and their version keeps its id when
    they are published again after an upgrade: it hashes the escaped text."""
    empty_world.upload({**PAGES, "quiz.html": "<h1>Énigme 語</h1>"})

    version = empty_world.update(empty_world.config)["version"]

    stored = empty_world.read_object(f"{PROJECT}/_versions/{version}.json")
    assert "<h1>Énigme 語</h1>" in stored
    escaped = json.dumps(json.loads(stored), sort_keys=True)
    assert version == hashlib.sha256(escaped.encode()).hexdigest()[:16]
