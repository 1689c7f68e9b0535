"""Accessible in trouble, too: what axe finds where things fail, wait, or have ended in another way."""

from __future__ import annotations

from functools import partial
from typing import Literal

import pytest
from playwright.async_api import expect

from tests.journeys import axe
from tests.journeys.ahead import ahead
from tests.journeys.conftest import OpenPage
from tests.journeys.kept import FULL
from tests.journeys.screens import press, signed, title, wider
from tests.journeys.site import Site
from tests.journeys.walking import Walk

Scheme = Literal["light", "dark"]
each_scheme = pytest.mark.parametrize("scheme", ["light", "dark"])
NARROW = (320, 640)
CLOSED = {
    ("ABANDONED", "participant"): "You have stopped",
    ("ABANDONED", "restarted"): "Begun again",
    ("INCOMPLETE", "expired"): "The time for this assessment is over",
    ("FAILED", "staff"): "This assessment was ended",
}


async def at_all(site: Site, open_page: OpenPage, scheme: Scheme) -> Walk:
    """Bring somebody new to a questionnaire of one page."""
    study = await site.study(presentation={"order": "phq_first", "phq_layout": "all"})
    link = await site.invite(study)
    async with ahead(site, link, ["questionnaire", "chat"]) as someone:
        await someone.post("phq/start")
    page = await open_page(site, link, viewport=NARROW, color_scheme=scheme, faults=True)
    walk = Walk(page)
    await walk.at("questionnaire")
    await expect(page.get_by_role("group")).to_have_count(9)
    return walk


async def looks_right(walk: Walk, screen: str) -> None:
    assert await axe.violations(walk.page) == [], screen
    assert await wider(walk.page) <= 0, screen


@each_scheme
async def test_all_questions_on_one_page_with_one_missing_and_the_help_open(
    site: Site, open_page: OpenPage, scheme: Scheme
) -> None:
    walk = await at_all(site, open_page, scheme)
    await looks_right(walk, "all")
    await walk.press("hand in")
    await expect(walk.page.get_by_text("This question still needs an answer.").first).to_be_visible()
    await looks_right(walk, "missing")
    await walk.page.get_by_role("group").nth(8).get_by_role("radio").nth(2).check()
    await expect(walk.page.get_by_role("dialog")).to_be_visible()
    await looks_right(walk, "help")


@each_scheme
async def test_without_the_service_without_room_and_with_answers_refused(
    site: Site, open_page: OpenPage, scheme: Scheme
) -> None:
    walk = await at_all(site, open_page, scheme)
    page = walk.page
    for question in range(9):
        await page.get_by_role("group").nth(question).get_by_role("radio").first.check()
    await signed(page)
    await page.context.set_offline(True)
    await walk.press("hand in")
    await expect(page.get_by_text("There is no connection to the service just now.")).to_be_visible()
    await looks_right(walk, "offline")
    await page.evaluate(FULL)
    await page.get_by_role("group").first.get_by_role("radio").nth(1).check()
    await expect(page.get_by_text("This device has no room to keep your entries")).to_be_visible()
    await looks_right(walk, "full")
    refusal = {"status": 422, "headers": {"Content-Type": "application/json"}}
    body = '{"status":"SNAFU","error":"No.","code":"invalid","request_id":"request-8"}'
    await page.route("**/phq/responses**", lambda route: route.fulfill(**refusal, body=body))
    await page.route("**/phq/responses/**", lambda route: route.fulfill(**refusal, body=body))
    await page.context.set_offline(False)
    await expect(page.get_by_text("The service could not take one of your answers.")).to_be_visible()
    await expect(page.get_by_text("please quote request-8")).to_be_visible()
    await looks_right(walk, "refused")
    await press(page, "I have read this")
    await expect(page.get_by_text("The service could not take one of your answers.")).to_have_count(0)


@each_scheme
async def test_where_a_session_closed_otherwise(site: Site, open_page: OpenPage, scheme: Scheme) -> None:
    walk = await at_all(site, open_page, scheme)
    session = (await walk.session())["id"]
    back = partial(walk.menu, "history")
    for (state, reason), said in CLOSED.items():
        await site.rows(
            "UPDATE sessions SET end_state = $2, end_reason = $3, ended_at = now() WHERE id = $1::text::uuid",
            session,
            state,
            reason,
        )
        async with walk.page.expect_response("**/api/sessions"):
            await back()
        await walk.at("overview")
        await looks_right(walk, "overview")
        await walk.page.get_by_role("listitem").get_by_role("button").click()
        await title(walk.page, said)
        await looks_right(walk, said)
        back = partial(walk.press, "to overview")


@each_scheme
async def test_where_the_page_stumbled(site: Site, open_page: OpenPage, scheme: Scheme) -> None:
    walk = await at_all(site, open_page, scheme)
    await walk.page.evaluate("dispatchEvent(new ErrorEvent('error', {error: new Error('broken')}))")
    await title(walk.page, "This page stumbled")
    await looks_right(walk, "stumbled")


@each_scheme
async def test_where_staff_log_in(site: Site, open_page: OpenPage, scheme: Scheme) -> None:
    page = await open_page(site, "/#/staff", viewport=NARROW, color_scheme=scheme, faults=True)
    walk = Walk(page)
    await title(page, "Log in as staff")
    await looks_right(walk, "staff login")
    await page.get_by_label("User name").fill("nobody")
    await page.get_by_label("Password").fill("not the password")
    await press(page, "Log in")
    await expect(page.get_by_role("alert")).to_be_visible()
    await looks_right(walk, "staff refused")
