"""Who asks for less motion sees none; others see some, so that this would be noticed."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import expect

from tests.ground.house import PHQ_ALONE
from tests.journeys.ahead import ahead
from tests.journeys.conftest import OpenPage
from tests.journeys.screens import signed
from tests.journeys.site import Site
from tests.journeys.talking import at_chat
from tests.journeys.walking import Walk

COUNT = """
    window.moved = [];
    for (const kind of ['transitionrun', 'animationstart'])
        addEventListener(kind, ({ target, propertyName, animationName }) =>
            window.moved.push(`${target.tagName} ${propertyName ?? animationName}`), true);
"""
Wish = Literal["reduce", "no-preference"]
each_wish = pytest.mark.parametrize("wish", ["reduce", "no-preference"])


@each_wish
async def test_choosing_and_going_on_moves_nothing_for_who_wants_it_so(
    site: Site, open_page: OpenPage, wish: Wish
) -> None:
    link = await site.invite(await site.study(**PHQ_ALONE))
    async with ahead(site, link, ["questionnaire"]) as someone:
        await someone.post("phq/start")
    page = await open_page(site, "about:blank", reduced_motion=wish)
    await page.add_init_script(COUNT)
    await page.goto(link)
    walk = Walk(page)
    await walk.read("questionnaire", "begin")
    await page.get_by_role("radio").first.hover()
    for value in (1, 2):
        await walk.answer(value)
        await walk.press("next")
    await expect(walk.question(3)).to_be_visible()
    await walk.button("next").hover()
    await walk.button("help").click()
    await walk.press("close")
    await signed(page)
    moved = await page.evaluate("window.moved")
    assert (moved == []) == (wish == "reduce"), moved
    running = await page.evaluate("document.getAnimations().length")
    assert wish == "no-preference" or running == 0


@each_wish
async def test_waiting_for_a_reply_moves_nothing_for_who_wants_it_so(
    site: Site, open_page: OpenPage, wish: Wish
) -> None:
    talk = await at_chat(site, open_page, scripted=True, reduced_motion=wish)
    await talk.page.evaluate(COUNT)
    await talk.begin()
    await talk.say("Work is fine.")
    await talk.replies(2)
    moved = await talk.page.evaluate("window.moved")
    assert (moved == []) == (wish == "reduce"), moved
