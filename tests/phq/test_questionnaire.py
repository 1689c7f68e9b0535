"""The questionnaire around its answers: read, started, handed in, kept in step."""

from __future__ import annotations

import asyncio
import re
from uuid import UUID

import pytest

from tests.ground.house import House
from tests.ground.participant import kept, refused
from tests.phq.arriving import arrived, read

pytestmark = pytest.mark.asyncio(loop_scope="module")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def test_the_questionnaire_as_it_is_read(house: House) -> None:
    someone = await arrived(house)
    data = await read(someone)
    assert set(data) == {
        "assessment_id",
        "instrument",
        "instructions",
        "scale",
        "questions",
        "responses",
        "completed_at",
    }
    assert data["assessment_id"] == someone.session["phq"]["assessment_id"]
    assert set(data["instrument"]) == {"code", "title", "language", "provenance", "modified", "source"}
    named = {name: data["instrument"][name] for name in ("code", "language", "provenance", "modified")}
    assert named == {"code": "phq-9", "language": "en", "provenance": "official", "modified": False}
    assert "Over the last 2 weeks" in data["instructions"]
    assert (data["scale"]["min"], data["scale"]["max"]) == (0, 3)
    assert [label["value"] for label in data["scale"]["labels"]] == [0, 1, 2, 3]
    assert data["scale"]["labels"][0]["text"] == "Not at all"
    questions = data["questions"]
    assert [one["position"] for one in questions] == list(range(1, 11))
    for one in questions:
        assert set(one) - {"scale"} == {
            "id",
            "position",
            "text",
            "category",
            "scored",
            "required",
            "risk",
            "show_if",
        }
        assert UUID(one["id"]).version == 7
    assert [one["risk"] for one in questions] == [False] * 8 + [True, False]
    assert questions[8]["category"] == "SUICIDAL_IDEATION"
    assert all(
        one["scored"] and one["required"] and one["show_if"] is None and "scale" not in one
        for one in questions[:9]
    )
    last = questions[9]
    assert (last["scored"], last["required"], last["show_if"]) == (False, False, "any_above_min")
    assert (last["scale"]["min"], last["scale"]["max"], len(last["scale"]["labels"])) == (0, 3, 4)
    assert data["responses"] == []
    assert data["completed_at"] is None


async def test_an_answer_as_it_is_read(house: House) -> None:
    someone = await arrived(house)
    question = (await someone.questions())[0]["id"]
    told = {
        "response_time_ms": 812,
        "client_time": "2026-01-01T10:00:00.123+07:00",
        "session_ms": 1500,
        "help_shown": 1,
    }
    saved = kept(await someone.save(question, 1, 4, **told))
    assert set(saved) == {"question_id", "value", "version", "stale", "saved_at", "answered", "total"}
    [response] = (await read(someone))["responses"]
    assert response == {
        "question_id": question,
        "value": 1,
        "version": 4,
        "response_time_ms": 812,
        "client_time": "2026-01-01T03:00:00.123Z",
        "session_ms": 1500,
        "saved_at": saved["saved_at"],
    }
    assert TIME.fullmatch(saved["saved_at"])


async def test_the_start_is_marked_once(house: House) -> None:
    someone = await arrived(house)
    replies = await asyncio.gather(*(someone.client.post(f"{someone.path}/phq/start") for _ in range(4)))
    times = {kept(reply)["started_at"] for reply in replies}
    assert len(times) == 1
    session = await someone.refresh()
    assert (session["phq"]["started_at"], session["state"]) == (times.pop(), "PHQ_IN_PROGRESS")
    first = session["phq"]["started_at"]
    await someone.answer_all()
    assert kept(await someone.client.post(f"{someone.path}/phq/start"))["started_at"] == first


async def test_a_start_after_the_end_of_the_part(house: House) -> None:
    someone = await arrived(house)
    await someone.answer_all()
    refused(await someone.client.post(f"{someone.path}/phq/start"), 409, "completed")


async def test_it_cannot_be_handed_in_while_required_answers_are_missing(house: House) -> None:
    someone = await arrived(house)
    questions = await someone.questions()
    for one in questions[:7]:
        kept(await someone.save(one["id"], 0))
    body = refused(await someone.client.post(f"{someone.path}/phq/complete"), 409, "incomplete")
    assert body["details"] == [{"field": one["id"], "problem": "missing"} for one in questions[7:9]]
    for one in questions[7:9]:
        kept(await someone.save(one["id"], 0))
    data = await someone.post("phq/complete")
    assert set(data) == {"completed_at"}
    assert (await read(someone))["completed_at"] == data["completed_at"]
    session = await someone.refresh()
    assert (session["phq"]["completed_at"], session["phq"]["end_reason"]) == (
        data["completed_at"],
        "completed",
    )
    assert (await someone.post("phq/complete")) == data


async def test_singles_and_bulks_of_two_pages_at_once_neither_deadlock_nor_lose_a_revision(
    house: House,
) -> None:
    someone = await arrived(house)
    questions = [one["id"] for one in (await someone.questions())[:9]]

    async def bulk(version: int) -> None:
        order = questions if version % 2 else questions[::-1]
        answers = [{"question_id": one, "value": version % 4, "version": version} for one in order]
        kept(await someone.client.post(f"{someone.path}/phq/responses", json={"responses": answers}))

    async def single(version: int) -> None:
        kept(await someone.save(questions[version % 9], version % 4, version))

    await asyncio.gather(*(bulk(n) for n in range(1, 13)), *(single(n) for n in range(13, 31)))
    rows = await house.rows(
        "SELECT count(*) FROM response_revisions WHERE session_id = $1", UUID(someone.session["id"])
    )
    assert rows[0]["count"] == 12 * 9 + 18
    stored = {one["question_id"]: one["version"] for one in (await read(someone))["responses"]}
    assert stored == {
        question: max(n for n in range(13, 31) if n % 9 == place) for place, question in enumerate(questions)
    }


async def test_answers_and_the_end_of_the_part_at_once_agree(house: House) -> None:
    someone = await arrived(house)
    questions = [one["id"] for one in (await someone.questions())[:9]]
    for one in questions:
        kept(await someone.save(one, 0))
    saves = [someone.save(one, 1, 2) for one in questions]
    replies = await asyncio.gather(
        *saves[:5], someone.client.post(f"{someone.path}/phq/complete"), *saves[5:]
    )
    done = replies.pop(5)
    kept(done)
    taken = {question for question, reply in zip(questions, replies, strict=True) if reply.status_code == 200}
    stored = {one["question_id"] for one in (await read(someone))["responses"] if one["version"] == 2}
    assert stored == taken
    for reply in replies:
        if reply.status_code != 200:
            refused(reply, 409, "completed")
