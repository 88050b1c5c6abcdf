"""The addresses that links may name: the page asks for them without naming a participant."""

from typing import Any

import pytest

from tests.support.study_world import BUCKET, PROJECT, ROOT_DOMAIN, StudyWorld

ORIGINS = ["https://survey.example.org", "wss://games.example.net:5000"]
Event = dict[str, Any]


def ask(world: StudyWorld, load_event: Any, **query: str) -> Any:
    """Return the content of the response to a question about links."""
    answer = world.send_event(load_event("next_get") | {"queryStringParameters": {"links": "1", **query}})
    assert answer.status == 200, answer.content
    return answer.content


def test_a_study_allows_what_its_config_names(world: StudyWorld, load_event: Any) -> None:
    """Given `linkOrigins` and a completion link, the response has both origins, and nothing is stored."""
    url = "https://u@Recruiter.example:8443/done?cc={code}"
    world.publish(linkOrigins=ORIGINS, completion={"code": "C", "url": url}, language="fr")
    before = world.list_keys()

    content = ask(world, load_event, projectId=PROJECT)

    origins = [*ORIGINS, "https://recruiter.example:8443"]
    assert content == {"gameDomain": ROOT_DOMAIN, "linkOrigins": origins, "language": "fr"}
    assert world.list_keys() == before


@pytest.mark.parametrize(
    "query", [{}, {"projectId": "unknown"}, {"projectId": "../x"}, {"projectId": PROJECT}]
)
def test_other_studies_allow_nothing(world: StudyWorld, load_event: Any, query: dict[str, str]) -> None:
    """Given no study, an unknown one, or one that is closed, no origin is allowed."""
    world.publish(linkOrigins=ORIGINS, live=False)

    assert ask(world, load_event, **query)["linkOrigins"] == []


def test_a_participant_is_not_such_a_question(world: StudyWorld) -> None:
    """Given a recruiter's parameter of that name, the participant gets their page."""
    assert world.get(links="1").step == 1


def test_an_unreadable_list_of_origins_allows_nothing(world: StudyWorld, load_event: Any) -> None:
    """Given a list that was edited by hand, an unreadable value counts as absent."""
    world.write_list([{"id": PROJECT, "live": True, "linkOrigins": "*", "steps": {}, "bucket": BUCKET}])

    assert ask(world, load_event, projectId=PROJECT)["linkOrigins"] == []
