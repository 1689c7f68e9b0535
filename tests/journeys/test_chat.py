"""The interview as a participant has it, on good networks and bad ones: what is shown is what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.faults.proxy import Fate, FaultProxy, proxied
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, scripted
from tests.ground.service import Model, Service
from tests.journeys.conftest import OpenPage
from tests.journeys.site import Site, open_site
from tests.journeys.talking import at_chat

SLOW = Script(pieces=[f"word {number} " for number in range(60)], pause=0.04)
WHOLE = "".join(SLOW.pieces)


@dataclass(slots=True)
class Behind(Site):
    """A site that is reached through a line which breaks as it is told."""

    line: FaultProxy

    @property
    def url(self) -> str:
        return self.line.url

    def go_away(self) -> None:
        """Break what is connected, and let nothing through."""
        self.line.fate = lambda: Fate(up=1, reset=True)
        self.line.cut_all()

    def come_back(self) -> None:
        self.line.fate = Fate


@dataclass(frozen=True, slots=True)
class Scene:
    """A site on a line that breaks, before a model that does as it is told."""

    site: Behind
    model: ScriptedModel


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene_of_module(
    built_page: None, serve_for_module: Callable[..., Service], module_database: Database
) -> AsyncIterator[Scene]:
    async with scripted() as model:
        site = open_site(serve_for_module, module_database, model.model)
        async with proxied(site.service.port) as line:
            yield Scene(Behind(site.service, site.database, line), model)


@pytest.fixture
def scene(scene_of_module: Scene) -> Scene:
    """The module's scene, all well."""
    scene_of_module.site.come_back()
    scene_of_module.model.say(Script())
    return scene_of_module


async def test_what_is_shown_is_what_is_kept_to_the_end(site: Site, open_page: OpenPage) -> None:
    talk = await at_chat(site, open_page, scripted=True)
    await talk.begin()
    await expect(talk.button("Finish the conversation")).to_be_disabled()
    await talk.say("I have been a bit tired,\nand I do not sleep well. 🌿")
    await talk.replies(2)
    await talk.say("Work is fine.")
    await talk.replies(3)
    await expect(talk.box).to_be_focused()
    await talk.assert_shown_as_kept()
    await talk.button("Finish the conversation").click()
    await talk.button("Yes, finish").click()
    await expect(talk.log).to_have_count(0)
    assert await talk.end_reason() == "participant"


async def test_when_words_were_typed_sent_and_read_is_kept(site: Site, open_page: OpenPage) -> None:
    talk = await at_chat(site, open_page, scripted=True)
    await talk.begin()
    await talk.box.press_sequentially("Fine.", delay=20)
    await talk.box.press("Enter")
    await talk.replies(2)
    await expect(talk.box).to_be_focused()
    for _ in range(50):
        timing = (await talk.turns())[1]["timing"]
        if "read_ms" in timing:
            break
        await talk.page.wait_for_timeout(100)
    assert timing["typing_started_ms"] < timing["send_clicked_ms"]
    assert timing["send_clicked_ms"] < timing["first_token_seen_ms"] <= timing["read_ms"]


async def test_a_reply_that_is_cut_again_and_again_is_whole(scene: Scene, open_page: OpenPage) -> None:
    talk = await at_chat(scene.site, open_page, faults=True)
    await talk.begin()
    scene.model.say(SLOW)
    await talk.say("Please tell me more.")
    await talk.streaming()
    for _ in range(6):
        scene.site.line.cut_all()
        await talk.page.wait_for_timeout(300)
    await talk.replies(2)
    assert (await talk.shown())[-1] == ["theirs", WHOLE]
    await talk.assert_shown_as_kept()


