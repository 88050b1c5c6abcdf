"""The publication of media: which files, their names, and the warnings."""

from typing import Any

import pytest

from hippo.aws.s3 import ListedObject
from hippo.studies.media import CACHE_CONTROL, CONTENT_TYPES, MediaPublisher, media_key, read_suffix
from tests.support.fakes import FakeObjectStore

PROJECT, SITE = "p", "https://site.example"


class FakeSite:
    """A site's bucket that notes its copies: key to (bucket, source, type, caching)."""

    bucket = "site"

    def __init__(self) -> None:
        self.copies: dict[str, tuple[str, str, str, str]] = {}
        self.calls: list[str] = []

    def list_tree(self, prefix: str) -> list[ListedObject]:
        """Return what has been copied below a prefix."""
        self.calls.append(f"list {prefix}")
        return [ListedObject(key, 0, "") for key in self.copies if key.startswith(prefix)]

    def copy(self, bucket: str, source: ListedObject, key: str, content_type: str, caching: str) -> None:
        """Note the copy."""
        self.calls.append(f"copy {source.key}")
        self.copies[key] = (bucket, source.key, content_type, caching)


@pytest.fixture
def store() -> FakeObjectStore:
    """Return a project's bucket with two pictures and a film, in folders and not."""
    bucket = FakeObjectStore("data")
    for path, body in {"car.png": b"car", "films/Drive One.MP4": b"film", "B\u00e4r.png": b"bear"}.items():
        bucket.objects[f"{PROJECT}/_media/{path}"] = body
    return bucket


def publish(store: FakeObjectStore, site: Any, **files: str) -> tuple[dict[str, str], list[str]]:
    """Publish pages, `page` being page.html."""
    texts = {f"{name}.html": text for name, text in files.items()}
    return MediaPublisher(site, SITE).publish(store, PROJECT, texts)  # type: ignore[arg-type]  # a fake


def test_a_picture_is_copied_and_its_address_written(store: FakeObjectStore) -> None:
    """Given an existing picture, the page has its address on the site, named by hash and suffix."""
    site = FakeSite()

    files, warnings = publish(store, site, page='<p>\n<img src="./car.png">')

    ((key, copied),) = site.copies.items()
    assert files == {"page.html": f'<p>\n<img src="{SITE}/{key}">'}
    assert copied == ("data", "p/_media/car.png", "image/png", CACHE_CONTROL)
    assert warnings == []


def test_suffixes_count_in_any_case(store: FakeObjectStore) -> None:
    """Given `.MP4`, it is published as a film, under a name in lower case."""
    site = FakeSite()

    publish(store, site, page='<video src="films/Drive%20One.MP4">')

    ((key, copied),) = site.copies.items()
    assert key.endswith(".mp4")
    assert copied[2] == "video/mp4"


def test_a_name_is_found_in_either_spelling_of_its_letters(store: FakeObjectStore) -> None:
    """Given ä as one character in the file's name and as two (as macOS writes it) in the page, it is
    found."""
    site = FakeSite()

    _, warnings = publish(store, site, page='<img src="Ba\u0308r.png">')

    assert warnings == []
    assert len(site.copies) == 1


def test_the_same_picture_twice_is_one_copy(store: FakeObjectStore) -> None:
    """Given one picture on two pages and a second file with the same content, there are one copy and one
    address."""
    store.objects[f"{PROJECT}/_media/other/same.png"] = b"car"
    site = FakeSite()

    files, _ = publish(
        store, site, a='<img src="car.png"><img src="car.png">', b='<img src="other/same.png">'
    )

    assert len(site.copies) == 1
    assert site.calls == ["list media/p/", "copy p/_media/car.png"]
    (key,) = site.copies
    assert [text.count(key) for text in files.values()] == [2, 1]


def test_nothing_is_copied_again(store: FakeObjectStore) -> None:
    """Given a picture that was published before, it is not copied, and the text is the same."""
    site = FakeSite()
    first = publish(store, site, page='<img src="car.png">')
    site.calls.clear()

    assert publish(store, site, page='<img src="car.png">') == first
    assert site.calls == ["list media/p/"]


def test_another_content_has_another_name() -> None:
    """Given different content, the key differs; the same content under another path has the same key."""
    entries = [ListedObject("x", 3, '"1"'), ListedObject("x", 3, '"2"'), ListedObject("x", 4, '"1"')]
    keys = {media_key(PROJECT, "x.png", entry) for entry in entries}

    assert len(keys) == 3
    assert media_key(PROJECT, "folder/y.PNG", entries[0]) in keys
    assert all(len(key.split("/")[-1]) == 20 + len(".png") for key in keys)


class UntouchedSite:
    """A site's bucket that must not be called."""

    bucket = "site"


def test_pages_without_references_cost_no_call() -> None:
    """Given only absolute URLs, neither bucket is read and the texts are unchanged."""
    texts = {"page.html": '<img src="https://x/y.png"><a href="#z">'}
    site, store = UntouchedSite(), object()

    published = MediaPublisher(site, SITE).publish(store, PROJECT, texts)  # type: ignore[arg-type]

    assert published == (texts, [])


def test_unpublishable_files_are_unchanged_and_reported(store: FakeObjectStore) -> None:
    """Given a missing file, a path out of the study and an unknown type, each causes a warning with page
    and file."""
    text = '<img src="gone.png"><img src="gone.png"><img src="../car.png"><a href="notes.docx">'

    files, warnings = publish(store, FakeSite(), consent=text)

    assert files == {"consent.html": text}
    known = " ".join(sorted(CONTENT_TYPES))
    assert warnings == [
        "consent.html: ../car.png: left as it is, because .. leads out of the study",
        f"consent.html: notes.docx: left as it is, because it does not end in one of {known}",
        "consent.html: gone.png: not found in s3://data/p/_media/",
    ]


def test_a_style_sheet_is_published_like_a_page(store: FakeObjectStore) -> None:
    """Given url() in the css file, it has the address."""
    site = FakeSite()
    publisher = MediaPublisher(site, SITE)  # type: ignore[arg-type]  # a fake

    files, _ = publisher.publish(store, PROJECT, {"style.css": "p{background:url(car.png)}"})  # type: ignore[arg-type]

    (key,) = site.copies
    assert files == {"style.css": f"p{{background:url({SITE}/{key})}}"}


@pytest.mark.parametrize(("bucket", "url"), [("", SITE), ("site", "")])
def test_without_a_site_there_is_one_warning(store: FakeObjectStore, bucket: str, url: str) -> None:
    """Given no site, references are unchanged, with one warning that names the pages."""
    site: Any = FakeSite()
    site.bucket = bucket
    texts = {"a.html": '<img src="car.png">', "b.html": "<p>", "c.html": '<img src="x.png"><img src="y.png">'}

    files, warnings = MediaPublisher(site, url).publish(store, PROJECT, texts)  # type: ignore[arg-type]

    assert files == texts
    assert warnings == [
        "a.html, c.html: relative references are left as they are: this deployment has no site"
    ]
    assert site.calls == []


def test_every_kind_has_a_type_that_browsers_know() -> None:
    """Given the table, suffixes are in lower case and none is of a page or a script."""
    assert all(read_suffix(f"x{suffix}") == suffix for suffix in CONTENT_TYPES)
    families = {kind.split("/")[0] for kind in CONTENT_TYPES.values()}
    assert families == {"application", "audio", "font", "image", "text", "video"}
    assert {kind for kind in CONTENT_TYPES.values() if kind.startswith(("text", "application"))} == {
        "application/pdf",
        "text/vtt; charset=utf-8",
    }
