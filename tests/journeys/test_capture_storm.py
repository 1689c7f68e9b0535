"""Pictures never delay an answer: on a narrow line they make way."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable

import pytest
from playwright.async_api import Page

from tests.journeys.chromium import slow_down
from tests.journeys.conftest import OpenPage
from tests.journeys.kept import choose
from tests.journeys.screens import signed
from tests.journeys.site import Site
from tests.journeys.walking import Walk

ANSWERS = 40
BITS_A_SECOND = 256_000
_WATCH = """() => {
  globalThis.saves = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (/phq.responses/.test(one.name)) globalThis.saves.push(one.responseEnd);
    }
  }).observe({ type: "resource", buffered: true });
}"""
_NEXT = """async (before) => {
  while (globalThis.saves.length <= before) await new Promise((resolve) => setTimeout(resolve, 20));
  return globalThis.saves[before];
}"""


async def saved_after(page: Page, value: int) -> float:
    """Choose, and give after how many milliseconds the service's answer was there."""
    before, clicked = await page.evaluate("[globalThis.saves.length, performance.now()]")
    await choose(page, value)
    async with asyncio.timeout(30):
        return float(await page.evaluate(_NEXT, before)) - float(clicked)


@pytest.mark.prove
async def test_answers_are_saved_at_once_in_a_storm_of_pictures_on_a_narrow_line(
    site: Site, open_page: OpenPage, proof: Callable[..., None]
) -> None:
    study = await site.study(
        presentation={"order": "phq_first"},
        camera={
            "recording_mode": "INTERVAL",
            "interval_seconds": 1,
            "capture_on_button_click": False,
            "capture_on_message_send": False,
            "capture_on_question_start": False,
        },
    )
    page = await open_page(site, await site.invite(study), faults=True)
    walk = Walk(page)
    await walk.begin()
    await walk.consent(camera=True)
    await walk.check_camera()
    await walk.read("instructions", "begin")
    await walk.read("questionnaire", "begin")
    await page.get_by_role("radio").first.wait_for()
    await page.evaluate(_WATCH)
    line = await slow_down(page, bits_a_second=BITS_A_SECOND, latency_ms=50)
    took = []
    for place in range(ANSWERS):
        took.append(await saved_after(page, place % 4))
        # A person reads; some take longer, so that pictures begin to go meanwhile.
        await asyncio.sleep((0.7, 1.3, 2.1, 10)[place % 4])
    p95 = statistics.quantiles(took, n=20)[-1]
    await line.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
    )
    session = await walk.session()
    proof(
        "Answers in a storm of pictures (one a second, 256 kbit/s up)",
        answers=ANSWERS,
        p50_ms=round(statistics.median(took)),
        p95_ms=round(p95),
        longest_ms=round(max(took)),
        pictures_taken=session["captures"]["expected"],
        pictures_through_meanwhile=session["captures"]["received"],
    )
    assert p95 <= 500
    assert session["captures"]["received"] > 0
    await signed(page)
