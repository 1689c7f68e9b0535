"""A saved answer is in the database, once, at its highest version."""

import asyncio
from uuid import UUID, uuid4

import pytest

from tests.ground.participant import Participant, kept, refused
from tests.ground.postgres import Database
from tests.ground.service import Service


async def stored(database: Database, question_id: str) -> tuple[int | None, int] | None:
    connection = await database.connect(owner=True)
    try:
        row = await connection.fetchrow(
            "SELECT value, version FROM responses WHERE question_id = $1", UUID(question_id)
        )
        return None if row is None else (row["value"], row["version"])
    finally:
        await connection.close()


async def revisions(database: Database, question_id: str) -> list[tuple[int | None, int, bool]]:
    connection = await database.connect(owner=True)
    try:
        rows = await connection.fetch(
            "SELECT value, version, applied FROM response_revisions WHERE question_id = $1 ORDER BY id",
            UUID(question_id),
        )
        return [(row["value"], row["version"], row["applied"]) for row in rows]
    finally:
        await connection.close()


async def test_a_single_save_changes_the_row_that_is_read_back(
    participant: Participant, room_database: Database
) -> None:
    """D1: the predecessor answered 200 with the new value and kept the old one."""
    question = (await participant.questions())[0]["id"]
    kept(await participant.save(question, 1, 1))
    saved = kept(await participant.save(question, 3, 2))
    assert (saved["value"], saved["version"], saved["stale"]) == (3, 2, False)
    assert await stored(room_database, question) == (3, 2)
    read = kept(await participant.client.get(f"{participant.path}/phq"))["responses"]
    assert [(one["question_id"], one["value"], one["version"]) for one in read] == [(question, 3, 2)]


async def test_the_first_save_needs_no_earlier_answer(participant: Participant) -> None:
    """D2: the predecessor's single save demanded that the answer already existed."""
    for place, question in enumerate(await participant.questions(), 1):
        saved = kept(await participant.save(question["id"], 0))
        assert saved["answered"] == min(place, 9)
        assert saved["total"] == 9
    assert (await participant.refresh())["phq"]["answered"] == 9


async def test_a_late_older_answer_never_overwrites_a_newer_one(
    participant: Participant, room_database: Database
) -> None:
    question = (await participant.questions())[1]["id"]
    kept(await participant.save(question, 2, 5))
    late = kept(await participant.save(question, 0, 4))
    assert (late["value"], late["version"], late["stale"]) == (2, 5, True)
    other = kept(await participant.save(question, 1, 5))
    assert (other["value"], other["version"], other["stale"]) == (2, 5, True)
    assert await stored(room_database, question) == (2, 5)
    assert await revisions(room_database, question) == [(2, 5, True), (0, 4, False), (1, 5, False)]


async def test_an_exact_repeat_is_answered_as_before_and_adds_no_revision(
    participant: Participant, room_database: Database
) -> None:
    question = (await participant.questions())[2]["id"]
    first = kept(await participant.save(question, 2, 1, session_ms=100))
    again = kept(await participant.save(question, 2, 1, session_ms=900))
    assert again == first
    assert await revisions(room_database, question) == [(2, 1, True)]


async def test_twenty_versions_at_once_leave_the_highest_and_all_revisions(
    participant: Participant, room_database: Database
) -> None:
    question = (await participant.questions())[3]["id"]
    replies = await asyncio.gather(*(participant.save(question, n % 4, n) for n in range(1, 21)))
    assert all(reply.status_code == 200 for reply in replies)
    assert await stored(room_database, question) == (0, 20)
    assert sorted(version for _, version, _ in await revisions(room_database, question)) == list(range(1, 21))


@pytest.mark.parametrize("value", [4, -1, True, "1", 1.5, None, [], {}, 10**30])
async def test_a_value_that_is_not_of_the_scale_is_refused_and_not_kept(
    participant: Participant, room_database: Database, value: object
) -> None:
    question = (await participant.questions())[4]["id"]
    reply = await participant.client.put(
        f"{participant.path}/phq/responses/{question}", json={"value": value, "version": 1}
    )
    refused(reply, 422, "invalid")
    assert await stored(room_database, question) is None
    assert await revisions(room_database, question) == []


@pytest.mark.parametrize("version", [0, -1, 2**31, "1", None, 1.5, True])
async def test_a_version_out_of_bounds_is_refused(participant: Participant, version: object) -> None:
    question = (await participant.questions())[4]["id"]
    reply = await participant.client.put(
        f"{participant.path}/phq/responses/{question}", json={"value": 1, "version": version}
    )
    refused(reply, 422, "invalid")


