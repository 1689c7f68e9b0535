"""Answers of many people that arrive together share a statement, and nobody notices."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ground.house import House
from tests.ground.participant import Data, Participant, kept, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
PHQ_FIRST = {"presentation": {"order": "phq_first"}}
Sent = list[tuple[int, int, int]]


async def people(house: House, count: int) -> list[Participant]:
    study = await house.study(slug="shared", **PHQ_FIRST)
    found = [await house.come(study) for _ in range(count)]
    for someone in found:
        await someone.arrive()
    return found


async def scored(someone: Participant) -> list[str]:
    return [one["id"] for one in await someone.questions() if one["scored"]]


async def revisions(house: House, someone: Participant) -> list[tuple[str, int, int, bool]]:
    rows = await house.rows(
        "SELECT question_id, version, value, applied FROM response_revisions WHERE session_id = $1",
        UUID(someone.session["id"]),
    )
    return [(str(row["question_id"]), row["version"], row["value"], row["applied"]) for row in rows]


async def test_answers_that_arrive_together_share_statements(house: House) -> None:
    everybody = await people(house, 6)
    asked = [(someone, question) for someone in everybody for question in await scored(someone)]
    with house.statements() as sent:
        replies = await asyncio.gather(*(someone.save(question, 1) for someone, question in asked))
    assert {reply.status_code for reply in replies} == {200}
    assert len(sent) < len(asked) / 4
    for someone in everybody:
        assert (await someone.refresh())["phq"]["answered"] == 9


async def test_several_versions_in_one_batch_all_become_revisions(house: House) -> None:
    [someone] = await people(house, 1)
    question = (await scored(someone))[0]
    with house.statements() as sent:
        replies = await asyncio.gather(
            *(someone.save(question, version % 4, version) for version in range(1, 9))
        )
    assert len(sent) < 8
    assert {reply.status_code for reply in replies} == {200}
    [stored] = kept(await someone.client.get(f"{someone.path}/phq"))["responses"]
    assert (stored["version"], stored["value"]) == (8, 0)
    assert sorted(one[1:3] for one in await revisions(house, someone)) == [(v, v % 4) for v in range(1, 9)]


async def test_who_is_refused_in_a_batch_harms_no_neighbour(house: House) -> None:
    mine, other, gone = await people(house, 3)
    question, foreign = (await scored(mine))[0], (await scored(other))[0]
    theirs = await scored(gone)
    cookies = httpx.Cookies(gone.client.cookies)
    kept(await gone.client.post("/api/auth/logout"))
    gone.client.cookies = cookies
    good, not_theirs, ended, unknown, bad = await asyncio.gather(
        mine.save(question, 2),
        mine.save(foreign, 2),
        gone.save(theirs[0], 2),
        other.save("01a213c7-0000-7000-8000-000000000000", 2),
        other.save(foreign, 77),
    )
    assert kept(good)["value"] == 2
    refused(not_theirs, 404, "not_found")
    refused(ended, 401, "login_required")
    refused(unknown, 404, "not_found")
    refused(bad, 422, "invalid")
    assert await revisions(house, mine) == [(question, 1, 2, True)]
    assert await revisions(house, other) == []
    assert await revisions(house, gone) == []


async def test_a_session_that_somebody_holds_locked_holds_no_other_session_up(house: House) -> None:
    held, *others = await people(house, 4)
    questions = {someone.session["id"]: (await scored(someone))[0] for someone in [held, *others]}
    holder = await house.database.connect(owner=True)
    try:
        async with holder.transaction():
            await holder.execute("SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE", UUID(held.session["id"]))
            waiting = asyncio.create_task(held.save(questions[held.session["id"]], 3))
            for version in range(1, 6):
                replies = await asyncio.gather(
                    *(one.save(questions[one.session["id"]], version % 4, version) for one in others)
                )
                assert [kept(reply)["stale"] for reply in replies] == [False] * 3
            assert not waiting.done(), "the lock is still held"
    finally:
        await holder.close()
    assert kept(await waiting)["value"] == 3


async def sent_at_once(house: House, someone: Participant, questions: list[str], sent: Sent) -> None:
    replies = await asyncio.gather(
        *(someone.save(questions[place], value, version) for place, version, value in sent)
    )
    received: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
    for place, version, value in sent:
        received[questions[place]].add((version, value))
    found = kept(await someone.client.get(f"{someone.path}/phq"))["responses"]
    stored = {one["question_id"]: (one["version"], one["value"]) for one in found}
    assert stored.keys() == received.keys()
    for question, answers in received.items():
        assert stored[question] in answers
        assert stored[question][0] == max(version for version, _ in answers)
    of_each = sorted(one[:3] for one in await revisions(house, someone))
    assert of_each == sorted((question, *one) for question, answers in received.items() for one in answers)
    for (place, version, value), reply in zip(sent, replies, strict=True):
        check_reply(kept(reply), version, value, stored[questions[place]])


def check_reply(reply: Data, version: int, value: int, stored: tuple[int, int]) -> None:
    """What a caller was told was stored was theirs or a newer one, and is never newer than what stands."""
    told = (reply["version"], reply["value"])
    assert reply["stale"] == (told != (version, value))
    assert version <= told[0] <= stored[0]


@settings(max_examples=25)
@given(
    sent=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(0, 3)), min_size=1, max_size=24)
)
async def test_whatever_is_sent_at_once_the_highest_version_stands_and_all_are_revisions(
    house: House, sent: Sent
) -> None:
    [someone] = await people(house, 1)
    await sent_at_once(house, someone, await scored(someone), sent)
