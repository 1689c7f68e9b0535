"""Whoever leaves and comes back goes on where they were: reloads, lapsed logins, other tabs, other people."""

from __future__ import annotations

from uuid import UUID

from playwright.async_api import Page, expect

from tests.journeys.conftest import VIEWPORTS, OpenPage
from tests.journeys.screens import signed
from tests.journeys.site import Site
from tests.journeys.walking import Walk


async def questionnaire_first(site: Site) -> UUID:
    return await site.study(presentation={"order": "phq_first"})


async def at_third_question(site: Site, page: Page) -> Walk:
    """Answer two questions with 2 and 3, and stand at the third."""
    walk = Walk(page)
    await walk.to_questions()
    for value in (2, 3):
        await walk.answer(value)
        await walk.press("next")
    await expect(walk.question(3)).to_be_visible()
    return walk


async def saved_answers(site: Site, page: Page) -> list[int]:
    session = await Walk(page).session()
    return sorted(value or 0 for value, _ in (await site.answers(session["id"])).values())


async def test_a_reload_goes_on_at_the_same_question_with_the_same_answers(
    site: Site, open_page: OpenPage
) -> None:
    page = await open_page(site, await site.invite(await questionnaire_first(site)))
    walk = await at_third_question(site, page)
    await page.reload()
    await expect(walk.question(3)).to_be_visible()
    await walk.press("back")
    await expect(page.get_by_role("radio").nth(3)).to_be_checked()


async def test_a_reload_whose_opening_does_not_get_through_has_the_camera_all_the_same(
    site: Site, open_page: OpenPage
) -> None:
    study = await site.study(presentation={"order": "phq_first"}, camera={"check": "off"})
    page = await open_page(site, await site.invite(study), faults=True)
    walk = Walk(page)
    await walk.begin()
    await walk.consent(camera=True)
    await walk.read("instructions", "begin")
    await walk.read("questionnaire", "begin")
    await expect(page.get_by_text("Camera on")).to_be_visible()
    former = (await walk.session())["page_id"]
    await page.context.route("**/sessions/*/open", lambda route: route.abort())
    await page.reload()
    await expect(page.get_by_text("Camera on")).to_be_visible()
    await expect(page.get_by_role("button", name="Use this page")).to_have_count(0)
    assert (await walk.session())["page_id"] == former
    await page.context.unroute("**/sessions/*/open")
    async with page.expect_response("**/sessions/*/open"):
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert (await walk.session())["page_id"] != former
    await expect(page.get_by_text("Camera on")).to_be_visible()


async def test_another_device_goes_on_at_the_first_open_question(site: Site, open_page: OpenPage) -> None:
    link = await site.invite(await questionnaire_first(site))
    await at_third_question(site, await open_page(site, link))
    other = Walk(await open_page(site, link))
    await expect(other.question(3)).to_be_visible()
    await other.press("back")
    await expect(other.page.get_by_role("radio").nth(3)).to_be_checked()


async def test_a_login_that_lapses_in_mid_answer_loses_nothing(site: Site, open_page: OpenPage) -> None:
    people = await site.people(presentation={"order": "phq_first"})
    someone = people.participants[0]
    page = await open_page(site, site.link_of(someone), viewport=VIEWPORTS["small phone"], faults=True)
    walk = await at_third_question(site, page)
    await site.lapse_logins()
    await page.mouse.wheel(0, 10_000)
    await walk.answer(1)
    await expect(page.get_by_role("heading", name=walk.name("lapsed"))).to_be_in_viewport()
    await expect(page.get_by_text("login needed")).to_be_in_viewport()
    await expect(page.get_by_role("radio").nth(1)).to_be_checked()
    await page.get_by_label(walk.name("user name")).fill(someone.username)
    await page.get_by_label(walk.name("password")).fill(someone.password)
    await walk.press("log in")
    await expect(page.get_by_role("heading", name=walk.name("lapsed"))).to_be_hidden()
    await expect(walk.question(3)).to_be_visible()
    await signed(page)
    assert await saved_answers(site, page) == [1, 2, 3]


