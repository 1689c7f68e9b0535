"""What each turn records of how its reply was made, and that staff see it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from quart_assessment.chat.providers.script import version
from tests.chat.conftest import Arrive
from tests.ground.connection import conversation
from tests.ground.house import COOKIE, signed, staff_login
from tests.ground.participant import Data, Participant, kept
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, until
from tests.ground.service import Service


async def seen_by_staff(service: Service, database: Database, someone: Participant) -> list[Data]:
    """The turns as staff see them."""
    async with service.client() as client:
        client.cookies.set(
            COOKIE, signed(service.environment["SECRET_KEY"], await staff_login(database, "admin"))
        )
        found: list[Data] = kept(await client.get(f"/api/admin/sessions/{someone.session['id']}"))["turns"]
    return found


def times(made: Data) -> list[datetime]:
    return [datetime.fromisoformat(made[name]) for name in ("asked_at", "first_piece_at", "last_piece_at")]


async def test_a_turn_records_who_was_asked_with_what_and_when(
    arrive: Arrive, model: ScriptedModel, services: tuple[Service, Service], room_database: Database
) -> None:
    someone = await arrive(temperature=0.3)
    await someone.greet()
    model.say(Script(["Thank", " you."], pause=0.05, usage=(321, 4)))
    await someone.say("Hello.")
    model.say(Script(["Once", " more."]))
    await someone.say("Hello again.")
    greeting, first, second = await seen_by_staff(services[0], room_database, someone)
    assert greeting["made"] is None
    made = first["made"]
    asked, first_piece, last_piece = times(made)
    sent, completed = (datetime.fromisoformat(first[name]) for name in ("sent_at", "completed_at"))
    assert sent - timedelta(milliseconds=50) <= asked < first_piece < last_piece <= completed
    assert last_piece - first_piece >= timedelta(seconds=0.04)
    assert {name: made[name] for name in made if not name.endswith("_at")} == {
        "connection": "default",
        "provider": "openai",
        "model": "scripted",
        "model_answered": "scripted-2024",
        "parameters": {"temperature": 0.3, "max_tokens": 400},
        "instructions_sha256": made["instructions_sha256"],
        "tokens_in": 321,
        "tokens_out": 4,
        "fallback_for": None,
        "asks": 1,
    }
    assert len(made["instructions_sha256"]) == 64
    assert second["made"]["instructions_sha256"] == made["instructions_sha256"]
    assert (second["made"]["tokens_in"], second["made"]["tokens_out"]) == (None, None)


async def test_other_instructions_are_another_version_of_the_prompt(
    arrive: Arrive, model: ScriptedModel, services: tuple[Service, Service], room_database: Database
) -> None:
    versions = set()
    for persona in ("You are calm.", "You are calm.", "You are brisk."):
        someone = await arrive(persona=persona)
        await someone.greet()
        await someone.say("Hello.")
        versions.add(
            (await seen_by_staff(services[0], room_database, someone))[1]["made"]["instructions_sha256"]
        )
    assert len(versions) == 2


async def test_the_script_records_its_version_and_no_tokens(
    arrive: Arrive, model: ScriptedModel, services: tuple[Service, Service], room_database: Database
) -> None:
    someone = await arrive(fallback="scripted")
    await someone.greet()
    model.say(Script(status=500))
    await someone.say("Hello, it has been a while.")
    made = (await seen_by_staff(services[0], room_database, someone))[1]["made"]
    settings = conversation().settings
    assert made["instructions_sha256"] == version(settings).hex()
    assert (made["fallback_for"], made["asks"], made["model_answered"]) == ("model_unavailable", 2, None)
    assert (made["parameters"], made["tokens_in"]) == ({}, None)


async def test_the_end_by_the_tag_has_its_tokens_too(
    arrive: Arrive, model: ScriptedModel, services: tuple[Service, Service], room_database: Database
) -> None:
    someone = await arrive(min_turns=1)
    await someone.greet()
    model.say(Script(["Goodbye.", "</end_conversation>"], usage=(50, 5)))
    await someone.say("Hello.")
    made = (await seen_by_staff(services[0], room_database, someone))[1]["made"]
    assert (made["tokens_in"], made["tokens_out"]) == (50, 5)


async def test_a_reply_that_was_stopped_elsewhere_is_recorded_all_the_same(
    arrive: Arrive,
    elsewhere: Any,
    model: ScriptedModel,
    services: tuple[Service, Service],
    room_database: Database,
) -> None:
    someone = await arrive(min_turns=0)
    await someone.greet()
    model.say(Script(["Thank "], stall=True))
    saying = asyncio.create_task(someone.say("Hello.", str(uuid4())))
    await until(lambda: model.open == 1)
    kept(await elsewhere(someone).client.post(f"{someone.path}/chat/complete"))
    await saying
    made: Data = {}
    async with asyncio.timeout(5):
        while not made.get("asked_at"):
            await asyncio.sleep(0.05)
            made = (await seen_by_staff(services[0], room_database, someone))[1]["made"]
    assert (made["provider"], made["tokens_in"]) == ("openai", None)


@pytest.mark.parametrize(("wait", "asks"), [("1", 2), ("30", 1)])
async def test_a_provider_that_asks_to_be_left_alone_is_left_alone(
    arrive: Arrive, model: ScriptedModel, wait: str, asks: int
) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(status=429, retry_after=wait), Script(["Here."]))
    began = asyncio.get_running_loop().time()
    events = await someone.say("Hello.")
    assert len(model.requests) == asks
    if asks == 2:
        assert events[-1].name == "complete"
        assert asyncio.get_running_loop().time() - began >= 1
    else:
        assert (events[-1].data["code"], events[-1].data["retry"]) == ("model_unavailable", True)