@pytest.mark.parametrize("seconds", [1, pytest.param(30, marks=pytest.mark.prove)])
async def test_a_reply_goes_on_after_the_service_was_out_of_reach(
    scene: Scene, open_page: OpenPage, seconds: int
) -> None:
    talk = await at_chat(scene.site, open_page, faults=True)
    await talk.begin()
    scene.model.say(SLOW)
    await talk.say("Please tell me more.")
    await talk.streaming()
    scene.site.go_away()
    await expect(talk.page.get_by_text("The connection is interrupted.")).to_be_visible()
    await talk.page.wait_for_timeout(seconds * 1000)
    scene.site.come_back()
    await talk.replies(2)
    await expect(talk.page.get_by_text("The connection is interrupted.")).to_have_count(0)
    assert (await talk.shown())[-1] == ["theirs", WHOLE]


async def test_words_written_offline_survive_a_closed_tab_and_are_sent_once(
    scene: Scene, open_page: OpenPage
) -> None:
    talk = await at_chat(scene.site, open_page, faults=True)
    await talk.begin()
    scene.site.go_away()
    await talk.say("Written without a network.")
    await expect(talk.log.get_by_text("Kept on this device")).to_be_visible()
    await talk.box.fill("and half a sen")
    await talk.page.wait_for_timeout(500)
    assert len(await talk.turns()) == 1
    await talk.page.close()
    scene.site.come_back()
    again = await talk.in_another_tab()
    await again.replies(2)
    await expect(again.box).to_have_value("and half a sen")
    assert [turn["message"] for turn in await again.turns()] == [None, "Written without a network."]
    await again.assert_shown_as_kept()


async def test_a_reload_in_mid_reply_goes_on_with_it(scene: Scene, open_page: OpenPage) -> None:
    talk = await at_chat(scene.site, open_page, faults=True)
    await talk.begin()
    scene.model.say(SLOW)
    await talk.say("Please tell me more.")
    for _ in range(2):
        await talk.streaming()
        await talk.page.reload()
    await talk.replies(2)
    assert (await talk.shown())[-1] == ["theirs", WHOLE]
    assert [turn["asks"] for turn in await talk.turns()] == [0, 1]


async def test_after_the_service_was_killed_the_reply_is_broken_off_and_the_talk_goes_on(
    built_page: None, serve: Callable[..., Service], database: Database, open_page: OpenPage
) -> None:
    async with scripted(Script()) as model:
        site = open_site(serve, database, model.model, turn_lease_seconds=2)
        talk = await at_chat(site, open_page, faults=True)
        await talk.begin()
        model.say(SLOW)
        await talk.say("Please tell me more.")
        await talk.streaming()
        site.kill()
        await expect(talk.page.get_by_text("The connection is interrupted.")).to_be_visible()
        site.start_again()
        await expect(talk.log.get_by_text("The reply broke off here.")).to_be_visible()
        model.say(Script(pieces=["And so on."]))
        await talk.say("Let us go on.")
        await talk.replies(3)
        await talk.assert_shown_as_kept()


async def test_two_tabs_show_the_same_and_send_a_draft_once(scene: Scene, open_page: OpenPage) -> None:
    one = await at_chat(scene.site, open_page, faults=True)
    await one.begin()
    await one.box.fill("Said once.")
    await one.page.wait_for_timeout(500)
    two = await one.in_another_tab()
    await expect(two.box).to_have_value("Said once.")
    await one.box.press("Enter")
    await two.box.press("Enter")
    for talk in (one, two):
        await talk.replies(2)
        await expect(talk.box).to_have_value("")
        await talk.assert_shown_as_kept()
    assert len(await one.turns()) == 2


async def test_messages_of_two_tabs_at_once_are_answered_one_after_the_other(
    scene: Scene, open_page: OpenPage
) -> None:
    one = await at_chat(scene.site, open_page, faults=True)
    await one.begin()
    two = await one.in_another_tab()
    await two.box.wait_for()
    scene.model.say(SLOW)
    await one.box.fill("From the first.")
    await two.box.fill("From the second.")
    await one.box.press("Enter")
    await two.box.press("Enter")
    for talk in (one, two):
        await talk.replies(3)
        await talk.assert_shown_as_kept()
    assert sorted(str(turn["message"]) for turn in await one.turns()) == [
        "From the first.",
        "From the second.",
        "None",
    ]


