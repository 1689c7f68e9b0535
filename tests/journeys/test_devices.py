"""Devices that keep nothing, have no room, or live on another day: what was entered arrives all the same."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from tests.ground.house import PHQ_ALONE
from tests.journeys.ahead import ahead
from tests.journeys.conftest import OpenPage
from tests.journeys.kept import FULL, NO_STORAGE, choose
from tests.journeys.screens import press, signed, title
from tests.journeys.site import Site
from tests.journeys.talking import at_chat
from tests.journeys.walking import at_questions

FULL_SIGN = "Not kept on this device – keep this page open"
PICTURES = "**/captures/*-*-*-*-*"
FULL_TEXT = "This device has no room to keep your entries"
WITH_CAMERA: dict[str, Any] = {
    "presentation": PHQ_ALONE["presentation"] | {"phq_layout": "all"},
    "questionnaire": {"ask_difficulty": False, "show_score": True},
    "camera": {"capture_on_question_start": False, "check": "off"},
}
each_browser = pytest.mark.parametrize("browser", NO_STORAGE.values(), ids=list(NO_STORAGE))


async def with_camera(site: Site, open_page: OpenPage, script: str = "") -> tuple[Page, UUID]:
    """Bring somebody new to a questionnaire alone on one page, the camera on, in a browser that ran `script` first."""
    link = await site.invite(await site.study(**WITH_CAMERA))
    async with ahead(site, link) as someone:
        await someone.post("withdraw", scopes=["chat"])
        await someone.post("phq/start")
        session = UUID(someone.session["id"])
    page = await open_page(site, "about:blank", faults=True)
    await page.add_init_script(script)
    await page.goto(link)
    await expect(page.locator("fieldset")).to_have_count(9)
    await expect(page.get_by_text("Camera on")).to_be_visible()
    return page, session


async def answer_all(page: Page) -> None:
    for place in range(9):
        await choose(page, 1 if place < 8 else 0, place)


async def pictures(site: Site, session: UUID) -> dict[str, int]:
    """Count the pictures that were announced, told as not taken, and kept."""
    [row] = await site.rows(
        "SELECT count(*) AS announced, count(*) FILTER (WHERE skipped) AS skipped,"
        " (SELECT count(*) FROM captures WHERE session_id = $1) AS kept"
        " FROM expected_captures WHERE session_id = $1",
        session,
    )
    return row


@each_browser
async def test_a_browser_that_keeps_nothing_says_so_and_all_arrives(
    site: Site, open_page: OpenPage, browser: str
) -> None:
    page, session = await with_camera(site, open_page, browser)
    await signed(page, FULL_SIGN)
    await expect(page.get_by_text(FULL_TEXT)).to_be_visible()
    await answer_all(page)
    await press(page, "Hand in and go on")
    await title(page, "Thank you")
    await expect(page.get_by_role("region", name="Your screening score").get_by_text("8 (of")).to_be_visible()
    assert len(await site.answers(str(session))) == 9
    counted = await pictures(site, session)
    assert counted["kept"] == counted["announced"] - counted["skipped"] > 0


async def test_who_must_keep_the_page_open_for_the_pictures_is_told_so(
    site: Site, open_page: OpenPage
) -> None:
    page, _ = await with_camera(site, open_page, NO_STORAGE["no database"])
    await page.route(PICTURES, lambda route: route.abort())
    await answer_all(page)
    await press(page, "Hand in and go on")
    await title(page, "Almost done")
    await expect(
        page.get_by_text("Please leave this page open until the pictures are through")
    ).to_be_visible()
    await expect(page.get_by_text("may close this page")).to_have_count(0)
    await press(page, "Finish without waiting")
    await title(page, "Thank you")
    await expect(page.get_by_text("Please leave this page open until they are through.")).to_be_visible()
    await expect(page.get_by_text("may close this page")).to_have_count(0)


async def test_who_comes_for_the_first_time_with_such_a_browser_is_told_of_no_ended_login(
    site: Site, open_page: OpenPage
) -> None:
    page = await open_page(site, "about:blank", faults=True)
    await page.add_init_script(NO_STORAGE["nothing at all"])
    await page.goto("/")
    await title(page, "Welcome")
    await expect(page.get_by_text("Your login has ended.")).to_have_count(0)


async def test_a_device_without_room_says_so_and_sends_once_it_can(site: Site, open_page: OpenPage) -> None:
    walk = await at_questions(site, open_page, faults=True)
    page = walk.page
    await page.evaluate(FULL)
    await page.context.set_offline(True)
    await choose(page, 2)
    await signed(page, FULL_SIGN)
    await expect(page.get_by_text(FULL_TEXT)).to_be_visible()
    await page.context.set_offline(False)
    await signed(page)
    await expect(page.get_by_text(FULL_TEXT)).to_have_count(0)
    assert [*(await site.answers((await walk.session())["id"])).values()] == [(2, 1)]


async def test_a_device_that_fills_up_in_mid_way_costs_a_picture_and_no_answer(
    site: Site, open_page: OpenPage
) -> None:
    page, session = await with_camera(site, open_page)
    await page.evaluate(FULL)
    await answer_all(page)
    await press(page, "Hand in and go on")
    await title(page, "Thank you")
    assert sorted(value or 0 for value, _ in (await site.answers(str(session))).values()) == [0] + [1] * 8
    counted = await pictures(site, session)
    # One that the device refused is told as skipped; later ones go by way of the page's memory.
    assert counted["announced"] > 0
    assert counted["kept"] == counted["announced"] - counted["skipped"]


@pytest.mark.parametrize("days", [1, -1])
async def test_an_answer_of_a_device_on_another_day_tells_the_sessions_time(
    site: Site, open_page: OpenPage, days: int
) -> None:
    link = await site.invite(await site.study(presentation={"order": "phq_first"}))
    async with ahead(site, link, ["questionnaire", "chat"]) as someone:
        await someone.post("phq/start")
        session = UUID(someone.session["id"])
    page = await on_another_day(open_page, days)(site, link)
    await press(page, "Begin")
    await choose(page, 2)
    await signed(page)
    await assert_in_the_sessions_time(site, "responses", session, days)


@pytest.mark.parametrize("days", [1, -1])
async def test_a_message_of_a_device_on_another_day_tells_the_sessions_time(
    site: Site, open_page: OpenPage, days: int
) -> None:
    talk = await at_chat(site, on_another_day(open_page, days), scripted=True)
    await talk.begin()
    await talk.say("I sleep badly.")
    await talk.replies(2)
    await talk.assert_shown_as_kept()
    await assert_in_the_sessions_time(site, "turns", talk.session, days)


def on_another_day(open_page: OpenPage, days: int) -> Callable[[Site, str], Awaitable[Page]]:
    """Give the way to open a page in a device whose clock is so many days ahead."""

    async def opened(site: Site, link: str) -> Page:
        page = await open_page(site, "about:blank", faults=True)
        await page.clock.install(time=datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days))
        await page.goto(link)
        return page

    return opened


async def assert_in_the_sessions_time(site: Site, table: str, session: UUID, days: int) -> None:
    """What was sent tells the session's time rightly, and the device's as it was."""
    [row] = await site.rows(
        f"SELECT r.session_ms, r.clock_suspect, extract(epoch FROM r.received_at - s.created_at) * 1000 AS ms,"
        f" extract(epoch FROM r.client_time - r.received_at) AS ahead"
        f" FROM {table} r JOIN sessions s ON s.id = r.session_id WHERE s.id = $1 AND r.client_time IS NOT NULL",
        session,
    )
    assert not row["clock_suspect"]
    assert abs(float(row["ms"]) - row["session_ms"]) < 2000
    assert abs(float(row["ahead"]) - days * 86_400) < 3600
