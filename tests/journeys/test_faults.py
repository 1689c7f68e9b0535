"""When things fail: the person reads what is the matter, and nothing they chose is lost."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Route, expect

from tests.journeys.conftest import OpenPage
from tests.journeys.screens import signed
from tests.journeys.site import Site
from tests.journeys.walking import Walk, at_questions

RISK = 9
# Until the page has tried again, and a service has started.
BACK_SECONDS = 45


async def test_a_service_that_was_killed_in_mid_questionnaire_has_all_answers_once_it_is_back(
    own_site: Site, open_page: OpenPage
) -> None:
    walk = await at_questions(own_site, open_page, faults=True)
    session = (await walk.session())["id"]
    await walk.answer(1)
    await walk.press("next")
    await signed(walk.page, seconds=BACK_SECONDS)
    own_site.kill()
    for value in (2, 3):
        await walk.answer(value)
        await walk.press("next")
    await signed(walk.page, re.compile("^Offline"), seconds=BACK_SECONDS)
    own_site.start_again()
    await signed(walk.page, seconds=BACK_SECONDS)
    kept = [value for value, _ in (await own_site.answers(session)).values()]
    assert sorted(value or 0 for value in kept) == [1, 2, 3]


async def test_a_page_opened_again_without_the_service_shows_what_was_chosen(
    own_site: Site, open_page: OpenPage
) -> None:
    walk = await at_questions(own_site, open_page, faults=True)
    await walk.answer(1)
    await walk.press("next")
    await walk.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    own_site.kill()
    await walk.answer(3)
    await signed(walk.page, "Offline – kept on this device")
    await walk.page.reload()
    await expect(walk.question(2)).to_be_visible()
    await expect(walk.page.get_by_role("radio").nth(3)).to_be_checked()
    await walk.answer(2)
    own_site.start_again()
    await signed(walk.page, seconds=BACK_SECONDS)
    session = (await walk.session())["id"]
    kept = [value for value, _ in (await own_site.answers(session)).values()]
    assert sorted(value or 0 for value in kept) == [1, 2]


async def test_help_comes_at_the_click_before_any_reply(own_site: Site, open_page: OpenPage) -> None:
    walk = await at_questions(own_site, open_page, faults=True)
    for _ in range(RISK - 1):
        await walk.answer(0)
        await walk.press("next")
    own_site.pause()
    try:
        await walk.page.get_by_role("radio").nth(1).check()
        await expect(walk.page.get_by_role("dialog")).to_be_visible(timeout=1_000)
        await expect(walk.page.get_by_role("dialog").get_by_text("Thank you for saying so.")).to_be_visible()
    finally:
        own_site.resume()
    await walk.press("close")
    await signed(walk.page, seconds=BACK_SECONDS)
    alerts = await own_site.rows("SELECT help_version FROM alerts")
    assert len(alerts) == 1


async def test_a_busy_service_is_waited_for_and_said(site: Site, open_page: OpenPage) -> None:
    made = await site.study(presentation={"order": "phq_first"})
    page = await open_page(site, await site.invite(made), faults=True)
    walk = Walk(page)
    busy: dict[str, Any] = {
        "status": 503,
        "headers": {"Retry-After": "30", "Content-Type": "application/json"},
        "body": '{"status":"SNAFU","error":"Busy.","code":"unavailable","request_id":"request-7"}',
    }

    async def refuse(route: Route) -> None:
        await (route.fulfill(**busy) if route.request.method == "POST" else route.continue_())

    await page.route("**/api/sessions", refuse)
    await walk.at("start")
    await walk.press("begin")
    await expect(page.get_by_text("The service is busy or being looked after just now.")).to_be_visible()
    await expect(page.get_by_text("please quote request-7")).to_be_visible()
    await expect(page.get_by_text(re.compile(r"Next try in \d+ s\."))).to_be_visible()
    await page.unroute("**/api/sessions")
    await page.get_by_role("button", name="Try now").click()
    await walk.at("welcome")


async def test_an_exception_in_the_page_leads_to_a_screen_with_a_way_on(
    site: Site, open_page: OpenPage
) -> None:
    walk = await at_questions(site, open_page, faults=True)
    await walk.answer(2)
    await signed(walk.page, seconds=BACK_SECONDS)
    # What nobody caught arrives like this; thrown for real, it would fail the watch over all journeys.
    await walk.page.evaluate("dispatchEvent(new ErrorEvent('error', {error: new Error('broken')}))")
    await expect(walk.page.get_by_role("heading", name="This page stumbled")).to_be_focused()
    await expect(walk.button("help")).to_be_visible()
    await walk.page.get_by_role("button", name="Load again").click()
    await expect(walk.question(1)).to_be_visible()
    await expect(walk.page.get_by_role("radio").nth(2)).to_be_checked()


async def test_where_the_scripts_do_not_load_the_page_says_so(site: Site, open_page: OpenPage) -> None:
    page = await open_page(site, "about:blank", faults=True)
    await page.route("**/assets/*.js", lambda route: route.abort())
    await page.goto(site.url)
    await expect(page.get_by_text("If nothing more appears, please")).to_be_visible()
    await expect(page.get_by_text("Jika tidak ada yang muncul")).to_be_visible()


async def test_a_question_that_is_missed_is_led_to(site: Site, open_page: OpenPage) -> None:
    made = await site.study(presentation={"order": "phq_first", "phq_layout": "all"})
    walk = Walk(await open_page(site, await site.invite(made)))
    await walk.begin()
    await walk.consent()
    await walk.read("instructions", "begin")
    await walk.at("questionnaire")
    groups = walk.page.get_by_role("group")
    for place in (0, *range(2, 9)):
        await groups.nth(place).get_by_role("radio").nth(0).check()
    await walk.press("hand in")
    await expect(walk.page.get_by_text("This question still needs an answer.")).to_be_visible()
    await expect(groups.nth(1).get_by_role("radio").first).to_be_focused()
    await groups.nth(1).get_by_role("radio").nth(0).check()
    await walk.press("hand in")
    await walk.at("cooldown")
