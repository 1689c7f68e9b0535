"""What a person chose reaches the service, whatever befalls the page, the network and the device."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, Request, expect

from tests.journeys.conftest import OpenPage
from tests.journeys.kept import Click, choose, held, kill_tab, other_value, revisions
from tests.journeys.screens import signed
from tests.journeys.site import Site
from tests.journeys.walking import Walk, at_questions


async def questionnaire(site: Site, open_page: OpenPage) -> Page:
    """Open the questionnaire's first question in a fresh profile."""
    return (await at_questions(site, open_page, faults=True)).page


def answers_in(request: Request) -> list[Any]:
    """Give the answers that a call brings: three and more that wait share one."""
    if "/phq/responses" not in request.url or request.method not in ("PUT", "POST"):
        return []
    body: Any = request.post_data_json
    return list(body["responses"]) if request.method == "POST" else [body]


async def session_id(page: Page) -> str:
    return str((await Walk(page).session())["id"])


async def killed_tabs(site: Site, open_page: OpenPage, times: int) -> dict[str, int]:
    """Kill the tab after a click, `times` times, each second time without a network; gives what was counted."""
    chance = random.Random(times)
    page = await questionnaire(site, open_page)
    context, session = page.context, await session_id(page)
    clicks: list[Click] = []
    counted = {"clicks": 0, "waited at the kill": 0, "not held at the kill": 0}
    last: int | None = None
    for time in range(times):
        if time % 2 == 0:
            await page.route("**/api/**", lambda route: route.abort())
        last = other_value(chance, last)
        click = await choose(page, last)
        assert click.painted
        await kill_tab(page, chance.uniform(0, 450))
        page = await context.new_page()
        before = len(await revisions(site, session))
        waits = [row for row in await held(page) if row["kind"] == "answer"]
        is_held = before + len(waits) > len(clicks)
        if is_held:
            clicks.append(click)
        counted["clicks"] += 1
        counted["waited at the kill"] += len(waits) > 0
        await page.goto("/")
        await signed(page)
        kept = await revisions(site, session)
        if not is_held and len(kept) > len(clicks):
            # A slow machine was still writing it when that was looked for.
            is_held = True
            clicks.append(click)
        counted["not held at the kill"] += not is_held
        last = clicks[-1].value if clicks else None
        if last is not None:
            await expect(page.get_by_role("radio").nth(last)).to_be_checked()
        assert [(question, value) for question, value, _, _ in kept] == [
            (one.item, one.value) for one in clicks
        ]
        assert all(applied for *_, applied in kept)
    return counted


async def test_a_tab_that_is_killed_after_a_click_loses_none(site: Site, open_page: OpenPage) -> None:
    counted = await killed_tabs(site, open_page, 20)
    assert counted["waited at the kill"] >= 10
    assert counted["not held at the kill"] <= 2


@pytest.mark.prove
async def test_500_tabs_that_are_killed_lose_no_click_that_was_held(
    site: Site, open_page: OpenPage, proof: Callable[..., None]
) -> None:
    counted = await killed_tabs(site, open_page, 500)
    proof("Tabs killed 50 to 500 ms after a click", lost=0, twice=0, **counted)


async def test_clicks_without_a_network_wait_and_arrive_when_it_is_back(
    site: Site, open_page: OpenPage
) -> None:
    page = await questionnaire(site, open_page)
    await page.context.set_offline(True)
    await Walk(page).answer(2)
    await signed(page, "Offline – kept on this device")
    await Walk(page).press("next")
    await Walk(page).answer(1)
    await page.context.set_offline(False)
    await signed(page)
    kept = await revisions(site, await session_id(page))
    assert [(value, version) for _, value, version, _ in kept] == [(2, 1), (1, 1)]


