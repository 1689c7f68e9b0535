"""The steps of a participant's way through the page, as a person does them: by the names they read."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.journeys.conftest import OpenPage
from tests.journeys.names import NAMES
from tests.journeys.screens import press, title
from tests.journeys.site import Site

Look = Callable[[str], Awaitable[None]]
MESSAGES = ("I have been rather tired lately.", "My sleep is fine, thank you.", "Nothing else comes to mind.")


async def no_look(_screen: str) -> None:
    """Look at nothing: what most journeys do at each screen."""


@dataclass
class Walk:
    """A person at a page; `look` is called with the name of each screen that they come to."""

    page: Page
    look: Look = no_look
    language: str = "en"

    def name(self, key: str) -> str:
        """What a button, title or label is called in the language of the walk."""
        return NAMES[self.language][key]

    def button(self, key: str) -> Locator:
        return self.page.get_by_role("button", name=self.name(key), exact=True)

    async def press(self, key: str) -> None:
        """Press the button of that name."""
        await press(self.page, self.name(key))

    async def at(self, key: str) -> None:
        """Wait for the screen of that title; it has the focus, so that it is read out."""
        await title(self.page, self.name(key))
        await self.look(key)

    async def begin(self) -> None:
        """From the opened link to the consent."""
        await self.at("start")
        if self.language != "en":
            await self.page.get_by_role("radio", name="Bahasa Indonesia").check()
        await self.press("begin")
        await self.at("welcome")
        await self.press("go on")

    async def consent(self, *, camera: bool = False) -> None:
        """Read and agree."""
        await expect(self.button("agree")).to_be_visible()
        await self.look("consent")
        scopes = ["questionnaire scope", "chat scope", *(["camera scope"] if camera else [])]
        for scope in scopes:
            await self.page.get_by_label(self.name(scope)).check()
        await self.press("agree")

    async def check_camera(self) -> None:
        """Turn the camera on and go on with it."""
        await self.at("camera")
        await self.press("turn on")
        await expect(self.button("looks right")).to_be_visible()
        await self.look("camera preview")
        await self.press("looks right")

    async def read(self, key: str, then: str) -> None:
        """Read a screen of text and go on."""
        await self.at(key)
        await self.press(then)

    async def to_questions(self, *, camera: bool = False) -> None:
        """From the opened link to the first question, with the camera or without; the questionnaire comes first."""
        await self.begin()
        await self.consent(camera=camera)
        if camera:
            await self.check_camera()
        await self.read("instructions", "begin")
        await self.read("questionnaire", "begin")

    def question(self, place: int) -> Locator:
        """What says that this question is shown."""
        return self.page.get_by_text(re.compile(rf"^{self.name('question')} {place} "))

    async def answer(self, value: int) -> None:
        """Choose the answer of that value to the question shown, and see it chosen."""
        choice = self.page.get_by_role("radio").nth(value)
        await choice.check()
        await expect(choice).to_be_checked()

    async def answer_all(self, values: Mapping[int, int] | None = None) -> None:
        """Answer question after question, 1 where `values` (by place, from 1) says nothing else; 0 to the ninth."""
        chosen = {9: 0} | dict(values or {})
        for place in range(1, 11):
            await expect(self.question(place)).to_be_visible()
            await self.look(f"question {place}")
            await self.answer(chosen.get(place, 1))
            await self.close_help()
            await self.press("next")
            await expect(self.question(place)).to_be_hidden()

    async def close_help(self) -> None:
        """Close the help that came with a risk answer, if it did."""
        if await self.page.get_by_role("dialog").is_visible():
            await self.look("help")
            await self.press("close")

    async def hand_in(self) -> None:
        """Hand the questionnaire in."""
        await self.at("review")
        await self.page.get_by_text(self.name("my answers")).click()
        await self.look("review open")
        await self.press("hand in")

    async def talk(self, messages: tuple[str, ...] = MESSAGES) -> None:
        """Write these messages, each after the reply to the one before, and finish."""
        await expect(self.button("begin talk")).to_be_visible()
        await self.look("interview begin")
        await self.press("begin talk")
        box = self.page.get_by_role("textbox")
        for message in messages:
            await box.fill(message)
            await expect(self.button("send")).to_be_enabled(timeout=60_000)
            await self.press("send")
            await expect(box).to_have_value("")
        await self.replied(len(messages))
        await self.look("interview")
        await self.press("finish")
        await self.look("interview finish")
        await self.press("yes finish")

    async def whole_way(self, answers: Mapping[int, int] | None = None, *, camera: bool = False) -> None:
        """From the opened link to the thanks, where the questionnaire comes first; `answers` as for answer_all."""
        await self.to_questions(camera=camera)
        await self.answer_all(answers)
        await self.hand_in()
        await self.read("cooldown", "go on")
        await self.talk()
        await self.at("thanks")

    async def replied(self, messages: int) -> None:
        """Wait until so many messages were sent, and the reply to the last is whole."""
        await expect(self.page.get_by_text(self.name("sent"), exact=True)).to_have_count(
            messages, timeout=60_000
        )
        await expect(self.page.locator("[aria-busy=true]")).to_have_count(0, timeout=60_000)
        await expect(self.button("finish")).to_be_enabled(timeout=60_000)

    async def menu(self, key: str) -> None:
        """Choose from the menu."""
        await self.page.get_by_role("banner").get_by_role("button", name=self.name("menu")).click()
        await self.press(key)

    async def session(self) -> dict[str, Any]:
        """Give the person's newest session as the service tells it."""
        reply = await self.page.request.get("/api/sessions")
        sessions: list[dict[str, Any]] = (await reply.json())["data"]["sessions"]
        return sessions[-1]


async def at_questions(site: Site, open_page: OpenPage, *, faults: bool = False, **changes: Any) -> Walk:
    """Bring somebody new to the first question of a study with these changes, the questionnaire coming first."""
    presentation = {"order": "phq_first"} | changes.pop("presentation", {})
    study = await site.study(presentation=presentation, **changes)
    walk = Walk(await open_page(site, await site.invite(study), faults=faults))
    await walk.to_questions()
    return walk
