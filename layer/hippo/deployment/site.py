"""The participant's page on the site: its files, their content types, and their publication."""

from collections.abc import Callable, Iterator
from pathlib import Path

from hippo.aws.site_bucket import SiteBucket
from hippo.deployment.frame_page import read_page_file
from hippo.errors import HippoError
from hippo.stored_json import format_json
from hippo.studies.media import MEDIA_FOLDER

# Browsers run a module, and use a style sheet, only if its type is right.
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
# Names stay the same from release to release, so browsers must ask each time whether a file has changed.
CACHE_CONTROL = "no-cache"
INDEX = "index.html"
CONFIG = "config.json"
# The folder of the layer that contains this module, which Lambda unpacks next to the page.
_NOT_THE_PAGE = "python"


class NoPageError(HippoError):
    """The files of the page are missing."""


def find_page_files(folder: Path) -> dict[str, Path]:
    """Return the files of the page by key, index.html last: the files that it names are published before it.

    Raises NoPageError if there is no index.html.
    """
    keys = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    page = {key: path for key, path in keys.items() if _belongs(key)}
    if INDEX not in page:
        raise NoPageError(f"{folder} does not contain {INDEX}. Build the site's layer from web/.")
    page[INDEX] = page.pop(INDEX)
    return page


def build_config(next_url: str, pages_url: str) -> bytes:
    """Return config.json: the URL of the API, and the origin that shows researchers' pages, if any."""
    return format_json({"nextUrl": next_url, "pagesUrl": pages_url or None})


def choose_type(key: str) -> str:
    """Return the content type of a file of the page."""
    return PAGE_TYPES.get(Path(key).suffix.lower(), OTHER_TYPE)


def publish_page(
    bucket: SiteBucket, page: dict[str, Path], config: bytes, report: Callable[[str], None]
) -> None:
    """Put the page and its config.json into the bucket, then remove files that no longer belong to it.

    Studies' media stay. `report` is called with each key that is removed. Raises AwsError,
    and FramePageError.
    """
    bucket.put(CONFIG, config, choose_type(CONFIG), CACHE_CONTROL)
    for key, path in page.items():
        bucket.put(key, read_page_file(path), choose_type(key), CACHE_CONTROL)
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
