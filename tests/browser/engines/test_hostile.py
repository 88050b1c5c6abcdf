"""Hostile pages in Firefox and WebKit, in both kinds of frames: no script runs, and nothing is revealed."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.browser.attacker import SCRIPTED, Attacker, fill_in, open_attacker
from tests.browser.site import FrontDoor, open_site
from tests.support.certificates import make_certificate
from tests.support.study_window import StudyWindow
from tests.support.study_world import PAGES, StudyWorld
from tests.support.windows import FRAME, wait_for

# An event says how each script ended. A handler that the policy refuses has no event, so an image follows it.
INJECT = """
const run = (name) => { document.documentElement.dataset[name] = "ran"; };
const tag = document.createElement("script");
const refused = new Promise((resolve) => {
  tag.addEventListener("load", () => resolve("ran"));
  tag.addEventListener("error", () => resolve("refused"));
});
tag.src = values[0];
const inline = document.createElement("script");
inline.textContent = "document.documentElement.dataset.inline = 'ran'";
const image = document.createElement("img");
image.setAttribute("onerror", "document.documentElement.dataset.handler = 'ran'");
const failed = new Promise((resolve) => image.addEventListener("error", resolve));
image.src = "data:image/png,broken";
document.body.append(tag, inline, image);
Promise.all([refused, failed]).then(([outcome]) => { document.documentElement.dataset.foreign = outcome; });
"""


@pytest.fixture
def attacker() -> Iterator[Attacker]:
    """Yield an attacker's server."""
    with open_attacker() as attacker:
        yield attacker


def check_unharmed(visit: StudyWindow, door: FrontDoor, attacker: Attacker) -> None:
    """Check that no data of the page reached the attacker, and that the study continues."""
    told = "\n".join(attacker.asked)
    assert "victim" not in told
    assert door.forms() == []
    assert "victim" in visit.window.evaluate("return location.href")
    visit.wait_for_heading("Consent")
    visit.submit()
    visit.wait_for_heading("Quiz")
    assert "forged" not in door.forms()[0]


def read_outcomes(visit: StudyWindow) -> dict[str, str]:
    """Return how injected scripts ended, once all have."""
    return wait_for(
        "the injected scripts",
        lambda: visit.window.evaluate(
            "const {foreign, inline, handler} = document.documentElement.dataset;"
            "return foreign && {foreign, inline: inline ?? 'refused', handler: handler ?? 'refused'}",
            frame=True,
        ),
    )


def test_no_script_of_the_page_runs(
    world: StudyWorld, door: FrontDoor, visit: StudyWindow, link: str, attacker: Attacker
) -> None:
    """Given a page with scripts in every form, none of them runs and the study continues."""
    scripts = "".join(fill_in(html, attacker) for html in SCRIPTED)
    world.publish({**PAGES, "consent.html": f"<h1>Consent</h1>{scripts}"})

    visit.window.open(link)
    visit.wait_for_heading("Consent")

    assert [path for path in attacker.asked if path.startswith("/loot")] == []
    check_unharmed(visit, door, attacker)


def test_an_injected_script_is_refused(
    door: FrontDoor, visit: StudyWindow, link: str, attacker: Attacker
) -> None:
    """Given scripts that got past the first wall, the frame's policy refuses them in every form."""
    visit.window.open(link)
    visit.wait_for_heading("Consent")

    visit.window.evaluate(INJECT, f"{attacker.url}/script.js", frame=True)

    assert set(read_outcomes(visit).values()) == {"refused"}
    check_unharmed(visit, door, attacker)


def test_an_embedded_page_reads_nothing_and_leads_nowhere(
    world: StudyWorld, door: FrontDoor, visit: StudyWindow, link: str, attacker: Attacker
) -> None:
    """Given an embedded page from elsewhere, which may run scripts, it learns at most the site's name."""
    frame = f'<iframe src="{attacker.url}/embedded" referrerpolicy="unsafe-url" title="film"></iframe>'
    world.publish({**PAGES, "consent.html": f"<h1>Consent</h1>{frame}"})

    visit.window.open(link)
    visit.wait_for_heading("Consent")

    loot = wait_for("the script", lambda: next((path for path in attacker.asked if "/loot" in path), ""))
    for refused in ("top storage", "parent document", "top document", "top address"):
        assert f"{refused}!SecurityError" in loot
    assert not [path for path in attacker.asked if path in ("/left", "/away")]
    check_unharmed(visit, door, attacker)


def test_the_sandbox_has_no_storage_of_the_page(
    visit: StudyWindow, link: str, config: dict[str, str], site: str
) -> None:
    """Given the frame of a study's page, its origin and storage are not those of the page around it."""
    visit.window.open(link)
    visit.wait_for_heading("Consent")

    seen = visit.window.evaluate(
        "try { return JSON.stringify(localStorage); } catch (error) { return error.name; }", frame=True
    )

    own_origin = site.replace("localhost", "127.0.0.1")
    expected = "null" if config["host"] == "sandbox" else own_origin
    assert visit.window.evaluate("return self.origin", frame=True) == expected
    assert "hippo-gym" not in seen
    assert "hippo-gym" in visit.window.evaluate("return JSON.stringify(localStorage)")


def test_scripts_of_other_https_origins_are_refused(visit: StudyWindow, tmp_path: Path) -> None:
    """Given the sandbox over https, where some versions of WebKit take any https origin for `'self'`, its own
    script runs and an injected one does not."""
    make_certificate("localhost").write(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with ExitStack() as stack:
        port = stack.enter_context(open_site({}, tls))
        attacker = stack.enter_context(open_attacker(tls))
        name = FRAME.removeprefix("iframe.")
        outer = (
            "<script>addEventListener('message', ({data}) => { document.title = data.type; })</script>"
            f'<iframe class="{name}" sandbox="allow-scripts" src="https://localhost:{port}/frame.html"></iframe>'
        )
        # WebKit accepts a certificate of our own in a frame only once it has in a tab.
        visit.window.open(f"https://localhost:{port}/base.css")
        visit.window.open(f"data:text/html,{quote(outer)}")
        wait_for("frame.js", lambda: visit.window.evaluate("return document.title") == "ready")

        visit.window.evaluate(INJECT, f"{attacker.url}/script.js", frame=True)

        assert set(read_outcomes(visit).values()) == {"refused"}
        assert attacker.asked == []
