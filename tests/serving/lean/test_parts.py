"""The parts by themselves: the tree against werkzeug, the test client, and what a request leaves behind."""

from __future__ import annotations

import asyncio
import gc
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quart import Quart
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect

from quart_assessment.app import create_app
from quart_assessment.serving.lean.app import LeanQuart
from quart_assessment.serving.lean.routing import Match, RouteTree
from quart_assessment.settings import Settings
from tests.ground.house import House
from tests.serving.lean.trial_app import make

SEGMENTS = st.sampled_from(
    ["api", "sessions", "phq", "responses", "text", "fixed", "7", "x", "", "path", "uuid"]
)
paths = st.lists(SEGMENTS, max_size=6).map(lambda parts: "/" + "/".join(parts))
methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "PATCH"])
TRIAL_MAP = make(lean=True).url_map


def by_werkzeug(url_map: Map, path: str, method: str) -> Match | None:
    try:
        return url_map.bind("x").match(path, method, return_rule=True)  # type: ignore[return-value]
    except (HTTPException, RequestRedirect):
        return None


@given(paths, methods)
def test_what_the_tree_finds_is_what_werkzeug_finds(path: str, method: str) -> None:
    found = RouteTree(TRIAL_MAP).match(path, method)
    assert found is None or found == by_werkzeug(TRIAL_MAP, path, method)


def test_every_route_of_the_service_is_found_by_the_tree(settings: Settings) -> None:
    app = create_app(settings)
    assert isinstance(app, LeanQuart)
    for rule in app.url_map.iter_rules():
        path = str(rule.rule).replace("<", "").replace(">", "")
        for method in rule.methods or ():
            found = app.tree.match(path, method)
            assert found is not None, rule.rule
            assert found == by_werkzeug(app.url_map, path, method)


@pytest.mark.parametrize("lean", [False, True])
async def test_quarts_test_client_sees_cookies_and_streams(lean: bool) -> None:
    app = make(lean=lean)
    async with app.test_app() as running:
        client = running.test_client()
        await client.post("/in")
        assert await (await client.get("/who")).get_json() == {"who": "somebody"}
        async with client.request("/ticks?few=1") as connection:
            await connection.send_complete()
            assert await connection.receive() == b"/ticks 0\n"
        assert (await client.post("/form", form={"field": "x"})).status_code == 400
        assert (await client.get("/inner/hooks")).headers["X-Order"].endswith("app after")
    async with app.test_request_context("/text/a", method="GET"):
        assert app.extensions["happened"][0] == "serving"


def test_one_switch_turns_all_parts_off(settings: Settings) -> None:
    plain = create_app(settings.model_copy(update={"lean_requests": False}))
    assert type(plain) is Quart
    [auth] = plain.extensions["QUART_AUTH"]
    assert type(auth).__module__.startswith("quart_auth")


async def called(app: Quart, method: str, path: str, body: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    """Call an app as the server does; gives the status."""
    status = 0
    sent = False

    async def receive() -> Any:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        await asyncio.Event().wait()
        return None

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 5000),
        "scheme": "http",
        "method": method,
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"content-length", str(len(body)).encode()),
            *headers,
        ],
    }
    await app(scope, receive, send)
    return status


@pytest.mark.asyncio(loop_scope="module")
async def test_a_thousand_requests_leave_nothing_for_the_collector(house: House) -> None:
    someone = await house.come(await house.study(slug="cycles", presentation={"order": "phq_first"}))
    await someone.arrive()
    question = (await someone.questions())[0]["id"]
    path = f"{someone.path}/phq/responses/{question}"
    cookie = "; ".join(f"{name}={value}" for name, value in someone.client.cookies.items())
    headers = [(b"cookie", cookie.encode()), (b"content-type", b"application/json")]

    async def save(version: int) -> int:
        return await called(
            house.app, "PUT", path, b'{"value": %d, "version": %d}' % (version % 4, version), headers
        )

    async def calls(first: int, number: int) -> None:
        for version in range(first, first + number):
            assert await save(version) == 200

    await calls(1, 50)
    gc.collect()
    gc.disable()
    try:
        await calls(100, 1000)
        left = gc.collect()
    finally:
        gc.enable()
    assert left == 0
    assert await called(house.app, "PUT", f"{someone.path}/phq/responses/{uuid4()}", b"{}", headers) == 422