async def test_the_link_opened_in_another_tab_lets_the_first_one_go_on(
    site: Site, open_page: OpenPage
) -> None:
    link = await site.invite(await questionnaire_first(site))
    page = await open_page(site, link, faults=True)
    walk = await at_third_question(site, page)
    await site.lapse_logins()
    await walk.answer(1)
    await expect(page.get_by_role("heading", name=walk.name("lapsed"))).to_be_visible()
    other = await page.context.new_page()
    await other.goto(link)
    await expect(Walk(other).question(3)).to_be_visible()
    await expect(page.get_by_role("heading", name=walk.name("lapsed"))).to_be_hidden()
    await expect(walk.question(3)).to_be_visible()
    await signed(page)
    assert await saved_answers(site, other) == [1, 2, 3]


async def test_another_person_on_the_same_browser_has_their_own_and_leaves_the_others(
    site: Site, open_page: OpenPage
) -> None:
    study = await questionnaire_first(site)
    link, others = await site.invite(study), await site.invite(study)
    page = await open_page(site, link, faults=True)
    walk = await at_third_question(site, page)
    session = (await walk.session())["id"]
    await site.lapse_logins()
    await walk.answer(1)
    await expect(page.get_by_role("heading", name=walk.name("lapsed"))).to_be_visible()
    await page.goto(others)
    await walk.at("start")
    await expect(page.get_by_text("Another person is logged in now.")).to_be_visible()
    await expect(page.get_by_text("One entry of another person waits")).to_be_visible()
    await walk.to_questions()
    await walk.answer(0)
    await signed(page)
    assert len(await site.answers(session)) == 2
    await page.goto(link)
    await expect(walk.question(3)).to_be_visible()
    await expect(page.get_by_role("radio").nth(1)).to_be_checked()
    await signed(page)
    assert sorted(value or 0 for value, _ in (await site.answers(session)).values()) == [1, 2, 3]


async def test_of_two_tabs_the_newest_owns_the_camera_and_both_show_the_newest_answer(
    site: Site, open_page: OpenPage
) -> None:
    page = await open_page(site, await site.invite(await questionnaire_first(site)))
    walk = Walk(page)
    await walk.to_questions()
    await walk.answer(1)
    other = await page.context.new_page()
    await other.goto("/")
    await expect(page.get_by_text("This assessment is open in another window")).to_be_visible()
    second = Walk(other)
    await expect(second.question(1)).to_be_visible()
    await expect(other.get_by_role("radio").nth(1)).to_be_checked()
    await second.answer(3)
    await expect(page.get_by_role("radio").nth(3)).to_be_checked()
    await page.get_by_role("button", name="Use this page").click()
    await expect(other.get_by_text("This assessment is open in another window")).to_be_visible()
    await expect(page.get_by_text("This assessment is open in another window")).to_be_hidden()
    await walk.answer(2)
    await expect(other.get_by_role("radio").nth(2)).to_be_checked()
    await signed(page)
    assert await saved_answers(site, page) == [2]


async def test_a_link_that_works_once_brings_its_owner_back_while_they_are_logged_in(
    site: Site, open_page: OpenPage
) -> None:
    study = await site.study(presentation={"order": "phq_first"}, invitation_once=True)
    link = await site.invite(study)
    page = await open_page(site, link, faults=True)
    await at_third_question(site, page)
    again = await page.context.new_page()
    await again.goto(link)
    await expect(Walk(again).question(3)).to_be_visible()
    stranger = await open_page(site, link, faults=True)
    await Walk(stranger).at("entry")
    await expect(stranger.get_by_text("This link has been used up.")).to_be_visible()


async def test_the_token_of_a_link_stays_neither_in_the_address_nor_in_the_history(
    site: Site, open_page: OpenPage
) -> None:
    page = await open_page(site, await site.invite(await questionnaire_first(site)))
    await Walk(page).at("start")
    assert page.url == f"{site.url}/#/"
    assert await page.evaluate("history.length") <= 2
    await page.go_back()
    assert "join" not in page.url
