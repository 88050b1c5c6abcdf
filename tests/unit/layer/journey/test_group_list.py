"""Balanced groups: which participants count, simultaneous claims, and what is kept."""

import json
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo.errors import BrokenRecordError, TransientError
from hippo.groups import choose_group, read_group
from hippo.journey.balanced_groups import MOST_RUNNING, GroupList, Groups
from hippo.records.participant import LIST_TAG
from tests.support.fakes import FakeClock, FakeObjectStore

KEY = "p/_groups.json"
TWO_HOURS = timedelta(hours=2)


class Arrivals:
    """A study with some groups, and its arriving participants."""

    def __init__(self, count: int = 2) -> None:
        self.store, self.clock, self.count = FakeObjectStore(), FakeClock(), count
        self.list = GroupList(self.store, "p", self.clock)

    def claim(self, user_id: str) -> int:
        """Return a participant's group."""
        return self.list.claim(user_id, self.count, self.clock.now(), TWO_HOURS)

    def read(self) -> dict[str, Any]:
        """Return the object's content."""
        content: dict[str, Any] = json.loads(self.store.objects[KEY])
        return content


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.text(max_size=9))
def test_one_of_the_least_filled_is_chosen(filled: list[int], user_id: str) -> None:
    """Given any numbers, the group is one with the fewest participants, and always the same for the same
    id."""
    group = choose_group(filled, "p", user_id)

    assert filled[group] == min(filled)
    assert choose_group(filled, "p", user_id) == group


def test_equals_are_chosen_evenly_by_id() -> None:
    """Given empty groups, ids are spread over all of them, and differently in another study."""
    users = [f"player-{number}" for number in range(600)]
    groups = [choose_group([0, 0, 0], "p", user) for user in users]

    assert all(150 < number < 250 for number in Counter(groups).values())
    assert groups != [choose_group([0, 0, 0], "q", user) for user in users]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [2, 3])
def test_newcomers_join_the_least_filled_group(count: int, seed: int) -> None:
    """Given 300 participants who arrive, finish and drop out in any order, each newcomer gets the group
    with the fewest running and finished participants, and everyone who finished is counted."""
    chance, study = random.Random(seed), Arrivals(count)
    group_of: dict[str, int] = {}
    began: dict[str, Any] = {}
    finished: dict[str, int] = {}
    for number in range(300):
        study.clock.advance(chance.randint(0, 300))
        user, now = f"{seed}-{number}", study.clock.now()
        living = {u: g for u, g in group_of.items() if u not in finished and now - began[u] < TWO_HOURS}
        counts = Counter([*living.values(), *finished.values()])
        group_of[user], began[user] = study.claim(user), now
        assert counts[group_of[user]] == min(counts[group] for group in range(count))
        if living and chance.random() < 0.7:
            leaver = chance.choice(list(living))
            study.list.finish(leaver, group_of[leaver])
            finished[leaver] = group_of[leaver]
    content = study.read()

    wanted = Counter(finished.values())
    assert content["finished"] == [wanted[group] for group in range(len(content["finished"]))]
    assert set(content["running"]) == set(group_of) - set(finished)


def test_drop_outs_make_room() -> None:
    """Given three in a group who began two hours ago and one who has finished, only the latter counts,
    until one of the others finishes after all."""
    study = Arrivals()
    study.store.objects[KEY] = json.dumps(
        {
            "finished": [0, 1],
            "running": {f"gone-{n}": [0, int(study.clock.now().timestamp())] for n in range(3)},
        }
    ).encode()
    study.clock.advance(2 * 3600 - 1)
    assert study.claim("before") == 1
    study.clock.advance(1)

    assert [study.claim("after"), study.claim("later")] == [0, 0]
    study.list.finish("gone-1", 0)
    assert study.claim("last") == 1
    assert study.read()["finished"] == [1, 1]


def test_participant_with_a_group_keeps_it() -> None:
    """Given a second claim, the group is the same and nothing is written; after the cut-off it counts
    again."""
    study = Arrivals()
    group = study.claim("ada")
    written = study.store.objects[KEY]
    study.claim("bob")
    study.store.objects[KEY] = written

    assert study.claim("ada") == group
    assert study.store.objects[KEY] is written
    study.clock.advance(3 * 3600)
    assert study.claim("ada") == group
    assert study.read()["running"]["ada"] == [group, int(study.clock.now().timestamp())]


def test_missing_group_is_replaced() -> None:
    """Given a claim whose study now has fewer variants, the group is one of the current ones."""
    study = Arrivals(3)
    study.store.objects[KEY] = b'{"finished": [5, 4, 0], "running": {"ada": [2, 1893499200]}}'
    study.count = 2

    assert study.claim("ada") == 1
    assert study.read()["running"]["ada"][0] == 1


def test_rivals_count_for_each_other() -> None:
    """Given a participant who claims between another's read and write, both groups have one."""
    study = Arrivals()
    groups = []
    study.store.before_write = lambda: groups.append(study.claim("rival"))

    groups.append(study.claim("ada"))

    assert sorted(groups) == [0, 1]
    assert len(study.read()["running"]) == 2


def test_claim_whose_response_was_lost_is_found() -> None:
    """Given a write that succeeded and that botocore retried, there is one entry, and its group is
    returned."""
    study = Arrivals()
    study.store.before_write = lambda: study.claim("ada")

    group = study.claim("ada")

    assert {user: entry[0] for user, entry in study.read()["running"].items()} == {"ada": group}


