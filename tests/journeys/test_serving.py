"""The page as a browser gets it from the service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx

from quart_assessment.web.security import CONTENT_SECURITY_POLICY
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.journeys.conftest import OpenPage
from tests.journeys.site import Site, open_site


async def test_the_page_comes_with_the_contracts_headers_and_fits_the_screen(
    site: Site, open_page: OpenPage, viewport: tuple[int, int]
) -> None:
    page = await open_page(site, viewport=viewport)
    await page.get_by_role("heading").first.wait_for()
    reply = await page.request.get("/")
    assert reply.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["permissions-policy"] == "camera=(self), microphone=(self)"
    assert {"x-request-id", "x-server-time", "etag"} <= set(reply.headers)
    wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0, "the page scrolls sideways"


async def test_an_invitation_link_opens_the_page(site: Site, open_page: OpenPage) -> None:
    page = await open_page(site, await site.invite(await site.study()))
    await page.get_by_role("heading").first.wait_for()
    assert page.url.startswith(f"{site.url}/")


async def test_without_a_built_page_a_visitor_reads_so_and_the_api_runs(
    serve: Callable[..., Service], database: Database, tmp_path: Path, open_page: OpenPage
) -> None:
    bare = open_site(serve, database, page_dir=tmp_path / "nothing")
    # The browser asks for an icon by itself, and there is none.
    page = await open_page(bare, faults=True)
    shown = await page.locator("body").inner_text()
    assert "was not built" in shown
    assert "make run" in shown
    assert httpx.get(f"{bare.url}/healthz").status_code == 200
    assert "The page was not built" in bare.service.printed()
