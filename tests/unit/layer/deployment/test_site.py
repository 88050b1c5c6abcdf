"""The page's files on the site: which they are, their types, and the removal of others."""

import json
from pathlib import Path

import pytest

from hippo.aws.s3 import ListedObject
from hippo.deployment.frame_page import build_frame
from hippo.deployment.site import NoPageError, build_config, choose_type, find_page_files, publish_page
from tests.support.paths import ROOT


class FakeSite:
    """A site's bucket in memory: key to (body, type, caching), and the order of operations."""

    def __init__(self, *keys: str) -> None:
        self.objects = {key: (b"old", "old", "old") for key in keys}
        self.done: list[str] = []

    def put(self, key: str, body: bytes, content_type: str, cache_control: str) -> None:
        """Store the object."""
        self.objects[key] = (body, content_type, cache_control)
        self.done.append(f"put {key}")

    def delete(self, key: str) -> None:
        """Delete the object."""
        del self.objects[key]
        self.done.append(f"delete {key}")

    def list_tree(self, prefix: str) -> list[ListedObject]:
        """Yield all keys below a prefix."""
        return [ListedObject(key, 0, "") for key in self.objects if key.startswith(prefix)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Create /opt as Lambda does: the page, and the layer that the function shares with others."""
    for name in ("index.html", "main.js", "pictures/logo.svg", "python/hippo/site.py", ".DS_Store"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def publish(folder: Path, site: FakeSite) -> list[str]:
    """Publish the folder's files; return the keys that are reported as removed."""
    removed: list[str] = []
    publish_page(site, find_page_files(folder), b"{}", removed.append)  # type: ignore[arg-type]  # a fake
    return removed


def test_page_is_all_files_but_the_shared_layer(folder: Path) -> None:
    """Given /opt, the page's files are found in their folders, without python/ and hidden files."""
    assert list(find_page_files(folder)) == ["main.js", "pictures/logo.svg", "index.html"]


@pytest.mark.parametrize("name", ["config.json", "media/p/x.png"])
def test_files_that_would_replace_others_are_left_out(folder: Path, name: str) -> None:
    """Given a config.json or a folder media/ in web/, neither replaces the one on the site."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("x")

    assert name not in find_page_files(folder)


def test_folder_without_a_page_is_refused(tmp_path: Path) -> None:
    """Given no index.html, the error names the folder, and the site is not emptied."""
    with pytest.raises(NoPageError, match=str(tmp_path)):
        find_page_files(tmp_path)


def test_files_are_put_with_type_and_asked_for_each_time(folder: Path) -> None:
    """Given the page, each file has its type, and browsers ask whether it has changed."""
    site = FakeSite()

    publish(folder, site)

    assert site.objects == {
        "config.json": (b"{}", "application/json", "no-cache"),
        "index.html": (b"index.html", "text/html; charset=utf-8", "no-cache"),
        "main.js": (b"main.js", "text/javascript; charset=utf-8", "no-cache"),
        "pictures/logo.svg": (b"pictures/logo.svg", "image/svg+xml", "no-cache"),
    }


def test_index_comes_last_and_removal_after_it(folder: Path) -> None:
    """Given a new release, a browser that loads the page meanwhile finds what its index.html names."""
    site = FakeSite("old.js")

    publish(folder, site)

    assert site.done[0] == "put config.json"
    assert site.done[-2:] == ["put index.html", "delete old.js"]


def test_what_is_gone_is_removed_and_media_stay(folder: Path) -> None:
    """Given files of an earlier release and media of studies, the former are removed and reported."""
    site = FakeSite("old.js", "pictures/old.svg", "media/p/0123.png", "main.js")

    assert sorted(publish(folder, site)) == ["old.js", "pictures/old.svg"]
    assert "media/p/0123.png" in site.objects


@pytest.mark.parametrize(("pages_url", "expected"), [("https://d1.cloudfront.net/",) * 2, ("", None)])
def test_config_names_api_and_pages(pages_url: str, expected: str | None) -> None:
    """Given the URLs, config.json has them; without an origin for pages it has null."""
    config = json.loads(build_config("https://api/next", pages_url))

    assert config == {"nextUrl": "https://api/next", "pagesUrl": expected}


def test_frame_is_published_with_its_script_inside() -> None:
    """Given web/ as it is, frame.html is published with frame.js in it, and every other file unchanged."""
    site = FakeSite()

    publish(ROOT / "web", site)

    published = {key: body for key, (body, _, _) in site.objects.items() if key != "config.json"}
    changed = [key for key, body in published.items() if body != (ROOT / "web" / key).read_bytes()]
    assert changed == ["frame.html"]
    assert published["frame.html"] == build_frame(ROOT / "web/frame.html")


def test_every_file_of_the_page_has_a_known_type() -> None:
    """Given web/ as it is, no file is served as a download."""
    files = find_page_files(ROOT / "web")

    assert [name for name in files if choose_type(name) == "application/octet-stream"] == []
