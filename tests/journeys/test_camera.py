"""Pictures: what the study wants reaches the store, and everybody goes on where none can be had."""

from __future__ import annotations

import hashlib
import io
import itertools
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from playwright.async_api import Page, expect

from tests.journeys import axe
from tests.journeys.conftest import OpenPage
from tests.journeys.screens import press, title, wider
from tests.journeys.site import Site
from tests.journeys.walking import Walk

PHQ_FIRST: dict[str, Any] = {"presentation": {"order": "phq_first"}}
EVERY_SECOND = {
    "recording_mode": "INTERVAL",
    "interval_seconds": 1,
    "capture_on_button_click": False,
    "capture_on_message_send": False,
    "capture_on_question_start": False,
}
NONE = EVERY_SECOND | {"recording_mode": "OFF", "interval_seconds": None}
# What the page holds of the camera, through the element that plays it.
HELD = "[...document.querySelectorAll('video')].some(one => one.srcObject?.active)"
COUNT_ASKS = """
    window.asked = [];
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = wish => { window.asked.push(wish); return ask(wish); };
"""


async def at_the_check(
    site: Site, open_page: OpenPage, device: str = "granted", script: str = "", **changes: Any
) -> Page:
    """Bring somebody new to the camera's check, in a browser that ran `script` first."""
    study = await site.study(**PHQ_FIRST, **changes)
    page = await open_page(site, "about:blank", camera=device)
    await page.add_init_script(script)
    await page.goto(await site.invite(study))
    await Walk(page).begin()
    await Walk(page).consent(camera=True)
    await title(page, "Your camera")
    return page


async def at_a_question(site: Site, open_page: OpenPage, **changes: Any) -> Page:
    page = await at_the_check(site, open_page, **changes)
    await Walk(page).check_camera()
    await to_the_questions(page)
    await expect(page.get_by_text("Camera on")).to_be_visible()
    return page


async def to_the_questions(page: Page) -> None:
    walk = Walk(page)
    await walk.read("instructions", "begin")
    await walk.read("questionnaire", "begin")


async def answer(page: Page, place: int) -> None:
    await Walk(page).answer(1)
    await press(page, "Next")
    await expect(page.get_by_text(f"Question {place + 1} of")).to_be_visible()


async def ledger(page: Page) -> tuple[int, int]:
    captures = (await Walk(page).session())["captures"]
    return captures["expected"], captures["received"]


async def all_received(page: Page, at_least: int) -> int:
    """Wait until as many pictures as were announced have come."""
    for _ in range(100):
        expected, received = await ledger(page)
        if expected == received >= at_least:
            return received
        await page.wait_for_timeout(100)
    raise AssertionError(f"{received} of {expected} pictures have come, and {at_least} were to")


async def announced(site: Site, page: Page) -> list[dict[str, Any]]:
    session = (await Walk(page).session())["id"]
    return await site.rows(
        "SELECT * FROM expected_captures WHERE session_id = $1 ORDER BY session_ms", UUID(str(session))
    )


async def kept_by(site: Site, page: Page) -> list[dict[str, Any]]:
    session = (await Walk(page).session())["id"]
    return await site.rows(
        "SELECT * FROM captures WHERE session_id = $1 ORDER BY session_ms", UUID(str(session))
    )


@pytest.mark.parametrize("script", ["", "delete window.OffscreenCanvas"], ids=["usual", "no worker's canvas"])
async def test_pictures_arrive_as_the_study_wants_them(site: Site, open_page: OpenPage, script: str) -> None:
    page = await at_a_question(
        site, open_page, camera={"resolution": "500x500", "quality": 0.6}, script=script
    )
    for place in (1, 2):
        await answer(page, place)
    # A picture for each of three questions and two answers.
    assert await all_received(page, 5) == 5
    assert bool(page.workers) is (script == "")
    rows = await kept_by(site, page)
    assert sorted(row["trigger"] for row in rows) == ["BUTTON_CLICK"] * 2 + ["QUESTION_START"] * 3
    questions = {row["question_id"] for row in rows}
    assert len(questions) == 3
    assert None not in questions
    width, height = await page.evaluate(
        "(one => [one.videoWidth, one.videoHeight])(document.querySelector('video'))"
    )
    files = {hashlib.sha256(content).digest(): content for content in site.files()}
    for row in rows:
        content = files[row["sha256"]]
        image = Image.open(io.BytesIO(content))
        # As large as fits, of the camera's own shape.
        assert (image.format, len(content)) == ("JPEG", row["size"])
        assert image.size == (500, round(500 * height / width))
        shades = image.resize((32, 32)).convert("L").getcolors() or []
        assert len(shades) > 10, "the picture shows nothing"
    # Each was announced first, with the time of its trigger.
    times = {row["capture_id"]: row["session_ms"] for row in rows}
    assert {row["capture_id"]: row["session_ms"] for row in await announced(site, page)} == times


