"""The provider against a real server: what it yields, what each failure is called, and how long it waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from quart_assessment.chat.providers import (
    Message,
    ModelFailure,
    ModelRefused,
    ModelTimedOut,
    ModelUnavailable,
)
from quart_assessment.chat.providers.openai_compatible import LONGEST_REPLY, Limits, OpenAICompatible
from tests.ground.ports import free_port
from tests.ground.scripted_model import Script, ScriptedModel, event, scripted, until

Ask = Callable[..., Awaitable[str]]


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with scripted() as made:
        yield made


@pytest.fixture
async def ask(model: ScriptedModel) -> AsyncIterator[Ask]:
    made: list[OpenAICompatible] = []

    async def ask(
        first_token: float = 5,
        idle: float = 5,
        turn: float = 10,
        base_url: str | None = None,
        seen: list[str] | None = None,
    ) -> str:
        limits = Limits(connect=1, first_token=first_token, idle=idle, tokens=50, at_once=10)
        provider = OpenAICompatible(base_url or model.model.base_url, "a key", "scripted", limits)
        made.append(provider)
        until = asyncio.get_running_loop().time() + turn
        texts = [] if seen is None else seen
        async for text in provider.reply([Message("user", "hello")], temperature=0.5, until=until):
            texts.append(text)
        return "".join(texts)

    yield ask
    for provider in made:
        await provider.close()


async def test_the_text_of_a_reply_comes_whole_and_in_order(model: ScriptedModel, ask: Ask) -> None:
    model.say(Script(["Thank", " you", " – für 🌍 alles"]))
    assert await ask() == "Thank you – für 🌍 alles"


async def test_one_ask_is_one_request_with_the_settings_asked_for(model: ScriptedModel, ask: Ask) -> None:
    await ask()
    assert model.requests == [
        {
            "messages": [{"role": "user", "content": "hello"}],
            "model": "scripted",
            "max_tokens": 50,
            "temperature": 0.5,
            "stream": True,
        }
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_by_status_is_refused(model: ScriptedModel, ask: Ask, status: int) -> None:
    model.say(Script(status=status))
    with pytest.raises(ModelRefused):
        await ask()
    assert len(model.requests) == 1


@pytest.mark.parametrize("status", [204, 301, 308, 402, 408, 409, 422, 429, 500, 502, 503])
async def test_any_other_status_is_unavailable_and_is_not_retried(
    model: ScriptedModel, ask: Ask, status: int
) -> None:
    model.say(Script(status=status, location=f"http://127.0.0.1:{model.port}/v1/elsewhere"))
    with pytest.raises(ModelUnavailable):
        await ask()
    assert len(model.requests) == 1


async def test_a_refusal_by_content_is_refused(model: ScriptedModel, ask: Ask) -> None:
    for script in (
        Script([], finish="content_filter"),
        Script(raw=[event({"choices": [{"delta": {"refusal": "I will not"}, "finish_reason": None}]})]),
        Script(raw=[event({"error": {"code": "content_policy_violation", "message": "no"}})]),
    ):
        model.say(script)
        with pytest.raises(ModelRefused):
            await ask()


async def test_the_providers_words_are_in_no_failure(model: ScriptedModel, ask: Ask) -> None:
    model.say(Script(status=400))
    with pytest.raises(ModelFailure) as failed:
        await ask()
    assert "secret words" not in repr(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__ or failed.value.__context__ is None


@pytest.mark.parametrize(
    "script",
    [
        Script(["Than"], cut=True),
        Script(["Than"], finish=None),
        Script([]),
        Script(["", ""]),
        Script(raw=[b"data: {not json}\n\n"]),
        Script(raw=[b"data: [1, 2]\n\n"]),
        Script(raw=[b'data: {"error": {"message": "out of memory", "code": 500}}\n\n']),
        Script(raw=[b'{"choices": [{"message": {"content": "whole"}}]}']),
        Script(raw=[b"data: " + b"x" * 2_000_000]),
    ],
    ids=[
        "cut",
        "without an end",
        "empty",
        "empty pieces",
        "no JSON",
        "no object",
        "error",
        "not streamed",
        "endless",
    ],
)
async def test_what_is_no_whole_reply_is_unavailable(model: ScriptedModel, ask: Ask, script: Script) -> None:
    model.say(script)
    with pytest.raises(ModelUnavailable):
        await ask()


async def test_text_before_a_cut_is_yielded(model: ScriptedModel, ask: Ask) -> None:
    model.say(Script(["Thank", " you"], cut=True))
    seen: list[str] = []
    with pytest.raises(ModelUnavailable):
        await ask(seen=seen)
    assert "".join(seen) == "Thank you"


async def test_a_model_that_does_not_listen_is_unavailable(ask: Ask) -> None:
    with pytest.raises(ModelUnavailable):
        await ask(base_url=f"http://127.0.0.1:{free_port()}/v1")


async def test_silence_before_the_first_words_times_out(model: ScriptedModel, ask: Ask) -> None:
    model.say(Script(hold=asyncio.Event()))
    with pytest.raises(ModelTimedOut):
        await ask(first_token=0.2)


async def test_silence_between_words_times_out(model: ScriptedModel, ask: Ask) -> None:
    model.say(Script(["Thank"], stall=True))
    seen: list[str] = []
    with pytest.raises(ModelTimedOut):
        await ask(idle=0.2, seen=seen)
    assert seen == ["Thank"]


async def test_comments_and_empty_pieces_are_silence(model: ScriptedModel, ask: Ask) -> None:
    model.say(Script(raw=[b": working\n\n"] * 200, pause=0.02))
    with pytest.raises(ModelTimedOut):
        await ask(first_token=0.3)
    model.say(Script([""] * 200, pause=0.02))
    with pytest.raises(ModelTimedOut):
        await ask(first_token=0.3)


async def test_a_whole_reply_has_a_limit_in_time(model: ScriptedModel, ask: Ask) -> None:
    model.say(Script(["word "] * 500, pause=0.02))
    with pytest.raises(ModelTimedOut):
        await ask(turn=0.4)


async def test_an_endless_reply_is_taken_up_to_its_limit(model: ScriptedModel, ask: Ask) -> None:
    model.say(Script(["0123456789" * 100] * 100))
    assert len(await ask()) == LONGEST_REPLY


async def test_a_reply_cut_by_the_token_limit_is_whole(model: ScriptedModel, ask: Ask) -> None:
    model.say(Script(["Thank you for"], finish="length"))
    assert await ask() == "Thank you for"


async def test_a_reader_who_leaves_ends_the_request(model: ScriptedModel) -> None:
    model.say(Script(["word "] * 500, pause=0.02))
    provider = OpenAICompatible(model.model.base_url, "a key", "scripted", Limits(1, 5, 5, 50, 10))
    replies = provider.reply([], temperature=0, until=asyncio.get_running_loop().time() + 10)
    assert await anext(replies)
    await replies.aclose()
    await until(lambda: model.open == 0)
    await provider.close()


async def test_a_probe_says_whether_the_model_is_there(model: ScriptedModel) -> None:
    limits = Limits(1, 5, 5, 50, 10)
    there = OpenAICompatible(model.model.base_url, "a key", "scripted", limits)
    await there.probe()
    away = OpenAICompatible(f"http://127.0.0.1:{free_port()}/v1", "a key", "scripted", limits)
    with pytest.raises(ModelUnavailable):
        await away.probe()
    await there.close()
    await away.close()
