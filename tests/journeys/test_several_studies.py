"""One person in several studies: they choose, and what is open in each is gone on with."""

from __future__ import annotations

from uuid import UUID, uuid4

from playwright.async_api import Page, expect

from tests.ground.house import PHQ_ALONE
from tests.journeys import axe
from tests.journeys.conftest import OpenPage
from tests.journeys.screens import press, signed, title
from tests.journeys.site import Site
from tests.journeys.walking import Walk

TITLES = ("Sleep and mood", "Work and mood")


async def in_two_studies(site: Site) -> str:
    """Give the link of somebody who takes part in both; it is one's of the first."""
    first, second = [await site.study(title=name, **PHQ_ALONE) for name in TITLES]
    link = await site.invite(first)
    await site.rows(
        "INSERT INTO enrolments (study_id, account_id, code)"
        " SELECT $1, account_id, $2 FROM enrolments WHERE study_id = $3",
        second,
        uuid4().hex[:8],
        first,
    )
    return link


async def study_of(site: Site, session: str) -> str:
    [row] = await site.rows(
        "SELECT title FROM studies JOIN sessions s ON s.study_id = studies.id WHERE s.id = $1", UUID(session)
    )
    return str(row["title"])


async def begin(page: Page, study: str) -> None:
    """Begin in that study, by the button beside its title."""
    section = page.get_by_role("main").locator("section").filter(has_text=study)
    await section.get_by_role("button", name="Begin").click()
    await title(page, "Welcome")


async def test_who_is_in_two_studies_chooses_and_comes_back_to_both(site: Site, open_page: OpenPage) -> None:
    page = await open_page(site, await in_two_studies(site))
    walk = Walk(page)
    await walk.at("start")
    await expect(page.get_by_text("You take part in several studies.")).to_be_visible()
    for name in TITLES:
        await expect(page.get_by_role("heading", level=2, name=name)).to_be_visible()
    assert await axe.violations(page) == []
    await begin(page, TITLES[1])
    await expect(page.get_by_role("banner").get_by_text(TITLES[1])).to_be_visible()
    await walk.press("go on")
    await page.get_by_label(walk.name("questionnaire scope")).check()
    await walk.press("agree")
    await walk.read("instructions", "begin")
    await walk.read("questionnaire", "begin")
    await walk.answer(2)
    await signed(page)
    second = str((await walk.session())["id"])
    assert await study_of(site, second) == TITLES[1]
    await walk.menu("history")
    await walk.at("overview")
    await begin(page, TITLES[0])
    first = str((await walk.session())["id"])
    assert await study_of(site, first) == TITLES[0]
    # With two open the person is asked, not led to one of them.
    await page.reload()
    await walk.at("overview")
    assert await axe.violations(page) == []
    section = page.get_by_role("main").locator("section").filter(has_text=TITLES[1])
    await section.get_by_role("button", name="Continue").click()
    await expect(walk.question(1)).to_be_visible()
    await expect(page.get_by_role("radio").nth(2)).to_be_checked()
    assert [*(await site.answers(second)).values()] == [(2, 1)]
    assert await site.answers(first) == {}


async def test_who_is_in_no_study_is_told_so(site: Site, open_page: OpenPage) -> None:
    study = await site.study(**PHQ_ALONE)
    page = await open_page(site, await site.invite(study))
    await Walk(page).at("start")
    await site.rows("DELETE FROM enrolments WHERE study_id = $1", study)
    await page.reload()
    await expect(page.get_by_text("You are not part of any study at the moment.")).to_be_visible()
    await expect(page.get_by_role("button", name="Begin")).to_have_count(0)
    await press(page, "Menu")
    await expect(page.get_by_role("button", name="Log out")).to_be_visible()