async def test_a_question_may_be_skipped_only_where_it_is_not_required(participant: Participant) -> None:
    questions = await participant.questions()
    optional = next(one for one in questions if not one["required"])
    saved = kept(await participant.save(optional["id"], None))
    assert saved["value"] is None
    refused(await participant.save(questions[0]["id"], None), 422, "invalid")


async def test_several_answers_are_kept_all_or_none(
    participant: Participant, room_database: Database
) -> None:
    questions = [one["id"] for one in await participant.questions()]
    good = [{"question_id": one, "value": 1, "version": 1} for one in questions[:3]]
    for spoiled in (
        {"question_id": str(uuid4()), "value": 1, "version": 1},
        {"question_id": questions[3], "value": 9, "version": 1},
        {"question_id": questions[0], "value": 2, "version": 2},
    ):
        reply = await participant.client.post(
            f"{participant.path}/phq/responses", json={"responses": [*good, spoiled]}
        )
        refused(reply, 422, "invalid")
        assert [await stored(room_database, one) for one in questions[:4]] == [None] * 4
    data = kept(await participant.client.post(f"{participant.path}/phq/responses", json={"responses": good}))
    assert [one["stale"] for one in data["responses"]] == [False] * 3
    assert (data["answered"], data["total"]) == (3, 9)


async def test_nobody_elses_session_or_question_is_there(
    participant: Participant, service: Service, room_database: Database
) -> None:
    """D10: consent, camera check and saves of the predecessor did not check the owner."""
    question = (await participant.questions())[0]["id"]
    refused(await participant.save(str(uuid4()), 1), 404, "not_found")
    refused(await participant.save("not-an-id", 1), 404, "not_found")
    other = await participant.client.post(
        "/api/auth/register",
        json={"username": f"u-{uuid4()}", "password": "a long enough password", "study": "phq-first"},
    )
    assert other.status_code == 201, other.text
    refused(await participant.save(question, 1), 404, "not_found")
    for verb in (
        "consent",
        "camera-check",
        "open",
        "withdraw",
        "abandon",
        "restart",
        "complete",
        "phq/complete",
    ):
        body = {
            "consent_version": 1,
            "accepted": True,
            "ok": True,
            "page_id": str(uuid4()),
            "scopes": [],
        }
        refused(await participant.client.post(f"{participant.path}/{verb}", json=body), 404, "not_found")
    assert await stored(room_database, question) is None


async def test_after_the_end_a_repeat_is_answered_and_anything_else_is_refused_but_kept_as_a_revision(
    participant: Participant, room_database: Database
) -> None:
    await participant.answer_all(0)
    question = (await participant.questions())[8]
    assert question["risk"]
    kept(await participant.save(question["id"], 0, 1))
    body = refused(await participant.save(question["id"], 2, 2), 409, "completed")
    assert body["help"]["text"]
    refused(await participant.save(question["id"], 2, 2), 409, "completed")
    assert await stored(room_database, question["id"]) == (0, 1)
    assert await revisions(room_database, question["id"]) == [(0, 1, True), (2, 2, False)]
    assert await alerts(room_database, participant.session["id"]) == [("phq", 2, "open")]


async def alerts(database: Database, session_id: str) -> list[tuple[str, float, str]]:
    connection = await database.connect(owner=True)
    try:
        rows = await connection.fetch(
            "SELECT source, value, state FROM alerts WHERE session_id = $1 ORDER BY id", UUID(session_id)
        )
        return [(row["source"], row["value"], row["state"]) for row in rows]
    finally:
        await connection.close()


async def test_a_risk_answer_opens_one_alert_and_answers_with_help(
    participant: Participant, room_database: Database
) -> None:
    """D11: the predecessor did not react to item 9 at all."""
    question = next(one for one in await participant.questions() if one["risk"])
    assert "help" not in kept(await participant.save(question["id"], 0, 1))
    saved = kept(await participant.save(question["id"], 1, 2, session_ms=1234))
    assert saved["help"]["text"]
    assert saved["help"]["hotlines"]
    kept(await participant.save(question["id"], 1, 2))
    assert await alerts(room_database, participant.session["id"]) == [("phq", 1, "open")]
    kept(await participant.save(question["id"], 3, 3))
    kept(await participant.save(question["id"], 0, 4))
    assert await alerts(room_database, participant.session["id"]) == [("phq", 3, "open")]


async def test_a_stale_risk_answer_opens_an_alert_all_the_same(
    participant: Participant, room_database: Database
) -> None:
    question = next(one for one in await participant.questions() if one["risk"])
    kept(await participant.save(question["id"], 0, 9))
    late = kept(await participant.save(question["id"], 2, 3))
    assert late["stale"]
    assert late["help"]
    assert await alerts(room_database, participant.session["id"]) == [("phq", 2, "open")]
