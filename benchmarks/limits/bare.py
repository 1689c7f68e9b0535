"""A save without a framework: the service's statement, pools and shared commits behind a hand-written ASGI app.

It checks the cookie's signature each time and sends the service's headers. `sharing` writes to the database;
`at_once` answers without; `at_once_logged` does so and, as the service, counts the reply and logs a line.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import orjson

from benchmarks.limits.at_once import AtOnce
from quart_assessment import measures
from quart_assessment.database.engine import Database
from quart_assessment.database.schema import new_id
from quart_assessment.phq.answering import saves_of
from quart_assessment.phq.repository import Answer, Save, Verdict
from quart_assessment.settings import Settings
from quart_assessment.web.envelope import as_json, rfc3339
from quart_assessment.web.security import fixed_headers

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
access = logging.getLogger("quart_assessment.access")
_COOKIE = b"qa_login="
_LONGEST_AGE = 60 * 24 * 3600


class Door(Protocol):
    """Where saves go."""

    async def submit(self, asked: Save, /) -> Sequence[Verdict]: ...


class Bare:
    """The app; `open_door` is called once the worker's loop runs."""

    def __init__(self, open_door: Callable[[Settings], Door], *, logged: bool = False) -> None:
        self._open_door = open_door
        self._logged = logged
        settings = Settings()
        secret = "" if settings.secret_key is None else settings.secret_key.get_secret_value()
        # itsdangerous' django-concat, as quart-auth configures it.
        self._key = hashlib.sha512(b"quart auth salt" + b"signer" + secret.encode()).digest()
        self._fixed = [
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-store"),
            *fixed_headers(settings),
        ]
        self._settings = settings

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve the worker's lifespan, or one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] == "/healthz":
            await self._reply(send, 200, {"status": "OLKORECT"})
        else:
            await self._save(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "lifespan.shutdown":
            self._door = self._open_door(self._settings)
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    async def _save(self, scope: Message, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        status, reply = await self._answered(scope, receive)
        await self._reply(send, status, reply)
        if self._logged:
            measures.requests.labels(str(status)).inc()
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            said = {"method": scope["method"], "route": "save", "status": status, "ms": milliseconds}
            access.info("request", extra=said)

    async def _answered(self, scope: Message, receive: Receive) -> tuple[int, dict[str, Any]]:
        words = scope["path"].split("/")
        # /api/sessions/{id}/phq/responses/{id}
        if len(words) != 7 or words[5] != "responses" or scope["method"] != "PUT":
            return 404, {"status": "SNAFU"}
        token = self._token(scope["headers"])
        if token is None:
            return 401, {"status": "SNAFU"}
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        form = orjson.loads(body)
        answer = Answer(UUID(words[6]), form["value"], form["version"], form.get("response_time_ms"))
        verdicts = await self._door.submit(Save(hashlib.sha256(token).digest(), UUID(words[3]), (answer,)))
        if not verdicts or verdicts[0].verdict not in ("ok", "repeat"):
            return 409, {"status": "SNAFU"}
        [one] = verdicts
        stored = {
            "question_id": one.question_id,
            "value": one.value,
            "version": one.version,
            "stale": one.stale,
            "saved_at": one.saved_at,
            "answered": one.answered,
            "total": one.total,
        }
        return 200, {"status": "OLKORECT", "data": stored}

    def _token(self, headers: Sequence[tuple[bytes, bytes]]) -> bytes | None:
        for name, value in headers:
            if name == b"cookie" and value.startswith(_COOKIE):
                return self._signed(value[len(_COOKIE) :])
        return None

    def _signed(self, cookie: bytes) -> bytes | None:
        said, _, signature = cookie.rpartition(b".")
        right = hmac.digest(self._key, said, "sha512")
        if not hmac.compare_digest(_unpacked(signature), right):
            return None
        payload, _, stamp = said.rpartition(b".")
        if time.time() - int.from_bytes(_unpacked(stamp), "big") > _LONGEST_AGE:
            return None
        token: str = orjson.loads(_unpacked(payload))
        return token.encode()

    async def _reply(self, send: Send, status: int, reply: dict[str, Any]) -> None:
        body = as_json(reply)
        headers = [
            *self._fixed,
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", str(new_id()).encode()),
            (b"x-server-time", rfc3339(datetime.now(UTC)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _unpacked(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


sharing = Bare(lambda settings: saves_of(Database(settings)))
at_once = Bare(lambda _: AtOnce())
at_once_logged = Bare(lambda _: AtOnce(), logged=True)
