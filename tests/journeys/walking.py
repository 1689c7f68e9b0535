"""The steps of a participant's way through the page, as a person does them: by the names they read."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from playwright.async_api import Page, expect

Look = Callable[[str], Awaitable[None]]
QUESTION = re.compile(r"^Question (\d+) of (\d+)$")


async def no_look(_screen: str) -> None:
    """Look at nothing: what most journeys do at each screen."""


async def press(page: Page, name: str) -> None:
    """Press the button of that name."""
    await page.get_by_role("button", name=name, exact=True).click()


async def title(page: Page, name: str) -> None:
    """Wait for the screen of that title; it has the focus, so that it is read out."""
    heading = page.get_by_role("heading", level=1, name=name)
    await expect(heading).to_be_visible()
    await expect(heading).to_be_focused()


async def begin(page: Page, look: Look = no_look) -> None:
    """From the opened link to the consent."""
    await title(page, "Good that you are here")
    await look("start")
    await press(page, "Begin")
    await title(page, "Welcome")
    await look("welcome")
    await press(page, "Continue")


async def consent(page: Page, *, camera: bool = False, look: Look = no_look) -> None:
    """Read and agree."""
    await title(page, "Before you begin")
    await look("consent")
    await page.get_by_label("The questionnaire: my answers").check()
    await page.get_by_label("The written interview: my messages").check()
    if camera:
        await page.get_by_label("Still pictures from my camera").check()
    await press(page, "I agree, continue")


async def check_camera(page: Page, look: Look = no_look) -> None:
    """Turn the camera on and go on with it."""
    await look("camera")
    await press(page, "Turn on the camera")
    await expect(page.get_by_role("button", name="This looks right, go on")).to_be_visible()
    await look("camera-preview")
    await press(page, "This looks right, go on")


async def instructions(page: Page, look: Look = no_look) -> None:
    """Read how it goes."""
    await title(page, "How it goes")
    await look("instructions")
    await press(page, "Begin")


async def cooldown(page: Page, look: Look = no_look) -> None:
    """Take a moment between the parts."""
    await title(page, "The first part is done")
    await look("cooldown")
    await press(page, "Continue")


async def to_questionnaire(page: Page, look: Look = no_look) -> None:
    """From the opened link to the first question, without the camera; the questionnaire comes first."""
    await begin(page, look)
    await consent(page, look=look)
    await instructions(page, look)
    await open_questionnaire(page, look)


async def open_questionnaire(page: Page, look: Look = no_look) -> None:
    """Read what comes before the questions."""
    await title(page, "Questionnaire")
    await look("questionnaire")
    await press(page, "Begin")


async def answer(page: Page, value: int) -> None:
    """Choose the answer of that value to the question shown, and see it chosen."""
    choice = page.get_by_role("radio").nth(value)
    await choice.check()
    await expect(choice).to_be_checked()


async def answer_all(page: Page, values: Mapping[int, int] | None = None, look: Look = no_look) -> None:
    """Answer question after question, 1 where `values` (by place, from 1) says nothing else; 0 to the ninth."""
    chosen = {9: 0} | dict(values or {})
    for place in range(1, 12):
        if await page.get_by_role("heading", level=1, name="That was the last question").is_visible():
            return
        await expect(page.get_by_text(re.compile(rf"^Question {place} of"))).to_be_visible()
        await look(f"question-{place}")
        await answer(page, chosen.get(place, 1))
        await close_help(page)
        await press(page, "Next")
        await expect(page.get_by_text(re.compile(rf"^Question {place} of"))).to_be_hidden()


async def close_help(page: Page) -> None:
    """Close the help that came with a risk answer, if it did."""
    if await page.get_by_role("dialog").is_visible():
        await press(page, "Close")


async def hand_in(page: Page, look: Look = no_look) -> None:
    """Hand the questionnaire in."""
    await title(page, "That was the last question")
    await page.get_by_text("My answers").click()
    await look("review")
    await press(page, "Hand in and go on")


async def talk(page: Page, messages: tuple[str, ...], look: Look = no_look) -> None:
    """Write these messages, each after the reply to the one before, and finish."""
    await press(page, "Begin the conversation")
    box = page.get_by_role("textbox")
    for message in messages:
        send = page.get_by_role("button", name="Send", exact=True)
        await box.fill(message)
        await expect(send).to_be_enabled(timeout=60_000)
        await send.click()
        await expect(box).to_have_value("")
    finish = page.get_by_role("button", name="Finish the conversation")
    await expect(finish).to_be_enabled(timeout=60_000)
    await look("interview")
    await finish.click()
    await look("interview-finish")
    await press(page, "Yes, finish")


async def session_of(page: Page) -> dict[str, object]:
    """Give the person's newest session as the service tells it."""
    reply = await page.request.get("/api/sessions")
    sessions: list[dict[str, object]] = (await reply.json())["data"]["sessions"]
    return sessions[-1]
