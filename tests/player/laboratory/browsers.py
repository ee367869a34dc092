"""The browsers of the laboratory: those of the system's packages that have something to drive them by."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.player import browser

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
GECKODRIVER = shutil.which("geckodriver")
WEBKIT_DRIVER = shutil.which("WebKitWebDriver")


class Browser(NamedTuple):
    """How to start one, and what is missing if that cannot be."""

    start: Callable
    missing: str | None
    opens_windows: bool = True  # else one page after the other


@contextlib.contextmanager
def _firefox() -> Iterator:
    from selenium.webdriver import Firefox, FirefoxOptions, FirefoxService

    options = FirefoxOptions()
    options.binary_location = FIREFOX or ""
    options.add_argument("-headless")
    options.set_preference("media.autoplay.default", 0)
    options.set_preference("dom.disable_open_during_load", False)
    options.set_preference("dom.popup_maximum", 1000)
    options.set_preference("dom.allow_scripts_to_close_windows", True)
    with _driven(Firefox(options, FirefoxService(GECKODRIVER))) as driver:
        yield driver


@contextlib.contextmanager
def _webkit() -> Iterator:
    """Run WebKitGTK's own small browser; it has no headless mode, so DISPLAY has to be set (xvfb-run does)."""
    from selenium.webdriver import WebKitGTK, WebKitGTKOptions
    from selenium.webdriver.webkitgtk.service import Service

    options = WebKitGTKOptions()
    options.binary_location = next(map(str, Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser")), "")
    for argument in ("--automation", "--javascript-can-open-windows-automatically=true", "--autoplay-policy=allow"):
        options.add_argument(argument)
    with _driven(WebKitGTK(options, Service(WEBKIT_DRIVER))) as driver:
        yield driver


@contextlib.contextmanager
def _chromium() -> Iterator:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, browser.chromium(Path(profile)) as driver:
        yield driver


@contextlib.contextmanager
def _driven(driver) -> Iterator:
    try:
        yield driver
    finally:
        driver.quit()


def _without(**needed: str | None) -> str | None:
    lacking = [name for name, path in needed.items() if not path]
    return f"{' and '.join(lacking)} not found" if lacking else None


os.environ["SE_OFFLINE"] = "true"  # Selenium looks for browsers to download if asked to find one
BROWSERS = {
    "chromium": Browser(_chromium, _without(chromium=browser.CHROMIUM, chromedriver=browser.DRIVER)),
    "firefox": Browser(_firefox, _without(firefox=FIREFOX, geckodriver=GECKODRIVER)),
    "webkit": Browser(
        _webkit, _without(WebKitWebDriver=WEBKIT_DRIVER, display=os.environ.get("DISPLAY")), opens_windows=False
    ),
}
