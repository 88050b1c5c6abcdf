"""The participant's page as files: whole, without a build step, and strict about what may run."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

WEB = Path(__file__).parents[3] / "web"
SCRIPTS = sorted(WEB.glob("*.js"))


class Page(HTMLParser):
    """The tags of index.html, and the text in its scripts."""

    def __init__(self):
        super().__init__()
        self.tags, self.inline = [], []
        self.feed((WEB / "index.html").read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Note the tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        """Note text that stands in a script."""
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.inline.append(data)

    def policy(self):
        """The content security policy: directive to its sources."""
        (content,) = (
            attrs["content"] for _, attrs in self.tags if attrs.get("http-equiv") == "Content-Security-Policy"
        )
        return {part.split()[0]: part.split()[1:] for part in content.split(";")}


@pytest.fixture
def page():
    """index.html, parsed."""
    return Page()


def test_only_the_pages_own_scripts_run(page):
    """Given the policy, scripts come from the page's own place only, all else is closed at first."""
    policy = page.policy()

    assert (policy["default-src"], policy["script-src"]) == (["'none'"], ["'self'"])
    assert (policy["form-action"], policy["base-uri"]) == (["'none'"], ["'none'"])


def test_connections_and_styles_that_studies_need_are_allowed(page):
    """Given the policy, the API and game servers can be anywhere, frames may be data, studies have styles."""
    policy = page.policy()

    assert {"http:", "https:", "ws:", "wss:"} <= set(policy["connect-src"])
    assert {"data:", "blob:"} <= set(policy["img-src"])
    assert "'unsafe-inline'" in policy["style-src"]


def test_no_script_stands_in_the_html(page):
    """Given index.html, it holds neither inline scripts nor handlers, which the policy would block."""
    handlers = [name for _, attrs in page.tags for name in attrs if name.startswith("on")]

    assert (page.inline, handlers) == ([], [])


def test_every_file_that_is_named_is_there(page):
    """Given index.html and the scripts, each file that they name exists."""
    named = [attrs["src"] for tag, attrs in page.tags if tag == "script"]
    named += [attrs["href"] for tag, attrs in page.tags if tag == "link" and attrs["rel"] == "stylesheet"]
    for script in SCRIPTS:
        named += re.findall(r'from "\./([\w.]+)"', script.read_text(encoding="utf-8"))

    assert sorted(set(named) - {path.name for path in WEB.iterdir()}) == []
    assert {path.name for path in SCRIPTS} <= set(named)


def test_every_imported_name_is_exported():
    """Given the scripts, each name that one imports is exported by the other."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in SCRIPTS}
    for text in texts.values():
        for names, source in re.findall(r'import \{([^}]*)\} from "\./([\w.]+)"', text):
            exported = re.findall(r"export (?:async )?(?:function|const|class) (\w+)", texts[source])
            assert {name.strip() for name in names.split(",") if name.strip()} <= set(exported)


def test_every_part_that_scripts_look_for_is_in_the_html(page):
    """Given the ids that the scripts find once at the start, each is in index.html."""
    text = (WEB / "views.js").read_text(encoding="utf-8")
    lists = re.findall(r"const (?:IDS|TEMPLATES) = \[([^\]]*)\]", text)
    wanted = {name for found in lists for name in re.findall(r'"([\w-]+)"', found)}

    assert len(lists) == 2
    assert wanted <= {attrs.get("id") for _, attrs in page.tags}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_leaves_no_global_and_builds_no_code(script):
    """Given a script, it sets nothing on the window and makes no code from text."""
    text = script.read_text(encoding="utf-8")

    assert not re.findall(r"window\.\w+ = |globalThis|eval\(|new Function|document\.write|\bvar ", text)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_exported_functions_are_documented(script):
    """Given a script, each thing that it exports has a comment right above it."""
    lines = script.read_text(encoding="utf-8").splitlines()
    exports = [number for number, line in enumerate(lines) if line.startswith("export ")]

    assert [lines[number] for number in exports if not lines[number - 1].rstrip().endswith("*/")] == []


def test_html_of_studies_enters_at_one_place_only():
    """Given the scripts, text becomes HTML in one place: where a study's page is shown."""
    places = [
        path.name for path in SCRIPTS for _ in re.findall(r"innerHTML|insertAdjacentHTML", path.read_text())
    ]

    assert places == ["views.js"]


def test_no_other_address_is_contacted(page):
    """Given the page's own files, none names an address outside."""
    texts = [path.read_text(encoding="utf-8") for path in WEB.iterdir() if path.is_file()]

    assert [found for text in texts for found in re.findall(r"https?://\w+", text)] == []
