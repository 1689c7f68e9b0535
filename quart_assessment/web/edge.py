"""The outermost layer of the app: request ids, fixed headers and one log line a request."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from time import perf_counter

from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, Scope

from quart_assessment import measures
from quart_assessment.settings import Settings
from quart_assessment.web.caller import RULE
from quart_assessment.web.envelope import rfc3339
from quart_assessment.web.request_id import begin
from quart_assessment.web.security import CONTENT_SECURITY_POLICY, Header, fixed_headers, is_enveloped

access = logging.getLogger("quart_assessment.access")


class Edge:
    """Wraps the app; covers replies that no route made, too."""

    def __init__(self, app: ASGIFramework, settings: Settings) -> None:
        self._app = app
        self._fixed = fixed_headers(settings)

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        made = begin()
        status = 0
        path: str = scope["path"]

        async def send_with_headers(message: ASGISendEvent) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    *self._headers(str(made), path, message["headers"]),
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            measures.requests.labels(str(status)).inc()
            access.info(
                "request",
                extra={
                    "method": scope["method"] if scope["method"].isalpha() else "other",
                    "route": scope.get(RULE, "unmatched"),
                    "status": status,
                    "ms": round((perf_counter() - began) * 1000, 1),
                },
            )

    def _headers(self, made: str, path: str, present: Iterable[Header]) -> list[Header]:
        added = [
            *self._fixed,
            (b"x-request-id", made.encode()),
            (b"x-server-time", rfc3339(datetime.now(UTC)).encode()),
        ]
        names = {name.lower(): value for name, value in present}
        if is_enveloped(path):
            if b"cache-control" not in names:
                added.append((b"cache-control", b"no-store"))
        elif names.get(b"content-type", b"").startswith(b"text/html"):
            added.append((b"content-security-policy", CONTENT_SECURITY_POLICY.encode()))
        return added
