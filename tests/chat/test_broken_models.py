"""A model's server that misbehaves, as a participant meets it: over sockets, through a whole service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from quart_assessment.chat.providers.openai_compatible import LONGEST_REPLY
from tests.chat.conftest import Arrive
from tests.ground.connection import private
from tests.ground.participant import Event, Participant, kept, text_of
from tests.ground.ports import free_port
from tests.ground.postgres import Database
from tests.ground.scripted_model import CERTIFICATE, Script, ScriptedModel, event, scripted, until
from tests.ground.service import Service
from tests.ground.study import populated, study_with


def said(text: str) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})


DONE = b"data: [DONE]\n\n"


async def stored(someone: Participant, number: int) -> tuple[str, str]:
    turn = kept(await someone.client.get(f"{someone.path}/chat"))["turns"][number]
    return turn["state"], turn["reply"]


def failure(events: list[Event]) -> tuple[str, bool]:
    assert events[-1].name == "error"
    return events[-1].data["code"], events[-1].data["retry"]


@asynccontextmanager
async def greeted(database: Database, service: Service, connection: str) -> AsyncIterator[Participant]:
    """Somebody in the greeted chat of a study that names this connection."""
    study = study_with(
        slug=f"s-{uuid4().hex[:12]}",
        presentation={"order": "chat_first"},
        chat={"connection": connection},
    )
    [person] = (await populated(database, study, participants=1)).participants
    async with service.client() as client:
        someone = Participant(client)
        await someone.log_in(person.username, person.password)
        await someone.arrive()
        await someone.greet()
        yield someone


async def test_a_model_whose_connection_is_refused_unsafe_or_never_made_is_not_asked(
    database: Database, serve: Callable[..., Service], tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        secure = await stack.enter_async_context(scripted(tls=True))
        silent = await stack.enter_async_context(scripted())
        ports = {"nobody": free_port(), "untrusted": secure.port, "silent": silent.port}
        kind = 'kind = "openai"\nmodel = "m"\nexternal = false\n'
        tables = [
            f'[{name}]\nbase_url = "https://127.0.0.1:{port}/v1"\n{kind}' for name, port in ports.items()
        ]
        file = private(tmp_path / "models.toml", "\n".join(tables))
        service = serve(database, web_concurrency=1, llm_connections_file=file, llm_connect_timeout=2)
        for name in ports:
            someone = await stack.enter_async_context(greeted(database, service, name))
            events = await someone.say("Hello.")
            assert [one.name for one in events] == ["accepted", "error"]
            code = "model_timeout" if name == "silent" else "model_unavailable"
            assert failure(events) == (code, True)
            assert await stored(someone, 1) == ("failed", "")
        assert (secure.requests, silent.requests) == ([], [])
        trusting = serve(database, web_concurrency=1, llm_connections_file=file, ssl_cert_file=CERTIFICATE)
        someone = await stack.enter_async_context(greeted(database, trusting, "untrusted"))
        assert text_of(await someone.say("Hello.")) == "Thank you."


async def test_a_slow_first_token_is_waited_for(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    hold = asyncio.Event()
    model.say(Script(["At last."], hold=hold))
    saying = asyncio.create_task(someone.say("Hello."))
    await until(lambda: len(model.requests) == 1)
    await asyncio.sleep(1)
    hold.set()
    assert text_of(await saying) == "At last."


async def test_a_stream_cut_within_a_token_keeps_what_was_whole(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    whole, cut = said("Since when"), event({"choices": [{"delta": {"content": " früher ü"}}]})
    model.say(Script(raw=[whole + cut[:-12]], cut=True))
    message_id = str(uuid4())
    events = await someone.say("Hello.", message_id)
    assert (text_of(events), failure(events)) == ("Since when", ("interrupted", False))
    assert await stored(someone, 1) == ("interrupted", "Since when")
    assert text_of(await someone.say("Hello.", message_id)) == "Since when"
    assert len(model.requests) == 1


async def test_words_that_were_held_back_are_shown_when_the_model_breaks_off(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive()
    await someone.greet()
    # A sentence with "promise" is held back until it can be judged whole.
    model.say(Script(["I promise to listen", " to you"], cut=True), Script(["Another reply."]))
    events = await someone.say("Hello.")
    assert (text_of(events), failure(events)) == ("I promise to listen to you", ("interrupted", False))
    assert len(model.requests) == 1


async def test_bytes_that_are_no_utf8_become_replacement_characters(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive()
    await someone.greet()
    bad = said("I XX see.").replace(b"XX", b"\xff\xfe\xc3")
    model.say(Script(raw=[bad[:40], bad[40:], DONE]))
    events = await someone.say("Hello.")
    text = text_of(events)
    assert events[-1].name == "complete"
    assert (text[:2], text[-5:], set(text[2:-5])) == ("I ", " see.", {"\ufffd"})
    assert await stored(someone, 1) == ("complete", text)


async def test_what_is_no_stream_at_all_is_a_failure(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    for raw in ([b"\x00\xff" * 5000], [b"data: {\n\n"], [b"<html>Bad gateway</html>"], [b"data: 5\n\n"]):
        model.say(Script(raw=raw))
        events = await someone.say("Hello.")
        assert [one.name for one in events] == ["accepted", "error"]
        assert failure(events) == ("model_unavailable", True)


async def test_a_reply_of_a_hundred_thousand_tokens_is_taken_up_to_its_limit_and_holds_up_nobody(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone, other = await arrive(), await arrive()
    await someone.greet()
    await other.greet()
    words = [f"word{number} " for number in range(100_000)]
    model.say(Script(words), Script(["Quick."]))
    long = asyncio.create_task(someone.say("Hello."))
    await until(lambda: len(model.requests) == 1)
    assert text_of(await other.say("Hello.")) == "Quick."
    events = await long
    assert events[-1].name == "complete"
    assert text_of(events) == "".join(words)[:LONGEST_REPLY]
    assert await stored(someone, 1) == ("complete", text_of(events))
    model.say(Script())
    assert text_of(await someone.say("Hello.")) == "Thank you."


@pytest.mark.parametrize("at", range(1, 19))
async def test_the_ending_tag_may_be_cut_anywhere(arrive: Arrive, model: ScriptedModel, at: int) -> None:
    someone = await arrive(min_turns=0)
    await someone.greet()
    whole = said("Goodbye.</end_conversation>") + DONE
    inside = whole.index(b"</end")
    model.say(Script(raw=[whole[: inside + at], whole[inside + at :]], pause=0.01))
    events = await someone.say("Hello.")
    assert (text_of(events), events[-1].data["conversation_ended"]) == ("Goodbye.", True)
    tag = "</end_conversation>"
    someone = await arrive(min_turns=0)
    await someone.greet()
    model.say(Script(["Goodbye.", tag[:at], tag[at:]]))
    events = await someone.say("Hello.")
    assert (text_of(events), events[-1].data["conversation_ended"]) == ("Goodbye.", True)


async def test_without_the_tag_the_interview_goes_on_to_its_limit(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(min_turns=1, max_turns=3)
    await someone.greet()
    model.say(Script(["Goodbye, this was </end_conversatio"]))
    ended = [(await someone.say("Hello."))[-1].data["conversation_ended"] for _ in range(3)]
    assert ended == [False, False, True]
    chat = kept(await someone.client.get(f"{someone.path}/chat"))
    assert (chat["end_reason"], chat["turns"][3]["reply"]) == ("turn_limit", "Goodbye, this was ")
