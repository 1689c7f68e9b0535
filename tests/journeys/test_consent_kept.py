"""The consent can be kept: as a file, and on paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.journeys.conftest import OpenPage
from tests.journeys.names import NAMES
from tests.journeys.screens import press
from tests.journeys.site import Site
from tests.journeys.walking import Walk

NOTE_PRINTS = "() => { window.prints = 0; window.print = () => { window.prints += 1; }; }"
DOWNLOAD = {"en": "Download as text", "id": "Unduh sebagai teks"}
FILE = {"en": "consent-1.txt", "id": "persetujuan-1.txt"}
LOCALES = {"en": "en-GB", "id": "id-ID"}


async def at_consent(site: Site, open_page: OpenPage, language: str = "en") -> Page:
    page = await open_page(site, await site.invite(await site.study()), locale=LOCALES[language])
    walk = Walk(page, language=language)
    await walk.begin()
    await expect(walk.button("agree")).to_be_visible()
    return page


@pytest.mark.parametrize("language", ["en", "id"])
async def test_the_file_holds_what_is_agreed_to(site: Site, open_page: OpenPage, language: str) -> None:
    page = await at_consent(site, open_page, language)
    async with page.expect_download() as downloading:
        await press(page, DOWNLOAD[language])
    download = await downloading.value
    assert download.suggested_filename == FILE[language]
    text = Path(await download.path()).read_text(encoding="utf-8")
    session = await Walk(page).session()
    consent = session["consent"]
    assert session["language"] == language
    for part in (session["study"]["title"], f"{consent['title']} (1)", consent["content"], consent["footer"]):
        assert part in text
    for scope in ("questionnaire scope", "chat scope", "camera scope"):
        assert f"[ ] {NAMES[language][scope]}" in text


async def test_what_is_printed_is_the_consent_and_nothing_else(site: Site, open_page: OpenPage) -> None:
    page = await at_consent(site, open_page)
    await page.evaluate(NOTE_PRINTS)
    await press(page, "Print")
    assert await page.evaluate("window.prints") == 1
    consent = (await Walk(page).session())["consent"]
    await page.get_by_label(NAMES["en"]["questionnaire scope"]).check()
    await page.emulate_media(media="print")
    await expect(page.get_by_role("heading", level=1, name=consent["title"])).to_be_visible()
    await expect(page.get_by_text(f"version {consent['version']}")).to_be_visible()
    for paragraph in consent["content"].split("\n\n"):
        await expect(page.get_by_text(paragraph.strip())).to_be_visible()
    await expect(page.get_by_label(NAMES["en"]["questionnaire scope"])).to_be_checked()
    await expect(page.get_by_role("button")).to_have_count(0)


async def test_a_dark_screen_is_printed_dark_on_light(site: Site, open_page: OpenPage) -> None:
    page = await open_page(site, await site.invite(await site.study()), color_scheme="dark")
    await Walk(page).begin()
    await page.emulate_media(media="print", color_scheme="dark")
    shade = await page.evaluate(
        "getComputedStyle(document.querySelector('h1')).color.match(/[0-9.]+/g).slice(0, 3).map(Number)"
    )
    assert max(shade) < 128, "light letters are printed on white paper"
