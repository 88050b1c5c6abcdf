"""Up to three people who use one browser, and the check that nothing of one reaches another.

Everything that belongs to a person contains their name: ids and what they type. So a page or a request that
contains another name has another person's data.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.conftest import Visitor
from tests.browser.pages import content, settle, submit
from tests.browser.site import FrontDoor
from tests.support.study_world import BUCKET, PROJECT, StudyWorld

PEOPLE = ("anna", "bela", "cleo")
PARTS = ("first", "second", "third")
STEPS = {"1": "first.html", "2": "second.html", "3": "third.html", "finalStep": "thanks.html"}
FIELD = '<h1>{}</h1><label>Word <input name="word"></label>'
STUDY_PAGES: dict[str, str | bytes] = {
    **{f"{part}.html": FIELD.format(part) for part in PARTS},
    "thanks.html": '<h1>Thanks</h1><span class="MTURK_CODE"></span>',
}
COMPLETION = {"code": "C0DE", "url": "https://recruiter.example/?cc={code}&pid={PROLIFIC_PID}&u={userId}"}
KEY = "k" * 40
LINKS: dict[str, Callable[[str], dict[str, str]]] = {
    "recruiter": lambda name: {"PROLIFIC_PID": f"pid-{name}", "STUDY_ID": "s1"},
    "pasted": lambda name: {"STUDY_ID": "s1", "amp;PROLIFIC_PID": f"%20pid-{name}%20"},
    "user": lambda name: {"userId": f"u-{name}"},
    "both": lambda name: {"userId": "lab", "PROLIFIC_PID": f"pid-{name}"},
    "bare": lambda _: {},
    "signed": lambda name: {"userId": f"u-{name}", "signature": sign(f"u-{name}")},
}
# The options of a study, and the kinds of links with which it can be entered.
STUDIES: list[tuple[dict[str, object], tuple[str, ...]]] = [
    ({"onePer": "PROLIFIC_PID"}, ("recruiter", "recruiter", "pasted", "both")),
    ({}, ("recruiter", "recruiter", "pasted", "user")),
    ({"signedLinks": True}, ("signed",)),
]


def sign(user_id: str) -> str:
    """Return the signature of a participant's link."""
    digest = hmac.new(KEY.encode(), f"{PROJECT}/{user_id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass
class Tab:
    """A tab of a person, and the step that it shows."""

    person: str
    page: Page


@dataclass
class SharedBrowser:
    """One browser, and whose data is where. `links` has each person's link."""

    world: StudyWorld
    door: FrontDoor
    visitor: Visitor
    links: dict[str, dict[str, str]]
    tabs: list[Tab] = field(default_factory=list)
    is_online: bool = True
    ids: dict[str, str] = field(default_factory=dict)  # whose each user id is
    sent: dict[str, list[str]] = field(default_factory=dict)  # what each person has submitted
    misdirected: list[str] = field(default_factory=list)
    count: int = 0

    # ---- what people do ----------------------------------------------------------------------------------

    def open(self, person: str) -> None:
        """Open a person's link in a new tab."""
        page = self.visitor.context.new_page()
        tab = Tab(person, page)
        page.on("request", lambda request: self._check_request(tab, request))
        page.on("pageerror", self.visitor.note)
        page.set_default_timeout(20_000)
        query = "&".join(f"{name}={value}" for name, value in self.links[person].items())
        page.goto(f"{self.visitor.site}/?projectId={PROJECT}&{query}")
        self.tabs.append(tab)
        self._await_page(tab)

    def type(self, tab: Tab) -> None:
        """Type into a page, and submit nothing."""
        self.count += 1
        if (box := self._find_box(tab)) is not None:
            box.fill(f"{tab.person}-{self.count}")

    def submit(self, tab: Tab) -> None:
        """Type into a page and submit it."""
        box = self._find_box(tab)
        if box is None:
            return
        self.count += 1
        word = f"{tab.person}-{self.count}"
        box.fill(word)
        before = self._heading(tab)
        submit(tab.page)
        self.sent.setdefault(tab.person, []).append(word)
        if self.is_online:
            expect(content(tab.page).locator("h1")).not_to_have_text(before)
            self._await_page(tab)
        else:
            expect(tab.page.get_by_role("status")).not_to_have_text("")

    def reload(self, tab: Tab) -> None:
        """Reload a tab."""
        tab.page.reload()
        self._await_page(tab)

    def close(self, tab: Tab) -> None:
        """Close a tab."""
        self.tabs.remove(tab)
        tab.page.close()

    def go_offline(self) -> None:
        """Let no request reach the API; the page itself still loads."""
        self.is_online = False
        self.visitor.context.route("**/next?*", lambda route: route.abort("internetdisconnected"))

    def go_online(self) -> None:
        """Let requests through again, and wait until every tab has what it asked for."""
        self.is_online = True
        self.visitor.context.unroute_all()
        for tab in self.tabs:
            tab.page.evaluate("dispatchEvent(new Event('online'))")
        for tab in self.tabs:
            self._await_page(tab)

    def finish(self) -> None:
        """Come online, let each person open their link once more, and check what is stored."""
        self.go_online()
        for person in self.links:
            self.open(person)
        self.check()
        self._check_records()

    # ---- what must hold ------------------------------------------------------------------------------------

    def check(self) -> None:
        """Check that each request had one person's data, and that each open tab shows nothing of another."""
        assert not self.misdirected, self.misdirected
        for tab in self.tabs:
            texts = [tab.page.content(), tab.page.title()]
            if tab.page.locator("iframe.researcher-page").count():
                texts.append(content(tab.page).locator("html").inner_html())
                texts += [box.input_value() for box in content(tab.page).get_by_label("Word").all()]
            self._check_texts(tab.person, texts)

    def _check_texts(self, person: str, texts: list[str]) -> None:
        strangers = [name for name in PEOPLE if name != person]
        strangers += [user_id for user_id, owner in self.ids.items() if owner != person]
        found = [(name, text) for name in strangers for text in texts if name in text]
        assert not found, f"{person} sees or sends something of another person: {found}"

    def _check_request(self, tab: Tab, request: Request) -> None:
        """Check a request of a tab: it is its person's, or another's unsent answers as that person's."""
        if "/next?" not in request.url:
            return
        query = dict(parse_qsl(urlsplit(request.url).query))
        body = request.post_data or ""
        named = [name for name in PEOPLE if name in body]
        owner = named[0] if named else tab.person
        user_id = query["userId"]
        whose = owner if user_id == "lab" else self.ids.setdefault(user_id, owner)
        strangers = [name for name in PEOPLE if name != owner and name in request.url + body]
        if whose != owner or strangers:
            self.misdirected.append(f"{request.method} by {tab.person}: {request.url} {body}")

    def _check_records(self) -> None:
        """Check that there is one record for each person, with their answers in order and nothing else."""
        owners = []
        for key in self.world.list_keys(f"{PROJECT}/Users/"):
            text = self.world.read_object(key)
            record = json.loads(text)
            user_id = key.rsplit("/", 1)[1]
            owner = next((name for name in PEOPLE if name in text), None) or self.ids[user_id]
            owners.append(owner)
            self._check_texts(owner, [text])
            words = [json.loads(entry["body"])["word"] for entry in record["requests"] if entry["body"]]
            late = [json.loads(entry["body"])["word"] for entry in record.get("repeats", ())]
            assert sorted(words + late) == sorted(self.sent.get(owner, [])), text
        assert sorted(owners) == sorted(self.links), owners

    # ---- pages ---------------------------------------------------------------------------------------------

    def _find_box(self, tab: Tab) -> Locator | None:
        """Return the field of a tab's page, or None if it has none that can be filled in."""
        box = content(tab.page).get_by_label("Word")
        if tab.page.locator("iframe.researcher-page").count() == 0 or box.count() == 0:
            return None
        button = content(tab.page).locator("button#submit")
        return box if box.is_enabled() and button.inner_text() == "Submit" else None

    def _heading(self, tab: Tab) -> str:
        return content(tab.page).locator("h1").inner_text()

    def _await_page(self, tab: Tab) -> None:
        """Wait until a tab shows a page and sends nothing; offline, until it says that it tries."""
        if not self.is_online:
            expect(tab.page.get_by_role("status")).not_to_have_text("")
            return
        expect(content(tab.page).locator("h1")).to_be_visible()
        expect(tab.page.get_by_role("status")).to_have_text("")
        settle(tab.page)


def publish(world: StudyWorld, options: dict[str, object]) -> None:
    """Publish the study of these people."""
    world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/_keys/links", Body=KEY.encode())
    events = {"startServerStep": "", "stopServerStep": ""}
    world.publish(STUDY_PAGES, **{"steps": STEPS, "events": events, "completion": COMPLETION, **options})
