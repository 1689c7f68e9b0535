"""What could be lost between two pages, two people or two replies: nothing is, and nobody is left standing."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import uuid4

from playwright.async_api import Page, Route, expect

from tests.journeys.conftest import OpenPage
from tests.journeys.site import Site
from tests.journeys.test_camera import HELD, at_a_question
from tests.journeys.walking import Walk

PHQ_FIRST = {"order": "phq_first"}
# What a browser gives to no page that came over plain http.
INSECURE = "Object.defineProperty(Crypto.prototype, 'randomUUID', { value: undefined })"


async def call(page: Page, verb: str, **body: Any) -> dict[str, Any]:
    """Do something in the person's newest session as another device of theirs would."""
    session = (await Walk(page).session())["id"]
    reply = await page.request.post(f"/api/sessions/{session}/{verb}", data=body)
    assert reply.ok, await reply.text()
    done: dict[str, Any] = (await reply.json())["data"]
    return done


async def at_questions(site: Site, open_page: OpenPage) -> Walk:
    study = await site.study(presentation=PHQ_FIRST)
    walk = Walk(await open_page(site, await site.invite(study), faults=True))
    await walk.to_questions()
    return walk


async def test_a_page_that_cannot_run_here_still_says_so(site: Site, open_page: OpenPage) -> None:
    page = await open_page(site, "/healthz", faults=True)
    await page.add_init_script(INSECURE)
    await page.goto("/")
    await expect(page.get_by_text("or try a newer browser")).to_be_visible()
    await page.wait_for_load_state("networkidle")
    await expect(page.get_by_text("or try a newer browser")).to_be_visible()


async def test_a_page_that_waits_for_another_devices_pictures_does_not_ask_and_ask(
    site: Site, open_page: OpenPage
) -> None:
    page = await at_a_question(site, open_page)
    walk = Walk(page)
    stamp = {"client_time": "2026-01-01T00:00:00.000Z", "session_ms": 1000}
    elsewhere = {"capture_id": str(uuid4()), "trigger": "BUTTON_CLICK"} | stamp
    await call(page, "captures/expected", captures=[elsewhere])
    await walk.answer_all()
    await walk.hand_in()
    await walk.read("cooldown", "go on")
    await walk.talk()
    await expect(page.get_by_text("One picture has not arrived.")).to_be_visible(timeout=45_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await asyncio.sleep(2)
    assert [url for url in asked if "/api/sessions/" in url] == []


async def test_who_answers_what_was_begun_again_elsewhere_comes_to_the_new_questions(
    site: Site, open_page: OpenPage
) -> None:
    walk = await at_questions(site, open_page)
    old = (await walk.session())["phq"]["assessment_id"]
    await walk.answer(1)
    await walk.press("next")
    await expect(walk.page.get_by_role("banner").get_by_text("Saved", exact=True)).to_be_visible()
    new = (await call(walk.page, "restart", part="phq"))["session"]["phq"]["assessment_id"]
    assert new != old
    await walk.answer(3)
    await walk.read("questionnaire", "begin")
    await expect(walk.question(1)).to_be_visible()
    await expect(walk.page.get_by_role("radio", checked=True)).to_have_count(0)
    assert (await walk.session())["phq"]["answered"] == 0


async def test_who_answers_in_a_session_that_was_ended_elsewhere_is_told_at_once(
    site: Site, open_page: OpenPage
) -> None:
    walk = await at_questions(site, open_page)
    await call(walk.page, "abandon", reason="tired")
    await asyncio.sleep(0.05)
    await walk.page.get_by_role("radio").nth(2).check()
    await expect(walk.question(1)).to_be_hidden(timeout=3_000)
    await expect(walk.page.get_by_text(re.compile("could not take one of your answers"))).to_be_visible()


async def test_a_question_that_anothers_devices_answers_ask_for_is_led_to(
    site: Site, open_page: OpenPage
) -> None:
    """The questionnaire of ten, of which the last is asked only when something is above the least."""
    walk = await at_questions(site, open_page)
    page = walk.page
    for place in range(1, 10):
        await expect(walk.question(place)).to_be_visible()
        await walk.answer(0)
        await walk.press("next")
    await walk.at("review")
    session = (await walk.session())["id"]
    await expect(page.get_by_role("banner").get_by_text("Saved", exact=True)).to_be_visible()
    phq = (await (await page.request.get(f"/api/sessions/{session}/phq")).json())["data"]
    first, last = phq["questions"][0], phq["questions"][-1]
    body = {"value": 2, "version": 2, "session_ms": 10_000_000}
    reply = await page.request.put(f"/api/sessions/{session}/phq/responses/{first['id']}", data=body)
    assert reply.ok
    await page.route("**/phq/complete", lambda route: missing(route, last["id"]))
    await walk.press("hand in")
    await expect(walk.question(10)).to_be_visible()
    await expect(page.get_by_role("alert").first).to_be_visible()


async def missing(route: Route, question: str) -> None:
    refusal = {"status": "SNAFU", "error": "No.", "code": "incomplete", "request_id": "r"}
    await route.fulfill(status=409, json=refusal | {"details": [{"field": question, "problem": "missing"}]})


async def test_no_camera_is_turned_on_by_what_comes_back_after_the_page_was_left(
    site: Site, open_page: OpenPage
) -> None:
    page = await at_a_question(site, open_page)
    coming, going = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        coming.set()
        await going.wait()
        await route.continue_()

    session = (await Walk(page).session())["id"]
    await page.route(f"**/api/sessions/{session}", hold)
    # As when the person looks at the page again.
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await asyncio.wait_for(coming.wait(), 10)
    await Walk(page).button("menu").click()
    await page.get_by_role("button", name="Overview and history").click()
    await page.wait_for_function(f"!({HELD})")
    async with page.expect_response(f"**/api/sessions/{session}"):
        going.set()
    await asyncio.sleep(1)
    assert not await page.evaluate(HELD)


async def test_a_name_that_was_just_taken_by_oneself_is_no_refusal(
    own_site: Site, open_page: OpenPage
) -> None:
    await own_site.study(registration=True)
    page = await open_page(own_site, "/", faults=True)
    broken = 1

    async def once(route: Route) -> None:
        nonlocal broken
        broken -= 1
        await (route.abort() if broken >= 0 else route.continue_())

    await page.route("**/api/auth/me", once)
    await page.get_by_role("button", name="Make an account").click()
    await page.get_by_label("User name").fill(f"someone-{uuid4().hex[:8]}")
    await page.get_by_label("Password").fill(f"long enough {uuid4().hex}")
    await page.get_by_role("button", name="Make an account").click()
    await Walk(page).at("start")
