"""The staff's desk: what came of a session, who is at risk, and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.camera.pictures import jpeg
from tests.ground.participant import Participant, kept
from tests.ground.study import People
from tests.journeys import axe
from tests.journeys.conftest import OpenPage
from tests.journeys.screens import press, title, wider
from tests.journeys.site import Site
from tests.journeys.walking import Walk

RISKY = "I want to kill myself."
# The browser writes a line about each refused login; those are wanted here.
REFUSALS: dict[str, Any] = {"faults": True}


@dataclass(frozen=True, slots=True)
class Visited:
    """A session with an answer and a message at risk, a picture that came and one that did not."""

    people: People
    session: str
    code: str
    alerts: dict[str, str]


async def visited(site: Site) -> Visited:
    people = await site.people(presentation={"order": "phq_first"})
    one = people.participants[0]
    async with httpx.AsyncClient(base_url=site.url, timeout=30) as client:
        someone = Participant(client)
        await someone.log_in(one.username, one.password)
        await someone.arrive()
        await announce_and_bring(someone)
        questions = await someone.questions()
        for place, question in enumerate(questions[:7]):
            kept(await someone.save(question["id"], place % 4, session_ms=65_000 + place))
        kept(await someone.save(questions[0]["id"], 3, version=2, session_ms=-90_000))
        risky = next(question for question in questions if question["risk"])
        kept(await someone.save(risky["id"], 2))
        await someone.post("withdraw", scopes=["camera"])
    session = someone.session["id"]
    [row] = await site.rows(
        "SELECT code FROM enrolments e JOIN sessions s USING (account_id, study_id) WHERE s.id = $1",
        UUID(session),
    )
    alerts = await site.rows("SELECT id, source FROM alerts WHERE session_id = $1", UUID(session))
    return Visited(people, session, row["code"], {one["source"]: str(one["id"]) for one in alerts})


async def announce_and_bring(someone: Participant) -> None:
    came, missing = str(uuid4()), str(uuid4())
    announced = [
        {"capture_id": one, "trigger": "MANUAL", "session_ms": 5, "client_time": "2026-01-01T00:00:00.000Z"}
        for one in (came, missing)
    ]
    await someone.post("captures/expected", captures=announced)
    headers = {"Content-Type": "image/jpeg", "Capture-Metadata": '{"trigger": "MANUAL", "session_ms": 5}'}
    path = f"{someone.path}/captures/{came}"
    kept(await someone.client.put(path, content=jpeg(160, 120), headers=headers), 201)


async def log_in(page: Page, username: str, password: str) -> None:
    await page.get_by_label("User name").fill(username)
    await page.get_by_label("Password").fill(password)
    await press(page, "Log in")


async def at_the_desk(
    site: Site, open_page: OpenPage, people: People, place: str = "", **how: object
) -> Page:
    page = await open_page(site, f"/#/staff{place}", **how)
    await title(page, "Log in as staff")
    await log_in(page, people.researcher.username, people.researcher.password)
    return page


async def test_staff_read_a_session_whole(site: Site, open_page: OpenPage) -> None:
    visit = await visited(site)
    page = await at_the_desk(site, open_page, visit.people)
    row = page.get_by_role("row").filter(has_text=visit.code)
    for told in ("In the questionnaire", "1 answer", "1 picture", "1 open alert"):
        await expect(row).to_contain_text(told)
    await row.get_by_role("link").click()
    await title(page, f"Session of {visit.code}")

    first = page.get_by_role("row").filter(has_text="ANHEDONIA")
    for told in ("3", "2", "time in doubt"):
        await expect(first).to_contain_text(told)
    await first.get_by_text("2 values received").click()
    await expect(first).to_contain_text("1:05: 0")
    await expect(page.get_by_text("No total while a scored question has no value")).to_be_visible()
    await expect(page.get_by_text("The interview has not begun.")).to_be_visible()

    await expect(page.get_by_text("1 was announced and has not come.")).to_be_visible()
    await expect(page.get_by_role("img")).to_have_count(0)
    assert await reads(site, visit, "capture_read") == 0
    await press(page, "Show 1 picture")
    image = page.get_by_role("img", name="Picture of the participant")
    await expect(image).to_have_js_property("naturalWidth", 160)
    assert await reads(site, visit, "capture_read") == 1
    await press(page, "Hide the pictures")
    await expect(image).to_have_count(0)
    assert await reads(site, visit, "session_read") == 1


async def reads(site: Site, visit: Visited, action: str) -> int:
    [row] = await site.rows(
        "SELECT count(*) AS number FROM audit_events WHERE action = $1 AND session_id = $2",
        action,
        UUID(visit.session),
    )
    number: int = row["number"]
    return number


async def test_a_mails_link_leads_to_the_alert_and_what_was_done_is_kept(
    site: Site, open_page: OpenPage
) -> None:
    visit = await visited(site)
    alert = visit.alerts["phq"]
    page = await at_the_desk(site, open_page, visit.people, f"/alerts/{alert}")
    await title(page, "Alert")
    await expect(page.get_by_text("An answer in the questionnaire")).to_be_visible()
    await press(page, "Record what was done")
    await expect(page.get_by_label("What was done?")).to_be_focused()
    await page.get_by_label("What was done?").select_option(label="Reached, and safe for now")
    await page.get_by_label("Note").fill("Spoke for ten minutes.")
    assert await axe.violations(page) == []
    await press(page, "Record what was done")
    await expect(page.get_by_role("status").get_by_text("Recorded. Thank you.")).to_be_visible()
    [row] = await site.rows("SELECT state, outcome, note FROM alerts WHERE id = $1", UUID(alert))
    assert tuple(row.values()) == ("acknowledged", "reached_safe", "Spoke for ten minutes.")
    await page.get_by_role("link", name="Alerts").click()
    await title(page, "Alerts")
    await expect(page.get_by_text("Nothing was found.")).to_be_visible()


async def test_the_interview_shows_who_made_each_reply(site: Site, open_page: OpenPage) -> None:
    people = await site.people(presentation={"order": "chat_first"})
    one = people.participants[0]
    async with httpx.AsyncClient(base_url=site.url, timeout=30) as client:
        someone = Participant(client)
        await someone.log_in(one.username, one.password)
        await someone.arrive()
        await someone.greet()
        await someone.say("I sleep badly.")
        await someone.say(RISKY)
    page = await at_the_desk(site, open_page, people, f"/sessions/{someone.session['id']}")
    turns = page.get_by_role("listitem")
    await expect(turns.filter(has_text=RISKY)).to_be_visible()
    await expect(turns.filter(has_text="Safety rule, fixed text")).to_have_count(1)
    await expect(turns.filter(has_text="Scripted interview")).to_have_count(1)
    await expect(turns.filter(has_text="Fixed text of the study")).to_have_count(1)
    await expect(page.get_by_text("A message in the interview")).to_be_visible()


async def test_what_may_not_be_seen_is_said(site: Site, open_page: OpenPage) -> None:
    visit, other = await visited(site), await site.people()
    page = await open_page(site, f"/#/staff/sessions/{visit.session}", **REFUSALS)
    await log_in(page, other.researcher.username, "not the password")
    await expect(page.get_by_role("alert")).to_contain_text("User name or password is not right.")
    await log_in(page, other.researcher.username, other.researcher.password)
    await expect(page.get_by_role("alert")).to_contain_text("a study that you do not see")
    await expect(page.get_by_role("alert")).to_contain_text("To ask about this, quote")
    await page.goto(f"/#/staff/alerts/{visit.alerts['phq']}")
    await title(page, "This alert was not found")
    await page.get_by_role("link", name="Sessions").click()
    await expect(page.get_by_text("Nothing was found.")).to_be_visible()


async def test_a_login_that_ended_is_asked_for_again_and_logging_out_ends_it(
    site: Site, open_page: OpenPage
) -> None:
    visit = await visited(site)
    page = await at_the_desk(site, open_page, visit.people, **REFUSALS)
    await title(page, "Sessions")
    await site.rows("UPDATE logins SET idle_until = now() - interval '1 second'")
    await page.get_by_role("link", name="Alerts").click()
    await expect(page.get_by_text("Your login has ended.")).to_be_visible()
    await log_in(page, visit.people.researcher.username, visit.people.researcher.password)
    await title(page, "Alerts")
    await press(page, "Log out")
    await expect(page.get_by_role("link", name="Sessions")).to_have_count(0)
    await expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert (await page.request.get("/api/auth/me")).status == 401


async def test_a_participants_page_loads_nothing_of_the_desk(site: Site, open_page: OpenPage) -> None:
    page = await open_page(site, "about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(await site.invite(await site.study(presentation={"order": "phq_first"})))
    await Walk(page).to_questions()
    assert [one for one in asked if one.endswith(".js")]
    assert not [one for one in asked if "Staff" in one]


@pytest.mark.parametrize(("language", "theme"), [("en-GB", "light"), ("id-ID", "dark")])
async def test_the_desk_is_for_everyone(
    site: Site, open_page: OpenPage, viewport: tuple[int, int], language: str, theme: str
) -> None:
    visit = await visited(site)
    how = {"viewport": viewport, "locale": language, "color_scheme": theme}
    page = await open_page(site, "/#/staff", **how)
    await page.get_by_role("button").last.wait_for()
    await looks_right(page)
    await page.locator("input").first.fill(visit.people.researcher.username)
    await page.locator("input[type=password]").fill(visit.people.researcher.password)
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name=visit.code).wait_for()
    await looks_right(page)
    await page.get_by_role("link", name=visit.code).click()
    await page.get_by_role("heading", name=visit.code).wait_for()
    await page.get_by_role("button").last.click()
    await page.get_by_role("img").wait_for()
    await looks_right(page)
    await page.goto("/#/staff/alerts")
    await page.get_by_role("article").first.wait_for()
    await looks_right(page)


async def looks_right(page: Page) -> None:
    assert await axe.violations(page) == []
    assert await wider(page) <= 0
