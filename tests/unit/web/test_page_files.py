"""The files of the participant's page: complete, without a build step, and strict about what may run."""

import re
from html.parser import HTMLParser

import pytest

from hippo.errors import BadRequestError
from hippo.http import MAX_BODY_BYTES, parse_request
from hippo.journey import platform_pages
from hippo.records.participant import FULL_RECORD
from hippo_cli.markup.page import parse_page
from hippo_cli.markup.untouched import is_answered_untouched
from tests.support.paths import ROOT

WEB = ROOT / "web"
SCRIPTS = sorted(WEB.rglob("*.js"))
INPUT_TYPES = (
    *("button", "checkbox", "color", "date", "datetime-local", "email", "file", "hidden", "image", "month"),
    *(
        "number",
        "password",
        "radio",
        "range",
        "reset",
        "search",
        "submit",
        "tel",
        "text",
        "time",
        "url",
        "week",
    ),
)
DOCUMENTS = ("index.html", "frame.html")


class Page(HTMLParser):
    """The tags of a document, and the text in its scripts."""

    def __init__(self, name):
        super().__init__()
        self.tags, self.inline, self.template = [], [], ""
        self.feed((WEB / name).read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Note the tag, and the template that contains it."""
        if tag == "template":
            self.template = dict(attrs)["id"]
        self.tags.append((tag, {**dict(attrs), "in template": self.template}))

    def handle_endtag(self, tag):
        """Note the end of a template."""
        if tag == "template":
            self.template = ""

    def handle_data(self, data):
        """Note the text of a script."""
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.inline.append(data)

    def policy(self):
        """Return the sources of each directive of the content security policy."""
        (content,) = (
            attrs["content"] for _, attrs in self.tags if attrs.get("http-equiv") == "Content-Security-Policy"
        )
        return {part.split()[0]: part.split()[1:] for part in content.split(";")}

    def files(self):
        """Return the scripts and style sheets that it names."""
        named = [attrs["src"] for tag, attrs in self.tags if tag == "script"]
        links = [attrs for tag, attrs in self.tags if tag == "link" and attrs["rel"] == "stylesheet"]
        return named + [attrs["href"] for attrs in links if "href" in attrs]

    def preloaded(self, template=""):
        """Return the modules that it preloads, at once or when a template's content is added."""
        links = [attrs for _, attrs in self.tags if attrs.get("rel") == "modulepreload"]
        return sorted(attrs["href"] for attrs in links if attrs["in template"] == template)


def name_of(path):
    """Return the path of a file below web/, as documents name it."""
    return path.relative_to(WEB).as_posix()


def list_imports(name):
    """Return the scripts that a script imports as it is loaded, and those that these import."""
    found, waiting = set(), [WEB / name]
    while waiting:
        script = waiting.pop()
        sources = re.findall(r'from "([\w./]+)"', script.read_text(encoding="utf-8"))
        new = {find_name(script, source) for source in sources} - found
        found |= new
        waiting += [WEB / imported for imported in new]
    return found


def find_name(script, source):
    """Return the path below web/ of what a script imports as `source`."""
    return name_of((script.parent / source).resolve())


@pytest.fixture
def page():
    """Return index.html, parsed."""
    return Page("index.html")


@pytest.fixture(params=DOCUMENTS)
def document(request):
    """Return index.html, and then frame.html for the sandbox."""
    return Page(request.param)


def test_only_the_pages_own_scripts_run(document):
    """Given the policy, scripts come only from the page's own origin, and everything else is denied by
    default."""
    policy = document.policy()

    assert (policy["default-src"], policy["script-src"]) == (["'none'"], ["'self'"])
    assert (policy["form-action"], policy["base-uri"]) == (["'none'"], ["'none'"])


def test_connections_and_styles_that_studies_need_are_allowed(page):
    """Given the policy, the API and game servers can be anywhere, pictures may be data, and studies may
    have styles."""
    policy = page.policy()

    assert {"http:", "https:", "ws:", "wss:"} <= set(policy["connect-src"])
    assert {"data:", "blob:"} <= set(policy["img-src"])
    assert "'unsafe-inline'" in policy["style-src"]


def test_the_sandbox_connects_to_nothing():
    """Given a researcher's page, its pictures, films and players may be anywhere, but it cannot fetch."""
    policy = Page("frame.html").policy()

    assert {"connect-src", "worker-src"} & set(policy) == set()
    assert {"img-src", "media-src", "frame-src", "style-src"} <= set(policy)


def test_html_has_no_inline_scripts(document):
    """Given a document, it has neither inline scripts nor handlers, which the policy would block."""
    handlers = [name for _, attrs in document.tags for name in attrs if name.startswith("on")]

    assert (document.inline, handlers) == ([], [])


def test_the_page_knows_the_largest_body():
    """Given the API's limit for a body and its text, the page's client has the same."""
    script = (WEB / "api.js").read_text(encoding="utf-8")

    assert f"const MOST_BYTES = {MAX_BODY_BYTES // 1024} * 1024;" in script
    event = {"httpMethod": "POST", "body": "x" * (MAX_BODY_BYTES + 1)}
    with pytest.raises(BadRequestError) as refusal:
        parse_request(event)
    assert f'const TOO_LARGE = "{refusal.value}";' in script


def test_the_page_knows_the_text_of_a_full_record():
    """Given the API's text for a record without room, the page's client has the same."""
    script = (WEB / "api.js").read_text(encoding="utf-8")

    assert f'const FULL_RECORD = "{FULL_RECORD}";' in script


def test_the_frame_and_the_check_agree_on_untouched_controls():
    """Given each type of control, the page marks it when it is not touched if the check warns about it."""
    script = (WEB / "frame.js").read_text(encoding="utf-8")
    listed = re.search(r"const CHOOSING = \[([^\]]*)\]", script)
    marked = set(re.findall(r'"([\w-]+)"', listed[1])) | {"select"}
    html = "".join(f"<input type={kind} value=1 checked>" for kind in INPUT_TYPES)
    html += "<select><option>x</select><textarea>x</textarea>"

    assert {tag.kind for tag in parse_page(html).tags if is_answered_untouched(tag)} == marked


def test_every_named_file_exists():
    """Given the documents and the scripts, each file that they name exists, and each script is named."""
    named = [name for document in DOCUMENTS for name in Page(document).files()]
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        patterns = (
            r'from "([\w./]+)"',
            r'await.*import\("([\w./]+)"\)',
            r'new URL\("([\w.]+)", import\.meta',
        )
        imported = [source for pattern in patterns for source in re.findall(pattern, text)]
        named += [find_name(script, source) for source in imported]

    assert sorted(set(named) - {name_of(path) for path in WEB.rglob("*")}) == []
    assert {name_of(path) for path in SCRIPTS} <= set(named)


def test_every_module_is_preloaded(page):
    """Given the document, it preloads each module that main.js imports, so a slow connection waits once."""
    assert page.preloaded() == sorted(list_imports("main.js"))


def test_modules_of_the_game_are_loaded_when_it_is_near(page):
    """Given the document, no file of the game is in its head; its modules load together when added."""
    first = list_imports("main.js")
    links = [attrs for tag, attrs in page.tags if tag == "link" and attrs["in template"] == ""]

    assert not [name for name in first if name.startswith("game/")]
    assert not [attrs for attrs in links if attrs.get("href", "").startswith("game/")]
    assert page.preloaded("game-files") == sorted({"game/game.js", *list_imports("game/game.js")} - first)


def test_the_configuration_is_loaded_with_the_modules(page):
    """Given the document, it preloads config.json in the way in which api.js reads it."""
    (link,) = (attrs for _, attrs in page.tags if attrs.get("href") == "config.json")

    assert (link["rel"], link["as"], "crossorigin" in link) == ("preload", "fetch", True)
    assert 'fetchPatiently(new URL("config.json", document.baseURI), {}, onTrouble)' in (
        WEB / "api.js"
    ).read_text(encoding="utf-8")


def test_every_imported_name_is_exported():
    """Given the scripts, each imported name is exported by the other script."""
    texts = {name_of(path): path.read_text(encoding="utf-8") for path in SCRIPTS}
    for name, text in texts.items():
        for names, source in re.findall(r'import \{([^}]*)\} from "([\w./]+)"', text):
            exporter = texts[find_name(WEB / name, source)]
            exported = re.findall(r"export (?:async )?(?:function|const|class) (\w+)", exporter)
            assert {name.strip() for name in names.split(",") if name.strip()} <= set(exported)


def test_every_part_that_scripts_look_for_is_in_the_html(page):
    """Given the ids that the scripts look up at the start, each is in index.html."""
    text = (WEB / "views.js").read_text(encoding="utf-8")
    lists = re.findall(r"const (?:IDS|TEMPLATES) = \[([^\]]*)\]", text)
    wanted = {name for found in lists for name in re.findall(r'"([\w-]+)"', found)}

    assert len(lists) == 2
    assert wanted <= {attrs.get("id") for _, attrs in page.tags}


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_script_leaves_no_global_and_builds_no_code(script):
    """Given a script, it sets nothing on the window and builds no code from text."""
    text = script.read_text(encoding="utf-8")

    assert not re.findall(r"window\.\w+ = |globalThis|eval\(|new Function|document\.write|\bvar ", text)


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_exported_functions_are_documented(script):
    """Given a script, each of its exports has a comment directly above it."""
    lines = script.read_text(encoding="utf-8").splitlines()
    exports = [number for number, line in enumerate(lines) if line.startswith("export ")]

    assert [lines[number] for number in exports if not lines[number - 1].rstrip().endswith("*/")] == []


def test_html_of_studies_is_inserted_only_in_the_sandbox():
    """Given the scripts, text becomes HTML only in the sandbox, where a study's page is shown."""
    scripts = [
        path.name for path in SCRIPTS for _ in re.findall(r"innerHTML|insertAdjacentHTML", path.read_text())
    ]

    assert scripts == ["frame.js"]


def test_no_other_address_is_contacted(page):
    """Given the page's own files, none names an external address."""
    texts = [path.read_text(encoding="utf-8") for path in WEB.rglob("*") if path.is_file()]

    assert [found for text in texts for found in re.findall(r"https?://\w+", text)] == []


def read_texts():
    """Return the texts of the page by language and key."""
    source = (WEB / "texts.js").read_text(encoding="utf-8")
    blocks = re.split(r"^  (\w+): \{$", source[: source.index("\n};")], flags=re.MULTILINE)[1:]
    return {
        language: dict(re.findall(r'^    (\w+):\s+"((?:[^"\\]|\\.)*)",$', block, flags=re.MULTILINE))
        for language, block in zip(blocks[::2], blocks[1::2], strict=True)
    }


def test_every_language_has_every_text_with_the_same_placeholders():
    """Given the file of texts, each language has the same keys with the same placeholders."""
    texts = read_texts()
    placeholders = {
        language: {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in entries.items()}
        for language, entries in texts.items()
    }

    assert set(texts) == {"en", "fr"}
    assert len(texts["en"]) > 60
    assert placeholders["fr"] == placeholders["en"]


def test_every_text_is_used_and_every_used_text_exists():
    """Given the scripts and documents, the keys that they name are those of the texts."""
    known = set(read_texts()["en"])
    sources = [path for path in [*SCRIPTS, WEB / "index.html"] if path.name != "texts.js"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    used = set(re.findall(r'\btranslate\(\s*"(\w+)"', text)) | set(re.findall(r'data-text="(\w+)"', text))

    assert used - known == set()
    named = set(re.findall(r"\w+", text))
    # The scripts build these keys from a reason, or the name of a button or of a group of buttons.
    built = {key for key in known if key.startswith(("refused_", "gameButton_"))}
    built |= {"gameSteering", "gameCommands", "gameSliders"}
    assert known - named - built == set()


def test_refusals_have_one_wording():
    """Given a reason for a refusal, the platform's page and the front end word it the same way."""
    texts = read_texts()["en"]
    refusals = {f"refused_{reason}": " ".join(parts) for reason, parts in platform_pages.REFUSALS.items()}

    assert {key: text for key, text in texts.items() if key.startswith("refused_")} == refusals
    assert texts["refusedTitle"] == platform_pages.REFUSED_TITLE


def test_trouble_has_one_wording():
    """Given a missing page, a failed server or an ended game, both front ends word it the same way."""
    texts = read_texts()["en"]

    assert (texts["missingTitle"], texts["missingText"]) == (
        platform_pages.MISSING_TITLE,
        platform_pages.MISSING_TEXT,
    )
    failed = f"{texts['failedText']} {texts['failedFinal']}"
    assert (texts["failedTitle"], failed) == (platform_pages.FAILED_TITLE, platform_pages.FAILED_TEXT)
    assert texts["failedRetry"] == platform_pages.TRY_AGAIN
    assert texts["endedTitle"] == platform_pages.ENDED_TITLE
    assert texts["endedText"].startswith(platform_pages.ENDED_TEXT)
