"""What journeys stand on: the page as it was built, the service that serves it, a browser, and pages that are watched.

All tests here that are coroutines run on the session's loop, where the browsers live.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.journeys.chromium import Camera, running_chromium
from tests.journeys.site import Site, open_site
from tests.journeys.watching import Watch

ROOT = Path(__file__).parents[2]
VIEWPORTS = {"small phone": (320, 640), "phone": (390, 844), "desktop": (1280, 800)}
PATIENCE_MS = 15_000
OpenPage = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def built_page() -> None:
    """The page, built of its sources as they are."""
    done = subprocess.run(
        [sys.executable, ROOT / "bin" / "build_page.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def site(built_page: None, serve_for_module: Callable[..., Service], module_database: Database) -> Site:
    """A service for all tests of a module; who kills or pauses one takes `own_site`."""
    return open_site(serve_for_module, module_database)


@pytest.fixture
def own_site(built_page: None, serve: Callable[..., Service], database: Database) -> Site:
    """A service of this test alone, to be killed and started again."""
    return open_site(serve, database)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser_with() -> AsyncIterator[Callable[[Camera], Awaitable[Browser]]]:
    """Give the browser with a camera that is granted, denied or missing; each is started once."""
    async with AsyncExitStack() as stack:
        running: dict[Camera, Browser] = {}

        async def with_camera(camera: Camera) -> Browser:
            if camera not in running or not running[camera].is_connected():
                running[camera] = await stack.enter_async_context(running_chromium(camera))
            return running[camera]

        yield with_camera


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(
    browser_with: Callable[[Camera], Awaitable[Browser]],
) -> AsyncIterator[OpenPage]:
    """Open a page of a fresh browser profile: await open_page(site, "/", camera=..., viewport=..., faults=...).

    The test fails at its end if the page threw, complained on the console or asked another site. Further keyword
    arguments are Playwright's of a context (locale, color_scheme, reduced_motion, timezone_id, ...). A further tab of
    the same person: await page.context.new_page().
    """
    async with AsyncExitStack() as stack:
        watches: list[Watch] = []

        async def opened(
            site: Site,
            address: str = "/",
            *,
            camera: Camera = "granted",
            viewport: tuple[int, int] = VIEWPORTS["phone"],
            faults: bool = False,
            **options: object,
        ) -> Page:
            browser = await browser_with(camera)
            width, height = viewport
            context = await browser.new_context(
                base_url=site.url,
                viewport={"width": width, "height": height},
                **options,  # type: ignore[arg-type]
            )
            stack.push_async_callback(_closed, context)
            context.set_default_timeout(PATIENCE_MS)
            watch = Watch(site.url, faults)
            watch.over(context)
            watches.append(watch)
            page = await context.new_page()
            await page.goto(address)
            return page

        yield opened
        for watch in watches:
            watch.assert_clean()


async def _closed(context: BrowserContext) -> None:
    """Close a profile; where Playwright never hears of it (a page just being loaded anew), it goes with the browser."""
    with suppress(TimeoutError):
        await asyncio.wait_for(context.close(), PATIENCE_MS / 1000)


@pytest.fixture(params=VIEWPORTS.values(), ids=list(VIEWPORTS))
def viewport(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Each size of screen that the page is made for."""
    size: tuple[int, int] = request.param
    return size
