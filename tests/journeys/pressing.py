"""What a person does on any screen: press what has a name, and read a title."""

from __future__ import annotations

from playwright.async_api import Page, expect


async def press(page: Page, name: str) -> None:
    """Press the button of that name."""
    await page.get_by_role("button", name=name, exact=True).click()


async def title(page: Page, name: str) -> None:
    """Wait for the screen of that title; it has the focus, so that it is read out."""
    heading = page.get_by_role("heading", level=1, name=name)
    await expect(heading).to_be_visible()
    await expect(heading).to_be_focused()
