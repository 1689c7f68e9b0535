"""A new version of the page: open tabs go on with theirs, and the next visit has it."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.async_api import Page, expect

from quart_assessment.page.files import page_folder
from quart_assessment.settings import Settings
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.journeys.conftest import OpenPage
from tests.journeys.site import open_site

_WAITS = """async () => {
  const worker = await navigator.serviceWorker.ready;
  await worker.update();
  while (worker.waiting === null) await new Promise((resolve) => setTimeout(resolve, 50));
}"""
_SHELLS = "caches.keys().then((names) => names.filter((name) => name.startsWith('shell-')).length)"
PATIENCE_SECONDS = 15


def newer(page: Path) -> None:
    """Change the page in its folder as a new build does: other names of files, another worker."""
    named = {}
    for path in sorted((page / "assets").iterdir()):
        stem, mark, suffix = re.fullmatch(r"(.+)-([\w-]{8})(\.\w+)", path.name).groups()  # type: ignore[union-attr]
        named[f"{stem}-{mark}"] = f"{stem}-{mark[::-1]}"
        path.rename(path.with_name(f"{stem}-{mark[::-1]}{suffix}"))
    for path in page.rglob("*"):
        if path.suffix not in (".js", ".css", ".html", ".json"):
            continue
        text = path.read_text()
        for old, new in named.items():
            text = text.replace(old, new)
        path.write_text(text.replace("<title>", "<title>Newer "))
    worker = page / "sw.js"
    worker.write_text(re.sub(r"version:`\w{12}`", "version:`0123456789ab`", worker.read_text()))


async def script(page: Page) -> str:
    """Give the name of the script that the page runs on."""
    return str(await page.locator("script[type=module][src]").first.get_attribute("src"))


async def test_open_tabs_go_on_with_their_version_and_the_next_visit_has_the_new_one(
    built_page: None, serve: Callable[..., Service], database: Database, tmp_path: Path, open_page: OpenPage
) -> None:
    folder = tmp_path / "page"
    shutil.copytree(page_folder(Settings.model_construct(page_dir=None)), folder)
    site = open_site(serve, database, page_dir=folder)
    page = await open_page(site, faults=True)
    await page.get_by_role("heading").first.wait_for()
    await page.evaluate("navigator.serviceWorker.ready")
    old = await script(page)
    site.service.stop()
    newer(folder)
    site.start_again()
    assert (await page.request.get(old)).status == 404
    async with asyncio.timeout(PATIENCE_SECONDS):
        await page.evaluate(_WAITS)
    # What is loaded later comes from the version that the tab began with.
    await page.evaluate("location.hash = '#/staff'")
    await expect(page.get_by_role("heading").first).to_be_visible()
    names = await page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert any("StaffApp" in name for name in names)
    assert await script(page) == old
    await page.goto("/")
    await page.reload()
    await page.get_by_role("heading").first.wait_for()
    assert await script(page) != old
    await expect(page.get_by_role("heading").first).to_be_visible()
    # A tab may run on the version before: its files stay.
    assert await page.evaluate(_SHELLS) == 2
    assert await page.evaluate("name => caches.match(name).then(Boolean)", old)
