"""Answers requests for files of the page; whatever is none of them goes on to the app."""

from __future__ import annotations

import logging
from typing import Any, cast

from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope
from werkzeug.http import parse_accept_header, parse_etags

from quart_assessment.page.files import Page, PageBroken, PageFile, Reply, page_folder, read_page
from quart_assessment.settings import Settings
from quart_assessment.web.caller import RULE

# RFC 9110, 15.4.5: what a 304 repeats of the headers of a 200.
_REPEATED = frozenset({b"cache-control", b"etag", b"vary"})


log = logging.getLogger(__name__)


def with_page(app: ASGIFramework, settings: Settings) -> ASGIFramework:
    """Put the built page before the app; without one that is whole the app stays as it is."""
    try:
        page = read_page(page_folder(settings))
    except PageBroken as broken:
        log.error("the page is not served: %s", broken)
        return app
    return app if page is None else PageServing(app, page)


class PageServing:
    """Wraps the app."""

    def __init__(self, app: ASGIFramework, page: Page) -> None:
        self._app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one connection's request."""
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            file = self._page.get(scope["path"])
            if file is not None:
                cast("dict[str, Any]", scope)[RULE] = scope["path"]
                await _send(file, scope, send)
                return
        await self._app(scope, receive, send)


async def _send(file: PageFile, scope: HTTPScope, send: ASGISendCallable) -> None:
    reply = _fitting(file, _header(scope, b"accept-encoding"))
    known = parse_etags(_header(scope, b"if-none-match"))
    unchanged = known.contains_weak(reply.etag[1:-1])
    headers = [one for one in reply.headers if one[0] in _REPEATED] if unchanged else list(reply.headers)
    await send({"type": "http.response.start", "status": 304 if unchanged else 200, "headers": headers})
    body = b"" if unchanged or scope["method"] == "HEAD" else reply.body
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _fitting(file: PageFile, accepted: str) -> Reply:
    if file.packed is not None and parse_accept_header(accepted)["gzip"] > 0:
        return file.packed
    return file.plain


def _header(scope: HTTPScope, name: bytes) -> str:
    # A header that is given more than once is a list (RFC 9110, 5.3).
    return ", ".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)
