"""Up to three people in one browser: no byte of one appears in another's request or page.

`make test-identity SEQUENCES=100 SEED=7` tries more sequences than `make test`.
"""

import os
import random
from collections.abc import Callable

import pytest

from tests.browser.conftest import Visitor
from tests.browser.identity_world import LINKS, PEOPLE, STUDIES, SharedBrowser, publish
from tests.browser.site import FrontDoor
from tests.support.study_world import StudyWorld

SEQUENCES = int(os.environ.get("IDENTITY_SEQUENCES", "6"))
SEED = int(os.environ.get("IDENTITY_SEED", "0"))
ACTIONS, MOST_TABS = 14, 4


@pytest.mark.parametrize("number", range(SEQUENCES))
def test_people_in_one_browser_are_separate(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, number: int
) -> None:
    """Given links, tabs, closings, offline minutes and reloads in any order, each person sees and sends only
    their own data, and every answer is stored once as theirs."""
    chance = random.Random(f"{SEED}/{number}")
    options, kinds = STUDIES[number % len(STUDIES)]
    publish(world, options)
    links = {name: LINKS[chance.choice(kinds)](name) for name in PEOPLE}
    if number % 2 and "user" in kinds:
        links[chance.choice(PEOPLE)] = LINKS["bare"]("")
    browser = SharedBrowser(world, door, visitor, links)
    history = []
    try:
        for _ in range(ACTIONS):
            history.append(act(browser, chance))
            browser.check()
        browser.finish()
    except BaseException as error:
        error.add_note(f"{options}\n{links}\n" + "\n".join(history))
        raise


def act(browser: SharedBrowser, chance: random.Random) -> str:
    """Do one thing that a person can do in this browser, and return what it was."""
    if not browser.tabs or (len(browser.tabs) < MOST_TABS and chance.random() < 0.3):
        person = chance.choice(PEOPLE)
        browser.open(person)
        return f"open {person}"
    if chance.random() < 0.2:
        change: Callable[[], None] = browser.go_offline if browser.is_online else browser.go_online
        change()
        return change.__name__
    tab = chance.choice(browser.tabs)
    action = chance.choice([*[browser.submit] * 3, browser.type, browser.reload, browser.close])
    action(tab)
    return f"{action.__name__} {tab.person}"
