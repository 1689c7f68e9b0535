"""Who saw or changed what is written down in the transaction of the read, and stays as it was written."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from quart_assessment.phq import reading as answers
from quart_assessment.problems import Unavailable
from quart_assessment.sessions import service as sessions
from tests.ground.house import House
from tests.ground.participant import Participant, kept

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def watched(house: House) -> tuple[Participant, httpx.AsyncClient, UUID]:
    """Give somebody at risk, staff of the study, and who those are."""
    study = await house.study(slug=f"audit-{uuid4().hex[:8]}", presentation={"order": "phq_first"})
    someone, staff = await house.come(study), await house.staff("researcher", study)
    await someone.arrive()
    risky = next(one["id"] for one in await someone.questions() if one["risk"])
    kept(await someone.save(risky, 1))
    return someone, staff, UUID(kept(await staff.get("/api/auth/me"))["user"]["id"])


async def audited(house: House, account: UUID) -> list[dict[str, Any]]:
    return await house.rows(
        "SELECT action, session_id, study_id, facts FROM audit_events WHERE account_id = $1 ORDER BY id",
        account,
    )


async def test_every_read_and_act_of_staff_has_its_row(house: House) -> None:
    someone, staff, account = await watched(house)
    session_id = UUID(someone.session["id"])
    await staff.get("/api/admin/sessions")
    await staff.get(f"/api/admin/sessions/{session_id}")
    alert = kept(await staff.get("/api/admin/alerts"))["alerts"][0]["id"]
    for _ in range(2):
        kept(await staff.post(f"/api/admin/alerts/{alert}/acknowledge", json={"outcome": "called"}))
    kept(await staff.post(f"/api/admin/sessions/{session_id}/fail", json={"reason": "canary of a reason"}))
    rows = await audited(house, account)
    assert [(row["action"], row["session_id"]) for row in rows] == [
        ("sessions_listed", None),
        ("session_read", session_id),
        ("alerts_listed", None),
        ("alert_acknowledged", session_id),
        ("alert_read", session_id),
        ("session_failed", session_id),
    ]
    assert all(row["study_id"] is not None for row in rows if row["session_id"] is not None)
    assert "canary" not in str(rows)


async def test_what_was_not_seen_has_no_row(house: House) -> None:
    someone, _, _ = await watched(house)
    stranger = await house.staff("researcher")
    account = UUID(kept(await stranger.get("/api/auth/me"))["user"]["id"])
    await stranger.get(f"/api/admin/sessions/{someone.session['id']}")
    await stranger.get(f"/api/admin/sessions/{uuid4()}")
    assert await audited(house, account) == []


@pytest.mark.parametrize(
    "path", ["/api/admin/sessions", "/api/admin/sessions/{session}", "/api/admin/alerts"]
)
async def test_nothing_is_read_that_cannot_be_written_down(
    house: House, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone, staff, account = await watched(house)

    async def refuse(*_args: object, **_more: object) -> None:
        raise Unavailable

    monkeypatch.setattr("quart_assessment.audit.service.record", refuse)
    reply = await staff.get(path.format(session=someone.session["id"]))
    assert reply.status_code == 503
    assert someone.session["id"] not in reply.text
    assert await audited(house, account) == []


async def test_a_read_and_its_row_share_a_transaction(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    someone, staff, account = await watched(house)

    async def fail(*_args: object, **_more: object) -> None:
        raise Unavailable

    monkeypatch.setattr("quart_assessment.sessions.service.read_events", fail)
    assert (await staff.get(f"/api/admin/sessions/{someone.session['id']}")).status_code == 503
    assert await audited(house, account) == []


async def test_what_staff_read_is_of_one_moment_and_written_down(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone, staff, account = await watched(house)
    score_of, listed = answers.score_of, sessions.get_many
    changes = 0

    # A context of its own: a request inside of another's would be answered as that one's caller.
    async def change() -> None:
        nonlocal changes
        changes += 1
        question = (await someone.questions())[0]["id"]
        kept(await someone.save(question, 1, changes))
        await someone.post("restart", part="phq")
        # The audit row holds the reader's account by a key.
        await house.rows("UPDATE accounts SET role = role WHERE id = $1", account)

    async def and_a_change_before_the_score(*given: Any) -> Any:
        await asyncio.create_task(change(), context=Context())
        return await score_of(*given)

    async def and_a_change_before_the_list(*given: Any) -> Any:
        await asyncio.create_task(change(), context=Context())
        return await listed(*given)

    monkeypatch.setattr(answers, "score_of", and_a_change_before_the_score)
    monkeypatch.setattr(sessions, "get_many", and_a_change_before_the_list)
    path = f"/api/admin/sessions/{someone.session['id']}"
    read = kept(await staff.get(path))
    assert (read["session"]["phq"]["answered"], read["score"]["answered"], len(read["answers"])) == (1, 1, 1)
    assert [event["event"] for event in read["events"]].count("phq_restarted") == 0
    [row] = kept(await staff.get("/api/admin/sessions"))["sessions"]
    assert (row["progress"], changes) == (25, 2)
    assert [row["action"] for row in await audited(house, account)] == ["session_read", "sessions_listed"]


@pytest.mark.parametrize("table", ["audit_events", "consents", "response_revisions"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {} SET id = id",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "DROP TABLE {}",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
    ],
)
async def test_the_application_cannot_change_what_was_written(house: House, table: str, change: str) -> None:
    connection = await house.database.connect()
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(change.format(table))
        await connection.fetch(f"SELECT * FROM {table} LIMIT 1")
    finally:
        await connection.close()


async def test_the_application_cannot_say_which_migration_was_run(house: House) -> None:
    connection = await house.database.connect()
    try:
        for change in (
            "UPDATE alembic_version SET version_num = 'x'",
            "DELETE FROM alembic_version",
            "INSERT INTO alembic_version VALUES ('x')",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(change)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE mine (id integer)")
    finally:
        await connection.close()
