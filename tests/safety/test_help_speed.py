"""Help comes within a second while the model is down, for an answer and for a message: the figures."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.ground.participant import Participant, events_of, kept
from tests.ground.ports import free_port
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, scripted
from tests.ground.service import Model, Service
from tests.ground.study import populated, study_with

PEOPLE = 10
MESSAGE = "I want to kill myself."


async def seconds_until_help(
    service: Service, database: Database, slug: str
) -> tuple[list[float], list[float]]:
    """Give, for ten people one after another, the seconds until help after a risk answer, and after a message."""
    study = study_with(slug=slug, presentation={"order": "phq_first"}, chat={"min_turns": 1})
    people = await populated(database, study, participants=PEOPLE)
    answers, messages = [], []
    for person in people.participants:
        async with service.client() as client:
            someone = Participant(client)
            await someone.log_in(person.username, person.password)
            await someone.arrive()
            risky = next(one["id"] for one in await someone.questions() if one["risk"])
            begun = time.perf_counter()
            assert kept(await someone.save(risky, 3))["help"]["text"]
            answers.append(time.perf_counter() - begun)
            await someone.answer_all()
            await someone.greet()
            messages.append(await until_help(someone))
    return answers, messages


async def until_help(someone: Participant) -> float:
    body = {"message_id": str(uuid4()), "message": MESSAGE}
    begun = time.perf_counter()
    async with someone.client.stream("POST", f"{someone.path}/chat/turns", json=body) as reply:
        async for event in events_of(reply):
            if event.name == "help":
                return time.perf_counter() - begun
    raise AssertionError("no help came")


@pytest.mark.prove
@pytest.mark.parametrize("model_is", ["away", "silent"])
async def test_help_comes_within_a_second_while_the_model_is_down(
    database: Database, serve: Callable[..., Service], proof: Callable[..., None], model_is: str
) -> None:
    async with scripted(port=free_port()) as silent:
        silent.say(Script([], stall=True))
        port = silent.port if model_is == "silent" else free_port()
        service = serve(
            database, model=Model(f"http://127.0.0.1:{port}/v1", "a key", "none"), web_concurrency=1
        )
        answers, messages = await seconds_until_help(service, database, model_is)
    proof(
        f"Help while the model is {model_is}",
        people=PEOPLE,
        ms_until_help_after_an_answer_most=round(1000 * max(answers), 1),
        ms_until_help_after_a_message_most=round(1000 * max(messages), 1),
    )
    assert max(*answers, *messages) < 1
