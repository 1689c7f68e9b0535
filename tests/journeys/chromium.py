"""Debian's Chromium as a person has it: with a camera, with one that they deny, or without any."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from playwright.async_api import Browser, CDPSession, Page, async_playwright

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
Camera = Literal["granted", "denied", "missing"]
"""`granted` shows a test picture that moves; `denied`: the person says no; `missing`: there is none."""

_CAMERAS: dict[Camera, list[str]] = {
    "granted": ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
    "denied": ["--use-fake-device-for-media-stream", "--deny-permission-prompts"],
    "missing": ["--use-fake-device-for-media-stream=device-count=0", "--use-fake-ui-for-media-stream"],
}


@asynccontextmanager
async def running_chromium(camera: Camera) -> AsyncIterator[Browser]:
    """Run a headless Chromium; nothing of it is left afterwards."""
    assert PROGRAM is not None, "chromium is missing; `bin/bootstrap test` installs it"
    options = [*_CAMERAS[camera], "--disable-dev-shm-usage", "--disable-background-networking"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM, headless=True, args=options)
        try:
            yield browser
        finally:
            await browser.close()


async def slow_down(
    page: Page, *, cpu: float = 1, bits_a_second: float | None = None, latency_ms: float = 0
) -> CDPSession:
    """Let a page's machine be `cpu` times slower, and its line carry so much each way; gives the way to change it."""
    session = await page.context.new_cdp_session(page)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": cpu})
    bytes_a_second = -1 if bits_a_second is None else bits_a_second / 8
    await session.send("Network.enable")
    await session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": latency_ms,
            "downloadThroughput": bytes_a_second,
            "uploadThroughput": bytes_a_second,
        },
    )
    return session
