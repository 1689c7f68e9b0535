"""What a person does on any screen: press what has a name, read a title, and see what the sign says."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect


async def press(page: Page, name: str) -> None:
    """Press the button of that name."""
    await page.get_by_role("button", name=name, exact=True).click()


async def title(page: Page, name: str) -> None:
    """Wait for the screen of that title; it has the focus, so that it is read out."""
    heading = page.get_by_role("heading", level=1, name=name)
    await expect(heading).to_be_visible(timeout=15_000)
    await expect(heading).to_be_focused()


async def signed(page: Page, sign: str | re.Pattern[str] = "Saved", *, seconds: float = 15) -> None:
    """Wait until the page's sign says that of what was entered."""
    shown = page.get_by_role("banner").get_by_text(sign, exact=True)
    await expect(shown).to_be_visible(timeout=seconds * 1000)


async def wider(page: Page) -> int:
    """Give how many pixels of the page lie beyond the window's side."""
    pixels: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return pixels
