"""The page's first load over a slow line on a slow device: its size, and the time until somebody can begin."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass

from playwright.async_api import Browser, CDPSession, ViewportSize

from benchmarks.ground import ROOT, Ground
from benchmarks.measure import Result, Table, Target, spread
from tests.ground.house import invitations, load_into
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.ground.study import study_with
from tests.journeys.chromium import running_chromium, slow_down

BITS_A_SECOND = 1.6e6
CPU_SLOWER = 4
LATENCY_MS = 150
PHONE = ViewportSize(width=390, height=844)
_ALLOWED_KIB = 120
_ALLOWED_SECONDS = 2.5
_PATIENCE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Load:
    """One first load: bytes over the line by kind, requests, and seconds until the first button can be pressed."""

    seconds: float
    page_bytes: int
    reply_bytes: int
    requests: int


def measure(ground: Ground) -> Result:
    """Open a participant's link in a fresh browser profile, round after round, with and without latency."""
    rounds, _ = ground.counts(9, 0)
    subprocess.run([sys.executable, ROOT / "bin" / "build_page.py"], check=True)
    database = ground.database()
    with ground.service(database) as service:
        near, far = asyncio.run(_loads(service, database, rounds))
    seconds = spread([one.seconds for one in near])
    size = max(one.page_bytes for one in near + far) / 1024
    return Result(
        "The page",
        targets=[
            Target("first load, as sent", size, most=_ALLOWED_KIB, unit=" KiB"),
            Target(
                f"time to usable, CPU {CPU_SLOWER} times slower, {BITS_A_SECOND / 1e6:g} Mbit/s",
                seconds.median,
                most=_ALLOWED_SECONDS,
                said=f"{seconds.said(2)} s",
                unit=" s",
            ),
        ],
        tables=[_table({"": near, f", {LATENCY_MS} ms of latency": far})],
        notes=[
            f"{rounds} first loads each, every one in a fresh profile of a phone's size: from the moment the "
            "invitation's link is opened until the button that begins the assessment can be pressed. In between lie "
            "the page's files, the login by the link and what the page asks of the service. The service and its "
            "database run unthrottled. Sizes are what came over the line, heads of replies included; what the service "
            "worker fetches for later visits comes after that."
        ],
    )


async def _loads(service: Service, database: Database, rounds: int) -> tuple[list[Load], list[Load]]:
    study_id = await load_into(database, study_with(slug="page"))
    tokens = await invitations(database, study_id, 2 * rounds + 1)
    near: list[Load] = []
    far: list[Load] = []
    async with running_chromium("granted") as browser:
        await _load(browser, service, tokens.pop(), 0)
        while tokens:
            near.append(await _load(browser, service, tokens.pop(), 0))
            far.append(await _load(browser, service, tokens.pop(), LATENCY_MS))
    return near, far


async def _load(browser: Browser, service: Service, token: str, latency_ms: float) -> Load:
    context = await browser.new_context(viewport=PHONE)
    try:
        page = await context.new_page()
        line = await slow_down(page, cpu=CPU_SLOWER, bits_a_second=BITS_A_SECOND, latency_ms=latency_ms)
        came = _Counted(line)
        began = time.perf_counter()
        await page.goto(f"{service.url}/#/join/{token}", wait_until="commit")
        await page.get_by_role("main").get_by_role("button").first.wait_for(timeout=_PATIENCE_MS)
        seconds = time.perf_counter() - began
        return Load(seconds, came.page, came.replies, came.requests)
    finally:
        await context.close()


class _Counted:
    """What comes over a page's line."""

    def __init__(self, line: CDPSession) -> None:
        self.page = self.replies = self.requests = 0
        self._replies: set[str] = set()
        line.on("Network.requestWillBeSent", self._asked)
        line.on("Network.loadingFinished", self._came)

    def _asked(self, event: dict[str, object]) -> None:
        self.requests += 1
        request = event["request"]
        assert isinstance(request, dict)
        if "/api/" in request["url"]:
            self._replies.add(str(event["requestId"]))

    def _came(self, event: dict[str, object]) -> None:
        size = event["encodedDataLength"]
        assert isinstance(size, int | float)
        if event["requestId"] in self._replies:
            self.replies += int(size)
        else:
            self.page += int(size)


def _table(of: dict[str, list[Load]]) -> Table:
    head = ("line", "seconds to usable", "page KiB", "replies KiB", "requests")
    rows = [
        (
            f"{BITS_A_SECOND / 1e6:g} Mbit/s{name}",
            spread([one.seconds for one in loads]).said(2),
            spread([one.page_bytes / 1024 for one in loads]).said(1),
            spread([one.reply_bytes / 1024 for one in loads]).said(1),
            spread([float(one.requests) for one in loads]).said(),
        )
        for name, loads in of.items()
    ]
    return Table(head, rows)
