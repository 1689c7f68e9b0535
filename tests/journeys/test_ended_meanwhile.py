"""A session that ends while its page is open, and what is taken back in mid-way."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from tests.ground.house import staff_login
from tests.journeys import axe
from tests.journeys.ahead import ahead
from tests.journeys.conftest import OpenPage
from tests.journeys.kept import held
from tests.journeys.screens import press, signed, title
from tests.journeys.site import Site
from tests.journeys.test_camera import COUNT_ASKS, HELD
from tests.journeys.test_losses import call
from tests.journeys.walking import Walk

End = Callable[[Site, str], Awaitable[None]]
LEFT = """async () => (await indexedDB.databases()).map(one => one.name).filter(one => one !== 'outbox-people')"""
AWAY_AND_BACK = "document.dispatchEvent(new Event('visibilitychange'))"
PICTURES = "**/captures/*-*-*-*-*"


async def fail(site: Site, session: str) -> None:
    """End it for a fault, as staff do."""
    [study] = await site.rows("SELECT study_id FROM sessions WHERE id = $1", UUID(session))
    async with site.service.client() as client:
        site.give_cookie(client, await staff_login(site.database, "researcher", study["study_id"]))
        reply = await client.post(f"/api/admin/sessions/{session}/fail", json={"reason": "a broken tablet"})
    assert reply.is_success, reply.text


async def let_expire(site: Site, session: str) -> None:
    await site.rows(
        "UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = $1", UUID(session)
    )


ENDS = [(fail, "This assessment was ended"), (let_expire, "The time for this assessment is over")]
each_end = pytest.mark.parametrize(("end", "said"), ENDS, ids=["failed by staff", "expired"])


async def at_first_question(site: Site, open_page: OpenPage, scopes: list[str] | None = None) -> Walk:
    """Bring somebody new to the first question, with the camera on if they agreed to all."""
    study = await site.study(presentation={"order": "phq_first"}, camera={"check": "off"})
    link = await site.invite(study)
    async with ahead(site, link, scopes) as someone:
        await someone.post("phq/start")
    walk = Walk(await open_page(site, link, faults=True))
    await walk.read("questionnaire", "begin")
    return walk


@each_end
async def test_a_session_that_ends_while_its_page_is_open_is_told_at_the_next_look(
    site: Site, open_page: OpenPage, end: End, said: str
) -> None:
    walk = await at_first_question(site, open_page)
    page = walk.page
    await expect(page.get_by_text("Camera on")).to_be_visible()
    session = str((await walk.session())["id"])
    await walk.answer(1)
    await signed(page)
    while [*(await walk.session())["captures"].values()][:2] != [2, 2]:
        await page.wait_for_timeout(50)
    await end(site, session)
    await page.evaluate(AWAY_AND_BACK)
    await title(page, said)
    await expect(page.get_by_role("alert")).to_have_count(0)
    assert not await page.evaluate(HELD)
    assert await axe.violations(page) == []
    assert [value for value, _ in (await site.answers(session)).values()] == [1]
    await walk.press("to overview")
    await walk.at("overview")


@each_end
async def test_an_answer_that_comes_after_the_end_leads_to_the_word_about_it(
    site: Site, open_page: OpenPage, end: End, said: str
) -> None:
    walk = await at_first_question(site, open_page, ["questionnaire", "chat"])
    page = walk.page
    session = str((await walk.session())["id"])
    await end(site, session)
    # The page may have moved on before anybody sees the choice.
    await page.get_by_role("radio").nth(2).click()
    await title(page, said)
    await expect(page.get_by_text("The service could not take one of your answers.")).to_be_visible()
    await expect(page.get_by_text("What was saved before is not affected.")).to_be_visible()
    assert await axe.violations(page) == []
    await page.reload()
    await expect(page.get_by_text("The service could not take one of your answers.")).to_be_visible()
    await press(page, "I have read this")
    await expect(page.get_by_text("The service could not take one of your answers.")).to_have_count(0)


@each_end
async def test_a_message_that_comes_after_the_end_leads_to_the_word_about_it(
    site: Site, open_page: OpenPage, end: End, said: str
) -> None:
    link = await site.invite(await site.study(presentation={"order": "chat_first"}))
    async with ahead(site, link, ["questionnaire", "chat"]) as someone:
        await someone.greet()
        session = str(someone.session["id"])
    page = await open_page(site, link, faults=True)
    box = page.get_by_role("textbox")
    await box.fill("Work is fine.")
    await expect(page.get_by_role("button", name="Send")).to_be_enabled()
    await end(site, session)
    await press(page, "Send")
    await title(page, said)
    assert len(await site.rows("SELECT 1 FROM turns WHERE session_id = $1", UUID(session))) == 1


@each_end
async def test_a_questionnaire_handed_in_after_the_end_leads_to_the_word_about_it(
    site: Site, open_page: OpenPage, end: End, said: str
) -> None:
    study = await site.study(presentation={"order": "phq_first", "phq_layout": "all"})
    link = await site.invite(study)
    async with ahead(site, link, ["questionnaire", "chat"]) as someone:
        for question in await someone.questions():
            await someone.save(question["id"], 0)
        session = str(someone.session["id"])
    walk = Walk(await open_page(site, link, faults=True))
    await expect(walk.page.get_by_role("radio", checked=True)).to_have_count(9)
    await end(site, session)
    await walk.press("hand in")
    await title(walk.page, said)


async def with_pictures_held_back(site: Site, open_page: OpenPage) -> Walk:
    """Answer a question whose pictures do not get through."""
    walk = await at_first_question(site, open_page)
    await expect(walk.page.get_by_text("Camera on")).to_be_visible()
    await walk.page.context.route(PICTURES, lambda route: route.abort())
    await walk.answer(1)
    session = str((await walk.session())["id"])
    while not await site.answers(session) or not await waiting(walk.page, "capture"):
        await walk.page.wait_for_timeout(50)
    return walk


async def waiting(page: Page, kind: str) -> int:
    return sum(row["kind"] == kind for row in await held(page))


async def withdraw(walk: Walk, *labels: str) -> None:
    """Take these back."""
    await walk.menu("withdraw")
    await walk.at("withdraw")
    main = walk.page.get_by_role("main")
    for label in labels:
        await main.get_by_label(label).check()
    assert await axe.violations(walk.page) == []
    await main.get_by_role("button", name=walk.name("withdraw")).click()
    await walk.at("withdrawn")
    assert await axe.violations(walk.page) == []


async def test_taking_the_camera_back_forgets_the_pictures_that_wait_and_nothing_else(
    site: Site, open_page: OpenPage
) -> None:
    walk = await with_pictures_held_back(site, open_page)
    page = walk.page
    session = str((await walk.session())["id"])
    came = len(await site.rows("SELECT 1 FROM captures WHERE session_id = $1", UUID(session)))
    await withdraw(walk, "Pictures from my camera")
    assert not await page.evaluate(HELD)
    assert await held(page) == []
    await page.context.unroute(PICTURES)
    await walk.press("continue")
    await walk.answer_all()
    await walk.hand_in()
    await walk.read("cooldown", "go on")
    await walk.talk()
    await walk.at("thanks")
    assert (await walk.session())["state"] == "COMPLETED"
    assert len(await site.rows("SELECT 1 FROM captures WHERE session_id = $1", UUID(session))) == came


async def test_the_camera_stays_off_while_its_withdrawal_does_not_get_through(
    site: Site, open_page: OpenPage
) -> None:
    walk = await at_first_question(site, open_page)
    page = walk.page
    await expect(page.get_by_text("Camera on")).to_be_visible()
    session = str((await walk.session())["id"])
    await page.evaluate(f"() => {{ {COUNT_ASKS} }}")
    await page.context.route("**/api/**/withdraw", lambda route: route.abort())
    await walk.menu("withdraw")
    await walk.at("withdraw")
    main = page.get_by_role("main")
    await main.get_by_label("Pictures from my camera").check()
    await main.get_by_role("button", name=walk.name("withdraw")).click()
    await expect(page.get_by_role("button", name="Try now")).to_be_visible()
    async with page.expect_response(lambda reply: reply.url.endswith(session)):
        await page.evaluate(AWAY_AND_BACK)
    assert not await page.evaluate(HELD)
    await page.context.unroute("**/api/**/withdraw")
    await press(page, "Try now")
    await walk.at("withdrawn")
    assert await page.evaluate("window.asked") == []


async def test_what_is_taken_back_on_another_device_is_forgotten_by_this_one(
    site: Site, open_page: OpenPage
) -> None:
    walk = await with_pictures_held_back(site, open_page)
    page = walk.page
    await page.context.route("**/phq/responses/**", lambda route: route.abort())
    await walk.answer(3)
    while not await waiting(page, "answer"):
        await page.wait_for_timeout(50)
    await call(page, "withdraw", scopes=["camera"])
    await page.evaluate(AWAY_AND_BACK)
    while await waiting(page, "capture"):
        await page.wait_for_timeout(50)
    assert await waiting(page, "answer")
    assert not await page.evaluate(HELD)
    await call(page, "withdraw", scopes="all")
    await page.evaluate(AWAY_AND_BACK)
    await walk.at("withdrew")
    while await page.evaluate(LEFT):
        await page.wait_for_timeout(50)
    await page.context.unroute("**/phq/responses/**")
    await page.reload()
    await walk.at("overview")
    await expect(page.get_by_text("The service could not take")).to_have_count(0)


async def test_taking_everything_back_empties_the_device_and_gives_a_number(
    site: Site, open_page: OpenPage
) -> None:
    walk = await with_pictures_held_back(site, open_page)
    page = walk.page
    session = UUID(str((await walk.session())["id"]))
    await page.context.route("**/phq/responses/**", lambda route: route.abort())
    await walk.answer(3)
    while not await waiting(page, "answer"):
        await page.wait_for_timeout(50)
    await withdraw(walk, walk.name("everything"), walk.name("erase"))
    shown = await page.get_by_role("main").inner_text()
    receipt = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", shown)
    assert receipt is not None
    asked = await site.rows("SELECT id FROM erasure_requests WHERE session_id = $1", session)
    assert [str(row["id"]) for row in asked] == [receipt[0]]
    assert not await page.evaluate(HELD)
    assert await held(page) == []
    await page.context.unroute(PICTURES)
    await page.context.unroute("**/phq/responses/**")
    await walk.press("continue")
    await walk.at("withdrew")
    assert await axe.violations(page) == []
    await page.goto("/healthz")
    names: Any = await page.evaluate(LEFT)
    assert names == []
    [row] = await site.rows("SELECT count(*) AS answers FROM responses WHERE session_id = $1", session)
    assert row["answers"] == 1
