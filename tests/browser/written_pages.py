"""Pages as researchers wrote them for the existing front end, and the pictures and players that they name."""

import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Route

FOLDER = Path(__file__).parent / "written_pages"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.html"))}
_PICTURE = """
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
<rect width="100%" height="100%" fill="#e8f0f7" stroke="#164a79" stroke-width="6"/>
<path d="M0 0 L{width} {height} M{width} 0 L0 {height}" stroke="#9fb6cc" stroke-width="3"/>
{lines}</svg>"""
_LINE = '<text x="5%" y="{y}" font-size="{size}">Harbour {number}: +12, -5, +48 (as large as print)</text>'


def draw_picture(width: int, height: int) -> str:
    """Return an SVG picture of this size, with lines of text that are legible at this size."""
    size = max(width // 60, 10)
    lines = [
        _LINE.format(y=y, size=size, number=number)
        for number, y in enumerate(range(3 * size, height, 5 * size), 1)
    ]
    return _PICTURE.format(width=width, height=height, lines="".join(lines))


def serve_media(context: BrowserContext) -> None:
    """Respond in place of the hosts of pictures and players."""
    context.route("https://pictures.example/**", _send_picture)
    context.route("https://films.example/**", _send_player)


def _send_picture(route: Route) -> None:
    width, height = map(int, re.findall(r"\d+", route.request.url.rpartition("/")[2])[:2])
    route.fulfill(body=draw_picture(width, height), content_type="image/svg+xml")


def _send_player(route: Route) -> None:
    body = (
        "<body style='margin: 0; background: #333; color: white'><p>A player, or a form of another site</p>"
    )
    route.fulfill(body=body, content_type="text/html")
