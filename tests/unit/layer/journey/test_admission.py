"""Admission by a request's content, and the list that simultaneous arrivals share."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo.errors import BrokenRecordError, ConflictError, TransientError
from hippo.http import HttpRequest
from hippo.journey.admission import MOST_REFUSED, REASONS, AdmissionList, Admissions, find_refusal, is_mobile
from hippo.journey.platform_pages import build_refusal
from hippo.studies.config_rules import Time
from hippo.studies.options import AccessOptions
from tests.support.fakes import FakeClock, FakeObjectStore

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
KEY = "p/_admission.json"


def make_request(query: dict[str, str] | None = None, **headers: str) -> HttpRequest:
    """Return a GET with this query and these headers (`_` for `-`)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest("GET", query or {}, named, None, "r")


@pytest.mark.parametrize(
    ("query", "headers", "mobile"),
    [
        ({"mobile": "1"}, {"Sec_CH_UA_Mobile": "?0"}, True),
        ({"mobile": "0"}, {"Sec_CH_UA_Mobile": "?1", "User_Agent": "Mobile"}, False),
        ({}, {"sec_ch_ua_mobile": "?1"}, True),
        ({}, {"Sec_CH_UA_Mobile": "?0", "User_Agent": "Mobile"}, False),
        ({}, {"User_Agent": "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0"}, True),
        ({"mobile": "maybe"}, {"user_agent": "Mozilla/5.0 (iPhone) Mobile/15E148 Safari/604.1"}, True),
        ({}, {"User_Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}, False),
        ({}, {}, False),
    ],
)
def test_mobile_browsers(query: dict[str, str], headers: dict[str, str], mobile: bool) -> None:
    """Given a request, the page's own report counts before the hint, and the hint before the User-Agent."""
    assert is_mobile(make_request(query, **headers)) == mobile


@pytest.mark.parametrize(
    ("options", "query", "reason"),
    [
        (AccessOptions(), {"mobile": "1", "screenWidth": "1"}, None),
        (AccessOptions(closes_at=NOON), {}, "closed"),
        (AccessOptions(closes_at=NOON.replace(second=1)), {}, None),
        (AccessOptions(admits_mobile=False), {"mobile": "1"}, "mobile"),
        (AccessOptions(admits_mobile=False), {"mobile": "0"}, None),
        (AccessOptions(min_width=800), {"screenWidth": "799"}, "narrow"),
        (AccessOptions(min_width=800), {"screenWidth": "800"}, None),
        (AccessOptions(min_width=800), {"screenWidth": "wide"}, None),
        (AccessOptions(min_width=800), {}, None),
        (AccessOptions(admits_mobile=False, min_width=800), {"mobile": "1", "screenWidth": "1"}, "mobile"),
        (AccessOptions(closes_at=NOON, admits_mobile=False), {"mobile": "1"}, "closed"),
    ],
)
def test_reasons(options: AccessOptions, query: dict[str, str], reason: str | None) -> None:
    """Given options and a request, the first reason against it is found, in the documented order."""
    assert find_refusal(options, make_request(query), NOON) == reason


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_a_page(reason: str) -> None:
    """Given a reason, the page names it and whom to ask, whatever the researcher's name contains."""
    notice = build_refusal(reason, AccessOptions(closes_at=NOON, min_width=800), "<Ada>")

    assert (notice["error"], notice["reason"], notice["contact"]) == ("refused", reason, "<Ada>")
    assert "<p>Contact: &lt;Ada&gt;</p>" in notice["page"]
    assert "{" not in notice["page"]


def test_pages_name_the_time_and_the_width() -> None:
    """Given a closing time and a width, the pages state them."""
    options = AccessOptions(closes_at=Time().parse("2030-01-01T14:05:00+02:00"), min_width=800)

    assert "1 January 2030, 12:05 UTC" in build_refusal("closed", options, None)["page"]
    assert "800 pixels" in build_refusal("narrow", options, None)["page"]


@pytest.fixture
def store() -> FakeObjectStore:
    """Return a bucket."""
    return FakeObjectStore()


@pytest.fixture
def admissions(store: FakeObjectStore, clock: FakeClock) -> AdmissionList:
    """Return the list of project p, which is not stored yet."""
    return AdmissionList(store, "p", clock)


def read(store: FakeObjectStore) -> Any:
    """Return the object's content."""
    return json.loads(store.objects[KEY])


def test_participants_are_admitted_up_to_the_limit(store: FakeObjectStore, admissions: AdmissionList) -> None:
    """Given a limit of two and three participants, two are admitted and the third is counted as refused."""
    assert [admissions.admit(user, 2) for user in ("a", "b", "c")] == [True, True, False]
    assert read(store) == {"admitted": ["a", "b"], "refused": {"full": ["c"]}}


def test_same_person_counts_once(store: FakeObjectStore, admissions: AdmissionList) -> None:
    """Given the same participants again, the results are the same and nothing is written."""
    for user in ("a", "b"):
        admissions.admit(user, 1)
    admissions.count_refusal("b", "narrow")
    before = dict(store.objects)
    store.before_write = lambda: pytest.fail("nothing was to be written")

    assert [admissions.admit(user, 1) for user in ("a", "b")] == [True, False]
    admissions.count_refusal("b", "narrow")
    assert store.objects == before


def test_higher_limit_admits_more(store: FakeObjectStore, admissions: AdmissionList) -> None:
    """Given a participant refused as full, they are admitted when the limit is raised."""
    admissions.admit("a", 1)
    admissions.admit("b", 1)

    assert admissions.admit("b", 2)
    assert read(store) == {"admitted": ["a", "b"], "refused": {"full": ["b"]}}


def test_write_that_was_carried_out_twice_counts_once(
    store: FakeObjectStore, admissions: AdmissionList
) -> None:
    """Given a write that succeeded and whose retry gets 412, the claim is found and stored once."""

    def carry_out() -> None:
        store.objects[KEY] = json.dumps({"admitted": ["a"], "refused": {}}).encode()

    store.before_write = carry_out

    assert admissions.admit("a", 1)
    assert read(store) == {"admitted": ["a"], "refused": {}}


def test_faster_arrival_is_the_last_admitted(
    store: FakeObjectStore, admissions: AdmissionList, clock: FakeClock
) -> None:
    """Given a limit of one that a rival reaches between read and write, this participant is refused after
    a wait."""
    store.before_write = lambda: admissions.admit("rival", 1)

    assert not admissions.admit("slow", 1)
    assert read(store) == {"admitted": ["rival"], "refused": {"full": ["slow"]}}
    assert len(clock.slept) == 1


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=20), st.integers(1, 4)
)
def test_never_more_than_the_limit(arrivals: list[tuple[str, str]], most: int) -> None:
    """Given any participants, two at a time, the results match what is stored, and at most the limit is
    admitted."""
    store = FakeObjectStore()
    admissions = AdmissionList(store, "p", FakeClock())
    let_in, turned_away = set(), set()

    def arrive(user: str) -> None:
        (let_in if admissions.admit(user, most) else turned_away).add(user)

    for first, rival in arrivals:
        store.before_write = lambda rival=rival: arrive(rival)
        arrive(first)
        store.before_write = None

    stored = read(store) if arrivals else {"admitted": [], "refused": {}}
    assert sorted(stored["admitted"]) == sorted(let_in)
    assert sorted(stored["refused"].get("full", [])) == sorted(turned_away)
    assert len(let_in) <= most
    assert not let_in & turned_away


