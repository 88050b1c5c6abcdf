"""Stored objects that hold anything: each reader raises an error of the project, or understands them."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hippo.errors import BrokenListError, HippoError
from hippo.journey.admission import AdmissionList
from hippo.journey.balanced_groups import GroupList
from hippo.records.participant import ParticipantStore
from hippo.servers.capacity.queue import ServerQueue
from hippo.servers.capacity.slots import ServerSlots
from hippo.studies.catalogue import Catalogue
from hippo.studies.publishing import MASTER_LIST, list_project, version_key
from hippo.studies.switching import switch_project
from tests.support.fakes import FakeClock, FakeObjectStore
from tests.support.hostile import BODIES, build_bodies

PROJECT, USER = "maze", "ada"
GOOD = {"id": PROJECT, "live": True, "version": "v1", "steps": {"1": "a.html", "finalStep": "b.html"}}


def make_catalogue(store: FakeObjectStore) -> Catalogue:
    """Return a catalogue of the bucket that has no cache."""
    return Catalogue(lambda _: store, ("bucket",), FakeClock(), cache_seconds=0)


def read_participant(store: FakeObjectStore) -> None:
    """Read a record, and use it as a request does."""
    found = ParticipantStore(store, PROJECT).read(USER)
    if found:
        participant, etag = found
        participant.holds({"requestId": "r"})
        participant.keep_repeat(0, {"body": "b"})
        participant.note_parameters({"a": "b"})
        make_catalogue(store).find(PROJECT)
        ParticipantStore(store, PROJECT).write(USER, participant, etag)


def read_version(store: FakeObjectStore) -> None:
    """Load a version, and use it as a request does."""
    store.objects[MASTER_LIST] = json.dumps({"projects": [GOOD]}).encode()
    catalogue = make_catalogue(store)
    project = catalogue.find(PROJECT)
    assert project is not None
    study = catalogue.load_study(project, "v1")
    study.page_at(1, USER)
    assert study.options.language
    assert study.groups >= 0


READERS: dict[str, tuple[str, Callable[[FakeObjectStore], object], list[str]]] = {
    "participant": (
        f"{PROJECT}/Users/{USER}",
        read_participant,
        ["nextStep", "created", "requests", "repeats", "parameters", "otherParameters", "version", "group"],
    ),
    "version": (version_key(PROJECT, "v1"), read_version, ["config", "files", "variants"]),
    "admission": (
        f"{PROJECT}/_admission.json",
        lambda store: AdmissionList(store, PROJECT, FakeClock()).admit(USER, 5),
        ["admitted", "refused"],
    ),
    "groups": (
        f"{PROJECT}/_groups.json",
        lambda store: GroupList(store, PROJECT, FakeClock()).finish(USER, 1),
        ["finished", "running"],
    ),
    "slot": (
        "_slots/0001",
        lambda store: ServerSlots(store, FakeClock(), 5).read_holder("_slots/0001"),
        ["userId", "attempt"],
    ),
    "queue": (
        "_slots/q.20300101T120000000Z.ada.maze",
        lambda store: list(
            ServerQueue(store, FakeClock()).list_contenders(ServerSlots(store, FakeClock(), 5).view())
        ),
        ["startId", "seenAt", "limit"],
    ),
    "list": (MASTER_LIST, lambda store: make_catalogue(store).find(PROJECT), ["projects"]),
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60)
@given(data=st.data())
def test_readers_raise_no_other_errors(name: str, data: st.DataObject) -> None:
    """Given any object at a key of the platform, its reader raises only errors of the project."""
    key, read, names = READERS[name]
    store = FakeObjectStore()
    store.objects[key] = data.draw(build_bodies(names))

    with suppress(HippoError):
        read(store)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_readers_survive_known_oddities(name: str, body: bytes) -> None:
    """Given what is not JSON, is nested endlessly, huge or not a number, only errors of the project come."""
    key, read, _ = READERS[name]
    store = FakeObjectStore()
    store.objects[key] = body

    with suppress(HippoError):
        read(store)


ODD_ENTRIES: list[Any] = [
    None,
    5,
    "text",
    [],
    {},
    {"id": None},
    {"id": 5},
    {"id": ["maze"]},
    {"id": {"a": "b"}},
    {"id": "../maze", "live": True},
    {"id": "_servers", "live": True},
    {"id": "maze/Users/x", "live": True},
    {"id": "other", "live": {"a": 1}, "version": ["v"], "bucket": ["b"]},
    {"id": "other", "live": True, "version": "../../x", "bucket": {}},
    {"id": "other", "live": True, "version": 5, "steps": 5, "events": "x", "maxRuntime": float("nan")},
    {"id": "other", "live": True, "name": [[[[]]]], "signedLinks": {}, "screen": 5, "linkOrigins": {}},
]


@pytest.mark.parametrize("odd", ODD_ENTRIES, ids=repr)
def test_one_bad_entry_hides_no_other_project(odd: Any) -> None:
    """Given a malformed entry before and after a good one, the good project is found and can be changed."""
    store = FakeObjectStore()
    store.objects[MASTER_LIST] = json.dumps({"projects": [odd, GOOD, odd]}).encode()
    catalogue = make_catalogue(store)

    found = catalogue.find(PROJECT)
    assert found is not None
    assert (found.live, found.version) == (True, "v1")
    for project_id in ("other", "../maze", "_servers"):
        other = catalogue.find(project_id)
        assert other is None or catalogue.load_study(other, other.version).last_step == 0
    switch_project(store, PROJECT, False, FakeClock())
    assert {**GOOD, "live": False} in json.loads(store.objects[MASTER_LIST])["projects"]
    list_project(store, {**GOOD, "id": "new"}, FakeClock())
    assert {catalogue.find("new") is None, catalogue.find(PROJECT) is None} == {False}


def test_a_list_that_is_not_one_is_reported() -> None:
    """Given a master list that cannot be read at all, the error names it, and nothing is overwritten."""
    store = FakeObjectStore()
    store.objects[MASTER_LIST] = b"[" * 100_000

    with pytest.raises(BrokenListError, match=MASTER_LIST):
        list_project(store, GOOD, FakeClock())

    assert store.objects[MASTER_LIST] == b"[" * 100_000


@pytest.mark.parametrize("file", ["_keys/links", "_admission.json", "Users/ada", "Trials/ada/x", "a/_keys"])
def test_pages_are_not_the_platforms_objects(file: str) -> None:
    """Given an entry whose step file is an object of the platform, participants do not see it."""
    store = FakeObjectStore()
    entry = {"id": PROJECT, "live": True, "steps": {"1": file, "finalStep": file}, "css": file}
    store.objects[MASTER_LIST] = json.dumps({"projects": [entry]}).encode()
    store.objects[f"{PROJECT}/{file}"] = b"secret"
    catalogue = make_catalogue(store)
    project = catalogue.find(PROJECT)
    assert project is not None
    study = catalogue.load_study(project, None)

    assert (study.page_at(1, USER), study.read_css()) == (None, None)


@pytest.mark.parametrize("version", ["../../secret", "a/b", "", 5, ["v1"], {"a": 1}, "x" * 100])
def test_a_version_is_a_name(version: Any) -> None:
    """Given a record whose version cannot be one, the participant continues with the current pages."""
    store = FakeObjectStore()
    store.objects[MASTER_LIST] = json.dumps({"projects": [{**GOOD, "version": None}]}).encode()
    catalogue = make_catalogue(store)
    project = catalogue.find(PROJECT)
    assert project is not None

    assert catalogue.load_study(project, version).last_step == 1
