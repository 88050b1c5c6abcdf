"""The participant's page as files: whole, without a build step, and strict about what may run."""

import re
from html.parser import HTMLParser

import pytest

from tests.support.paths import ROOT

WEB = ROOT / "web"
SCRIPTS = sorted(WEB.rglob("*.js"))
DOCUMENTS = ("index.html", "frame.html")


class Page(HTMLParser):
    """The tags of a document, and the text in its scripts."""

    def __init__(self, name):
        super().__init__()
        self.tags, self.inline = [], []
        self.feed((WEB / name).read_text(encoding="utf-8"))

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

    def files(self):
        """The scripts and style sheets that it names."""
        named = [attrs["src"] for tag, attrs in self.tags if tag == "script"]
        links = [attrs for tag, attrs in self.tags if tag == "link" and attrs["rel"] == "stylesheet"]
        return named + [attrs["href"] for attrs in links if "href" in attrs]


def name_of(path):
    """The path of a file of the page below web/, as documents name it."""
    return path.relative_to(WEB).as_posix()


def find_name(script, source):
    """The path below web/ of what a script imports as `source`."""
    return name_of((script.parent / source).resolve())


@pytest.fixture
def page():
    """index.html, parsed."""
    return Page("index.html")


@pytest.fixture(params=DOCUMENTS)
def document(request):
    """index.html, and frame.html for the sandbox."""
    return Page(request.param)


def test_only_the_pages_own_scripts_run(document):
    """Given the policy, scripts come from the page's own place only, all else is closed at first."""
    policy = document.policy()

    assert (policy["default-src"], policy["script-src"]) == (["'none'"], ["'self'"])
    assert (policy["form-action"], policy["base-uri"]) == (["'none'"], ["'none'"])


def test_connections_and_styles_that_studies_need_are_allowed(page):
    """Given the policy, the API and game servers can be anywhere, frames may be data, studies have
    styles."""
    policy = page.policy()

    assert {"http:", "https:", "ws:", "wss:"} <= set(policy["connect-src"])
    assert {"data:", "blob:"} <= set(policy["img-src"])
    assert "'unsafe-inline'" in policy["style-src"]


def test_the_sandbox_connects_to_nothing():
    """Given a researcher's page, its pictures, films and players may be anywhere, but nothing can be
    fetched."""
    policy = Page("frame.html").policy()

    assert {"connect-src", "worker-src"} & set(policy) == set()
    assert {"img-src", "media-src", "frame-src", "style-src"} <= set(policy)


def test_no_script_stands_in_the_html(document):
    """Given a document, it holds neither inline scripts nor handlers, which the policy would block."""
    handlers = [name for _, attrs in document.tags for name in attrs if name.startswith("on")]

    assert (document.inline, handlers) == ([], [])


def test_every_file_that_is_named_is_there():
    """Given the documents and the scripts, each file that they name exists, and each script is named."""
    named = [name for document in DOCUMENTS for name in Page(document).files()]
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        imported = re.findall(r'from "([\w./]+)"', text) + re.findall(
            r'new URL\("([\w.]+)", import\.meta', text
        )
        named += [find_name(script, source) for source in imported]

    assert sorted(set(named) - {name_of(path) for path in WEB.rglob("*")}) == []
    assert {name_of(path) for path in SCRIPTS} <= set(named)


def test_every_module_is_asked_for_at_once(page):
    """Given the document, it preloads each module that main.js needs, so that a slow line waits once."""
    preloaded = [attrs["href"] for tag, attrs in page.tags if attrs.get("rel") == "modulepreload"]
    elsewhere = {"main.js", "frame.js", "game/decoder.js"}  # the entry, the sandbox's, the worker's

    assert sorted(preloaded) == sorted({name_of(path) for path in SCRIPTS} - elsewhere)


def test_every_imported_name_is_exported():
    """Given the scripts, each name that one imports is exported by the other."""
    texts = {name_of(path): path.read_text(encoding="utf-8") for path in SCRIPTS}
    for name, text in texts.items():
        for names, source in re.findall(r'import \{([^}]*)\} from "([\w./]+)"', text):
            exporter = texts[find_name(WEB / name, source)]
            exported = re.findall(r"export (?:async )?(?:function|const|class) (\w+)", exporter)
            assert {name.strip() for name in names.split(",") if name.strip()} <= set(exported)


def test_every_part_that_scripts_look_for_is_in_the_html(page):
    """Given the ids that the scripts find once at the start, each is in index.html."""
    text = (WEB / "views.js").read_text(encoding="utf-8")
    lists = re.findall(r"const (?:IDS|TEMPLATES) = \[([^\]]*)\]", text)
    wanted = {name for found in lists for name in re.findall(r'"([\w-]+)"', found)}

    assert len(lists) == 2
    assert wanted <= {attrs.get("id") for _, attrs in page.tags}


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_script_leaves_no_global_and_builds_no_code(script):
    """Given a script, it sets nothing on the window and makes no code from text."""
    text = script.read_text(encoding="utf-8")

    assert not re.findall(r"window\.\w+ = |globalThis|eval\(|new Function|document\.write|\bvar ", text)


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_exported_functions_are_documented(script):
    """Given a script, each thing that it exports has a comment right above it."""
    lines = script.read_text(encoding="utf-8").splitlines()
    exports = [number for number, line in enumerate(lines) if line.startswith("export ")]

    assert [lines[number] for number in exports if not lines[number - 1].rstrip().endswith("*/")] == []


def test_html_of_studies_enters_at_one_place_only():
    """Given the scripts, text becomes HTML in one place: in the sandbox, where a study's page is shown."""
    places = [
        path.name for path in SCRIPTS for _ in re.findall(r"innerHTML|insertAdjacentHTML", path.read_text())
    ]

    assert places == ["frame.js"]


def test_no_other_address_is_contacted(page):
    """Given the page's own files, none names an address outside."""
    texts = [path.read_text(encoding="utf-8") for path in WEB.rglob("*") if path.is_file()]

    assert [found for text in texts for found in re.findall(r"https?://\w+", text)] == []


def read_texts():
    """The texts of the page: language to key to text."""
    source = (WEB / "texts.js").read_text(encoding="utf-8")
    blocks = re.split(r"^  (\w+): \{$", source[: source.index("\n};")], flags=re.MULTILINE)[1:]
    return {
        language: dict(re.findall(r'^    (\w+):\s+"((?:[^"\\]|\\.)*)",$', block, flags=re.MULTILINE))
        for language, block in zip(blocks[::2], blocks[1::2], strict=True)
    }


def test_every_language_has_every_text_with_the_same_places():
    """Given the file of texts, each language has the same keys, and the same places to fill in under each."""
    texts = read_texts()
    places = {
        language: {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in entries.items()}
        for language, entries in texts.items()
    }

    assert set(texts) == {"en", "fr"}
    assert len(texts["en"]) > 60
    assert places["fr"] == places["en"]


def test_every_text_is_used_and_every_text_that_is_used_is_there():
    """Given the scripts and documents, the keys that they name are those of the texts."""
    known = set(read_texts()["en"])
    sources = [path for path in [*SCRIPTS, WEB / "index.html"] if path.name != "texts.js"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    said = set(re.findall(r'\bsay\(\s*"(\w+)"', text)) | set(re.findall(r'data-text="(\w+)"', text))

    assert said - known == set()
    named = set(re.findall(r"\w+", text))
    # `say` is given these in parts: a reason, the name of a button, of a group of them.
    made = {key for key in known if key.startswith(("refused_", "gameButton_"))}
    made |= {"gameSteering", "gameCommands", "gameSliders"}
    assert known - named - made == set()
