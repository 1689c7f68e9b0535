"""The provider against a real server: what it yields, what each failure is called, and how long it waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from quart_assessment.chat.providers import (
    ModelFailure,
    ModelRefused,
    ModelTimedOut,
    ModelUnavailable,
    Prompt,
    Told,
)
from quart_assessment.chat.providers.openai_compatible import LONGEST_REPLY, OpenAICompatible
from quart_assessment.chat.providers.statuses import seconds_of
from tests.ground.connection import LIMITS, connection_to, conversation, hello
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
        limits = replace(LIMITS, first_token=first_token, idle=idle)
        provider = OpenAICompatible(connection_to(base_url or model.model.base_url, limits))
        made.append(provider)
        until = asyncio.get_running_loop().time() + turn
        texts = [] if seen is None else seen
        async for text in provider.reply(hello(), Told(), until=until):
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
            "stream_options": {"include_usage": True},
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
    provider = OpenAICompatible(connection_to(model.model.base_url))
    replies = provider.reply(hello(), Told(), until=asyncio.get_running_loop().time() + 10)
    assert await anext(replies)
    await replies.aclose()
    await until(lambda: model.open == 0)
    await provider.close()


async def test_a_probe_says_whether_the_model_is_there(model: ScriptedModel) -> None:
    there = OpenAICompatible(connection_to(model.model.base_url))
    await there.probe()
    away = OpenAICompatible(connection_to(f"http://127.0.0.1:{free_port()}/v1"))
    with pytest.raises(ModelUnavailable):
        await away.probe()
    await there.close()
    await away.close()


async def asked(provider: OpenAICompatible, prompt: Prompt) -> str:
    until = asyncio.get_running_loop().time() + 5
    try:
        return "".join([text async for text in provider.reply(prompt, Told(), until=until)])
    finally:
        await provider.close()


async def test_azure_is_asked_by_deployment_version_and_its_own_header(model: ScriptedModel) -> None:
    azure: dict[str, Any] = {"kind": "azure", "model": "our-deployment", "api_version": "2024-10-21"}
    provider = OpenAICompatible(connection_to(f"http://127.0.0.1:{model.port}/openai", **azure))
    await provider.probe()
    assert await asked(provider, provider.prepare(conversation())) == "Thank you."
    lists, asks = model.heads
    assert lists.startswith("GET /openai/models?api-version=2024-10-21 ")
    path = "/openai/deployments/our-deployment/chat/completions?api-version=2024-10-21"
    assert asks.startswith(f"POST {path} ")
    for head in (lists, asks):
        assert "\r\napi-key: a key\r\n" in head
        assert "bearer" not in head.lower()


async def test_a_connection_says_which_parameters_its_model_takes(model: ScriptedModel) -> None:
    says: dict[str, Any] = {"tokens_field": "max_completion_tokens", "omit": ("temperature",), "seed": 7}
    provider = OpenAICompatible(connection_to(model.model.base_url, **says))
    await asked(provider, provider.prepare(conversation()))
    (request,) = model.requests
    assert (request["max_completion_tokens"], request["seed"]) == (50, 7)
    assert not {"temperature", "max_tokens"} & request.keys()


async def said(provider: OpenAICompatible, told: Told | None = None) -> str:
    until = asyncio.get_running_loop().time() + 5
    return "".join([text async for text in provider.reply(hello(), told or Told(), until=until)])


async def test_a_server_that_does_not_know_of_usage_is_asked_without_it_from_then_on(
    model: ScriptedModel,
) -> None:
    provider = OpenAICompatible(connection_to(model.model.base_url))
    model.say(Script(status=400), Script())
    with pytest.raises(ModelRefused) as refused:
        await said(provider)
    assert refused.value.may_pass
    for _ in range(2):
        assert await said(provider) == "Thank you."
    assert ["stream_options" in request for request in model.requests] == [True, False, False]
    model.say(Script(status=400))
    with pytest.raises(ModelRefused) as refused:
        await said(provider)
    assert not refused.value.may_pass
    await provider.close()


async def test_a_server_that_refuses_either_way_is_asked_for_usage_again(model: ScriptedModel) -> None:
    provider = OpenAICompatible(connection_to(model.model.base_url))
    model.say(Script(status=400), Script(status=400), Script())
    for may_pass in (True, False):
        with pytest.raises(ModelRefused) as refused:
            await said(provider)
        assert refused.value.may_pass is may_pass
    await said(provider)
    assert ["stream_options" in request for request in model.requests] == [True, False, True]
    await provider.close()


async def test_tokens_told_of_after_the_last_word_are_noted(model: ScriptedModel) -> None:
    model.say(Script(usage=(120, 7)))
    provider, told = OpenAICompatible(connection_to(model.model.base_url)), Told()
    await said(provider, told)
    assert told == Told("scripted-2024", 120, 7)
    await provider.close()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("7", 7),
        ("soon", 0),
        ("-3", 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ],
)
def test_what_retry_after_asks_for(header: str | None, seconds: float) -> None:
    assert seconds_of(header) == seconds


def test_retry_after_may_name_a_time() -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 60 < seconds_of(then) <= 90
