"""A model outside of the operator's machines is asked only for those who agreed to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest

from tests.ground.participant import Participant, kept, refused, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, until
from tests.ground.service import Model, Service
from tests.ground.study import populated, study_with

ALL = ("questionnaire", "chat", "camera", "external_model")
SECRET = "a secret that two services of the tests share between them"


@pytest.fixture(scope="module")
def outside(
    module_database: Database, serve_for_module: Callable[..., Service], model_port: int
) -> tuple[Service, Service]:
    """A service whose model is its own, and one to which the same model is outside."""
    model = Model(f"http://127.0.0.1:{model_port}/v1", "a key", "scripted")
    given: dict[str, Any] = {"model": model, "web_concurrency": 1, "secret_key": SECRET}
    inside = serve_for_module(module_database, **given)
    return inside, serve_for_module(module_database, **given, llm_external=True)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as made:
        yield made


async def come(
    stack: AsyncExitStack, service: Service, database: Database, *scopes: str, **chat: Any
) -> Participant:
    """Bring somebody to the chat of a study whose consent asks for these scopes."""
    asked = [{"name": name, "required": name not in ("camera", "questionnaire")} for name in scopes]
    study = study_with(
        slug=f"s-{uuid4().hex[:12]}",
        presentation={"order": "chat_first"},
        consent={"scopes": asked},
        chat=chat,
    )
    people = await populated(database, study, participants=1)
    someone = Participant(await stack.enter_async_context(service.client()))
    await someone.log_in(people.participants[0].username, people.participants[0].password)
    await someone.arrive()
    await someone.greet()
    return someone


async def test_who_agreed_is_answered(
    stack: AsyncExitStack,
    outside: tuple[Service, Service],
    module_database: Database,
    model: ScriptedModel,
) -> None:
    someone = await come(stack, outside[1], module_database, *ALL)
    assert text_of(await someone.say("Hello.")) == "Thank you."


async def test_who_was_never_asked_is_not_spoken_for_when_the_model_moves_outside(
    stack: AsyncExitStack,
    outside: tuple[Service, Service],
    module_database: Database,
    model: ScriptedModel,
) -> None:
    someone = await come(stack, outside[0], module_database, *ALL[:3])
    assert text_of(await someone.say("Hello.")) == "Thank you."
    client = await stack.enter_async_context(outside[1].client())
    client.cookies.update(someone.client.cookies)
    there = Participant(client, someone.session)
    message_id = str(uuid4())
    for _ in range(2):
        events = await there.say("How are you?", message_id)
        assert [event.name for event in events] == ["accepted", "error"]
        assert (events[-1].data["code"], events[-1].data["retry"]) == ("model_unavailable", False)
    assert len(model.requests) == 1
    turn = kept(await client.get(f"{there.path}/chat"))["turns"][-1]
    assert (turn["state"], turn["message"]) == ("failed", "How are you?")


async def test_a_second_look_outside_is_taken_only_at_messages_of_those_who_agreed(
    stack: AsyncExitStack,
    outside: tuple[Service, Service],
    module_database: Database,
    model: ScriptedModel,
) -> None:
    someone = await come(stack, outside[0], module_database, *ALL[:3], second_check=True)
    client = await stack.enter_async_context(outside[1].client())
    client.cookies.update(someone.client.cookies)
    events = await Participant(client, someone.session).say("How are you?")
    assert [event.name for event in events] == ["accepted", "error"]
    assert model.requests == []


async def test_who_takes_it_back_is_left_out_of_the_chat_at_once(
    stack: AsyncExitStack,
    outside: tuple[Service, Service],
    module_database: Database,
    model: ScriptedModel,
) -> None:
    someone = await come(stack, outside[1], module_database, *ALL)
    model.say(Script(["Thank "], stall=True))
    message_id = str(uuid4())
    saying = asyncio.create_task(someone.say("Hello.", message_id))
    await until(lambda: len(model.requests) == 1)
    session = (await someone.post("withdraw", scopes=["external_model"]))["session"]
    assert (session["chat"]["end_reason"], session["next_step"]) == ("skipped", "phq")
    events = await saying
    assert (events[-1].name, events[-1].data["conversation_ended"]) == ("complete", True)
    await until(lambda: model.open == 0)
    refused(
        await someone.client.post(
            f"{someone.path}/chat/turns", json={"message_id": str(uuid4()), "message": "More."}
        ),
        409,
        "wrong_step",
    )
    assert len(model.requests) == 1


async def test_who_takes_it_back_goes_on_with_the_script_where_the_study_has_it(
    stack: AsyncExitStack,
    outside: tuple[Service, Service],
    module_database: Database,
    model: ScriptedModel,
) -> None:
    someone = await come(stack, outside[1], module_database, *ALL, fallback="scripted")
    assert text_of(await someone.say("Hello.")) == "Thank you."
    session = (await someone.post("withdraw", scopes=["external_model"]))["session"]
    assert (session["chat"]["end_reason"], session["next_step"]) == (None, "chat")
    assert "usually enjoy" in text_of(await someone.say("I am not sure about all this."))
    assert len(model.requests) == 1
