"""The transport under the model's client: connections kept, bounded and given up, bytes held back."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx2
import pytest

from quart_assessment.chat.providers import Told, wire
from quart_assessment.chat.providers.client import behind_a_proxy
from quart_assessment.chat.providers.openai_compatible import OpenAICompatible
from quart_assessment.chat.providers.wire import Wire, reply_of
from tests.ground.connection import connection_to, hello
from tests.ground.scripted_model import Script, ScriptedModel, event, scripted, until


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with scripted() as made:
        yield made


class Server:
    """Answers every request on a connection with the same bytes, and counts connections."""

    def __init__(self, answer: bytes, *, close: bool = False) -> None:
        self.answer = answer
        self.close = close
        self.connections = 0
        self.sent = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                for at in range(0, len(self.answer), 65536):
                    writer.write(self.answer[at : at + 65536])
                    await writer.drain()
                    self.sent = at
                if self.close:
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


class Served:
    """A client of ours at such a server."""

    def __init__(self, server: Server, most: int = 10) -> None:
        self.server = server
        self._most = most

    async def __aenter__(self) -> httpx2.AsyncClient:
        self._listening = await asyncio.start_server(self.server.serve, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"
        self._client = httpx2.AsyncClient(
            base_url=address, transport=Wire(address, self._most), timeout=httpx2.Timeout(1)
        )
        return self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()
        self._listening.close()
        for writer in self.server.writers:
            writer.close()


def answer(body: bytes, *headers: bytes) -> bytes:
    length = b"content-length: %d" % len(body)
    return b"\r\n".join([b"HTTP/1.1 200 OK", length, *headers, b"", body])


async def test_a_connection_whose_reply_has_ended_is_used_again() -> None:
    server = Server(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + answer(b"one"))
    async with Served(server) as client:
        for _ in range(3):
            reply = await client.get("/")
            assert (reply.text, reply.headers.get("link")) == ("one", None)
        assert server.connections == 1


@pytest.mark.parametrize(
    ("head", "close"), [(b"connection: close", False), (b"x: y", True)], ids=["said", "unsaid"]
)
async def test_a_connection_that_is_closed_is_not_used_again(head: bytes, close: bool) -> None:
    server = Server(answer(b"one", head), close=close)
    async with Served(server) as client:
        for _ in range(3):
            assert (await client.get("/")).text == "one"
            await asyncio.sleep(0.02)
        assert server.connections == 3


async def test_a_connection_kept_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "KEPT_SECONDS", 0.0)
    server = Server(answer(b"one"))
    async with Served(server) as client:
        for _ in range(2):
            assert (await client.get("/")).text == "one"
        assert server.connections == 2


@pytest.mark.parametrize(
    "said",
    [
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000,
        answer(b"cut")[:-1],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n",
    ],
    ids=["no HTTP", "an endless head", "cut", "cut between chunks"],
)
async def test_what_is_no_whole_reply_is_an_error_at_once(said: bytes) -> None:
    async with Served(Server(said, close=True)) as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get("/")


async def test_silence_is_an_error_in_time() -> None:
    async with Served(Server(b"HTTP/1.1 200 OK\r\n")) as client:
        with pytest.raises(httpx2.ReadTimeout):
            await client.get("/", timeout=0.1)


async def test_a_model_that_is_faster_than_its_reader_is_held_back() -> None:
    server = Server(answer(b"x" * 64_000_000))
    async with Served(server) as client, client.stream("GET", "/") as response:
        reply = reply_of(response)
        assert reply is not None
        await asyncio.sleep(0.1)
        assert reply.is_full
        assert server.sent < 32_000_000
        size = 0
        while data := await reply.read(asyncio.get_running_loop().time() + 5):
            size += len(data)
        assert size == 64_000_000


async def test_connections_have_a_limit() -> None:
    server = Server(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    async with Served(server, most=2) as client:
        async with client.stream("GET", "/"), client.stream("GET", "/"):
            with pytest.raises(httpx2.PoolTimeout):
                await client.get("/")
        async with client.stream("GET", "/"):
            assert server.connections == 3


async def test_a_line_break_in_a_header_is_never_sent() -> None:
    async with Served(Server(answer(b"one"))) as client:
        with pytest.raises(httpx2.LocalProtocolError):
            await client.get("/", headers={b"x": b"y\r\nz: 1"})


def deltas(*pieces: str) -> bytes:
    said = [event({"choices": [{"delta": {"content": piece}, "finish_reason": None}]}) for piece in pieces]
    return b"".join([*said, b"data: [DONE]\n\n"])


async def told(base_url: str) -> str:
    asked = OpenAICompatible(connection_to(base_url))
    until_then = asyncio.get_running_loop().time() + 5
    try:
        texts = asked.reply(hello(), Told(), until=until_then)
        return "".join([text async for text in texts])
    finally:
        await asked.close()


async def test_a_model_that_compresses_unasked_is_understood() -> None:
    server = Server(answer(gzip.compress(deltas("Thank", " you")), b"content-encoding: gzip"))
    async with Served(server) as client:
        assert await told(str(client.base_url)) == "Thank you"


async def test_the_proxy_of_the_environment_is_for_models_elsewhere(
    monkeypatch: pytest.MonkeyPatch, model: ScriptedModel
) -> None:
    server = Server(answer(deltas("By proxy")))
    async with Served(server) as client:
        monkeypatch.setenv("HTTP_PROXY", str(client.base_url))
        monkeypatch.setenv("NO_PROXY", "not.elsewhere.test")
        assert await told("http://elsewhere.test/v1") == "By proxy"
        assert not behind_a_proxy("http://not.elsewhere.test/v1")
        model.say(Script(["By itself"]))
        assert await told(model.model.base_url) == "By itself"
        assert server.connections == 1


async def test_replies_under_way_break_off_at_the_end(model: ScriptedModel) -> None:
    model.say(Script(["Thank"], stall=True))
    address = f"http://127.0.0.1:{model.port}"
    client = httpx2.AsyncClient(base_url=address, transport=Wire(address, 2), timeout=httpx2.Timeout(5))
    async with client.stream("POST", "/", json={}) as response:
        reply = reply_of(response)
        assert reply is not None
        deadline = asyncio.get_running_loop().time() + 5
        assert await reply.read(deadline)
        await client.aclose()
        with pytest.raises(httpx2.RemoteProtocolError):
            await reply.read(deadline)
    await until(lambda: model.open == 0)
