"""A config that cannot be published: everything that is wrong is reported at once, and nothing is written."""

from typing import Any

import pytest

from tests.support.study_world import STRANGE_BUCKET, StudyWorld


def test_everything_wrong_is_reported_at_once_with_its_path(empty_world: StudyWorld) -> None:
    """Given a config with many mistakes, one response names them all, a line each."""
    config = {
        "id": "_bad id",
        "ecsTask": "",
        "steps": {"1": "consent.html", "3": "../secret.html", "4": "", "x": "game"},
        "events": {"startServerStep": "one"},
        "maxRuntime": 0,
        "bucket": STRANGE_BUCKET,
        "css": "style.html",
    }

    answer = empty_world.update(config)

    assert answer["statusCode"] == 400
    errors = [line for line in answer["body"].splitlines() if not line.startswith("Warning: ")]
    assert errors == [
        "name: missing",
        "ecsTask: missing",
        "id: must be 1 to 64 letters, digits, - or _, and not begin with _",
        "events.startServerStep: must be the number of a step from 1 to 999999",
        "maxRuntime: must be a whole number of minutes from 1 to 999999",
        "css: must be the name of a .css file without a folder; it is 'style.html'",
        "bucket: 'not-in-the-stack' is not a bucket of this deployment (hippo-data, hippo-lab). "
        "Remove it, or ask the operator to add it to ExtraBuckets.",
        "steps.finalStep: missing",
        "steps.2: missing",
        "steps.x: must be one of 1, 2, 3 … without gaps",
        "steps.3: must be the name of an .html file without a folder, or game; it is '../secret.html'",
        "steps.4: empty",
        "events.stopServerStep: missing; leave it empty if there is no such step",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"id": "a/b"},
        {"steps": {"1": "Users/x.html", "finalStep": "thanks.html"}},
        {"events": {}},
        {"events": {"startServerStep": 1}},
        {"maxRuntime": "an hour"},
        {"bucket": STRANGE_BUCKET},
    ],
)
def test_nothing_is_written_for_a_config_that_is_refused(
    empty_world: StudyWorld, change: dict[str, Any]
) -> None:
    """Given one mistake, the response is 400 and there is no call to AWS."""
    answer = empty_world.update(empty_world.config | change)

    assert answer["statusCode"] == 400
    assert empty_world.aws.calls == []


@pytest.mark.parametrize("event", [None, [], "text", 5, True])
def test_event_that_is_not_a_config_is_refused(empty_world: StudyWorld, event: Any) -> None:
    """Given an event that is not a JSON object, the response is 400 and says what it must be."""
    answer = empty_world.update(event)

    assert answer["statusCode"] == 400
    assert "JSON object" in answer["body"]


def test_warnings_come_with_the_200(empty_world: StudyWorld) -> None:
    """Given a config that is odd but possible, it is published with a warning for each oddity."""
    answer = empty_world.publish(
        live=False,
        events={"startServerStep": "", "stopServerStep": 9},
        extra="key",
    )

    assert answer["body"].splitlines() == [
        "Warning: extra: unknown key; it is stored but has no effect. Check its spelling.",
        "Warning: live: not true, so the study is closed",
        "Warning: events.startServerStep: empty, so no server is started",
        "Warning: events.stopServerStep: 9 is beyond the last step (4)",
        "Warning: events: no server is started by step 3, which is a game",
    ]
    assert empty_world.read_list()[0]["extra"] == "key"


def test_warnings_come_with_the_400_too(empty_world: StudyWorld) -> None:
    """Given a misspelt key, both the missing key and the unknown one are named."""
    config = {key: value for key, value in empty_world.config.items() if key != "maxRuntime"}

    answer = empty_world.update({**config, "maxRuntim": 30})

    assert answer["statusCode"] == 400
    assert answer["body"].splitlines() == [
        "maxRuntime: missing",
        "Warning: maxRuntim: unknown key; it is stored but has no effect. Check its spelling.",
    ]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"ecsTask": "other:3"}, "ecsTask: other:3 is not a task definition of this project."),
        ({"awsSetup": {"cpu": 8, "memory": 16}}, "awsSetup: 8 vCPU and 16 GB are more than"),
    ],
)
def test_game_beyond_the_operators_rules(
    world: StudyWorld, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], error: str
) -> None:
    """Given another study's task definition, or a server that is too large, the study is not listed."""
    monkeypatch.setenv("MAX_SERVER_CPU", "4")
    monkeypatch.setenv("EXTRA_TASK_FAMILIES", "shared")
    world.update_list.read_own_settings.cache_clear()
    before = world.read_list()

    response = world.update(world.config | change)

    assert response["statusCode"] == 400
    assert error in response["body"]
    assert world.read_list() == before
