"""A reply is shown while the model still writes it: times from the client's socket and from the model's."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest

from tests.ground.model import PassThrough
from tests.ground.participant import Participant, events_of
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.ground.study import populated, study_with

MESSAGES = ("I have been tired for weeks.", "Mostly in the morning.", "I sleep, but it does not help.")


@dataclass(frozen=True, slots=True)
class Times:
    """Moments of one turn, in seconds from the message on."""

    first_chunk: float
    model_began: float
    model_ended: float
    complete: float


@pytest.fixture
async def participant(
    database: Database, serve: Callable[..., Service], recorded_model: PassThrough
) -> AsyncIterator[Participant]:
    """Somebody who has been greeted, in a service that asks the real model."""
    service = serve(database, model=recorded_model.model, web_concurrency=1, llm_max_tokens=80)
    study = study_with(presentation={"order": "chat_first"})
    (person,) = (await populated(database, study, participants=1)).participants
    async with service.client() as client:
        someone = Participant(client)
        await someone.log_in(person.username, person.password)
        await someone.arrive()
        await someone.greet()
        yield someone


async def timed(someone: Participant, model: PassThrough, message: str) -> Times:
    model.replies.clear()
    first_chunk = 0.0
    began = time.monotonic()
    body = {"message_id": str(uuid4()), "message": message}
    async with someone.client.stream("POST", f"{someone.path}/chat/turns", json=body) as reply:
        async for event in events_of(reply):
            if event.name == "chunk" and not first_chunk:
                first_chunk = time.monotonic()
        complete = time.monotonic()
    assert event.name == "complete"
    written = [moment for moment, data in model.replies if _has_text(data)]
    ended = next(moment for moment, data in model.replies if b"[DONE]" in data)
    return Times(first_chunk - began, written[0] - began, ended - began, complete - began)


def _has_text(data: bytes) -> bool:
    for line in data.split(b"\n"):
        if line.startswith(b"data: {"):
            choices = json.loads(line[6:])["choices"]
            if choices and choices[0]["delta"].get("content"):
                return True
    return False


async def test_the_first_chunk_is_at_the_client_before_the_model_has_finished(
    participant: Participant, recorded_model: PassThrough
) -> None:
    times = await timed(participant, recorded_model, MESSAGES[0])
    assert times.model_began < times.first_chunk < times.model_ended < times.complete


@pytest.mark.prove
async def test_every_reply_begins_before_the_model_has_finished(
    participant: Participant, recorded_model: PassThrough, proof: Callable[..., None]
) -> None:
    turns = [await timed(participant, recorded_model, MESSAGES[n % len(MESSAGES)]) for n in range(9)]
    assert all(one.model_began < one.first_chunk < one.model_ended for one in turns)
    behind = sorted(one.first_chunk - one.model_began for one in turns)
    ahead = sorted(one.model_ended - one.first_chunk for one in turns)
    proof(
        "First chunk before the model has finished",
        turns=len(turns),
        first_chunk_behind_the_model_ms=f"median {behind[4] * 1000:.0f}, most {behind[-1] * 1000:.0f}",
        first_chunk_ahead_of_its_end_ms=f"median {ahead[4] * 1000:.0f}, least {ahead[0] * 1000:.0f}",
    )
