"""Logins over sockets: what one worker ends, all have ended."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.ground.house import COOKIE, invitations, load_into
from tests.ground.participant import kept, refused
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.ground.study import study_with


@pytest.fixture(scope="module")
def service(module_database: Database, serve_for_module: Callable[..., Service]) -> Service:
    return serve_for_module(module_database)


async def test_a_logout_is_seen_by_all_workers_at_once(service: Service, module_database: Database) -> None:
    assert len(service.workers()) == 2
    [token] = await invitations(module_database, await load_into(module_database, study_with()))
    async with service.client() as client:
        kept(await client.post("/api/auth/invitation", json={"token": token}))
        value = client.cookies[COOKIE]
        async with httpx.AsyncClient(
            base_url=service.url, headers={"Cookie": f"{COOKIE}={value}", "Connection": "close"}
        ) as each:
            for _ in range(20):
                kept(await each.get("/api/auth/me"))
            kept(await client.post("/api/auth/logout"))
            for _ in range(20):
                refused(await each.get("/api/auth/me"), 401, "login_required")
                refused(await each.get("/api/sessions"), 401, "login_required")
