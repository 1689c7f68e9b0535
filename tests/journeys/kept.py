"""What a page keeps on the device, as a look into its browser shows it without the key."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

from tests.journeys.site import Site

_LOOK = """async () => {
  const found = [];
  for (const { name } of await indexedDB.databases()) {
    if (!/^outbox-.{36}$/.test(name)) continue;
    const db = await new Promise((resolve, reject) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    for (const store of ["entries", "captures"]) {
      const all = db.transaction(store).objectStore(store).getAll();
      await new Promise((resolve) => (all.onsuccess = resolve));
      for (const { seq, kind, session, item } of all.result) found.push({ seq, kind, session, item });
    }
    db.close();
  }
  return found;
}"""
_CHOOSE = """async ([place, value]) => {
  const radio = document.querySelectorAll("fieldset")[place].querySelectorAll("input[type=radio]")[value];
  radio.click();
  const at = performance.now();
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return { painted: radio.checked, item: radio.name, ms: performance.now() - at };
}"""

FULL = """() => {
  const full = () => { throw new DOMException("no room", "QuotaExceededError"); };
  IDBObjectStore.prototype.add = IDBObjectStore.prototype.put = full;
}"""
"""From now on the device has no room for anything more (Chromium takes no other quota from its debugger)."""
NO_STORAGE = {
    "no database": "Object.defineProperty(window, 'indexedDB', { value: undefined })",
    "database refused": """IDBFactory.prototype.open = () => {
        throw new DOMException("not in private windows", "SecurityError");
    }""",
    "nothing at all": """for (const name of ["indexedDB", "localStorage", "sessionStorage"])
        Object.defineProperty(window, name, { get: () => { throw new DOMException("no", "SecurityError"); } });""",
}
"""Private windows, and browsers whose person switched storage off."""


@dataclass(frozen=True, slots=True)
class Click:
    """A choice that was made and painted: of which question, which value."""

    item: str
    value: int
    painted: bool


async def held(page: Page) -> list[dict[str, Any]]:
    """Give what waits on the device of `page`'s profile, without waking the page: from a bare one beside it."""
    bare = await page.context.new_page()
    try:
        # A page of the same origin that runs nothing.
        await bare.goto("/healthz")
        rows: list[dict[str, Any]] = await bare.evaluate(_LOOK)
        return rows
    finally:
        await bare.close()


async def choose(page: Page, value: int, place: int = 0) -> Click:
    """Choose in a question of those shown, and wait until that is painted."""
    done = await page.evaluate(_CHOOSE, [place, value])
    return Click(done["item"], value, done["painted"])


async def kill_tab(page: Page, after_ms: float) -> None:
    """Kill the tab's process: nothing of it runs any more, and it is told of nothing."""
    cdp = await page.context.new_cdp_session(page)
    crashed = asyncio.ensure_future(page.wait_for_event("crash"))
    await asyncio.sleep(after_ms / 1000)
    # Who is killed does not answer.
    killing = asyncio.ensure_future(cdp.send("Page.crash"))
    await crashed
    killing.cancel()
    await page.close()


async def revisions(site: Site, session: str) -> list[tuple[str, int | None, int, bool]]:
    """Give each value that ever came: question, value, version, whether it was applied; in the order of coming."""
    found = await site.rows(
        "SELECT question_id, value, version, applied FROM response_revisions"
        " WHERE session_id = $1::text::uuid ORDER BY id",
        session,
    )
    return [(str(row["question_id"]), row["value"], row["version"], row["applied"]) for row in found]


def other_value(random_: random.Random, last: int | None) -> int:
    """Give a choice of the scale that differs from the last one: the same again is no click for a browser."""
    return random_.choice([value for value in range(4) if value != last])
