"""What a page must never do while it is used: throw, leave a rejection alone, complain on the console, ask others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, WebError

# The browser's own lines about requests that failed; it writes them whatever the page does.
_BROWSERS_OWN = re.compile(r"^Failed to load resource: |net::ERR_")


@dataclass
class Watch:
    """Keeps what the pages of a context complained of, and whom they asked.

    `faults`: the run cuts the network or the service, so the browser's own lines about failed requests are no
    complaints.
    """

    origin: str
    faults: bool = False
    complaints: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Begin with a context's pages and workers, those to come included."""
        # Rejections that nobody handled come as such errors, too.
        context.on("weberror", self._thrown)
        context.on("console", self._said)
        context.on("request", self._asked)

    def assert_clean(self) -> None:
        assert self.complaints == []

    def _thrown(self, error: WebError) -> None:
        self.complaints.append(f"uncaught: {error.error}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type != "error" or (self.faults and _BROWSERS_OWN.search(message.text)):
            return
        self.complaints.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.complaints.append(f"asked another site: {parts.netloc}")
