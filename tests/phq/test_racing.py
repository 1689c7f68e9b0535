"""What happens when a save meets another call of the same session."""

import asyncio
from uuid import UUID

from tests.ground.participant import Participant, kept
from tests.ground.postgres import Database


async def test_no_save_lands_after_the_questionnaire_was_handed_in(
    participant: Participant, room_database: Database
) -> None:
    questions = [one["id"] for one in await participant.questions() if one["scored"]]
    answers = [{"question_id": one, "value": 0, "version": 1} for one in questions]
    kept(await participant.client.post(f"{participant.path}/phq/responses", json={"responses": answers}))

    async def hand_in() -> None:
        kept(await participant.client.post(f"{participant.path}/phq/complete"))

    saves = [participant.save(one, 1, version) for version in range(2, 8) for one in questions]
    half = len(saves) // 2
    replies = (await asyncio.gather(*saves[:half], hand_in(), *saves[half:]))[:half]
    rest = await asyncio.gather(*(participant.save(one, 2, 9) for one in questions))
    assert {reply.status_code for reply in rest} == {409}
    assert {reply.status_code for reply in replies if reply is not None} <= {200, 409}
    stored = await stored_versions(room_database, participant.session["id"])
    applied = await applied_versions(room_database, participant.session["id"])
    assert all(version < 9 for version in stored.values())
    assert stored == applied, "what stands is the highest version that was applied"


async def stored_versions(database: Database, session_id: str) -> dict[UUID, int]:
    connection = await database.connect(owner=True)
    try:
        rows = await connection.fetch(
            "SELECT question_id, version FROM responses WHERE session_id = $1", UUID(session_id)
        )
        return {row["question_id"]: row["version"] for row in rows}
    finally:
        await connection.close()


async def applied_versions(database: Database, session_id: str) -> dict[UUID, int]:
    connection = await database.connect(owner=True)
    try:
        rows = await connection.fetch(
            "SELECT question_id, max(version) AS version FROM response_revisions "
            "WHERE session_id = $1 AND applied GROUP BY question_id",
            UUID(session_id),
        )
        return {row["question_id"]: row["version"] for row in rows}
    finally:
        await connection.close()