def test_endless_rivals_end_in_a_passing_fault(
    store: FakeObjectStore, admissions: AdmissionList, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given writes that always lose, a retryable error is raised within two seconds."""

    def lose(*_: object, **__: object) -> str:
        raise ConflictError(KEY)

    monkeypatch.setattr(store, "create", lose)

    with pytest.raises(TransientError) as caught:
        admissions.admit("a", 1)
    assert caught.value.retryable
    assert 0 < sum(clock.slept) < 2


def test_refused_ids_are_bounded() -> None:
    """Given more refusals of one kind than are kept, the rest is not counted."""
    admissions = Admissions(refused={"closed": [str(n) for n in range(MOST_REFUSED)]})

    admissions.count_refusal("one more", "closed")
    admissions.count_refusal("one more", "mobile")

    assert len(admissions.refused["closed"]) == MOST_REFUSED == 5000
    assert admissions.refused["mobile"] == ["one more"]


@pytest.mark.parametrize("body", [b"", b"[1]", b"null", b'{"admitted": 5}', b'{"refused": []}', b"\xff"])
def test_broken_object_is_left_alone(store: FakeObjectStore, admissions: AdmissionList, body: bytes) -> None:
    """Given an object that is not an admission list, an error names it and it is not overwritten."""
    store.objects[KEY] = body

    with pytest.raises(BrokenRecordError, match=KEY):
        admissions.admit("a", 1)
    assert store.objects == {KEY: body}


def test_what_a_person_added_is_kept(store: FakeObjectStore, admissions: AdmissionList) -> None:
    """Given additional keys, a change keeps them."""
    store.objects[KEY] = b'{"admitted": ["a"], "note": "two by hand"}'

    admissions.admit("b", 5)

    assert read(store) == {"admitted": ["a", "b"], "refused": {}, "note": "two by hand"}
