"""The queue before a model: fair between studies and sessions, bounded, and no matter of who is reading."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from quart_assessment.chat.providers import ModelTimedOut, ModelUnavailable
from quart_assessment.chat.waiting import FairQueue
from tests.chat.conftest import SECRET
from tests.ground.connection import LIMITS, connection_to
from tests.ground.participant import Participant, events_of, kept, refused, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, until
from tests.ground.service import Model, Service
from tests.ground.study import populated, study_with

A, B = UUID(int=1), UUID(int=2)


class Crowd:
    """Those who want a reply of one model, and keep their turn until it is taken from them."""

    def __init__(self, at_once: int = 1, waiting: int = 10, seconds: float = 5) -> None:
        limits = replace(LIMITS, at_once=at_once, waiting=waiting, waiting_seconds=seconds)
        self.queue = FairQueue(connection_to("http://127.0.0.1:9/v1", limits))
        self.places: dict[str, list[int | None]] = defaultdict(list)
        self.asking: dict[str, asyncio.Event] = {}
        self.inside = self.most = 0

    async def come(self, name: str, study: UUID) -> asyncio.Task[None]:
        task = asyncio.create_task(self._ask(name, study))
        await asyncio.sleep(0)
        return task

    async def finish(self, name: str) -> None:
        self.asking[name].set()
        for _ in range(3):
            await asyncio.sleep(0)

    async def _ask(self, name: str, study: UUID) -> None:
        async with self.queue.turn(study, self.places[name].append):
            self.inside += 1
            self.most = max(self.most, self.inside)
            mine = self.asking[name] = asyncio.Event()
            try:
                await mine.wait()
            finally:
                self.inside -= 1
                self.asking.pop(name, None)


async def test_studies_take_turns_and_sessions_of_a_study_come_in_their_order() -> None:
    crowd, order = Crowd(), []
    tasks = [await crowd.come("a0", A)]
    tasks += [await crowd.come(name, A) for name in ("a1", "a2", "a3")]
    tasks += [await crowd.come(name, B) for name in ("b1", "b2")]
    while crowd.asking:
        [name] = crowd.asking
        order.append(name)
        await crowd.finish(name)
    await asyncio.gather(*tasks)
    assert order == ["a0", "a1", "b1", "a2", "b2", "a3"]
    assert (crowd.places["a3"][0], crowd.places["b1"][0], crowd.places["b2"][0]) == (3, 2, 4)
    assert crowd.places["a0"] == []


async def test_who_waits_hears_when_the_place_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quart_assessment.chat.waiting.TELL_SECONDS", 0.02)
    crowd = Crowd()
    tasks = [await crowd.come(name, A) for name in ("first", "second", "third")]
    assert crowd.places["third"] == [2]
    await crowd.finish("first")
    async with asyncio.timeout(5):
        while crowd.places["third"][-1] != 1:
            await asyncio.sleep(0.01)
    await crowd.finish("second")
    assert crowd.places["third"] == [2, 1, None]
    await crowd.finish("third")
    await asyncio.gather(*tasks)


async def test_the_queue_has_an_end() -> None:
    crowd = Crowd(waiting=1)
    tasks = [await crowd.come(name, A) for name in ("first", "second")]
    full = [crowd.queue.is_full]
    with pytest.raises(ModelUnavailable):
        await (await crowd.come("third", B))
    await crowd.finish("first")
    full.append(crowd.queue.is_full)
    assert full == [True, False]
    await crowd.finish("second")
    await asyncio.gather(*tasks)


async def test_the_wait_has_an_end() -> None:
    crowd = Crowd(seconds=0.05)
    holder = await crowd.come("first", A)
    with pytest.raises(ModelTimedOut):
        await (await crowd.come("second", A))
    third = await crowd.come("third", A)
    assert crowd.places["third"] == [1]
    await crowd.finish("first")
    assert list(crowd.asking) == ["third"]
    await crowd.finish("third")
    await asyncio.gather(holder, third)


@pytest.mark.parametrize("seed", range(20))
async def test_whoever_is_cancelled_at_any_moment_no_turn_is_lost_and_none_made(seed: int) -> None:
    chance = random.Random(seed)
    crowd = Crowd(at_once=3, waiting=1000)
    tasks = []
    for number in range(300):
        tasks.append(await crowd.come(str(number), chance.choice((A, B))))
        if crowd.asking and chance.random() < 0.5:
            crowd.asking[chance.choice(list(crowd.asking))].set()
        for _ in range(chance.randrange(3)):
            chance.choice(tasks).cancel()
        if chance.random() < 0.5:
            await asyncio.sleep(0)
    while not all(task.done() for task in tasks):
        for turn in crowd.asking.values():
            turn.set()
        await asyncio.sleep(0)
    assert (crowd.most, crowd.inside, crowd.queue.is_full) == (3, 0, False)
    fresh = [await crowd.come(str(number), A) for number in range(4)]
    assert (list(crowd.asking), crowd.places["3"][-1]) == (["0", "1", "2"], 1)
    for task in fresh:
        task.cancel()
    await asyncio.wait(fresh)


class Place:
    """A service with a model that makes one reply at a time, and people in their greeted chats."""

    def __init__(self, service: Service, stack: AsyncExitStack, people: list[tuple[str, str]]) -> None:
        self.service = service
        self._stack = stack
        self._people = people

    async def enter(self) -> Participant:
        client = await self._stack.enter_async_context(self.service.client())
        someone = Participant(client)
        await someone.log_in(*self._people.pop())
        await someone.arrive()
        await someone.greet()
        return someone


@pytest.fixture
async def place(
    database: Database, serve: Callable[..., Service], model_port: int, request: pytest.FixtureRequest
) -> AsyncIterator[Place]:
    settings = {"web_concurrency": 1, "secret_key": SECRET, "llm_at_once": 1, "turn_lease_seconds": 2}
    given = getattr(request, "param", {})
    service = serve(
        database, model=Model(f"http://127.0.0.1:{model_port}/v1", "a key", "m"), **settings, **given
    )
    chat = {"min_turns": 0}
    study = study_with(presentation={"order": "chat_first"}, chat=chat)
    people = (await populated(database, study, participants=5)).participants
    async with AsyncExitStack() as stack:
        yield Place(service, stack, [(one.username, one.password) for one in people])


async def asked_by(model: ScriptedModel, number: int) -> str:
    await until(lambda: len(model.requests) > number)
    return str(model.requests[number]["messages"][-1]["content"]).rpartition("\n")[2]


async def test_a_message_waits_for_its_turn_and_is_told_its_place(place: Place, model: ScriptedModel) -> None:
    people = [await place.enter() for _ in range(3)]
    holds = [asyncio.Event() for _ in people]
    model.say(*(Script([f"To {number}."], hold=hold) for number, hold in enumerate(holds)))
    saying = []
    for number, someone in enumerate(people):
        saying.append(asyncio.create_task(someone.say(f"I am {number}.")))
        await until_kept(someone)
    assert await asked_by(model, 0) == "I am 0."
    holds[0].set()
    assert [event.name for event in await saying[0]] == ["accepted", "chunk", "complete"]
    assert await asked_by(model, 1) == "I am 1."
    await asyncio.sleep(1.2)
    assert len(model.requests) == 2
    holds[1].set()
    holds[2].set()
    first, second = [await task for task in saying[1:]]
    assert [event.name for event in first] == ["accepted", "waiting", "chunk", "complete"]
    assert first[1].data == {"position": 1}
    assert [event.data for event in second if event.name == "waiting"] == [{"position": 2}, {"position": 1}]
    assert {event.id for event in second if event.name == "waiting"} == {None}
    assert (text_of(first), text_of(second)) == ("To 1.", "To 2.")


async def until_kept(someone: Participant) -> None:
    async with asyncio.timeout(5):
        while len(kept(await someone.client.get(f"{someone.path}/chat"))["turns"]) < 2:
            await asyncio.sleep(0.02)


async def test_who_leaves_while_waiting_keeps_the_place_and_is_answered(
    place: Place, model: ScriptedModel
) -> None:
    first, leaving, last = [await place.enter() for _ in range(3)]
    hold = asyncio.Event()
    model.say(Script(["First."], hold=hold), Script(["For who left."]), Script(["Last."]))
    saying = asyncio.create_task(first.say("Hello."))
    await asked_by(model, 0)
    message_id = str(uuid4())
    body = {"message_id": message_id, "message": "I am leaving."}
    async with leaving.client.stream("POST", f"{leaving.path}/chat/turns", json=body) as reply:
        async for event in events_of(reply):
            if event.name == "waiting":
                break
    waiting = asyncio.create_task(last.say("I am last."))
    await until_kept(last)
    async with leaving.client.stream("GET", f"{leaving.path}/chat/turns/{message_id}/events") as reply:
        events = events_of(reply)
        assert [(await anext(events)).name for _ in range(2)] == ["accepted", "waiting"]
    hold.set()
    await saying
    assert [await asked_by(model, 1), await asked_by(model, 2)] == ["I am leaving.", "I am last."]
    assert text_of(await leaving.say("I am leaving.", message_id)) == "For who left."
    assert text_of(await waiting) == "Last."


async def test_a_stopped_message_leaves_the_queue_and_no_model_is_asked_for_it(
    place: Place, model: ScriptedModel
) -> None:
    first, stopping, last = [await place.enter() for _ in range(3)]
    hold = asyncio.Event()
    model.say(Script(["First."], hold=hold), Script(["Last."]))
    saying = [asyncio.create_task(first.say("Hello."))]
    await asked_by(model, 0)
    for someone in (stopping, last):
        saying.append(asyncio.create_task(someone.say("I wait.")))
        await until_kept(someone)
    kept(await stopping.client.post(f"{stopping.path}/chat/complete"))
    stopped = await saying[1]
    assert (stopped[-1].name, stopped[-1].data["conversation_ended"]) == ("complete", True)
    hold.set()
    assert [text_of(await task) for task in saying] == ["First.", "", "Last."]
    assert len(model.requests) == 2


@pytest.mark.parametrize("place", [{"llm_waiting": 1}], indirect=True)
async def test_past_the_end_of_the_queue_nothing_is_stored(place: Place, model: ScriptedModel) -> None:
    first, second, third = [await place.enter() for _ in range(3)]
    hold = asyncio.Event()
    model.say(Script(hold=hold))
    saying = []
    for someone in (first, second):
        saying.append(asyncio.create_task(someone.say("Hello.")))
        await until_kept(someone)
    body = {"message_id": str(uuid4()), "message": "Hello."}
    reply = await third.client.post(f"{third.path}/chat/turns", json=body)
    refused(reply, 503, "unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert len(kept(await third.client.get(f"{third.path}/chat"))["turns"]) == 1
    assert (await third.say("I want to die."))[1].name == "help"
    hold.set()
    assert [text_of(await task) for task in saying] == ["Thank you.", "Thank you."]
    assert text_of(await third.say("Hello.", body["message_id"])) == "Thank you."


@pytest.mark.parametrize("place", [{"llm_waiting_timeout": 0.3}], indirect=True)
async def test_who_waited_too_long_is_told_so_and_may_try_again(place: Place, model: ScriptedModel) -> None:
    first, second = await place.enter(), await place.enter()
    hold = asyncio.Event()
    model.say(Script(hold=hold))
    saying = asyncio.create_task(first.say("Hello."))
    await asked_by(model, 0)
    message_id = str(uuid4())
    events = await second.say("Hello.", message_id)
    assert [event.name for event in events] == ["accepted", "waiting", "error"]
    assert (events[-1].data["code"], events[-1].data["retry"]) == ("model_timeout", True)
    assert len(model.requests) == 1
    hold.set()
    await saying
    assert text_of(await second.say("Hello.", message_id)) == "Thank you."
