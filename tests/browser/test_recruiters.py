"""Links of recruiters, admission, and the link back with a code."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.pages import content, expect_heading, submit
from tests.browser.site import FrontDoor
from tests.support.chromium import PHONE
from tests.support.study_world import BUCKET, PAGES, PROJECT, USER, StudyWorld

PROLIFIC = {"PROLIFIC_PID": "5f1c", "STUDY_ID": "s1", "SESSION_ID": "x9"}
MakeVisitor = Callable[..., Visitor]


def test_every_parameter_of_the_link_is_recorded(world: StudyWorld, visitor: Visitor) -> None:
    """Given a recruiter's link, the record has its parameters, but not the page's own."""
    page = visitor.open(userId="u1", css="https://x.example/a.css", **PROLIFIC)
    expect_heading(page, "Consent")

    assert world.record("u1")["parameters"] == PROLIFIC


@pytest.mark.chromium_only("it reads the clipboard by script; engines/test_pages.py pastes instead")
def test_the_code_and_the_way_back_are_shown_at_the_end(
    world: StudyWorld, visitor: Visitor, door: FrontDoor
) -> None:
    """Given a completion in the config, the final page has the code, a copy button and the recruiter's
    link."""
    url = "https://recruiter.example/done?cc={code}&pid={PROLIFIC_PID}&u={userId}"
    world.publish(
        completion={"code": "C0DE", "url": url}, steps={"1": "consent.html", "finalStep": "thanks.html"}
    )
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open(userId="u1", **PROLIFIC)
    expect_heading(page, "Consent")
    expect(page.get_by_text("C0DE")).to_have_count(0)
    submit(page)
    expect_heading(page, "Thanks")

    expect(page.get_by_role("heading", name="Your completion code")).to_be_visible()
    link = page.get_by_role("link", name="Complete the study")
    assert link.get_attribute("href") == "https://recruiter.example/done?cc=C0DE&pid=5f1c&u=u1"
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("Code copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "C0DE"


def test_one_recruiter_id_is_one_participant_on_every_device(
    world: StudyWorld, visitor: Visitor, make_visitor: MakeVisitor
) -> None:
    """Given a study with one participant for each recruiter id, they continue when they return elsewhere."""
    world.publish(onePer="PROLIFIC_PID")
    page = visitor.open(**PROLIFIC)
    expect_heading(page, "Consent")
    submit(page)
    expect_heading(page, "Quiz")

    elsewhere = make_visitor().open(**PROLIFIC)

    expect_heading(elsewhere, "Quiz")
    assert len(world.list_keys(f"{PROJECT}/Users/")) == 1
    page.reload()
    expect_heading(page, "Quiz")


def test_without_the_recruiters_id_no_one_begins(world: StudyWorld, visitor: Visitor) -> None:
    """Given such a study and a link without the id, the page says what to do, and nothing is stored."""
    world.publish(onePer="PROLIFIC_PID")

    page = visitor.open()

    expect(page.get_by_role("heading", name="You cannot take part in this study")).to_be_visible()
    expect(page.get_by_text("Your participant ID is missing from this link.")).to_be_visible()
    assert world.list_keys(f"{PROJECT}/Users/") == []


def test_a_signed_link_lets_in_its_participant_only(
    world: StudyWorld, visitor: Visitor, make_visitor: MakeVisitor
) -> None:
    """Given signed links, the signature accompanies every request; a stranger who only knows the id is
    refused."""
    key = "k" * 40
    world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/_keys/links", Body=key.encode())
    world.publish(signedLinks=True)
    digest = hmac.new(key.encode(), f"{PROJECT}/u1".encode(), hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    page = visitor.open(userId="u1", signature=signature)
    expect_heading(page, "Consent")
    submit(page)
    expect_heading(page, "Quiz")

    stranger = make_visitor().open(userId="u1")

    expect(stranger.get_by_text("This link does not work.")).to_be_visible()
    assert signature not in world.read_object(f"{PROJECT}/Users/u1")


@pytest.mark.parametrize(
    ("changes", "device", "text"),
    [
        ({"screen": {"mobile": False}}, PHONE, "does not work on a phone"),
        ({"screen": {"minWidth": 1000}}, {"viewport": {"width": 700, "height": 600}}, "window is too narrow"),
        ({"closesAt": "2029-12-31T00:00:00Z"}, {}, "This study is closed."),
    ],
    ids=["phone", "narrow", "closed"],
)
def test_refusal_comes_before_consent(
    world: StudyWorld, make_visitor: MakeVisitor, changes: dict, device: dict, text: str
) -> None:
    """Given a study that refuses this participant, a clear page says why, and nothing is stored or
    started."""
    world.publish(**changes)

    page = make_visitor(**device).open(userId="u1")

    expect(page.get_by_role("heading", name="You cannot take part in this study")).to_be_visible()
    expect(page.get_by_text(re.compile(text))).to_be_visible()
    expect(page.get_by_text(f"Contact: {world.config['researcher']}")).to_be_visible()
    assert world.list_keys(f"{PROJECT}/Users/") == []
    assert world.messages("start") == []


def test_a_widened_window_is_admitted(world: StudyWorld, visitor: Visitor) -> None:
    """Given a participant refused for a narrow window, they begin when they widen it and try again."""
    world.publish(screen={"minWidth": 1000})
    page = visitor.context.new_page()
    page.set_viewport_size({"width": 700, "height": 600})
    page.goto(f"{visitor.site}/?projectId={PROJECT}")
    expect(page.get_by_text("This window is too narrow")).to_be_visible()

    page.set_viewport_size({"width": 1200, "height": 800})
    page.get_by_role("button", name="Try again").click()

    expect_heading(page, "Consent")


def test_a_full_study_lets_those_inside_finish(
    world: StudyWorld, visitor: Visitor, make_visitor: MakeVisitor
) -> None:
    """Given a study for one participant, the second is refused and the first continues."""
    world.publish(maxParticipants=1)
    first = visitor.open()
    expect_heading(first, "Consent")

    second = make_visitor().open()

    expect(second.get_by_text("all the participants it needs")).to_be_visible()
    submit(first)
    expect_heading(first, "Quiz")


def test_consent_is_kept_with_what_was_read(world: StudyWorld, visitor: Visitor) -> None:
    """Given a consent step, the answer records the hash of its text and the time."""
    world.publish(consentStep=1)
    page = visitor.open(userId="u1")
    expect_heading(page, "Consent")
    submit(page)
    expect_heading(page, "Quiz")

    consent = world.record("u1")["requests"][1]["consent"]
    assert consent["sha256"] == hashlib.sha256(PAGES["consent.html"].encode()).hexdigest()
    assert consent["time"]


def test_existing_final_pages_show_the_id(world: StudyWorld, visitor: Visitor) -> None:
    """Given a final page with the element for a code that existing studies use, it shows the user id."""
    world.publish({**PAGES, "thanks.html": '<h1>Thanks</h1><span class="MTURK_CODE"></span>'})
    world.reach_final()

    page = visitor.open(userId=USER)

    expect(content(page).locator("code")).to_have_text(USER)


def test_a_reserved_id_is_refused_with_the_contact(visitor: Visitor) -> None:
    """Given a link whose user id is a reserved name, the page says so and whom to contact."""
    page = visitor.open(userId="NS1")
    expect(page.get_by_role("heading", name="You cannot take part in this study")).to_be_visible()

    expect(page.get_by_text("The participant ID in this link cannot be used.")).to_be_visible()
    expect(page.get_by_text("Contact: Ada Example, ada@example.org")).to_be_visible()


@pytest.mark.parametrize("user", ["{{%PROLIFIC_PID%}}", "ada@example.org", "a" * 49])
def test_an_id_that_cannot_be_one_is_refused(visitor: Visitor, user: str) -> None:
    """Given a link whose user id is a placeholder or has other characters, the page says so."""
    page = visitor.open(userId=user)

    expect(page.get_by_role("heading", name="You cannot take part in this study")).to_be_visible()
    expect(page.get_by_text("The participant ID in this link cannot be used.")).to_be_visible()
