"""The outermost layer of the app: request ids, fixed headers and one log line a request."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from time import perf_counter

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
    Scope,
)
from prometheus_client import Counter

from quart_assessment import measures
from quart_assessment.settings import Settings
from quart_assessment.web.caller import RULE
from quart_assessment.web.envelope import rfc3339
from quart_assessment.web.request_id import begin
from quart_assessment.web.security import CONTENT_SECURITY_POLICY, Header, fixed_headers, is_enveloped

_NO_STORE = (b"cache-control", b"no-store")
_CSP = (b"content-security-policy", CONTENT_SECURITY_POLICY.encode())

access = logging.getLogger("quart_assessment.access")


def _record(scope: HTTPScope, status: int, seconds: float) -> logging.LogRecord:
    """Make the line of a request, without the look for who calls that every other line gets."""
    record = logging.LogRecord(access.name, logging.INFO, "", 0, "request", None, None)
    vars(record).update(
        method=scope["method"] if scope["method"].isalpha() else "other",
        route=scope.get(RULE, "unmatched"),
        status=status,
        ms=round(seconds * 1000, 1),
    )
    return record


class Edge:
    """Wraps the app; covers replies that no route made, too."""

    def __init__(self, app: ASGIFramework, settings: Settings) -> None:
        self._app = app
        self._fixed = fixed_headers(settings)
        self._counters: dict[int, Counter] = {}

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
            self._count(status)
            if access.isEnabledFor(logging.INFO):
                access.handle(_record(scope, status, perf_counter() - began))

    def _count(self, status: int) -> None:
        counter = self._counters.get(status)
        if counter is None:
            counter = self._counters[status] = measures.requests.labels(str(status))
        counter.inc()

    def _headers(self, made: str, path: str, present: Iterable[Header]) -> list[Header]:
        added = [
            *self._fixed,
            (b"x-request-id", made.encode()),
            (b"x-server-time", rfc3339(datetime.now(UTC)).encode()),
        ]
        if is_enveloped(path):
            if not any(name == b"cache-control" for name, _ in present):
                added.append(_NO_STORE)
        elif any(name == b"content-type" and value.startswith(b"text/html") for name, value in present):
            added.append(_CSP)
        return added
