"""Invitation links: what a use does, and when a link has done its work."""

from __future__ import annotations

import pytest

from tests.ground.house import COOKIE, PHQ_ALONE, House, invitations
from tests.ground.participant import Participant, kept, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def complete(someone: Participant) -> None:
    """Go through a session whose chat is left out."""
    await someone.start()
    await someone.agree(["questionnaire"])
    await someone.answer_all()
    await someone.post("complete")


async def test_a_link_logs_its_holder_in_and_ends_their_earlier_logins(house: House) -> None:
    [token] = await invitations(house.database, await house.study(slug="links"))
    async with house.client() as one, house.client() as other:
        user = kept(await one.post("/api/auth/invitation", json={"token": token}))["user"]
        assert user["role"] == "participant"
        kept(await one.get("/api/auth/me"))
        assert kept(await other.post("/api/auth/invitation", json={"token": token}))["user"] == user
        refused(await one.get("/api/auth/me"), 401, "login_required")
        kept(await other.get("/api/auth/me"))
    audited = await house.rows(
        "SELECT action, study_id IS NOT NULL AS of_study FROM audit_events WHERE account_id = $1", user["id"]
    )
    assert audited == [{"action": "invitation_used", "of_study": True}] * 2


async def test_only_a_hash_of_a_links_token_is_stored(house: House) -> None:
    [token] = await invitations(house.database, await house.study(slug="links"))
    rows = await house.rows("SELECT * FROM invitations")
    assert not any(token in str(field) for row in rows for field in row.values())


@pytest.mark.parametrize("token", ["x", "x" * 200, "\0", "caf\u00e9", "../../etc", " "])
async def test_a_link_nobody_made(house: House, token: str) -> None:
    async with house.client() as client:
        refused(await client.post("/api/auth/invitation", json={"token": token}), 404, "not_found")
        assert COOKIE not in client.cookies


@pytest.mark.parametrize("body", [{}, {"token": None}, {"token": ""}, {"token": 5}, {"token": "x" * 201}])
async def test_no_token_at_all(house: House, body: object) -> None:
    async with house.client() as client:
        refused(await client.post("/api/auth/invitation", json=body), 422, "invalid")


async def test_a_link_works_until_the_last_visit_is_done(house: House) -> None:
    study = await house.study(
        slug="two-visits", **PHQ_ALONE | {"presentation": {"order": "phq_first", "visits": 2}}
    )
    [token] = await invitations(house.database, study)
    someone = Participant(house.client())
    for _ in range(2):
        kept(await someone.client.post("/api/auth/invitation", json={"token": token}))
        await complete(someone)
    refused(await someone.client.post("/api/auth/invitation", json={"token": token}), 410, "invitation_spent")
    kept(await someone.client.get("/api/auth/me"))


async def test_a_link_of_a_study_that_says_once_works_once(house: House) -> None:
    [token] = await invitations(house.database, await house.study(slug="once", invitation_once=True))
    async with house.client() as client:
        kept(await client.post("/api/auth/invitation", json={"token": token}))
        refused(await client.post("/api/auth/invitation", json={"token": token}), 410, "invitation_spent")
        kept(await client.get("/api/auth/me"))


async def test_a_link_ends_with_the_studys_window(house: House) -> None:
    study = await house.study(slug="over")
    [token] = await invitations(house.database, study)
    await house.rows("UPDATE studies SET closes_at = now() WHERE id = $1", study)
    async with house.client() as client:
        refused(await client.post("/api/auth/invitation", json={"token": token}), 410, "invitation_spent")


async def test_a_revoked_link_is_spent(house: House) -> None:
    [token] = await invitations(house.database, await house.study(slug="links"))
    await house.rows("UPDATE invitations SET revoked_at = now()")
    async with house.client() as client:
        refused(await client.post("/api/auth/invitation", json={"token": token}), 410, "invitation_spent")
