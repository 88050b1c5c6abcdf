"""Debian's Firefox, driven by Playwright: headless, with a new profile each time."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, expect, sync_playwright

from tests.support import firefox_bidi
from tests.support.chromium import PATIENCE, require

_PREFERENCES: dict[str, str | float | bool] = {
    # With a process for each site, this Firefox does not report frames of other sites to Playwright.
    "fission.autostart": False,
}


def find_firefox() -> str:
    """Return the path of Firefox."""
    return require(os.environ.get("FIREFOX") or shutil.which("firefox-esr"), "Firefox")


@contextmanager
def open_firefox() -> Iterator[Browser]:
    """Firefox, for a module of tests."""
    expect.set_options(timeout=PATIENCE)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.firefox.launch(
            channel="moz-firefox",
            executable_path=_write_starter(Path(folder)),
            firefox_user_prefs=_PREFERENCES,
        )
        yield browser
        browser.close()


def _write_starter(folder: Path) -> Path:
    """Write the program that Playwright starts instead of Firefox."""
    starter = folder / "firefox"
    program = shlex.join([sys.executable, firefox_bidi.__file__])
    starter.write_text(f'#!/bin/sh\nFIREFOX={shlex.quote(find_firefox())} exec {program} "$@"\n')
    starter.chmod(0o755)
    return starter
