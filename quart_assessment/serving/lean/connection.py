"""A request whose body is there already, served in the server's own task: no task and no timer of its own."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, cast

from hypercorn.typing import ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable
from quart import Request, Response
from quart.asgi import ASGIHTTPConnection
from quart.typing import ResponseTypes
from quart.utils import encode_headers
from quart.wrappers.response import DataBody

from quart_assessment.serving.lean.headers import RequestHeaders

if TYPE_CHECKING:
    from quart_assessment.serving.lean.app import LeanQuart

# What goes into a socket's buffer at once needs no time-out.
SMALL_BYTES = 64 * 1024


class EagerConnection(ASGIHTTPConnection):
    """Quart's connection, but for the usual request: whole at its first message, over HTTP/1.1."""

    app: LeanQuart

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve the request."""
        message = await receive()
        if message["type"] != "http.request" or message.get("more_body", False) or not self._usual():
            await super().__call__(_replaying(message, receive), send)
            return
        request = self._request(message.get("body", b""), send)
        visit = self.app.patrol.begin(receive)
        try:
            await self._answer(await self.app.handle_request(request), send)
        except asyncio.CancelledError:
            if not visit.client_left():
                raise
        finally:
            visit.end()

    def _usual(self) -> bool:
        scope = self.scope
        return not (
            scope.get("root_path") or scope["http_version"] < "1.1" or self.app.debug or self.app.testing
        )

    def _request(self, body: bytes, send: ASGISendCallable) -> Request:
        app, scope = self.app, self.scope
        request = app.request_class(
            scope["method"],
            scope["scheme"],
            scope["path"],
            scope["query_string"],
            RequestHeaders(scope["headers"], (scope.get("client") or ["<local>"])[0]),
            "",
            scope["http_version"],
            max_content_length=app.config["MAX_CONTENT_LENGTH"],
            body_timeout=app.config["BODY_TIMEOUT"],
            send_push_promise=partial(_push, self, send),
            scope=scope,
        )
        request.body.set_result(body)
        return request

    async def _answer(self, response: ResponseTypes, send: ASGISendCallable) -> None:
        body = response.response if isinstance(response, Response) else None
        if type(body) is DataBody and body.end - body.begin <= SMALL_BYTES:
            headers = encode_headers(response.headers)
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            await send(
                {"type": "http.response.body", "body": body.data[body.begin : body.end], "more_body": False}
            )
            return
        timeout = self.app.config["RESPONSE_TIMEOUT"]
        if isinstance(response, Response) and response.timeout is not Ellipsis:
            timeout = cast("float | None", response.timeout)
        try:
            await asyncio.wait_for(self._send_response(send, response), timeout)
        except TimeoutError:
            return


async def _push(connection: EagerConnection, send: ASGISendCallable, path: str, headers: object) -> None:
    await connection._send_push_promise(send, path, headers)  # type: ignore[arg-type]


def _replaying(first: ASGIReceiveEvent, receive: ASGIReceiveCallable) -> ASGIReceiveCallable:
    """Give a `receive` that begins with a message that was taken already."""
    taken = [first]

    async def replayed() -> ASGIReceiveEvent:
        return taken.pop() if taken else await receive()

    return replayed
