"""A participant finishes, with nothing but the page; what it showed as saved is what is kept."""

from __future__ import annotations

from tests.journeys.conftest import OpenPage
from tests.journeys.screens import signed
from tests.journeys.site import Site
from tests.journeys.walking import Walk


async def test_a_person_finishes_the_questionnaire_first(site: Site, open_page: OpenPage) -> None:
    study = await site.study(presentation={"order": "phq_first"})
    walk = Walk(await open_page(site, await site.invite(study)))
    await walk.whole_way({1: 2, 5: 3})
    assert "join" not in walk.page.url
    session = await walk.session()
    assert session["state"] == "COMPLETED"
    values = [value for value, _ in (await site.answers(session["id"])).values()]
    assert sorted(value for value in values if value is not None) == [0, 1, 1, 1, 1, 1, 1, 1, 2, 3]


async def test_a_person_finishes_the_interview_first_with_the_camera(site: Site, open_page: OpenPage) -> None:
    study = await site.study(presentation={"order": "chat_first"})
    walk = Walk(await open_page(site, await site.invite(study)))
    await walk.begin()
    await walk.consent(camera=True)
    await walk.check_camera()
    await walk.read("instructions", "begin")
    await walk.talk()
    await walk.read("cooldown", "go on")
    await walk.read("questionnaire", "begin")
    await walk.answer_all()
    await walk.hand_in()
    await walk.at("thanks")
    session = await walk.session()
    assert session["state"] == "COMPLETED"
    assert session["captures"]["expected"] == session["captures"]["received"] > 10
    assert len(site.files()) == session["captures"]["received"]


async def test_an_answer_is_shown_as_saved_once_it_is_kept(site: Site, open_page: OpenPage) -> None:
    study = await site.study(presentation={"order": "phq_first"})
    walk = Walk(await open_page(site, await site.invite(study)))
    await walk.to_questions()
    await walk.answer(3)
    await signed(walk.page)
    session = await walk.session()
    assert [*(await site.answers(session["id"])).values()] == [(3, 1)]
