"""Variants of a page: which participant sees which."""

import pytest

from tests.support.study_world import OTHER_USER, PAGES, USER, StudyWorld

THIRD_USER = "123e4567-e89b-42d3-a456-426614174000"


def see_survey(world: StudyWorld, user: str) -> str:
    """Return the survey as a participant sees it, in a study of one page."""
    return world.get(user=user).page


@pytest.mark.parametrize(
    ("variants", "groups"), [(2, [0, 1, 0]), (3, [0, 0, 0]), (4, [0, 3, 0]), (5, [2, 0, 0]), (6, [1, 3, 0])]
)
def test_participants_see_their_groups_variant(world: StudyWorld, variants: int, groups: list[int]) -> None:
    """Given n numbered files, the pinned ids see the variant that game servers assign to them too."""
    pages = {f"survey-{n}.html": f"variant {n}" for n in range(variants)}
    world.publish(pages, id="variants", steps={"1": "survey.html", "finalStep": "survey.html"})

    seen = [world.get(user=user, project="variants").page for user in (USER, OTHER_USER, THIRD_USER)]

    assert seen == [f"variant {group}" for group in groups]


def test_plain_file_next_to_numbered_ones_is_one_more_group(world: StudyWorld) -> None:
    """Given survey-0, survey-1 and survey.html, there are three groups, as existing deployments count."""
    pages = {"survey-0.html": "0", "survey-1.html": "1", "survey.html": "plain"}
    world.publish(pages, id="variants", steps={"1": "survey.html", "finalStep": "survey.html"})

    seen = [world.get(user=f"a-{digit}", project="variants").page for digit in "0123"]

    assert seen == ["0", "1", "plain", "0"]


def test_plain_file_alone_is_for_all(world: StudyWorld) -> None:
    """Given no numbered file, or numbers that do not begin with 0, all see the plain one."""
    pages = {"survey.html": "plain", "survey-1.html": "one", "survey-2.html": "two"}
    world.publish(pages, id="variants", steps={"1": "survey.html", "finalStep": "survey.html"})

    assert {world.get(user=f"a-{digit}", project="variants").page for digit in "0123456789"} == {"plain"}


def test_numbers_after_a_gap_do_not_count(world: StudyWorld) -> None:
    """Given survey-0, survey-1 and survey-3, there are two groups."""
    pages = {f"survey-{n}.html": str(n) for n in (0, 1, 3)}
    world.publish(pages, id="variants", steps={"1": "survey.html", "finalStep": "survey.html"})

    assert {world.get(user=f"a-{digit}", project="variants").page for digit in "0123"} == {"0", "1"}


def test_ids_that_are_not_uuids_have_a_group_too(world: StudyWorld) -> None:
    """Given ids that do not end in a hex digit, each always sees the same variant, and all variants are
    used."""
    pages = {f"survey-{n}.html": str(n) for n in range(2)}
    world.publish(pages, id="variants", steps={"1": "survey.html", "finalStep": "survey.html"})
    users = [f"player-{letter}z" for letter in "abcdefghijklmnop"]

    first = [world.get(user=user, project="variants").page for user in users]

    assert [world.get(user=user, project="variants").page for user in users] == first
    assert set(first) == {"0", "1"}


def test_variants_of_the_sample_pages_do_not_mix(world: StudyWorld) -> None:
    """Given numbered files of one step only, the others' plain files are shown."""
    world.publish({**PAGES, "quiz-0.html": "0", "quiz-1.html": "1", "quiz.html": "2"})
    world.get()

    assert world.post({}).page in {"0", "1", "2"}
    assert world.get(user=OTHER_USER).page == PAGES["consent.html"]
