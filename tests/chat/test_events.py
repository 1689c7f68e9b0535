"""Server-sent events as bytes, and a stream's pings and ends."""

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest
from quart import Quart

from quart_assessment import measures
from quart_assessment.web import events
from quart_assessment.web.events import Event, streamed, written


def test_an_event_is_written_as_the_contract_shows_it() -> None:
    chunk = Event("chunk", {"data": "Thank you", "conversation_ended": False}, id="9")
    assert written(chunk) == (
        b'event: chunk\nid: 9\ndata: {"data":"Thank you","conversation_ended":false}\n\n'
    )


def test_an_event_without_an_id_leaves_the_last_one() -> None:
    assert written(Event("help", {"text": "x"})) == b'event: help\ndata: {"text":"x"}\n\n'


def test_signs_that_clients_take_for_line_breaks_are_escaped() -> None:
    text = "a\u2028b\u2029c\x85dé"
    line = written(Event("chunk", {"data": text})).decode()
    assert len(line.splitlines()) == 3
    assert json.loads(line.splitlines()[1].removeprefix("data: ")) == {"data": text}


def test_line_breaks_in_the_data_stay_in_its_line() -> None:
    data = written(Event("chunk", {"data": "a\nb\r\nc\u2028d"})).decode()
    assert data.count("\n") == 3
    assert "\r" not in data


class Source:
    """Events that come when told, and a note of the end."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self.closed = False

    async def events(self) -> AsyncGenerator[Event, None]:
        try:
            while (event := await self.queue.get()) is not None:
                yield event
        finally:
            self.closed = True


async def open_streams() -> float:
    return float(measures.streams._value.get())


@pytest.fixture
def app() -> Quart:
    made = Quart(__name__)
    made.extensions["stopping"] = asyncio.Event()
    return made


async def test_silence_is_broken_by_pings(app: Quart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PING_SECONDS", 0.02)
    source = Source()
    async with app.app_context():
        response = streamed(source.events())
    async with response.response as body:
        pieces = aiter(body)
        assert [await anext(pieces) for _ in range(2)] == [b": ping\n\n"] * 2
        source.queue.put_nowait(Event("complete", {}))
        source.queue.put_nowait(None)
        rest = [piece async for piece in pieces]
    assert rest[-1] == b"event: complete\ndata: {}\n\n"
    assert source.closed


async def test_a_stream_ends_when_the_worker_stops(app: Quart) -> None:
    source = Source()
    async with app.app_context():
        response = streamed(source.events())
    source.queue.put_nowait(Event("accepted", {}))
    before = await open_streams()
    async with response.response as body:
        pieces = aiter(body)
        await anext(pieces)
        assert await open_streams() == before + 1
        app.extensions["stopping"].set()
        async with asyncio.timeout(5):
            assert [piece async for piece in pieces] == []
    assert source.closed
    assert await open_streams() == before


async def test_a_reader_who_leaves_closes_its_source(app: Quart) -> None:
    source = Source()
    async with app.app_context():
        response = streamed(source.events())

    async def read() -> None:
        async with response.response as body:
            async for _ in body:
                pass

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.02)
    reading.cancel()
    await asyncio.wait({reading})
    assert source.closed
    assert len(asyncio.all_tasks()) == 1


def test_a_stream_has_no_time_limit_and_may_not_be_buffered() -> None:
    async def checked() -> None:
        app = Quart(__name__)
        async with app.app_context():
            response = streamed(Source().events())
        assert response.timeout is None
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Accel-Buffering"] == "no"

    asyncio.run(checked())


async def test_what_came_while_a_reader_was_slow_is_sent_together(app: Quart) -> None:
    source = Source()
    async with app.app_context():
        response = streamed(source.events())
    async with response.response as body:
        pieces = aiter(body)
        source.queue.put_nowait(Event("accepted", {}))
        await anext(pieces)
        for number in range(3):
            source.queue.put_nowait(Event("chunk", {}, id=str(number)))
        await asyncio.sleep(0.01)
        assert await anext(pieces) == b"".join(written(Event("chunk", {}, id=str(n))) for n in range(3))


async def test_a_reader_who_takes_nothing_holds_the_source_up(app: Quart) -> None:
    source = Source()
    async with app.app_context():
        response = streamed(source.events())
    for number in range(3 * events.MOST_UNSENT):
        source.queue.put_nowait(Event("chunk", {}, id=str(number)))
    source.queue.put_nowait(None)
    async with response.response as body:
        pieces = aiter(body)
        data = await anext(pieces)
        await asyncio.sleep(0.01)
        assert source.queue.qsize() > events.MOST_UNSENT
        data += b"".join([piece async for piece in pieces])
    assert data.count(b"event: chunk") == 3 * events.MOST_UNSENT


async def test_a_source_that_breaks_breaks_the_stream(app: Quart) -> None:
    async def broken() -> AsyncGenerator[Event, None]:
        yield Event("accepted", {})
        raise ZeroDivisionError

    async with app.app_context():
        response = streamed(broken())
    async with response.response as body:
        with pytest.raises(ZeroDivisionError):
            async for _ in body:
                pass
