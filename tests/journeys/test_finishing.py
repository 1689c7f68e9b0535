"""The end where pictures are still on their way: what is said, what one may do, and that they come all the same."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from playwright.async_api import Page, expect

from tests.ground.house import PHQ_ALONE
from tests.journeys import axe
from tests.journeys.ahead import ahead
from tests.journeys.conftest import OpenPage
from tests.journeys.kept import choose, held
from tests.journeys.screens import press, title
from tests.journeys.site import Site
from tests.journeys.walking import Walk

PICTURES = "**/captures/*-*-*-*-*"
ANNOUNCEMENTS = "**/captures/expected"
WITH_PICTURES: dict[str, Any] = {
    "presentation": PHQ_ALONE["presentation"] | {"phq_layout": "all"},
    "questionnaire": {"ask_difficulty": False},
    "camera": {"capture_on_question_start": False, "check": "off"},
}
CLICKS = 3


async def handed_in(
    site: Site, open_page: OpenPage, *held_back: str, announced: int = CLICKS
) -> tuple[Page, str]:
    """Hand in a questionnaire whose pictures, one a click of three, are held back; gives the session's id, too."""
    link = await site.invite(await site.study(**WITH_PICTURES))
    async with ahead(site, link) as someone:
        answers = [{"question_id": one["id"], "value": 0, "version": 1} for one in await someone.questions()]
        await someone.client.post(f"{someone.path}/phq/responses", json={"responses": answers})
        await someone.post("withdraw", scopes=["chat"])
        await someone.post("phq/start")
        session = str(someone.session["id"])
    page = await open_page(site, link, faults=True)
    for calls in held_back or (PICTURES,):
        await page.context.route(calls, lambda route: route.abort())
    await expect(page.get_by_text("Camera on")).to_be_visible()
    for place in range(CLICKS):
        await choose(page, 1, place)
    await wait_for_captures(site, session, announced=announced, came=0)
    await press(page, "Hand in and go on")
    await title(page, "Almost done")
    return page, session


async def wait_for_captures(site: Site, session: str, *, announced: int, came: int) -> None:
    """Wait until the database has so many pictures announced, and so many come."""
    for _ in range(150):
        counts = await site.rows(
            "SELECT (SELECT count(*) FROM expected_captures WHERE session_id = $1) AS announced,"
            " (SELECT count(*) FROM captures WHERE session_id = $1) AS came",
            UUID(session),
        )
        if counts == [{"announced": announced, "came": came}]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{counts}, not {announced} announced and {came} come")


async def late(site: Site, session: str) -> int:
    """Count the pictures that came after the end."""
    return len(await site.rows("SELECT 1 FROM captures WHERE session_id = $1 AND late", UUID(session)))


async def test_who_waits_for_pictures_is_told_how_many_and_finishes_when_they_are_through(
    site: Site, open_page: OpenPage
) -> None:
    page, session = await handed_in(site, open_page)
    await expect(page.get_by_role("status").get_by_text("3 pictures are still being sent.")).to_be_visible()
    await expect(page.get_by_text("You may close this page")).to_be_visible()
    assert await axe.violations(page) == []
    assert (await Walk(page).session())["next_step"] == "complete"
    await page.context.unroute(PICTURES)
    await title(page, "Thank you")
    assert (await Walk(page).session())["state"] == "COMPLETED"
    await wait_for_captures(site, session, announced=CLICKS, came=CLICKS)
    assert await late(site, session) == 0


async def test_pictures_of_which_the_service_was_not_told_yet_are_waited_for(
    site: Site, open_page: OpenPage
) -> None:
    page, session = await handed_in(site, open_page, ANNOUNCEMENTS, PICTURES, announced=0)
    await expect(page.get_by_role("status").get_by_text("3 pictures are still being sent.")).to_be_visible()
    await page.context.unroute(ANNOUNCEMENTS)
    await page.context.unroute(PICTURES)
    await title(page, "Thank you")
    await wait_for_captures(site, session, announced=CLICKS, came=CLICKS)


async def test_who_does_not_wait_is_done_and_the_pictures_go_on(site: Site, open_page: OpenPage) -> None:
    page, session = await handed_in(site, open_page)
    await press(page, "Finish without waiting")
    await title(page, "Thank you")
    await expect(
        page.get_by_text("3 pictures are still being sent. You may close this page.")
    ).to_be_visible()
    assert await axe.violations(page) == []
    assert (await Walk(page).session())["state"] == "COMPLETED"
    await page.context.unroute(PICTURES)
    await expect(page.get_by_text("still being sent")).to_have_count(0, timeout=60_000)
    await wait_for_captures(site, session, announced=CLICKS, came=CLICKS)
    assert await late(site, session) == CLICKS


async def test_pictures_of_a_finished_session_go_on_at_the_next_visit(
    site: Site, open_page: OpenPage
) -> None:
    page, session = await handed_in(site, open_page)
    await press(page, "Finish without waiting")
    await title(page, "Thank you")
    context = page.context
    await page.close()
    await context.unroute(PICTURES)
    again = await context.new_page()
    await again.goto("/")
    await title(again, "Thank you")
    await expect(again.get_by_text("still being sent")).to_have_count(0, timeout=60_000)
    await wait_for_captures(site, session, announced=CLICKS, came=CLICKS)
    assert await held(again) == []


async def test_a_page_closed_while_pictures_wait_finishes_at_the_next_visit(
    site: Site, open_page: OpenPage
) -> None:
    page, session = await handed_in(site, open_page)
    context = page.context
    await page.close()
    await context.unroute(PICTURES)
    again = await context.new_page()
    await again.goto("/")
    await title(again, "Thank you")
    await wait_for_captures(site, session, announced=CLICKS, came=CLICKS)


async def test_pictures_that_wait_on_another_device_can_be_done_without(
    site: Site, open_page: OpenPage
) -> None:
    study = await site.study(**WITH_PICTURES)
    link = await site.invite(study)
    async with ahead(site, link) as someone:
        announced = {
            "capture_id": "00000000-0000-4000-8000-000000000001",
            "trigger": "BUTTON_CLICK",
            "session_ms": 5,
            "client_time": "2026-01-01T00:00:00.000Z",
        }
        await someone.post("withdraw", scopes=["chat"])
        await someone.post("captures/expected", captures=[announced])
        await someone.answer_all()
        session = str(someone.session["id"])
    page = await open_page(site, link)
    await title(page, "Almost done")
    await expect(page.get_by_text("One picture has not arrived.")).to_be_visible()
    await press(page, "Look again")
    await expect(page.get_by_text("One picture has not arrived.")).to_be_visible()
    assert await axe.violations(page) == []
    await press(page, "Finish without waiting")
    await title(page, "Thank you")
    await expect(page.get_by_text("still being sent")).to_have_count(0)
    await wait_for_captures(site, session, announced=1, came=0)
