"""The pages look right: on a wide screen and a phone, light and dark, to people and to screen readers."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.airflow_ui import PAGES, AirflowUI

DAGS = ("sparkify_warehouse", "sparkify_report")
WIDTHS = {"wide": 1280, "phone": 390}


@pytest.fixture(scope="module")
def loaded(stack, browser):
    """At least one run recorded and one report written."""
    context = browser.new_context()
    ui = AirflowUI(context.new_page(), stack.url)
    if not ui.runs("sparkify_report"):
        ui.open_dag("sparkify_warehouse")
        run_id = ui.trigger("sparkify_warehouse", period="all")
        ui.look_away()
        assert "success" == ui.wait_for("sparkify_warehouse", run_id)
        ui.first_run("sparkify_report", "asset_triggered")
    ui.wait_until_idle(*DAGS)
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_off(ui: AirflowUI, loaded, name: str, theme: str):
    """No page scrolls sideways, no chart is empty, no error pops up; and a screenshot is kept of each size."""
    ui.use_theme(theme)
    page = ui.content(ui.open_sparkify(name), name)
    assert theme == page.locator("html").evaluate("html => html.dataset.theme")
    for size, width in WIDTHS.items():
        ui.page.set_viewport_size({"width": width, "height": 900})
        wider = page.locator("html").evaluate("html => html.scrollWidth - html.clientWidth")
        assert wider <= 0, size
        assert [] == ui.cut_off(page), size
        assert [] == ui.empty_pictures(page), size
        assert [] == ui.errors_shown()
        ui.screenshot(f"{name}-{size}-{theme}".lower().replace(" ", "-"))


@pytest.mark.parametrize("theme", ["light", "dark"])
# axe does not look into frames, and the report lies in one.
@pytest.mark.parametrize("address", [*PAGES.values(), "report/latest.html"])
def test_nothing_keeps_anybody_out(ui: AirflowUI, loaded, address: str, theme: str):
    """axe finds no serious or critical violation."""
    ui.page.emulate_media(color_scheme=theme)
    ui.page.goto(f"{ui.url}/sparkify/{address}")
    violations = Axe().run(ui.page).response["violations"]
    serious = [
        f"{found['id']}: {found['help']}: {node['html'][:200]}"
        for found in violations
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]
    assert [] == serious
