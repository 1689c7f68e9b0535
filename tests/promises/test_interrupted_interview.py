"""A whole interview with the real local model, whose page loses its connection in every answer, and whose worker is
killed twice: nothing that was said is lost, doubled or changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import httpx

from tests.ground.model import PassThrough
from tests.ground.participant import Event, Participant, events_of, kept, text_of
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.promises.machines import LEASE_SECONDS, joined, somebody_at, two_services

MESSAGES = [
    "I have slept badly since the spring.",
    "At work I forget what I was about to do.",
    "My sister visits on Sundays, and that is good.",
    "I do not cook any more. I used to like it.",
    "Mornings are the worst part of the day.",
]
KILLED_AT = (1, 3)


async def test_an_interview_that_breaks_off_in_every_answer_is_whole(
    database: Database, serve: Callable[..., Service], recorded_model: PassThrough
) -> None:
    services = two_services(serve, database, recorded_model.model)
    async with somebody_at(services, database) as both:
        ways = [both.here, both.there]
        read: dict[str, list[Event]] = {}
        for number, message in enumerate(MESSAGES):
            here, there = ways[number % 2], ways[1 - number % 2]
            message_id = str(uuid4())
            killed = services[number % 2] if number in KILLED_AT else None
            read[message_id] = await broken_and_joined(here, there, message_id, message, killed)
            await ready(services)
        for way in ways:
            await is_whole(way, read)
        await is_stored_once(database, both.here, list(read))


async def broken_and_joined(
    here: Participant, there: Participant, message_id: str, message: str, killed: Service | None
) -> list[Event]:
    """Say something, leave in mid-answer, kill its worker where asked, and read on at the other service."""
    body = {"message_id": message_id, "message": message}
    seen: list[Event] = []
    async with here.client.stream("POST", f"{here.path}/chat/turns", json=body) as reply:
        assert reply.status_code == 200
        async for event in events_of(reply):
            seen.append(event)
            if event.name == "chunk":
                break
    if killed is not None:
        killed.kill_workers()
    async with asyncio.timeout(LEASE_SECONDS + 30):
        rest = await joined(there, message_id, seen[-1].id)
    return [*seen, *rest]


async def ready(services: Sequence[Service]) -> None:
    for service in services:
        await asyncio.to_thread(service.wait_until_ready)


async def is_whole(way: Participant, read: dict[str, list[Event]]) -> None:
    """Compare what was read with what the service tells."""
    turns = kept(await again(way.client, f"{way.path}/chat"))["turns"][1:]
    assert [turn["message_id"] for turn in turns] == list(read)
    assert [turn["message"] for turn in turns] == MESSAGES
    for number, (turn, events) in enumerate(zip(turns, read.values(), strict=True)):
        assert turn["reply"]
        assert text_of(events) == turn["reply"]
        if number in KILLED_AT:
            assert turn["state"] == "interrupted"
            assert (events[-1].name, events[-1].data["code"]) == ("error", "interrupted")
        else:
            assert (turn["state"], events[-1].name) == ("complete", "complete")


async def is_stored_once(database: Database, someone: Participant, message_ids: Sequence[str]) -> None:
    connection = await database.connect(owner=True)
    try:
        rows = await connection.fetch(
            "SELECT message_id, message FROM turns WHERE session_id = $1 AND message IS NOT NULL ORDER BY turn_number",
            UUID(someone.session["id"]),
        )
    finally:
        await connection.close()
    assert [(str(row["message_id"]), row["message"]) for row in rows] == list(
        zip(message_ids, MESSAGES, strict=True)
    )


async def again(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """Ask once more where a connection of before the kill was used."""
    try:
        return await client.get(path)
    except httpx.TransportError:
        return await client.get(path)
