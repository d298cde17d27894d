"""The Chromium or Chrome of this machine, driven by playwright, so that playwright downloads no build of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
# A browser under test makes no requests for updates, lists or suggestions.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find() -> Path | None:
    """The path of Chromium or Chrome; None when neither is installed."""
    found = (shutil.which(name) for name in NAMES)
    first = next(filter(None, found), None)
    if first is not None:
        return Path(first)
    return next((file for file in APPLICATIONS if file.exists()), None)


def launch(playwright: Playwright, executable: Path) -> Browser:
    """Start a headless browser. As root, Chromium cannot use its own sandbox; here it shows only our own pages."""
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    return playwright.chromium.launch(executable_path=executable, args=[*QUIET, *root])
