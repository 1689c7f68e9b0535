"""The ground the other tests stand on."""

from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.ground import proof
from tests.ground.model import PassThrough
from tests.ground.postgres import Database


async def test_a_test_database_is_migrated_and_the_application_may_not_change_its_tables(
    database: Database,
) -> None:
    connection = await database.connect()
    try:
        assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE mine (i int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM audit_events")
    finally:
        await connection.close()


async def test_an_empty_database_has_no_tables(empty_database: Database) -> None:
    connection = await empty_database.connect(owner=True)
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        await connection.execute("CREATE TABLE mine (i int)")
    finally:
        await connection.close()


async def test_the_pass_through_records_a_request_and_streams_the_reply(recorded_model: PassThrough) -> None:
    model = recorded_model.model
    body = {
        "model": model.name,
        "stream": True,
        "max_tokens": 8,
        "messages": [{"role": "user", "content": "Héllo"}],
    }
    # llama.cpp closes a connection after a stream, whatever it announced.
    headers = {"Authorization": f"Bearer {model.key}", "Connection": "close"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as client:
        for _ in range(2):
            async with client.stream("POST", f"{model.base_url}/chat/completions", json=body) as reply:
                lines = [line async for line in reply.aiter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    assert len(lines) > 3
    assert recorded_model.requests == [body, body]


def test_a_proof_replaces_its_own_section_and_keeps_the_others(tmp_path: Path) -> None:
    page = tmp_path / "proof.md"
    proof.record("Kills", "make prove", {"lost": 1}, page)
    proof.record("Canaries", "make prove", {"hits": 0}, page)
    proof.record("Kills", "make prove", {"lost": 0}, page)
    text = page.read_text()
    assert text.count("## Kills") == 1
    assert "- lost: 0" in text
    assert "- lost: 1" not in text
    assert "- hits: 0" in text
