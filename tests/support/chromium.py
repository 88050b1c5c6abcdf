"""The browser that tests drive: the Chromium that is installed, headless, with a new profile each time."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.support.paths import ROOT

# Pictures of the screens, to look at.
ARTEFACTS = Path(os.environ.get("ARTEFACTS", ROOT / ".artefacts"))
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "locale": "en-GB",
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "user_agent": "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36",
}
PATIENCE = 20_000  # milliseconds; machines that run tests may have other work
_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str:
    """Return the path of Chromium as Debian, Fedora or a person has installed it."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    assert found, "no Chromium here: `make chromium` installs it, or set CHROMIUM to its path"
    return found


def require(path: str | None, name: str) -> str:
    """Return the path of a program that tests need; skip them where `make browsers` cannot install it."""
    if path is None and shutil.which("apt-get") is None:
        pytest.skip(f"{name} is not installed")
    assert path, f"no {name} here: `make browsers` installs it"
    return path


@contextmanager
def open_chromium(*flags: str) -> Iterator[Browser]:
    """Chromium, for a module of tests: while Playwright runs, its thread can start no other event loop.

    `flags` are more arguments of its command line.
    """
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*_FLAGS, *flags])
        yield browser
        browser.close()
