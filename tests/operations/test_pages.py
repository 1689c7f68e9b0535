"""The pages about the service: its description, its health, its measures."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from openapi_spec_validator import validate
from pydantic import SecretStr
from quart import Quart

from tests.ground.postgres import Database

Make = Callable[..., Awaitable[Quart]]


async def test_the_document_is_openapi_3_1_and_names_every_call(make_app: Make) -> None:
    app = await make_app()
    document = await (await app.test_client().get("/openapi.json")).get_json()
    validate(document)
    assert document["openapi"].startswith("3.1")
    described = {
        (verb.upper(), path) for path, operations in document["paths"].items() for verb in operations
    }
    served = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(("/api", "/assessment"))
    }
    assert described == served


async def test_the_document_says_what_calls_take_beside_their_bodies(make_app: Make) -> None:
    app = await make_app()
    document = await (await app.test_client().get("/openapi.json")).get_json()
    session = "/api/sessions/{session_id}"

    def taken(verb: str, path: str) -> set[tuple[str, str]]:
        operation = document["paths"][session + path][verb]
        return {(one["in"], one["name"]) for one in operation["parameters"] if one["in"] != "path"}

    assert taken("get", "/captures") == {("query", "limit"), ("query", "cursor")}
    assert taken("put", "/captures/{capture_id}") == {
        ("header", "Content-Digest"),
        ("header", "Capture-Metadata"),
    }
    assert taken("get", "/chat/turns/{message_id}/events") == {("header", "Last-Event-ID")}
    listed = document["paths"][f"{session}/captures"]["get"]["responses"]["2XX"]
    data = listed["content"]["application/json"]["schema"]["properties"]["data"]
    assert data["required"] == ["captures", "next_cursor"]


async def test_the_readable_page_names_every_call_and_asks_nothing_of_other_sites(make_app: Make) -> None:
    app = await make_app()
    reply = await app.test_client().get("/docs")
    page = await reply.get_data(as_text=True)
    assert "PUT /api/sessions/{session_id}/phq/responses/{question_id}" in page
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'self'" in reply.headers["Content-Security-Policy"]


async def test_healthz_answers(make_app: Make) -> None:
    app = await make_app()
    assert (await app.test_client().get("/healthz")).status_code == 200


async def test_readyz_names_what_is_not_ready(make_app: Make, tmp_path: Path, database: Database) -> None:
    blocked = tmp_path / "a-file-where-the-store-should-be"
    blocked.write_text("")
    app = await make_app(store_dir=blocked, llm_base_url="http://127.0.0.1:9/v1")
    reply = await app.test_client().get("/readyz")
    assert reply.status_code == 503
    assert (await reply.get_json())["failed"] == ["store", "model"]
    owner = await database.connect(owner=True)
    await owner.execute("UPDATE alembic_version SET version_num = 'older'")
    await owner.close()
    assert "migrations" in (await (await app.test_client().get("/readyz")).get_json())["failed"]


@pytest.mark.parametrize(("given", "status"), [(None, 404), ("Bearer other", 404), ("Bearer a-token", 200)])
async def test_measures_are_given_to_holders_of_the_token_alone(
    make_app: Make, given: str | None, status: int
) -> None:
    app = await make_app(metrics_token=SecretStr("a-token"))
    headers = {} if given is None else {"Authorization": given}
    assert (await app.test_client().get("/metrics", headers=headers)).status_code == status


@pytest.mark.parametrize(("fills", "status"), [(True, 200), (False, 503)])
async def test_measures_wait_for_a_worker_that_just_starts(
    make_app: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fills: bool, status: int
) -> None:
    app = await make_app(metrics_token=SecretStr("a-token"))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    # A worker makes its file, and gives it its length a moment later.
    file = tmp_path / "counter_1.db"
    file.touch()
    monkeypatch.setattr(time, "sleep", lambda _: file.write_bytes(bytes(65_536)) if fills else None)
    reply = await app.test_client().get("/metrics", headers={"Authorization": "Bearer a-token"})
    assert reply.status_code == status
    assert ("Retry-After" in reply.headers) is not fills