def test_finishing_twice_counts_once() -> None:
    """Given an end that is counted twice, it counts once; an unknown participant does not count and no
    object is created."""
    study = Arrivals()
    study.list.finish("nobody", 0)
    assert study.store.objects == {}
    group = study.claim("ada")

    study.list.finish("ada", group)
    study.list.finish("ada", group)

    assert sum(study.read()["finished"]) == 1
    assert study.read()["running"] == {}


def test_endless_rivals_are_a_passing_fault() -> None:
    """Given claims that always lose, TransientError is raised within two seconds, and at the end within
    half a second."""
    study = Arrivals()
    study.claim("ada")

    def let_in() -> None:
        study.store.objects[KEY] += b" "
        study.store.before_write = let_in

    study.store.before_write = let_in
    with pytest.raises(TransientError):
        study.claim("bob")
    assert sum(study.clock.slept) < 2
    study.clock.slept.clear()
    with pytest.raises(TransientError):
        study.list.finish("ada", 0)
    assert sum(study.clock.slept) < 0.5


def test_oldest_drop_outs_are_forgotten() -> None:
    """Given more participants than the list holds, only the oldest past the cut-off are removed."""
    running = {f"u{number}": (0, number) for number in range(MOST_RUNNING + 1)}
    groups = Groups(running=running)

    groups.claim("p", "new", 2, now=5, cutoff=4)

    assert set(range(5)) - {int(user[1:]) for user in groups.running if user != "new"} == {0, 1}
    assert len(groups.running) == MOST_RUNNING


def test_list_is_bounded_within_the_cutoff() -> None:
    """Given a full list in which all still count, the oldest who are not known to be past the first page make
    room, before all who are; the newcomer keeps their entry."""
    running = {f"u{number}": (0, 100 + number) for number in range(MOST_RUNNING)}
    groups = Groups(running=running, begun={"u0", "u1"})
    groups.claim("p", "new", 2, now=20_000, cutoff=20_000)
    assert len(groups.running) == MOST_RUNNING
    assert {"new", "u0", "u1", "u3"} <= groups.running.keys()
    assert "u2" not in groups.running

    groups.begun = set(groups.running) - {"new"}
    groups.claim("p", "newer", 2, now=20_000, cutoff=20_000)
    assert {"u0", "new"} & groups.running.keys() == {"u0"}
    groups.begun = set(groups.running)
    groups.claim("p", "newest", 2, now=20_000, cutoff=20_000)
    assert {"newest", "u0", "u1"} & groups.running.keys() == {"newest", "u1"}
    assert groups.begun <= groups.running.keys()


def test_return_to_a_full_list_is_bounded_too() -> None:
    """Given a full list and a lapsed participant who comes back, another lapsed entry makes room."""
    study = Arrivals()
    running = {f"u{number}": [0, 100 + number if number else 0] for number in range(MOST_RUNNING)}
    study.store.objects[KEY] = json.dumps({"running": running}).encode()

    study.list.rejoin("back", 1, study.clock.now())

    content = study.read()["running"]
    assert (len(content), "u0" in content, content["back"][0]) == (MOST_RUNNING, False, 1)


def test_oversized_list_of_an_earlier_release_is_cut() -> None:
    """Given a list that grew beyond the bound before there was one, the next newcomer cuts it."""
    study = Arrivals()
    now = int(study.clock.now().timestamp())
    running = {f"u{number}": [number % 2, now - 60] for number in range(3 * MOST_RUNNING)}
    study.store.objects[KEY] = json.dumps({"running": running}).encode()

    study.claim("new")

    assert len(study.read()["running"]) == MOST_RUNNING


def test_every_write_has_the_tag_of_lists() -> None:
    """Given a claim, a return and an end, each write has the tag by which its old versions expire."""
    study = Arrivals()
    steps = [
        lambda: study.claim("ada"),
        lambda: study.list.rejoin("ada", 0, study.clock.now()),
        lambda: study.list.finish("ada", 0),
    ]
    for step in steps:
        study.store.tags.clear()
        step()
        assert study.store.tags == {KEY: LIST_TAG}


def test_unknown_keys_stay() -> None:
    """Given keys that a person has added, a claim keeps them."""
    study = Arrivals()
    study.store.objects[KEY] = b'{"note": "pilot"}'
    study.claim("ada")

    assert study.read()["note"] == "pilot"


@pytest.mark.parametrize(
    "body", [b"{", b"[]x", b'{"running": [1]}', b'{"running": {"a": 1}}', b'{"finished": 3}']
)
def test_broken_list_is_left_as_it_is(body: bytes) -> None:
    """Given an object that is not a list of groups, an error says so."""
    study = Arrivals()
    study.store.objects[KEY] = body

    with pytest.raises(BrokenRecordError, match="Fix or delete"):
        study.claim("ada")
    assert study.store.objects[KEY] == body


@pytest.mark.parametrize("value", [None, "0", -1, True, 1.0, 1000, [0]])
def test_invalid_group_is_none(value: object) -> None:
    """Given anything but a small whole number, there is no group; 0 is one."""
    assert read_group(value) is None
    assert read_group(0) == 0