async def test_an_interval_takes_pictures_while_the_page_is_seen(site: Site, open_page: OpenPage) -> None:
    page = await at_a_question(site, open_page, camera=EVERY_SECOND)
    assert await all_received(page, 3) < 8
    await page.evaluate(
        """() => {
            Object.defineProperty(document, 'hidden', {get: () => window.away, configurable: true});
            window.away = true;
            document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    await expect(page.get_by_text("Camera paused")).to_be_visible()
    assert await page.evaluate(
        "[...document.querySelectorAll('video')].every(one => !one.srcObject.getTracks()[0].enabled)"
    )
    before = await all_received(page, 3)
    await page.wait_for_timeout(2500)
    assert await ledger(page) == (before, before)
    await page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page.get_by_text("Camera on")).to_be_visible()
    await all_received(page, before + 2)
    times = [row["session_ms"] for row in await kept_by(site, page)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(gaps) > 800, gaps


@pytest.mark.parametrize(
    ("camera", "said"), [("denied", "The camera is not allowed"), ("missing", "No camera was found")]
)
async def test_without_a_camera_the_page_helps_and_goes_on(
    site: Site, open_page: OpenPage, camera: str, said: str
) -> None:
    page = await at_the_check(site, open_page, camera)
    assert await axe.violations(page) == []
    await press(page, "Turn on the camera")
    await expect(page.get_by_role("alert").get_by_text(said)).to_be_visible()
    assert await axe.violations(page) == []
    await press(page, "Try again")
    await expect(page.get_by_role("alert").get_by_text(said)).to_be_visible()
    await press(page, "Go on without the camera")
    await to_the_questions(page)
    await answer(page, 1)
    session = await Walk(page).session()
    assert session["camera_check"] == {"mode": "optional", "ok": False}
    assert await announced(site, page) == []
    [row] = await site.rows("SELECT camera_reason FROM sessions WHERE id = $1", UUID(str(session["id"])))
    assert row["camera_reason"] == camera


async def test_a_required_camera_is_not_passed_by(site: Site, open_page: OpenPage) -> None:
    study = await site.study(**PHQ_FIRST, camera={"check": "required"})
    page = await open_page(site, await site.invite(study), camera="denied")
    await Walk(page).begin()
    await Walk(page).consent(camera=True)
    await expect(page.get_by_text("This study needs a camera.")).to_be_visible()
    await press(page, "Turn on the camera")
    await expect(page.get_by_text("You cannot go on without a camera here.")).to_be_visible()
    await expect(page.get_by_role("button", name="Go on without the camera")).to_have_count(0)
    assert (await Walk(page).session())["next_step"] == "camera_check"


async def test_a_camera_that_is_taken_away_is_told_and_comes_back(site: Site, open_page: OpenPage) -> None:
    page = await at_a_question(site, open_page)
    await answer(page, 1)
    received = await all_received(page, 3)
    # The page hears of a camera that was unplugged by this event alone.
    await page.evaluate(
        """() => {
            const track = document.querySelector('video').srcObject.getTracks()[0];
            track.stop();
            track.dispatchEvent(new Event('ended'));
        }"""
    )
    await expect(page.get_by_text("Camera off")).to_be_visible()
    assert await axe.violations(page) == []
    await answer(page, 2)
    assert len(await site.answers(str((await Walk(page).session())["id"]))) == 2
    assert await all_received(page, received) == received
    skipped = [row["trigger"] for row in await announced(site, page) if row["skipped"]]
    assert sorted(skipped) == ["BUTTON_CLICK", "QUESTION_START"]
    await press(page, "Turn on again")
    await expect(page.get_by_text("Camera on")).to_be_visible()
    await answer(page, 3)
    await all_received(page, received + 2)


async def test_a_permission_that_is_withdrawn_stops_the_camera(site: Site, open_page: OpenPage) -> None:
    page = await at_a_question(site, open_page)
    await permit(page, "denied")
    await expect(page.get_by_text("The camera is not allowed. You can go on.")).to_be_visible()
    assert not await page.evaluate(HELD)
    await answer(page, 1)
    await permit(page, "granted")
    await expect(page.get_by_text("Camera on")).to_be_visible()


async def permit(page: Page, setting: str) -> None:
    """Change what the person's browser lets the page do with cameras, as its own menu does."""
    mine = await (await page.context.new_cdp_session(page)).send("Target.getTargetInfo")
    assert page.context.browser is not None
    whole = await page.context.browser.new_browser_cdp_session()
    await whole.send(
        "Browser.setPermission",
        {
            "permission": {"name": "camera"},
            "setting": setting,
            "browserContextId": mine["targetInfo"]["browserContextId"],
        },
    )


async def test_taking_the_agreement_back_ends_the_pictures_and_nothing_else(
    site: Site, open_page: OpenPage
) -> None:
    page = await at_a_question(site, open_page)
    await answer(page, 1)
    received = await all_received(page, 3)
    walk = Walk(page)
    await walk.menu("withdraw")
    await walk.at("withdraw")
    await page.get_by_role("main").get_by_label("camera").check()
    await page.get_by_role("main").get_by_role("button", name=walk.name("withdraw")).click()
    await walk.at("withdrawn")
    assert not await page.evaluate(HELD)
    await expect(page.get_by_text("Camera on")).to_have_count(0)
    await walk.press("continue")
    await answer(page, 2)
    assert await all_received(page, received) == received
    assert len(await announced(site, page)) == received


async def test_nobody_is_asked_without_the_scope(site: Site, open_page: OpenPage) -> None:
    study = await site.study(**PHQ_FIRST)
    page = await open_page(site, "about:blank")
    await page.context.add_init_script(COUNT_ASKS)
    await page.goto(await site.invite(study))
    await Walk(page).to_questions()
    await answer(page, 1)
    assert await page.evaluate("window.asked") == []
    assert await announced(site, page) == []


async def test_nobody_is_asked_where_the_study_takes_none(site: Site, open_page: OpenPage) -> None:
    study = await site.study(**PHQ_FIRST, camera=NONE)
    page = await open_page(site, "about:blank")
    await page.context.add_init_script(COUNT_ASKS)
    await page.goto(await site.invite(study))
    await Walk(page).begin()
    await Walk(page).consent(camera=True)
    await to_the_questions(page)
    await answer(page, 1)
    assert await page.evaluate("window.asked") == []


async def test_a_study_without_a_check_takes_pictures_and_never_sound(
    site: Site, open_page: OpenPage
) -> None:
    study = await site.study(**PHQ_FIRST, camera={"check": "off"})
    page = await open_page(site, "about:blank")
    await page.context.add_init_script(COUNT_ASKS)
    await page.goto(await site.invite(study))
    await Walk(page).begin()
    await Walk(page).consent(camera=True)
    await to_the_questions(page)
    await answer(page, 1)
    await all_received(page, 3)
    # Once for the whole visit.
    [wish] = await page.evaluate("window.asked")
    assert wish["audio"] is False


async def test_the_newest_page_owns_the_camera(site: Site, open_page: OpenPage) -> None:
    page = await at_a_question(site, open_page)
    await all_received(page, 1)
    second = await page.context.new_page()
    await second.goto(f"{site.url}/")
    await expect(second.get_by_text("Camera on")).to_be_visible()
    await expect(page.get_by_text("Camera off here")).to_be_visible()
    assert not await page.evaluate(HELD)
    await press(page, "Use this page")
    await expect(page.get_by_text("Camera on")).to_be_visible()
    await expect(second.get_by_text("Camera off here")).to_be_visible()
    assert not await second.evaluate(HELD)


async def test_the_check_is_for_everyone(site: Site, open_page: OpenPage, viewport: tuple[int, int]) -> None:
    study = await site.study(**PHQ_FIRST)
    page = await open_page(site, await site.invite(study), viewport=viewport, color_scheme="dark")
    await Walk(page).begin()
    await Walk(page).consent(camera=True)
    await press(page, "Turn on the camera")
    await expect(page.get_by_label("Live picture of your camera")).to_be_visible()
    assert await axe.violations(page) == []
    assert await wider(page) <= 0
    await press(page, "This looks right, go on")
    await Walk(page).read("instructions", "begin")
    await Walk(page).at("questionnaire")
    await page.get_by_text("What is taken?").click()
    await expect(page.get_by_text("when you choose an answer")).to_be_visible()
    assert await axe.violations(page) == []
    assert await wider(page) <= 0
