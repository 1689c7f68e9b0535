"""The whole way by keyboard alone."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.journeys.conftest import OpenPage
from tests.journeys.site import Site
from tests.journeys.walking import MESSAGES, Walk

MOST_TABS = 40


async def tab_to(page: Page, name: str) -> None:
    """Go on by Tab until what is called `name` has the focus, and see that the focus is shown."""
    wanted = page.get_by_role("button", name=name, exact=True)
    await expect(wanted).to_be_visible()
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("element => element === document.activeElement"):
            outline = await wanted.evaluate("element => getComputedStyle(element).outlineStyle")
            assert outline != "none", f"the focus on {name} is not shown"
            return
    raise AssertionError(f"{name} is not reached by Tab")


async def press(page: Page, name: str) -> None:
    await tab_to(page, name)
    await page.keyboard.press("Enter")


async def test_a_person_finishes_by_keyboard_alone(site: Site, open_page: OpenPage) -> None:
    study = await site.study(presentation={"order": "phq_first"})
    page = await open_page(site, await site.invite(study))
    walk = Walk(page)
    await walk.at("start")
    await press(page, walk.name("begin"))
    await walk.at("welcome")
    await press(page, walk.name("go on"))
    boxes = page.get_by_role("checkbox")
    await expect(boxes).to_have_count(3)
    for place in range(2):
        while not await boxes.nth(place).evaluate("element => element === document.activeElement"):
            await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await expect(boxes.nth(place)).to_be_checked()
    await press(page, walk.name("agree"))
    await walk.at("instructions")
    await press(page, walk.name("begin"))
    await walk.at("questionnaire")
    await press(page, walk.name("begin"))
    await answer_by_keys(walk)
    await walk.at("review")
    await press(page, walk.name("hand in"))
    await walk.at("cooldown")
    await press(page, walk.name("go on"))
    await press(page, walk.name("begin talk"))
    await talk_by_keys(walk)
    await walk.at("thanks")
    assert (await walk.session())["state"] == "COMPLETED"


async def answer_by_keys(walk: Walk) -> None:
    """The first by its number, the second by arrows, the others by number; passing by an answer does not choose it."""
    page = walk.page
    radios = page.get_by_role("radio")
    for place in range(1, 11):
        await expect(walk.question(place)).to_be_visible()
        await expect(page.get_by_role("heading", level=1)).to_be_focused()
        if place == 2:
            for _ in range(3):
                await page.keyboard.press("ArrowDown")
            await expect(radios.nth(2)).to_be_focused()
            await expect(page.get_by_role("radio", checked=True)).to_have_count(0)
            await page.keyboard.press("Space")
            await expect(radios.nth(2)).to_be_checked()
        else:
            await page.keyboard.press("1" if place < 9 else "0")
        await press(page, walk.name("next"))


async def talk_by_keys(walk: Walk) -> None:
    page = walk.page
    box = page.get_by_role("textbox")
    for message in MESSAGES:
        await expect(box).to_be_visible()
        await box.focus()
        await page.keyboard.type(message)
        await expect(walk.button("send")).to_be_enabled(timeout=60_000)
        await page.keyboard.press("Enter")
        await expect(box).to_have_value("")
    await expect(walk.button("finish")).to_be_enabled(timeout=60_000)
    await press(page, walk.name("finish"))
    await press(page, walk.name("yes finish"))


async def test_escape_closes_the_menu_and_the_help_and_gives_the_focus_back(
    site: Site, open_page: OpenPage
) -> None:
    page = await open_page(site, await site.invite(await site.study()))
    walk = Walk(page)
    await walk.at("start")
    menu = page.get_by_role("button", name=walk.name("menu"))
    await tab_to(page, walk.name("menu"))
    await page.keyboard.press("Enter")
    await expect(walk.button("log out")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(walk.button("log out")).to_be_hidden()
    await expect(menu).to_be_focused()
    await walk.button("help").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(walk.button("help")).to_be_focused()
