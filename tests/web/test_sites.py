"""Which sites may write: browsers say where a request comes from, programs say nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from tests.ground.house import House, opened
from tests.ground.participant import Participant, kept, refused
from tests.ground.postgres import Database

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS: list[dict[str, str]] = [
    {},
    {"Origin": "http://127.0.0.1:8000"},
    {"Origin": "HTTP://127.0.0.1:8000"},
    {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "Same-Origin"},
    {"Origin": "http://localhost:9999", "Host": "localhost:9999"},
    {"Origin": "http://[::1]:8000", "Host": "[::1]:8000"},
    {"Origin": "http://127.0.0.1:8000", "Host": "evil.example"},
]
FOREIGN: list[dict[str, str]] = [
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "https://evil.example"},
    {"Origin": "https://127.0.0.1:8000"},
    {"Origin": "http://127.0.0.1:8001"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://127.0.0.1:8000.evil.example"},
    {"Origin": "http://evil.example", "Host": "evil.example"},
    {"Origin": "http://localhost.evil.example:8000", "Host": "localhost.evil.example:8000"},
    {"Origin": "http://localhost:8000", "Host": "127.0.0.1:8000"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "anything"},
    {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
]


@pytest_asyncio.fixture(loop_scope="module")
async def someone(house: House) -> Participant:
    return await house.come(await house.study(slug="sites"))


@pytest.mark.parametrize("headers", OURS, ids=str)
async def test_our_own_pages_and_programs_may_write(
    house: House, someone: Participant, headers: dict[str, str]
) -> None:
    kept(await someone.client.post("/api/sessions", json={}, headers=headers), 201)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_other_sites_may_not_write(house: House, someone: Participant, headers: dict[str, str]) -> None:
    refused(await someone.client.post("/api/sessions", json={}, headers=headers), 403, "cross_site")
    question = f"/api/sessions/{uuid4()}/phq/responses/{uuid4()}"
    refused(await someone.client.put(question, json={}, headers=headers), 403, "cross_site")
    refused(await someone.client.post("/api/auth/login", json={}, headers=headers), 403, "cross_site")
    refused(await someone.client.post("/api/auth/logout", headers=headers), 403, "cross_site")
    refused(await someone.client.post("/api/camera/upload", headers=headers), 403, "cross_site")
    kept(await someone.client.get("/api/sessions", headers=headers))
    refused(await someone.client.post("/api/nothing", headers=headers), 404, "not_found")
    refused(await someone.client.delete("/api/sessions", headers=headers), 405, "method_not_allowed")


async def test_behind_tls_only_the_public_address_is_ours(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tls")
    async with opened(module_database, folder, public_url="https://study.example.org/") as site:
        transport = httpx.ASGITransport(app=site.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="https://study.example.org") as client:
            for origin, host, status in (
                ("https://study.example.org", "study.example.org", 401),
                ("https://study.example.org", "127.0.0.1:8000", 401),
                ("https://study.example.org:443", "study.example.org", 403),
                ("http://study.example.org", "study.example.org", 403),
                ("http://localhost:8000", "localhost:8000", 403),
                ("https://other.example.org", "other.example.org", 403),
                ("null", "study.example.org", 403),
            ):
                body = {"username": "nobody", "password": "not that password"}
                headers = {"Origin": origin, "Host": host}
                reply = await client.post("/api/auth/login", json=body, headers=headers)
                assert reply.status_code == status, (origin, host, reply.text)


async def test_a_foreign_site_and_a_missing_login_are_refused_before_the_body_is_there(house: House) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with house.client() as client:
        for headers, status, code in (
            ({}, 401, "login_required"),
            ({"Cookie": "qa_login=forged"}, 401, "login_required"),
            ({"Origin": "null"}, 403, "cross_site"),
        ):
            with house.statements() as sent:
                reply = await asyncio.wait_for(
                    client.post("/api/sessions", content=endless(), headers=headers), timeout=5
                )
                refused(reply, status, code)
            assert sent == []
