"""The participant's page on the site: which files it is, as what they are served, and how they get there."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from hippo.aws.site_bucket import SiteBucket
from hippo.errors import HippoError
from hippo.studies.media import MEDIA_FOLDER

# Browsers run a module, and use a style sheet, only under its right type.
PAGE_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
OTHER_TYPE = "application/octet-stream"
# Names stay the same from release to release, so browsers ask each time whether something has changed.
CACHE_CONTROL = "no-cache"
INDEX = "index.html"
CONFIG = "config.json"
# Where Lambda puts the layer that holds this module, beside the page.
_NOT_THE_PAGE = "python"


class NoPageError(HippoError):
    """The files of the page are not where they should be."""


def find_page_files(folder: Path) -> dict[str, Path]:
    """The files of the page by their keys, index.html last: what it names is there before it.

    Raises NoPageError if there is no index.html.
    """
    keys = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    page = {key: path for key, path in keys.items() if _belongs(key)}
    if INDEX not in page:
        raise NoPageError(f"{folder} holds no {INDEX}: the site's layer has to be made of web/")
    page[INDEX] = page.pop(INDEX)
    return page


def build_config(next_url: str, pages_url: str) -> bytes:
    """config.json: where the page finds the API, and the origin that shows researchers' pages, if any."""
    return json.dumps({"nextUrl": next_url, "pagesUrl": pages_url or None}).encode()


def choose_type(key: str) -> str:
    """The content type of a file of the page."""
    return PAGE_TYPES.get(Path(key).suffix.lower(), OTHER_TYPE)


def publish_page(
    bucket: SiteBucket, page: dict[str, Path], config: bytes, report: Callable[[str], None]
) -> None:
    """Put the page and its config.json into the bucket, then remove what is no part of it any more.

    Studies' media are left alone. `report` is told each key that is removed. Raises AwsError.
    """
    bucket.put(CONFIG, config, choose_type(CONFIG), CACHE_CONTROL)
    for key, path in page.items():
        bucket.put(key, path.read_bytes(), choose_type(key), CACHE_CONTROL)
    for key in list(_find_gone(bucket, {*page, CONFIG})):
        bucket.delete(key)
        report(key)


def _find_gone(bucket: SiteBucket, kept: set[str]) -> Iterator[str]:
    for entry in bucket.list_tree(""):
        if entry.key not in kept and not entry.key.startswith(MEDIA_FOLDER):
            yield entry.key


def _belongs(key: str) -> bool:
    parts = key.split("/")
    hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
    return not hidden and parts[0] not in (_NOT_THE_PAGE, MEDIA_FOLDER.rstrip("/")) and key != CONFIG