async def test_the_page_comes_up_and_keeps_clicks_without_a_network(site: Site, open_page: OpenPage) -> None:
    page = await questionnaire(site, open_page)
    await page.evaluate("navigator.serviceWorker.ready")
    await page.context.set_offline(True)
    await page.reload()
    await Walk(page).answer(3)
    await signed(page, "Offline – kept on this device")
    await page.reload()
    await expect(page.get_by_role("radio").nth(3)).to_be_checked()
    await page.context.set_offline(False)
    await signed(page)
    assert [*(await site.answers(await session_id(page))).values()] == [(3, 1)]


async def test_two_tabs_bring_each_click_once(site: Site, open_page: OpenPage) -> None:
    study = await site.study(presentation={"order": "phq_first", "phq_layout": "all"})
    page = await open_page(site, await site.invite(study), faults=True)
    walk = Walk(page)
    await walk.begin()
    await walk.consent()
    await walk.read("instructions", "begin")
    await page.get_by_role("radio").first.wait_for()
    session = await session_id(page)
    other = await page.context.new_page()
    await other.goto("/")
    await other.get_by_role("radio").first.wait_for()
    saves: list[Any] = []
    page.context.on("request", lambda request: saves.extend(answers_in(request)))
    clicks = [await choose((page, other)[place % 2], place % 4, place) for place in range(8)]
    await signed(page)
    await signed(other)
    kept = await revisions(site, session)
    assert sorted((question, value) for question, value, _, _ in kept) == sorted(
        (one.item, one.value) for one in clicks
    )
    assert all(applied for *_, applied in kept)
    assert len(saves) == len(clicks)


async def test_of_two_tabs_choices_the_newest_counts(site: Site, open_page: OpenPage) -> None:
    page = await questionnaire(site, open_page)
    other = await page.context.new_page()
    await other.goto("/")
    await other.get_by_role("radio").first.wait_for()
    for tab, value in ((page, 0), (other, 2), (page, 1), (other, 3)):
        await choose(tab, value)
    await signed(page)
    await signed(other)
    session = await session_id(page)
    assert {value for _, value, _, _ in await revisions(site, session)} == {0, 1, 2, 3}
    assert [value for value, _ in (await site.answers(session)).values()] == [3]


async def test_a_login_that_lapsed_keeps_the_click_until_the_link_is_opened_again(
    site: Site, open_page: OpenPage
) -> None:
    study = await site.study(presentation={"order": "phq_first"})
    link = await site.invite(study)
    page = await open_page(site, link, faults=True)
    await Walk(page).to_questions()
    session = await session_id(page)
    await site.lapse_logins()
    await choose(page, 2)
    await signed(page, "Kept on this device – login needed")
    again = await page.context.new_page()
    await again.goto(link)
    await again.get_by_role("radio").first.wait_for()
    await signed(again)
    await signed(page)
    assert [*(await site.answers(session)).values()] == [(2, 1)]


async def test_what_one_person_left_is_never_sent_under_anothers_login(
    site: Site, open_page: OpenPage
) -> None:
    study = await site.study(presentation={"order": "phq_first"})
    link, others_link = await site.invite(study), await site.invite(study)
    page = await open_page(site, link, faults=True)
    await Walk(page).to_questions()
    session = await session_id(page)
    await page.context.set_offline(True)
    await choose(page, 2)
    await signed(page, "Offline – kept on this device")
    context = page.context
    await page.close()
    await context.set_offline(False)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = await context.new_page()
    await page.goto(others_link)
    await Walk(page).to_questions()
    await choose(page, 1)
    await signed(page)
    assert not any(session in url for url in asked)
    assert await site.answers(session) == {}
    await page.goto("about:blank")
    await page.goto(link)
    await page.get_by_role("radio").first.wait_for()
    await signed(page)
    assert [*(await site.answers(session)).values()] == [(2, 1)]


async def test_nothing_is_left_on_the_device_after_the_end(site: Site, open_page: OpenPage) -> None:
    study = await site.study(presentation={"order": "phq_first"})
    page = await open_page(site, await site.invite(study), faults=True)
    await Walk(page).whole_way()
    await page.goto("/healthz")
    names = await page.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))")
    assert [name for name in names if name != "outbox-people"] == []
