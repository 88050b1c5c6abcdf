"""axe-core in every frame of a page: the violations that exclude participants."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
# Rules about a whole document do not apply to a single frame.
_OF_DOCUMENTS = ("region", "landmark-one-main", "page-has-heading-one", "document-title", "html-has-lang")


def find_violations(page: Page) -> list[str]:
    """Return each serious or critical violation of WCAG 2.2 A and AA and of good practice: rule, frame
    and element."""
    found = []
    for frame in page.frames:
        frame.evaluate(AXE)  # like the browser's own tools, despite the page's policy
        skipped = {rule: {"enabled": False} for rule in _OF_DOCUMENTS} if frame.parent_frame else {}
        result = frame.evaluate("rules => axe.run(document, {iframes: false, rules})", skipped)
        found += [
            f"{violation['id']} ({violation['impact']}) in {frame.url}: {node['target']}"
            f" {node['failureSummary']}"
            for violation in result["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
    return found
