"""axe-core, which finds what keeps people out of a page.

It is evaluated over the debugging protocol: the page's own policy, which forbids scripts that are not the
page's, stays in force and is tested meanwhile.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import Page

SOURCE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# WCAG 2.2 AA and what it stands on, and axe's own advice.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})"


async def violations(page: Page) -> list[str]:
    """Give what axe finds on the page as it is shown now: the rule, its reason, and the places."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(SOURCE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate(_RUN, _RULES)
    return [
        f"{one['id']}: {one['help']}: " + "; ".join(str(node["target"]) for node in one["nodes"])
        for one in found["violations"]
    ]
