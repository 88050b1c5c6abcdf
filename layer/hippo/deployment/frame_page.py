"""frame.html as it is served: with frame.js inside, which its policy allows by hash.

The sandbox has an opaque origin, for which `script-src 'self'` means something else in each browser engine.
WebKit matches nothing over http; over https it matches any https origin or nothing, depending on its version.
A hash means the same everywhere.
"""

import hashlib
from base64 import b64encode
from pathlib import Path

from hippo.errors import HippoError

FRAME = "frame.html"
_SCRIPT = "frame.js"
_POLICY = "script-src 'self';"
_TAG = f'<script src="{_SCRIPT}"></script>'


class FramePageError(HippoError):
    """frame.html and frame.js cannot be put together."""


def read_page_file(path: Path) -> bytes:
    """Return a file of the page as it is served. Raises FramePageError, only for frame.html."""
    return build_frame(path) if path.name == FRAME else path.read_bytes()


def build_frame(path: Path) -> bytes:
    """Return frame.html at `path` with the frame.js next to it inside. Raises FramePageError."""
    page, script = (file.read_text(encoding="utf-8") for file in (path, path.with_name(_SCRIPT)))
    for part in (_POLICY, _TAG):
        if page.count(part) != 1:
            raise FramePageError(f"{path} must contain {part} once. Restore it.")
    if "</script" in script.lower() or "<!--" in script:
        raise FramePageError(f"{_SCRIPT} contains </script or <!--, which would end it early. Remove that.")
    policy = f"script-src '{hash_script(script)}';"
    return page.replace(_POLICY, policy).replace(_TAG, f"<script>{script}</script>").encode()


def hash_script(script: str) -> str:
    """Return the hash of an inline script as a policy names it: `sha256-…`."""
    return f"sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}"
