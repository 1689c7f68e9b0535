"""Every JSON reply stands in one envelope, and every reply has its headers."""

from __future__ import annotations

import re
from uuid import UUID

import httpx
import pytest

from quart_assessment.web import errors
from tests.ground.house import House, opened
from tests.ground.participant import kept, refused
from tests.ground.postgres import Database

pytestmark = pytest.mark.asyncio(loop_scope="module")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SESSION = "/api/sessions/0193c3f0-5d3b-7c55-8f0e-1f2d3c4b5a69"
QUESTION = "0193c3f0-5d3b-7c55-8f0e-2f2d3c4b5a69"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
UNKNOWN = (
    "/api",
    "/api/",
    "/api/nothing",
    "/api/sessions/",
    "/api/sessions/x/nothing",
    "/api/admin",
    "/api/%00",
    "/api/caf%C3%A9",
    "/api/%FF",
    "/assessment",
    "/assessment/start",
    "/assessment/llm/start-chat/1",
)


@pytest.mark.parametrize("path", UNKNOWN)
async def test_an_unknown_path_is_a_404_of_the_envelope_without_a_login(house: House, path: str) -> None:
    async with house.client() as client:
        for method in METHODS:
            body = refused(await client.request(method, path), 404, "not_found")
            assert set(body) == {"status", "error", "code", "request_id"}
            assert body["error"].endswith(".")
            UUID(body["request_id"])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/auth/login", {"POST", "OPTIONS"}),
        ("DELETE", "/api/sessions", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("PATCH", SESSION, {"GET", "HEAD", "OPTIONS"}),
        ("POST", f"{SESSION}/phq/responses/{QUESTION}", {"PUT", "OPTIONS"}),
        ("GET", f"{SESSION}/complete", {"POST", "OPTIONS"}),
        ("POST", "/api/admin/sessions", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/assessment/camera/upload", {"POST", "OPTIONS"}),
        ("BREW", "/api/auth/me", {"GET", "HEAD", "OPTIONS"}),
    ],
)
async def test_another_method_is_a_405_without_a_login(
    house: House, method: str, path: str, allowed: set[str]
) -> None:
    async with house.client() as client:
        reply = await client.request(method, path)
        refused(reply, 405, "method_not_allowed")
        assert {name.strip() for name in reply.headers["Allow"].split(",")} == allowed


async def test_head_and_options_have_no_body_of_their_own(house: House) -> None:
    someone = await house.come(await house.study(slug="web"))
    for path in ("/api/auth/me", "/api/sessions", "/healthz", "/docs", "/api/nothing"):
        head = await someone.client.head(path)
        assert head.status_code == (404 if path.endswith("nothing") else 200)
        assert head.headers["X-Request-ID"]
        reply = await someone.client.options(path)
        assert reply.status_code in (200, 404)
        assert not any(name.lower().startswith("access-control") for name in reply.headers)


async def test_a_kept_reply_holds_an_object(house: House) -> None:
    someone = await house.come(await house.study(slug="web"))
    await someone.start()
    for path in ("/api/auth/me", "/api/sessions", someone.path):
        reply = await someone.client.get(path)
        assert set(reply.json()) == {"status", "data"}
        assert isinstance(kept(reply), dict)


async def test_every_reply_has_the_headers_of_all(house: House) -> None:
    async with house.client() as client:
        for path in (
            "/",
            "/docs",
            "/openapi.json",
            "/healthz",
            "/metrics",
            "/nothing",
            "/api/nothing",
            "/api/auth/me",
        ):
            reply = await client.get(path)
            UUID(reply.headers["X-Request-ID"])
            assert TIME.fullmatch(reply.headers["X-Server-Time"])
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert reply.headers["Referrer-Policy"] == "no-referrer"
            assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert reply.headers["Permissions-Policy"] == "camera=(self), microphone=(self)"
            for name in ("Server", "X-Powered-By", "Strict-Transport-Security"):
                assert name not in reply.headers
            assert not any(name.lower().startswith("access-control") for name in reply.headers)
            if path.startswith("/api"):
                assert reply.headers["Cache-Control"] == "no-store"
            for name in reply.headers:
                assert len(reply.headers.get_list(name)) == 1, name


async def test_no_site_is_let_in_by_cors(house: House) -> None:
    """D7: the predecessor let every site in (`CORS *`)."""
    someone = await house.come(await house.study(slug="web"))
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method in ("GET", "OPTIONS"):
        reply = await someone.client.request(method, "/api/sessions", headers=headers)
        assert not any(name.lower().startswith("access-control") for name in reply.headers)


async def test_pages_have_a_policy_and_no_code_of_their_own(house: House) -> None:
    async with house.client() as client:
        for path in ("/", "/docs"):
            reply = await client.get(path)
            assert reply.headers["Content-Type"].startswith("text/html")
            assert reply.headers["Content-Security-Policy"] == (
                "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
                "frame-ancestors 'none'; img-src 'self' blob:; worker-src 'self'"
            )
            text = reply.text.lower()
            assert "<script>" not in text
            assert " style=" not in text
            assert "<style" not in text
            assert not re.search(r"\son[a-z]+=", text)
            assert not re.search(r"(src|href)=\"(https?:)?//", text)


async def test_transport_security_is_asked_for_behind_tls_alone(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for address, asked in (("https://study.example.org", True), ("http://study.example.org", False)):
        async with opened(module_database, tmp_path_factory.mktemp("site"), public_url=address) as site:
            transport = httpx.ASGITransport(app=site.app)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url=address) as client:
                for path in ("/", "/api/nothing", "/healthz"):
                    assert ("Strict-Transport-Security" in (await client.get(path)).headers) is asked


async def test_a_fault_of_ours_tells_nothing_of_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """D9: the predecessor's replies held tracebacks."""

    async def broken(*_: object) -> None:
        raise RuntimeError("SELECT secret FROM /var/lib/canary")

    monkeypatch.setattr("quart_assessment.journey.arrival.who_am_i", broken)
    someone = await house.come(await house.study(slug="web"))
    reply = await someone.client.get("/api/auth/me")
    body = refused(reply, 500, "internal")
    assert body["error"] == errors.Internal().sentence
    assert set(body) == {"status", "error", "code", "request_id"}
    assert "canary" not in reply.text
    assert "Traceback" not in reply.text


@pytest.mark.parametrize("host", ["", "[", "a b", "[::1", "x:99999999", "\u00e9", "a/b", "@", "evil.example"])
async def test_a_strange_host_is_no_fault_of_ours(house: House, host: str) -> None:
    async with house.client() as client:
        headers = {"Host": host.encode("latin-1"), "Origin": f"http://{host}".encode("latin-1")}
        for method, path in (("GET", "/api/nothing"), ("POST", "/api/auth/login"), ("GET", "/healthz")):
            reply = await client.request(method, path, headers=headers)  # type: ignore[arg-type]
            assert reply.status_code < 500, reply.text
            if path.startswith("/api"):
                assert reply.json()["status"] == "SNAFU"
