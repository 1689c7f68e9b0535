"""The forms a questionnaire can have: the score shown or not, items that may be left out, all on one page, others."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.ground.house import PHQ_ALONE
from tests.journeys.ahead import ahead
from tests.journeys.conftest import OpenPage
from tests.journeys.screens import press, signed, title
from tests.journeys.site import Site
from tests.journeys.walking import Walk

SCORE = "Your screening score"
LEAVE_OUT = "I would rather not answer this"
SHOWN: dict[str, Any] = {"show_score": True, "show_severity": True}


def alone(layout: str = "one", **questionnaire: Any) -> dict[str, Any]:
    """Changes of a study that is a questionnaire alone, of this layout and these settings."""
    presentation = PHQ_ALONE["presentation"] | {"phq_layout": layout}
    return PHQ_ALONE | {"presentation": presentation, "questionnaire": questionnaire}


async def at_questionnaire(site: Site, open_page: OpenPage, **changes: Any) -> Walk:
    """Bring somebody new who agreed to the questionnaire to what stands before it."""
    link = await site.invite(await site.study(**changes))
    async with ahead(site, link, ["questionnaire"]):
        walk = Walk(await open_page(site, link))
    await walk.read("instructions", "begin")
    return walk


async def choose_everywhere(page: Page, value: int) -> None:
    """Choose that value in each question of the one page, those that appear meanwhile, too."""
    groups = page.get_by_role("group")
    place = 0
    while place < await groups.count():
        choice = groups.nth(place).get_by_role("radio").nth(value)
        await choice.check()
        await expect(choice).to_be_checked()
        place += 1


async def test_the_score_and_what_it_means_stand_on_the_thanks_of_a_study_that_shows_them(
    site: Site, open_page: OpenPage
) -> None:
    walk = await at_questionnaire(site, open_page, **alone(**SHOWN))
    page = walk.page
    await walk.read("questionnaire", "begin")
    await walk.answer_all({1: 3, 2: 3})
    await walk.at("review")
    await expect(page.get_by_text(SCORE)).to_have_count(0)
    await walk.press("hand in")
    await walk.at("thanks")
    section = page.get_by_role("region", name=SCORE)
    await expect(section.get_by_text("12 (of 0 to 27)")).to_be_visible()
    await expect(section.get_by_text(re.compile("^moderate$", re.IGNORECASE))).to_be_visible()
    await expect(section.get_by_text("not a diagnosis")).to_be_visible()
    await walk.press("to overview")
    await walk.at("overview")
    await expect(page.get_by_text(SCORE)).to_have_count(0)


async def test_a_score_without_severity_is_shown_alone(site: Site, open_page: OpenPage) -> None:
    walk = await at_questionnaire(site, open_page, **alone("all", show_score=True))
    await walk.at("questionnaire")
    await choose_everywhere(walk.page, 0)
    await walk.press("hand in")
    await walk.at("thanks")
    section = walk.page.get_by_role("region", name=SCORE)
    await expect(section.get_by_text("0 (of 0 to 27)")).to_be_visible()
    await expect(section.get_by_role("paragraph")).to_have_count(2)


async def test_nothing_of_a_score_reaches_a_page_whose_study_shows_none(
    site: Site, open_page: OpenPage
) -> None:
    walk = await at_questionnaire(site, open_page, **alone("all"))
    await walk.at("questionnaire")
    await choose_everywhere(walk.page, 0)
    async with walk.page.expect_response("**/phq/complete") as handed_in:
        await walk.press("hand in")
    assert set((await (await handed_in.value).json())["data"]) == {"completed_at"}
    await walk.at("thanks")
    await expect(walk.page.get_by_text(SCORE)).to_have_count(0)


async def test_a_score_is_still_shown_when_the_page_was_loaded_again_before_the_end(
    site: Site, open_page: OpenPage
) -> None:
    link = await site.invite(
        await site.study(
            presentation={"order": "phq_first", "phq_layout": "all"}, questionnaire={"show_score": True}
        )
    )
    async with ahead(site, link, ["questionnaire", "chat"]):
        walk = Walk(await open_page(site, link))
    await walk.read("instructions", "begin")
    await walk.at("questionnaire")
    await choose_everywhere(walk.page, 0)
    await walk.press("hand in")
    await walk.at("cooldown")
    await expect(walk.page.get_by_text(SCORE)).to_have_count(0)
    await walk.page.reload()
    await walk.read("cooldown", "go on")
    await walk.talk()
    await walk.at("thanks")
    await expect(walk.page.get_by_role("region", name=SCORE).get_by_text("0 (of 0 to 27)")).to_be_visible()


async def test_an_item_that_may_be_left_out_is_left_out_and_the_answer_can_be_taken_back(
    site: Site, open_page: OpenPage
) -> None:
    walk = await at_questionnaire(site, open_page, **alone(optional_items=True, show_score=True))
    page = walk.page
    await walk.read("questionnaire", "begin")
    leave_out = page.get_by_role("radio", name=LEAVE_OUT)
    # Passed by without a word, left out, and answered but then left out.
    await walk.press("next")
    await leave_out.check()
    await walk.press("next")
    await walk.answer(2)
    await leave_out.check()
    await signed(page)
    session = (await walk.session())["id"]
    assert sorted((await site.answers(session)).values(), key=str) == [(None, 1), (None, 2)]
    for place in range(4, 10):
        await walk.press("next")
        await expect(walk.question(place)).to_be_visible()
    await walk.press("next")
    await walk.at("review")
    await page.get_by_text(walk.name("my answers")).click()
    await expect(page.get_by_text("left out", exact=True)).to_have_count(2)
    await walk.press("hand in")
    await walk.at("thanks")
    await expect(page.get_by_text(SCORE)).to_have_count(0)
    values = [value for value, _ in (await site.answers(session)).values()]
    assert values == [None, None]


async def test_all_questions_on_one_page_are_answered_help_and_all(site: Site, open_page: OpenPage) -> None:
    walk = await at_questionnaire(site, open_page, **alone("all"))
    page = walk.page
    await walk.at("questionnaire")
    groups = page.get_by_role("group")
    await expect(groups).to_have_count(9)
    for place in range(8):
        await groups.nth(place).get_by_role("radio").nth(place % 4).check()
    # The question on everyday life appears with the first answer above the least.
    await expect(groups).to_have_count(10)
    await groups.nth(8).get_by_role("radio").nth(1).check()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await walk.press("close")
    await groups.nth(9).get_by_role("radio").nth(0).check()
    await signed(page)
    await page.reload()
    await expect(page.get_by_role("radio", checked=True)).to_have_count(10)
    await walk.press("hand in")
    await walk.at("thanks")
    session = (await walk.session())["id"]
    values = [value or 0 for value, _ in (await site.answers(session)).values()]
    assert sorted(values) == [0, 0, 0, 1, 1, 1, 2, 2, 3, 3]
    assert len(await site.rows("SELECT 1 FROM alerts WHERE session_id = $1::text::uuid", session)) == 1


@pytest.mark.parametrize(("instrument", "items"), [("phq-8", 8), ("gad-7", 7)])
async def test_an_instrument_without_a_risk_item_calls_for_no_help(
    site: Site, open_page: OpenPage, instrument: str, items: int
) -> None:
    study = english(instrument)
    walk = await at_questionnaire(site, open_page, **study)
    page = walk.page
    await title(page, walk.name("questionnaire"))
    await choose_everywhere(page, 3)
    session = (await walk.session())["id"]
    await signed(page)
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await press(page, walk.name("hand in"))
    await walk.at("thanks")
    values = [value for value, _ in (await site.answers(session)).values()]
    assert values == [3] * items
    assert await site.rows("SELECT 1 FROM alerts WHERE session_id = $1::text::uuid", session) == []


def english(instrument: str) -> dict[str, Any]:
    """Changes by which a study asks another instrument, in English, with its own wordings and no item on difficulty."""
    changes = alone("all", instrument=instrument, ask_difficulty=False)
    changes["presentation"] |= {"languages": ["en"]}
    changes["questionnaire"] |= {"stem": None, "scale": None, "difficulty_scale": None, "categories": []}
    return changes
