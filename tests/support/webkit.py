"""Debian's WebKitGTK, driven by selenium: MiniBrowser on a display and with a home folder of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium import webdriver
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.support.chromium import require

_SIZE = (1280, 880)


def find_webkit() -> tuple[str, str]:
    """Return the paths of WebKit's driver and of the browser that it drives."""
    driver = require(shutil.which("WebKitWebDriver"), "WebKitWebDriver")
    browsers = sorted(map(str, Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")))
    return driver, require(browsers[-1] if browsers else None, "MiniBrowser")


@contextmanager
def open_webkit() -> Iterator[webdriver.WebKitGTK]:
    """WebKitGTK, for a module of tests."""
    driver_path, browser_path = find_webkit()
    options = Options()
    options.binary_location = browser_path
    options.add_argument("--automation")
    options.set_capability("acceptInsecureCerts", True)  # tests make certificates of their own
    with ExitStack() as stack:
        home = stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
        environment = {**os.environ, "HOME": home, "DISPLAY": stack.enter_context(open_display())}
        # Without these, GTK looks for the desktop session of the user who runs the tests.
        environment |= {"GTK_A11Y": "none", "NO_AT_BRIDGE": "1", "XDG_RUNTIME_DIR": home}
        service = Service(driver_path, log_output=subprocess.DEVNULL, env=environment)
        driver = webdriver.WebKitGTK(options=options, service=service)
        stack.callback(driver.quit)
        driver.set_window_size(*_SIZE)
        yield driver


@contextmanager
def open_display() -> Iterator[str]:
    """Run an X server without a screen; yield the name of its display, the first that is free."""
    program = require(shutil.which("Xvfb"), "Xvfb")
    reader, writer = os.pipe()
    with os.fdopen(reader) as names:
        command = [program, "-displayfd", str(writer), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
        server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        try:
            number = names.readline().strip()
            assert number, "Xvfb ended at once"
            yield f":{number}"
        finally:
            server.terminate()
            server.wait()
