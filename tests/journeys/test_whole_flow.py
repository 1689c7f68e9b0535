"""A participant finishes, with nothing but the page; what it showed as saved is what is kept."""

from __future__ import annotations

from playwright.async_api import expect

from tests.journeys import walking
from tests.journeys.conftest import OpenPage
from tests.journeys.site import Site

MESSAGES = ("I have been rather tired lately.", "My sleep is fine, thank you.", "Nothing else comes to mind.")


async def test_a_person_finishes_the_questionnaire_first(site: Site, open_page: OpenPage) -> None:
    study = await site.study(presentation={"order": "phq_first"})
    page = await open_page(site, await site.invite(study))
    await walking.to_questionnaire(page)
    assert "join" not in page.url
    await walking.answer_all(page, {1: 2, 5: 3})
    await walking.hand_in(page)
    await walking.cooldown(page)
    await walking.talk(page, MESSAGES)
    await walking.title(page, "Thank you")
    session = await walking.session_of(page)
    assert session["state"] == "COMPLETED"
    values = [value for value, _ in (await site.answers(str(session["id"]))).values()]
    assert sorted(value for value in values if value is not None) == [0, 1, 1, 1, 1, 1, 1, 1, 2, 3]


async def test_a_person_finishes_the_interview_first_with_the_camera(site: Site, open_page: OpenPage) -> None:
    study = await site.study(presentation={"order": "chat_first"})
    page = await open_page(site, await site.invite(study))
    await walking.begin(page)
    await walking.consent(page, camera=True)
    await walking.check_camera(page)
    await walking.instructions(page)
    await walking.talk(page, MESSAGES)
    await walking.cooldown(page)
    await walking.open_questionnaire(page)
    await walking.answer_all(page)
    await walking.hand_in(page)
    await walking.title(page, "Thank you")
    session = await walking.session_of(page)
    assert session["state"] == "COMPLETED"
    captures = session["captures"]
    assert isinstance(captures, dict)
    assert captures["expected"] == captures["received"] > 10
    assert len(site.files()) == captures["received"]


async def test_an_answer_is_shown_as_saved_once_it_is_kept(site: Site, open_page: OpenPage) -> None:
    study = await site.study(presentation={"order": "phq_first"})
    page = await open_page(site, await site.invite(study))
    await walking.to_questionnaire(page)
    await walking.answer(page, 3)
    await expect(page.get_by_role("banner").get_by_text("Saved", exact=True)).to_be_visible()
    session = await walking.session_of(page)
    assert [*(await site.answers(str(session["id"]))).values()] == [(3, 1)]
