"""An app that uses what Quart has to offer; LEAN=1 serves it by the lean parts, else it is plain Quart."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

from quart import (
    Blueprint,
    Quart,
    Response,
    after_this_request,
    copy_current_request_context,
    g,
    redirect,
    request,
    stream_with_context,
    url_for,
)
from quart.signals import request_finished, request_started, request_tearing_down
from quart_auth import AuthUser, QuartAuth, current_user, login_user, logout_user

from quart_assessment.serving.lean import app_class
from quart_assessment.serving.lean.tokens import RememberingAuth

LIMIT = 100_000
Json = dict[str, Any]


class Refused(Exception):
    """An exception that has a handler."""


def make(*, lean: bool, **config: object) -> Quart:
    app = app_class(lean=lean)(__name__, static_folder=None)
    app.secret_key = "a secret of this trial"
    app.config.update(MAX_CONTENT_LENGTH=LIMIT, BODY_TIMEOUT=1, RESPONSE_TIMEOUT=2, **config)
    (RememberingAuth if lean else QuartAuth)(app, cookie_name="who", cookie_secure=False, duration=3600)
    happened: list[str] = []
    app.extensions["happened"] = happened
    for add in (
        _hooks,
        _plain_routes,
        _replies,
        _routes_of_bodies,
        _routes_of_login,
        _streams,
        _late,
        _inner,
    ):
        add(app, happened)
    return app


def _hooks(app: Quart, happened: list[str]) -> None:
    @app.before_serving
    async def before_serving() -> None:
        happened.append("serving")

    @app.before_request
    async def first() -> Any:
        g.order = ["app before"]
        return ("stopped", 202) if request.args.get("stop") else None

    @app.before_request
    def second() -> None:
        g.order.append("sync before")

    @app.after_request
    async def after(response: Response) -> Response:
        response.headers["X-Order"] = ",".join([*g.order, "app after"])
        return response

    @app.teardown_request
    async def torn_down(error: BaseException | None) -> None:
        if "note" in request.args:
            happened.append(f"teardown {type(error).__name__}")

    @app.errorhandler(Refused)
    async def refused(_: Refused) -> tuple[Json, int]:
        return {"refused": True}, 418

    @app.errorhandler(404)
    async def missing(_: Exception) -> tuple[Json, int]:
        return {"missing": request.path}, 404


def _inner(app: Quart, happened: list[str]) -> None:
    blueprint = Blueprint("inner", __name__, url_prefix="/inner")

    @blueprint.before_request
    async def before() -> None:
        g.order.append("inner before")

    @blueprint.after_request
    async def after(response: Response) -> Response:
        g.order.append("inner after")
        return response

    @blueprint.teardown_request
    async def torn_down(_: BaseException | None) -> None:
        happened.append("inner teardown")

    @blueprint.get("/hooks")
    async def hooks() -> Json:
        return {"order": g.order}

    app.register_blueprint(blueprint)


def _plain_routes(app: Quart, happened: list[str]) -> None:
    @app.get("/happened")
    async def show() -> Json:
        seen = happened.copy()
        happened.clear()
        return {"happened": seen}

    @app.get("/headers")
    async def headers() -> Json:
        sent = request.headers
        return {
            "doubled": sent.getlist("X-Twice"),
            "first": sent.get("x-twice"),
            "number": sent.get("X-Number", 7, type=int),
            "missing": sent.get("X-Missing", "none"),
            "has": "x-twice" in sent,
            "all": sorted(name for name, _ in sent.items()),
            "address": [request.remote_addr, sent.get("Remote-Addr")],
        }

    @app.get("/text/<name>")
    async def text(name: str) -> str:
        return f"text {name}"

    @app.get("/text/<int:number>/<name>")
    async def number_first(number: int, name: str) -> str:
        return f"number {number} {name}"

    @app.get("/text/fixed")
    async def fixed() -> str:
        return "fixed"

    @app.get("/path/<path:rest>")
    async def path(rest: str) -> str:
        return f"path {rest}"

    @app.get("/uuid/<uuid:one>")
    async def uuid(one: object) -> str:
        return f"{type(one).__name__}"


def _replies(app: Quart, _happened: list[str]) -> None:
    @app.get("/folder/")
    async def folder() -> str:
        return url_for("text", name="a b")

    @app.get("/elsewhere")
    async def elsewhere() -> Any:
        return redirect("/folder/")

    @app.get("/after")
    async def after() -> str:
        @after_this_request  # type: ignore[arg-type]
        async def add(response: Response) -> Response:
            response.headers["X-This"] = "1"
            return response

        return "after"

    @app.get("/refused")
    async def refused() -> str:
        raise Refused

    @app.get("/fault")
    async def fault() -> str:
        raise RuntimeError("unforeseen")

    @app.get("/tuple")
    async def several() -> tuple[str, int, dict[str, str]]:
        return "made", 201, {"X-Made": "yes"}

    @app.get("/copied")
    async def copied() -> str:
        @copy_current_request_context
        async def later() -> str:
            return request.path

        return await asyncio.create_task(later())


def _routes_of_bodies(app: Quart, _happened: list[str]) -> None:
    @app.post("/json")
    async def json() -> Json:
        return {"got": await request.get_json()}

    @app.post("/echo")
    async def echo() -> bytes:
        data: bytes = await request.get_data(as_text=False)  # type: ignore[assignment]
        return data

    @app.post("/stream-in")
    async def stream_in() -> Json:
        return {"bytes": sum([len(part) async for part in request.body])}

    @app.post("/form")
    async def form() -> Json:
        files = await request.files
        return {"field": (await request.form)["field"], "file": len(files["file"].read())}


def _routes_of_login(app: Quart, _happened: list[str]) -> None:
    @app.get("/who")
    async def who() -> Json:
        return {"who": current_user.auth_id}

    @app.post("/in")
    async def log_in() -> str:
        login_user(AuthUser("somebody"), remember=True)
        return "in"

    @app.post("/out")
    async def log_out() -> str:
        logout_user()
        return "out"


def _streams(app: Quart, happened: list[str]) -> None:
    @app.get("/work")
    async def work() -> str:
        happened.append("working")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            happened.append("cancelled")
            raise
        return "done"

    @app.get("/ticks")
    async def ticks() -> Response:
        @stream_with_context
        async def tick() -> AsyncIterator[bytes]:
            try:
                for number in range(3 if "few" in request.args else 10_000):
                    yield f"{request.path} {number}\n".encode()
                    await asyncio.sleep(0.02)
            finally:
                happened.append("stream ended")

        response = Response(tick())
        if "long" in request.args:
            response.timeout = None
        return response

    @app.get("/large")
    async def large() -> bytes:
        return b"x" * 300_000


def _late(app: Quart, happened: list[str]) -> None:
    @app.get("/listen")
    async def listen() -> str:
        def started(_: object, **__: object) -> None:
            happened.append("signal started")

        async def finished(_: object, response: Response, **__: object) -> None:
            happened.append(f"signal finished {response.status_code}")

        def torn_down(_: object, **__: object) -> None:
            happened.append("signal torn down")

        app.extensions["listening"] = (started, finished, torn_down)
        request_started.connect(started, app)
        request_finished.connect(finished, app)
        request_tearing_down.connect(torn_down, app)
        return "listening"

    @app.get("/deaf")
    async def deaf() -> str:
        for signal, receiver in zip(
            (request_started, request_finished, request_tearing_down),
            app.extensions["listening"],
            strict=True,
        ):
            signal.disconnect(receiver, app)
        return "deaf"

    @app.get("/grow")
    async def grow() -> str:
        @app.get("/grown")
        async def grown() -> str:
            return "grown"

        @app.after_request
        async def mark(response: Response) -> Response:
            response.headers["X-Grown"] = "1"
            return response

        return "grew"


app = make(lean=os.environ.get("LEAN") == "1")
