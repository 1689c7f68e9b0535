"""Leaving: logging out with things left, withdrawing, stopping, beginning again, and what is said afterwards."""

from __future__ import annotations

import re
from uuid import UUID

from playwright.async_api import expect

from tests.journeys.conftest import OpenPage
from tests.journeys.screens import signed
from tests.journeys.site import Site
from tests.journeys.walking import Walk, at_questions

GONE = "async user => (await indexedDB.databases()).every(one => !one.name.includes(user))"


async def one_left(walk: Walk) -> str:
    """Give an answer that does not reach the service: a login of nobody is refused. Gives the session's id."""
    session = str((await walk.session())["id"])
    await walk.page.route("**/phq/responses**", lambda route: route.abort())
    await walk.answer(2)
    await walk.menu("log out")
    await expect(
        walk.page.get_by_text("One entry on this device has not reached the service yet.")
    ).to_be_visible()
    return session


async def test_a_logout_without_things_left_asks_nothing(site: Site, open_page: OpenPage) -> None:
    walk = await at_questions(site, open_page)
    await walk.menu("log out")
    await walk.press("log out")
    await walk.at("entry")
    await expect(walk.page.get_by_text("You are logged out.")).to_be_visible()
    reply = await walk.page.request.get("/api/auth/me")
    assert reply.status == 401


async def test_a_logout_sends_first_what_is_left(site: Site, open_page: OpenPage) -> None:
    walk = await at_questions(site, open_page, faults=True)
    session = await one_left(walk)
    await walk.page.get_by_role("button", name="Send first, then log out").click()
    await walk.page.unroute("**/phq/responses**")
    await walk.at("entry")
    assert [value for value, _ in (await site.answers(session)).values()] == [2]


async def test_a_logout_leaves_on_the_device_what_is_to_be_sent_at_the_next_login(
    site: Site, open_page: OpenPage
) -> None:
    people = await site.people(presentation={"order": "phq_first"})
    someone = people.participants[0]
    walk = Walk(await open_page(site, site.link_of(someone), faults=True))
    await walk.to_questions()
    session = await one_left(walk)
    await walk.page.get_by_role("button", name="Log out and leave them on this device").click()
    await walk.at("entry")
    await walk.page.unroute("**/phq/responses**")
    assert await site.answers(session) == {}
    await walk.page.goto(site.link_of(someone))
    await expect(walk.question(1)).to_be_visible()
    await expect(walk.page.get_by_role("radio").nth(2)).to_be_checked()
    await signed(walk.page)
    assert [value for value, _ in (await site.answers(session)).values()] == [2]


async def test_a_logout_deletes_what_is_left_if_told_so(site: Site, open_page: OpenPage) -> None:
    walk = await at_questions(site, open_page, faults=True)
    session = await one_left(walk)
    user = (await (await walk.page.request.get("/api/auth/me")).json())["data"]["user"]["id"]
    await walk.page.get_by_role("button", name="Log out and delete them").click()
    await walk.at("entry")
    assert await site.answers(session) == {}
    # What it held is gone at once; the database itself goes when the last page that had it open let go of it.
    await walk.page.wait_for_function(GONE, arg=user)


async def test_who_withdraws_everything_is_given_a_number_and_nothing_is_recorded_any_more(
    site: Site, open_page: OpenPage
) -> None:
    walk = await at_questions(site, open_page)
    session = (await walk.session())["id"]
    await walk.menu("withdraw")
    await walk.at("withdraw")
    await walk.page.get_by_label(walk.name("everything")).check()
    await walk.page.get_by_label(walk.name("erase")).check()
    await walk.page.get_by_role("main").get_by_role("button", name=walk.name("withdraw")).click()
    await walk.at("withdrawn")
    shown = await walk.page.get_by_role("main").inner_text()
    receipt = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", shown)
    assert receipt is not None
    asked = await site.rows("SELECT id FROM erasure_requests WHERE session_id = $1", UUID(session))
    assert [str(row["id"]) for row in asked] == [receipt[0]]
    await walk.press("continue")
    await walk.at("withdrew")


async def test_who_withdraws_the_interview_goes_on_with_the_questionnaire(
    site: Site, open_page: OpenPage
) -> None:
    walk = await at_questions(site, open_page)
    await walk.menu("withdraw")
    await walk.page.get_by_label("The written interview").check()
    await walk.page.get_by_role("main").get_by_role("button", name=walk.name("withdraw")).click()
    await walk.at("withdrawn")
    await walk.press("continue")
    await walk.answer_all()
    await walk.hand_in()
    await walk.at("thanks")


async def test_who_stops_is_told_so_and_can_begin_anew(site: Site, open_page: OpenPage) -> None:
    walk = await at_questions(site, open_page)
    await walk.menu("pause")
    await walk.page.get_by_label("Would you like to say why?").fill("no time")
    await walk.page.get_by_role("button", name="End this assessment").click()
    await walk.page.get_by_role("heading", name="You have stopped").wait_for()
    await walk.press("to overview")
    await walk.page.get_by_role("button", name="Begin a new assessment").click()
    await walk.at("welcome")


async def test_a_questionnaire_begun_again_has_no_answers(site: Site, open_page: OpenPage) -> None:
    walk = await at_questions(site, open_page)
    await walk.answer(3)
    await walk.menu("pause")
    await walk.page.get_by_role("button", name="Begin the questionnaire again").click()
    await walk.read("questionnaire", "begin")
    await expect(walk.question(1)).to_be_visible()
    await expect(walk.page.get_by_role("radio", checked=True)).to_have_count(0)


async def test_an_assessment_whose_time_is_over_is_told_so(site: Site, open_page: OpenPage) -> None:
    walk = await at_questions(site, open_page)
    await site.rows("UPDATE sessions SET expires_at = now() - interval '1 minute'")
    await walk.page.reload()
    await walk.page.get_by_role("heading", name="The time for this assessment is over").wait_for()
    await walk.press("to overview")
    await walk.at("overview")


async def test_a_next_visit_that_is_not_due_is_told_with_its_date(site: Site, open_page: OpenPage) -> None:
    study = await site.study(presentation={"order": "phq_first", "visits": 2, "days_between_visits": 7})
    walk = Walk(await open_page(site, await site.invite(study), faults=True))
    await walk.to_questions()
    await walk.answer_all()
    await walk.hand_in()
    await walk.read("cooldown", "go on")
    await walk.talk()
    await walk.at("thanks")
    await walk.press("to overview")
    await walk.page.get_by_role("button", name="Begin a new assessment").click()
    await expect(walk.page.get_by_text("Your next assessment can begin on")).to_be_visible()
