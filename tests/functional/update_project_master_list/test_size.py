"""The sizes of a config and of the list, which every page and every start of all studies reads."""

import json
from typing import Any

import pytest

from hippo.studies.config_check import LARGEST_CONFIG, MOST_LEVELS, check_config
from hippo.studies.publishing import LARGEST_LIST
from tests.support.study_world import BUCKET, PROJECT, StudyWorld

LIST = "project_master_list.json"


def fill(world: StudyWorld, size: int = LARGEST_LIST) -> None:
    """Give the list that many bytes, by an entry that an earlier release stored, indented."""
    entries = [*world.read_list(), {"id": "large", "zeros": ""}]
    text = json.dumps({"projects": entries}, indent=2)
    entries[-1]["zeros"] = "0" * (size - len(text.encode()))
    world.s3.put_object(Bucket=BUCKET, Key=LIST, Body=json.dumps({"projects": entries}, indent=2))


@pytest.mark.parametrize("junk", [[0] * 2_500_000, "0" * LARGEST_CONFIG, {"x" * LARGEST_CONFIG: 0}])
def test_large_config(world: StudyWorld, junk: Any) -> None:
    """Given a config of megabytes in an unknown key, it is refused, and nothing is written."""
    before, keys = world.read_object(LIST), world.list_keys()

    answer = world.update({**world.config, "id": "junk", "ecsTask": "junk", "junk": junk})

    assert answer["statusCode"] == 400
    assert answer["body"].startswith("config: has ")
    assert f"bytes as JSON, but at most {LARGEST_CONFIG:,} are allowed. Remove keys" in answer["body"]
    assert len(answer["body"]) < 300
    assert (world.read_object(LIST), world.list_keys()) == (before, keys)


def nest(levels: int) -> list[Any]:
    """Return lists in each other, so many levels deep."""
    nested: list[Any] = []
    for _ in range(levels - 1):
        nested = [nested]
    return nested


@pytest.mark.parametrize("levels", [MOST_LEVELS, 100, 900])
def test_deep_config(world: StudyWorld, levels: int) -> None:
    """Given a config nested deeper than any study needs, it is refused: other functions could not read it."""
    before, keys = world.read_object(LIST), world.list_keys()

    answer = world.update(world.name("junk") | {"junk": nest(levels)})

    assert answer["statusCode"] == 400
    assert answer["body"] == f"config: is nested too deeply; at most {MOST_LEVELS} levels are allowed"
    assert (world.read_object(LIST), world.list_keys()) == (before, keys)


def test_nesting_that_every_reader_can_read(world: StudyWorld) -> None:
    """Given a config as deep as is allowed, it is published, and other studies are served."""
    answer = world.update(world.name("deep") | {"junk": nest(MOST_LEVELS - 1)})

    assert answer["statusCode"] == 200
    assert world.get(step=0).status == 200


def test_deeper_than_python_encodes() -> None:
    """Given nesting that no encoder can follow, or a list that contains itself, the check says so."""
    endless: list[Any] = []
    endless.append(endless)

    for junk in (nest(50_000), endless):
        errors, _ = check_config({"id": PROJECT, "junk": junk}, (BUCKET,))
        assert errors == [f"config: is nested too deeply; at most {MOST_LEVELS} levels are allowed"]


def test_unknown_keys_within_the_bound(world: StudyWorld) -> None:
    """Given keys of a client that the platform does not know, they are stored, in UTF-8."""
    extra = "é" * (LARGEST_CONFIG // 2 - 4096)

    answer = world.update({**world.config, "ours": extra})

    assert answer["statusCode"] == 200
    assert world.read_list()[0]["ours"] == extra


def test_full_list(world: StudyWorld) -> None:
    """Given a list at its bound, no study is added and none grows, and the error says what to do."""
    fill(world)
    before = world.read_object(LIST)

    added = world.update(world.name("junk") | {"junk": "0" * 8192})
    grown = world.update(world.config | {"junk": "0" * 8192})

    for answer in (added, grown):
        assert answer["statusCode"] == 400
        assert f"but at most {LARGEST_LIST:,} are allowed. Ask the operator to delete" in answer["body"]
    assert world.read_object(LIST) == before


def test_full_list_can_shrink(world: StudyWorld) -> None:
    """Given a list beyond its bound, a study can be published as before, shortened, closed and deleted."""
    fill(world, 2 * LARGEST_LIST)

    answers = [
        world.update(world.config),
        world.update(world.config | {"name": "x"}),
        world.update({"projectId": PROJECT, "live": False}),  # which is a letter longer
    ]
    world.s3.put_object(Bucket=BUCKET, Key="large/_config.json", Body='{"id": "large", "deleted": true}')
    answers.append(world.update({"projectId": "large", "deleted": True}))

    assert [answer["statusCode"] for answer in answers] == [200] * 4
    assert [(entry["id"], entry["live"]) for entry in world.read_list()] == [(PROJECT, False)]


def test_full_list_of_an_earlier_release(world: StudyWorld) -> None:
    """Given a list beyond its bound, participants of its studies get their pages."""
    fill(world, 2 * LARGEST_LIST)
    world.start_cold()

    assert world.get().status == 200
