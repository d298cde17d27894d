"""The Chromium or Chrome of this machine, driven by playwright; none of playwright's own builds is downloaded."""

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
# A browser under test asks nobody for updates, lists or suggestions.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find() -> Path | None:
    """Where Chromium or Chrome is; None when there is none."""
    found = (shutil.which(name) for name in NAMES)
    first = next(filter(None, found), None)
    if first is not None:
        return Path(first)
    return next((file for file in APPLICATIONS if file.exists()), None)


def launch(playwright: Playwright, executable: Path) -> Browser:
    """A headless browser. As root Chromium has no sandbox of its own; what it is shown here is ours."""
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    return playwright.chromium.launch(executable_path=executable, args=[*QUIET, *root])
