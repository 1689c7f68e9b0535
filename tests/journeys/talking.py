"""A participant at the interview: what they do, what they are shown, and what the database holds of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from playwright.async_api import Locator, Page, expect

from tests.ground.house import NO_CAMERA
from tests.journeys.ahead import ahead
from tests.journeys.site import Site

CHAT_FIRST: dict[str, Any] = {
    "camera": NO_CAMERA,
    "consent": {"scopes": [{"name": "questionnaire", "required": True}, {"name": "chat", "required": True}]},
}
_SHOWN = """() => [...document.querySelectorAll('[role=log] article')].map(one =>
    [one.classList.contains('mine') ? 'mine' : 'theirs', one.querySelector('.words')?.textContent ?? ''])"""


@dataclass(slots=True)
class Talk:
    """One participant's interview in one tab."""

    site: Site
    page: Page
    session_id: str

    @property
    def session(self) -> UUID:
        return UUID(self.session_id)

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Your message")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def begin(self) -> None:
        await self.button("Begin the conversation").click()
        await self.replies(1)

    async def say(self, words: str) -> None:
        """Write and send, once that may be done."""
        await self.box.fill(words)
        await expect(self.button("Send")).to_be_enabled()
        await self.box.press("Enter")

    async def replies(self, count: int, *, seconds: float = 30) -> None:
        """Wait until so many replies are whole, broken off ones among them."""
        whole = self.log.locator("article.theirs:not([aria-busy])")
        await expect(whole).to_have_count(count, timeout=seconds * 1000)

    async def streaming(self) -> None:
        """Wait until the first words of a reply are there, and not yet the last."""
        words = self.log.locator("article.theirs[aria-busy] .words")
        await expect(words).not_to_be_empty()

    async def shown(self) -> list[list[str]]:
        """Give who said what, as it is on the screen."""
        found: list[list[str]] = await self.page.evaluate(_SHOWN)
        return found

    async def turns(self) -> list[dict[str, Any]]:
        """Give the turns that the database holds."""
        rows = await self.site.rows(
            "SELECT turn_number, message_id, message, reply, state, timing, asks FROM turns"
            " WHERE session_id = $1 ORDER BY turn_number",
            self.session,
        )
        return [row | {"timing": _read(row["timing"])} for row in rows]

    async def kept(self) -> list[list[str]]:
        """Give who said what, as the database holds it."""
        said: list[list[str]] = []
        for turn in await self.turns():
            if turn["message"] is not None:
                said.append(["mine", turn["message"]])
            if turn["reply"]:
                said.append(["theirs", turn["reply"]])
        return said

    async def assert_shown_as_kept(self) -> None:
        assert await self.shown() == await self.kept()

    async def end_reason(self) -> str | None:
        [row] = await self.site.rows(
            "SELECT end_reason FROM assessments WHERE session_id = $1 AND kind = 'chat'", self.session
        )
        reason: str | None = row["end_reason"]
        return reason

    async def in_another_tab(self) -> Talk:
        page = await self.page.context.new_page()
        await page.goto("/")
        return Talk(self.site, page, self.session_id)


def _read(timing: Any) -> Any:
    return json.loads(timing) if isinstance(timing, str) else timing


async def at_chat(
    site: Site, open_page: Callable[..., Awaitable[Page]], *, scripted: bool = False, **options: Any
) -> Talk:
    """Bring somebody new to the beginning of an interview; options of the study under `chat`, else of the page."""
    chat = options.pop("chat", {})
    presentation = {"order": "chat_first"} | options.pop("presentation", {})
    language = options.pop("language", "en")
    changes = CHAT_FIRST | ({"help": options.pop("help")} if "help" in options else {})
    study = await site.study(scripted=scripted, chat=chat, presentation=presentation, **changes)
    link = await site.invite(study)
    async with ahead(site, link, language=language) as someone:
        session_id = someone.session["id"]
    talk = Talk(site, await open_page(site, link, **options), session_id)
    await talk.button("Begin").or_(talk.button("Mulai")).click()
    return talk