async def test_a_model_that_is_away_is_told_of_and_asked_again_under_the_same_id(
    scene: Scene, open_page: OpenPage
) -> None:
    talk = await at_chat(scene.site, open_page)
    await talk.begin()
    scene.model.say(Script(status=500))
    await talk.say("Are you there?")
    await expect(talk.log.get_by_text("The program that answers cannot be reached just now.")).to_be_visible()
    await talk.page.reload()
    await expect(talk.log.get_by_text("The program that answers cannot be reached just now.")).to_be_visible()
    scene.model.say(Script(pieces=["Now I am."]))
    await talk.button("Try again").click()
    await talk.replies(2)
    assert (await talk.shown())[-1] == ["theirs", "Now I am."]
    assert [turn["message"] for turn in await talk.turns()] == [None, "Are you there?"]
    await talk.assert_shown_as_kept()


async def test_somebody_whose_model_stays_away_may_finish(scene: Scene, open_page: OpenPage) -> None:
    talk = await at_chat(scene.site, open_page)
    await talk.begin()
    scene.model.say(Script(status=403))
    for number in range(3):
        await expect(talk.button("Finish the conversation")).to_be_disabled()
        await talk.say(f"Message {number}")
        await expect(talk.log.locator(".failed")).to_have_count(number + 1)
    await talk.button("Finish the conversation").click()
    await talk.button("Yes, finish").click()
    await expect(talk.log).to_have_count(0)
    assert await talk.end_reason() == "model_unavailable"


async def test_the_last_reply_can_be_read_before_the_page_goes_on(scene: Scene, open_page: OpenPage) -> None:
    talk = await at_chat(scene.site, open_page, chat={"min_turns": 1})
    await talk.begin()
    await expect(talk.box).to_be_focused()
    scene.model.say(Script(pieces=["Thank you, and good", "bye.</end_conversation>"]))
    await talk.say("That was all.")
    await expect(talk.page.get_by_role("heading", name="The conversation has ended")).to_be_focused()
    await expect(talk.box).to_have_count(0)
    # The page looks how the session stands whenever somebody comes back to it.
    await talk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await talk.page.wait_for_timeout(500)
    assert (await talk.shown())[-1] == ["theirs", "Thank you, and goodbye."]
    await talk.button("Continue").click()
    await expect(talk.log).to_have_count(0)
    assert await talk.end_reason() == "tag"


async def test_words_that_come_after_the_end_are_shown_as_not_sent(scene: Scene, open_page: OpenPage) -> None:
    talk = await at_chat(scene.site, open_page, faults=True, chat={"min_turns": 0})
    await talk.begin()
    scene.site.go_away()
    await talk.say("Words that come too late.")
    await expect(talk.log.get_by_text("Kept on this device")).to_be_visible()
    finished = await talk.page.context.request.post(
        f"{scene.site.service.url}/api/sessions/{talk.session_id}/chat/complete", data={}
    )
    assert finished.ok
    scene.site.come_back()
    await expect(talk.log.get_by_text("Not sent.")).to_be_visible()
    await expect(talk.log.get_by_text("Words that come too late.")).to_be_visible()
    await expect(talk.button("Copy the words")).to_be_visible()
    await expect(talk.button("Continue")).to_be_visible()
    assert len(await talk.turns()) == 1


async def test_the_real_local_model_is_shown_as_it_is_kept(
    built_page: None,
    serve: Callable[..., Service],
    database: Database,
    local_model: Model,
    open_page: OpenPage,
) -> None:
    talk = await at_chat(open_site(serve, database, local_model), open_page)
    await talk.begin()
    for number, words in enumerate(("I have been a bit tired.", "I still like to cook."), 2):
        await talk.say(words)
        await talk.replies(number, seconds=90)
    await talk.assert_shown_as_kept()
