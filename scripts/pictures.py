"""Take the screenshots in docs/pictures from the real UI: `make pictures`, while `make up` runs and has loaded data.

Needs Chromium or Chrome. The pictures show the data that was loaded; those in the repository show `make up` after a run
with period `all`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Page, expect, sync_playwright

from scripts import chromium  # the line above makes it importable

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
SIZE = {"width": 1280, "height": 800}


def dag(page: Page, url: str) -> None:
    """Open the graph of the main DAG."""
    page.goto(f"{url}/dags/sparkify_warehouse")
    page.get_by_role("button", name="Show Graph").click()
    expect(page.get_by_text("record_run").first).to_be_visible()


def sparkify(page: Page, url: str, name: str) -> None:
    """Open one page of the Sparkify page and wait until it is complete."""
    page.goto(f"{url}/plugin/sparkify")
    frame = page.frame_locator("iframe")
    link = frame.get_by_role("navigation").get_by_role("link", name=name, exact=True)
    link.click()
    expect(link).to_have_attribute("aria-current", "page")
    if name == "Report":
        expect(frame.frame_locator("iframe").get_by_role("heading", level=1)).to_be_visible()


def main(url: str) -> int:
    """Take all pictures from the Airflow at `url`; return the exit status."""
    executable = chromium.find()
    if executable is None:
        print("pictures: Chromium or Chrome is needed, and neither was found", file=sys.stderr)
        return 1
    PICTURES.mkdir(exist_ok=True)
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright, chromium.launch(playwright, executable) as browser:
        page = browser.new_page(viewport=SIZE, locale="en-GB", timezone_id="UTC", color_scheme="light")
        dag(page, url)
        # Airflow arranges the graph, and moves it into view, after its nodes are visible.
        page.wait_for_timeout(1500)
        page.screenshot(path=PICTURES / "dag.png")
        for name, file in (("Report", "report"), ("Data quality", "quality"), ("Loads", "loads")):
            sparkify(page, url, name)
            page.wait_for_timeout(500)
            page.screenshot(path=PICTURES / f"{file}.png")
    print(f"took {len(list(PICTURES.glob('*.png')))} pictures into {PICTURES}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8080"))
