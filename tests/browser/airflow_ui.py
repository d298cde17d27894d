"""Airflow's UI as a person uses it, and its REST API for what a person would wait for by looking."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from playwright.sync_api import FrameLocator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / ".screenshots"
CUT_OFF = Path(__file__).with_name("cut_off.js")
PATIENCE = 600  # seconds that a run may take on a busy machine with two cores; on an idle one it takes about 30
# The pages of the Sparkify page, as its own navigation names them, and their addresses.
PAGES = {"Report": "report", "Data quality": "quality", "Tables": "tables", "Loads": "loads"}


class AirflowUI:
    """One browser page on one Airflow. `url` has no slash at its end."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open_dag(self, dag_id: str) -> None:
        """From the start page to the page of a DAG, as one finds it without knowing its address."""
        self.page.goto(self.url)
        self.page.get_by_role("link", name="Dags", exact=True).first.click()
        self.page.wait_for_url(f"{self.url}/dags*")
        # The start page, too, names DAGs: beside their latest assets.
        expect(self.page.get_by_placeholder("Search Dags")).to_be_visible()
        self.page.get_by_role("link", name=dag_id, exact=True).first.click()
        expect(self.page.get_by_role("heading", name=dag_id)).to_be_visible()

    def read_doc(self) -> str:
        """The DAG's documentation, in the dialog that the book opens."""
        self.page.get_by_role("button", name="Dag Docs").click()
        dialog = self.page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        text = dialog.inner_text()
        self.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        return text

    def trigger(self, dag_id: str, *, period: str | None = None) -> str:
        """Trigger by the form, untouched or with a period; return the new run's id."""
        self.page.get_by_role("button", name="Trigger").first.click()
        dialog = self.page.get_by_role("dialog")
        field = dialog.locator("#element_period")
        expect(field).to_be_visible()
        if period is not None:
            field.fill(period)
        # The dialog itself closes only when Airflow has read anew all that it shows.
        with self.page.expect_response(
            lambda answer: answer.request.method == "POST" and answer.url.endswith(f"/dags/{dag_id}/dagRuns")
        ) as sent:
            dialog.get_by_role("button", name="Trigger").last.click()
        assert sent.value.ok, sent.value.text()
        return str(sent.value.json()["dag_run_id"])

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """All runs of a DAG, as the REST API has them."""
        answer = self.page.request.get(f"{self.url}/api/v2/dags/{dag_id}/dagRuns?limit=100", timeout=120_000)
        assert answer.ok, answer.text()
        return list(answer.json()["dag_runs"])

    def look_away(self) -> None:
        """Show nothing: drawing a run that goes on takes half a processor without a graphics card."""
        self.page.goto("about:blank")

    def wait_for(self, dag_id: str, run_id: str) -> str:
        """The state in which a run ends."""
        deadline = time.monotonic() + PATIENCE
        state = "absent"
        while time.monotonic() < deadline:
            state = next((run["state"] for run in self.runs(dag_id) if run["dag_run_id"] == run_id), "absent")
            if state in ("success", "failed"):
                return str(state)
            self.page.wait_for_timeout(500)
        raise AssertionError(f"run {run_id} of {dag_id} was still {state} after {PATIENCE} s")

    def first_run(self, dag_id: str, run_type: str) -> dict[str, Any]:
        """The first run of a type (`scheduled`, `asset_triggered`), as soon as there is one."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if found := [run for run in self.runs(dag_id) if run["run_type"] == run_type]:
                return found[0]
            self.page.wait_for_timeout(250)
        raise AssertionError(f"no {run_type} run of {dag_id} came within 60 s")

    def wait_until_idle(self, *dag_ids: str, seconds: float = PATIENCE) -> None:
        """Until no run of these DAGs waits or runs."""
        deadline = time.monotonic() + seconds
        while any(run["state"] in ("queued", "running") for dag_id in dag_ids for run in self.runs(dag_id)):
            assert time.monotonic() < deadline, f"runs of {', '.join(dag_ids)} did not end within {seconds} s"
            self.page.wait_for_timeout(500)

    def open_graph(self, dag_id: str) -> None:
        """The DAG as a graph."""
        self.page.goto(f"{self.url}/dags/{dag_id}")
        self.page.get_by_role("button", name="Show Graph").click()
        expect(self.page.get_by_text("publish", exact=True).first).to_be_visible()

    def open_sparkify(self, name: str) -> FrameLocator:
        """The Sparkify page by Airflow's own menu, then one of its pages by its own; the frame it lies in."""
        self.page.goto(self.url)
        self.page.get_by_role("link", name="Sparkify").first.click()
        frame = self.page.frame_locator("iframe")
        link = frame.get_by_role("navigation").get_by_role("link", name=name, exact=True)
        # The page that opens first is not asked for again: the one that leaves looks like the one that comes.
        if link.get_attribute("aria-current") != "page":
            link.click()
        expect(link).to_have_attribute("aria-current", "page")
        return frame

    def open_report(self) -> FrameLocator:
        """The report itself, which lies in a frame of its own within the Sparkify page."""
        return self.content(self.open_sparkify("Report"), "Report")

    def content(self, frame: FrameLocator, name: str) -> FrameLocator:
        """What a page of the Sparkify page is about: the report within its frame, any other page itself."""
        if name != "Report":
            return frame
        report = frame.frame_locator("iframe")
        expect(report.get_by_role("heading", level=1)).to_be_visible()
        return report

    def use_theme(self, theme: str) -> None:
        """Airflow's own switch between light and dark, as it keeps it in the browser."""
        self.page.emulate_media(color_scheme=theme)
        self.page.add_init_script(f"localStorage.setItem('theme', {theme!r})")

    @staticmethod
    def empty_pictures(frame: FrameLocator) -> list[str]:
        """The visible pictures without a mark in them, each by its name."""
        return frame.locator("svg:visible").evaluate_all(
            """pictures => pictures
                .filter(svg => !svg.querySelector("path[d]:not([d='']), line, polyline, rect, circle"))
                .map(svg => svg.getAttribute("aria-label") || svg.outerHTML.slice(0, 200))"""
        )

    @staticmethod
    def cut_off(frame: FrameLocator) -> list[str]:
        """Visible texts that stand out of the window or of a box that hides what is beyond its edge."""
        return frame.locator("body").evaluate(CUT_OFF.read_text())

    def screenshot(self, name: str) -> None:
        """Keep what is seen now, for people to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    def errors_shown(self) -> list[str]:
        """Airflow's error toasts."""
        return self.page.locator("[data-scope=toast][data-type=error]").all_inner_texts()
