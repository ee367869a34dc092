"""Chromium, from the system's packages, with a window for each script."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver") or shutil.which("chromium.chromedriver")
IS_THERE = bool(CHROMIUM and DRIVER)
MISSING = (
    "NOT TESTED: the player's side and the page /docs, in a real browser. There is no Chromium here with its driver:"
    " on Debian, apt-get install chromium chromium-driver"
)
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # which root cannot have
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--autoplay-policy=no-user-gesture-required",
)


@contextlib.contextmanager
def chromium(profile: Path) -> Iterator:
    """Run a browser with a profile of its own, and give what drives it."""
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService  # a fifth of a second, and only here

    options = ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    os.environ["SE_OFFLINE"] = "true"  # it looks for browsers to download if asked to find one
    driver = Chrome(options, ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def open_windows(driver, addresses: list[str]) -> None:
    """Open each page in a window of its own, all at once, none of them the opener of another."""
    for address in addresses:
        driver.execute_script("open(arguments[0], '_blank', 'popup,noopener,width=200,height=200')", address)
