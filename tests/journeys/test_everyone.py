"""The page is for everyone: axe finds nothing on any screen, and nothing has to be scrolled sideways.

SCREENS=docs/screens writes a picture of each screen there, too.
"""

from __future__ import annotations

import os
import re
from io import BytesIO
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image
from playwright.async_api import Page, expect

from tests.journeys import axe
from tests.journeys.conftest import VIEWPORTS, OpenPage
from tests.journeys.screens import wider
from tests.journeys.site import Site
from tests.journeys.walking import Look, Walk

Scheme = Literal["light", "dark"]
ROOT = Path(__file__).parents[2]
EACH = [
    ("light", "en", "phone"),
    ("dark", "en", "desktop"),
    ("light", "id", "desktop"),
    ("dark", "id", "small phone"),
]
LOCALES = {"en": "en-GB", "id": "id-ID"}
COLOURS = 32


def looking(page: Page, where: str) -> Look:
    """Look at each screen as one who needs it accessible does, and keep a picture where asked to."""
    asked = os.environ.get("SCREENS")
    seen: set[str] = set()

    async def look(screen: str) -> None:
        if asked and screen not in seen and not re.fullmatch(r"question [2-8]", screen):
            await picture(page, ROOT / asked / where / f"{len(seen) + 1:02d}-{screen.replace(' ', '-')}.png")
            seen.add(screen)
        assert await axe.violations(page) == [], screen
        assert await wider(page) <= 0, f"{screen} scrolls sideways"

    return look


async def picture(page: Page, to: Path) -> None:
    """Keep a picture of the page that is small enough for a repository: whole, or what is seen of it where scrolled."""
    whole = await page.evaluate("scrollY === 0") and not await page.get_by_role("dialog").is_visible()
    shot = Image.open(BytesIO(await page.screenshot(full_page=whole, animations="disabled")))
    to.parent.mkdir(parents=True, exist_ok=True)
    shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(to, optimize=True)


@pytest.mark.parametrize(("scheme", "language", "size"), EACH)
async def test_every_screen_of_the_way_is_accessible(
    site: Site, open_page: OpenPage, scheme: Scheme, language: str, size: str
) -> None:
    study = await site.study(presentation={"order": "phq_first"})
    await site.rows("UPDATE studies SET registration = id = $1", study)
    page = await open_page(site, viewport=VIEWPORTS[size], color_scheme=scheme, locale=LOCALES[language])
    walk = Walk(page, looking(page, f"{language}-{scheme}-{size.replace(' ', '-')}"), language)
    await walk.at("entry")
    await walk.press("make account")
    await walk.at("make account")
    await page.goto(await site.invite(study))
    await walk.whole_way({9: 1}, camera=True)
    await walk.press("to overview")
    await walk.at("overview")


@pytest.mark.parametrize(("scheme", "language", "size"), EACH)
async def test_every_screen_aside_the_way_is_accessible(
    site: Site, open_page: OpenPage, scheme: Scheme, language: str, size: str
) -> None:
    study = await site.study(presentation={"order": "phq_first"})
    page = await open_page(
        site,
        f"{site.url}/#/join/unknown",
        viewport=VIEWPORTS[size],
        color_scheme=scheme,
        locale=LOCALES[language],
        faults=True,
    )
    walk = Walk(page, looking(page, f"{language}-{scheme}-{size.replace(' ', '-')}-aside"), language)
    await walk.at("entry")
    await page.goto(await site.invite(study))
    await walk.to_questions()
    await walk.press("help")
    await walk.close_help()
    await walk.menu("pause")
    await walk.at("pause")
    await walk.menu("log out")
    await walk.at("log out")
    await site.lapse_logins()
    await page.goto("/#/")
    await walk.answer(2)
    await expect(page.get_by_text(walk.name("login needed"))).to_be_visible()
    await page.evaluate("scrollTo(0, 0)")
    await walk.look("lapsed")
    await page.goto(await site.invite(study))
    await walk.at("start")
    await walk.begin()
    await walk.press("decline")
    await walk.look("decline dialog")
    await walk.press("do not take part")
    await walk.at("declined")
