"""Those who read: gone at any moment, twice at once, twenty times, or slower than anybody writes."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from tests.chat.conftest import Arrive
from tests.ground.participant import Participant, kept, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel
from tests.ground.service import Service

WORDS = [f"word{number} " for number in range(20)]


def call_of(service: Service, someone: Participant, body: dict[str, str]) -> bytes:
    """Write the request of a message as it goes over the wire."""
    content = json.dumps(body).encode()
    cookies = "; ".join(f"{one.name}={one.value}" for one in someone.client.cookies.jar)
    head = (
        f"POST {someone.path}/chat/turns HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nCookie: {cookies}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def turns(someone: Participant) -> list[tuple[int, str, str]]:
    found = kept(await someone.client.get(f"{someone.path}/chat"))["turns"]
    return [(turn["turn_number"], turn["state"], turn["reply"]) for turn in found][1:]


@pytest.mark.parametrize("gone", [None, b"event: accepted", b"event: chunk", b"word18 "])
async def test_a_client_gone_at_any_moment_has_its_message_answered_once(
    arrive: Arrive, services: tuple[Service, Service], model: ScriptedModel, gone: bytes | None
) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(WORDS, pause=0.02))
    body = {"message_id": str(uuid4()), "message": "Hello."}
    reader, writer = await asyncio.open_connection("127.0.0.1", services[0].port)
    writer.write(call_of(services[0], someone, body))
    await writer.drain()
    if gone is not None:
        await reader.readuntil(gone)
    writer.transport.abort()
    events = await someone.say(body["message"], body["message_id"])
    assert (text_of(events), events[-1].name) == ("".join(WORDS), "complete")
    assert await turns(someone) == [(1, "complete", "".join(WORDS))]
    assert len(model.requests) == 1


async def test_of_two_tabs_that_send_at_once_one_is_answered_and_the_other_refused(
    arrive: Arrive, elsewhere: Callable[[Participant], Participant], model: ScriptedModel
) -> None:
    someone = await arrive(min_turns=0)
    await someone.greet()
    there = elsewhere(someone)
    model.say(Script(["Yes."], pause=0.2))
    for number in range(1, 9):
        replies = await asyncio.gather(
            *(
                tab.client.post(
                    f"{tab.path}/chat/turns", json={"message_id": str(uuid4()), "message": tab_says}
                )
                for tab, tab_says in ((someone, "From here."), (there, "From there."))
            )
        )
        refusals = [reply.json()["code"] for reply in replies if reply.status_code == 409]
        assert refusals == ["turn_running"]
        assert [turn[0] for turn in await turns(someone)] == list(range(1, number + 1))
        assert len(model.requests) == number


async def test_the_same_message_twenty_times_at_once_is_one_message(
    arrive: Arrive,
    elsewhere: Callable[[Participant], Participant],
    model: ScriptedModel,
    room_database: Database,
) -> None:
    someone = await arrive()
    await someone.greet()
    there = elsewhere(someone)
    model.say(Script(WORDS, pause=0.02))
    message_id = str(uuid4())
    said = await asyncio.gather(
        *(tab.say("Hello.", message_id) for _ in range(10) for tab in (someone, there))
    )
    assert Counter(text_of(events) for events in said) == {"".join(WORDS): 20}
    assert {events[-1].name for events in said} == {"complete"}
    assert len(model.requests) == 1
    assert await turns(someone) == [(1, "complete", "".join(WORDS))]
    connection = await room_database.connect(owner=True)
    counted = await connection.fetchrow(
        "SELECT count(*), sum(asks), sum(model_calls) FROM turns WHERE session_id = $1 AND turn_number > 0",
        UUID(someone.session["id"]),
    )
    await connection.close()
    assert tuple(counted) == (1, 1, 1)


async def test_a_reader_of_one_byte_a_second_holds_up_nobody_and_misses_nothing(
    arrive: Arrive, services: tuple[Service, Service], model: ScriptedModel
) -> None:
    someone, other = await arrive(), await arrive()
    await someone.greet()
    await other.greet()
    words = [f"word{number} " for number in range(3_000)]
    model.say(Script(words), Script(["Quick."]))
    body = {"message_id": str(uuid4()), "message": "Hello."}
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    slow.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(slow, ("127.0.0.1", services[0].port))
    await loop.sock_sendall(slow, call_of(services[0], someone, body))
    seen = b""
    for _ in range(3):
        seen += await loop.sock_recv(slow, 1)
        assert text_of(await other.say("Hello.")) == "Quick."
        await asyncio.sleep(1)
    assert await turns(someone) == [(1, "complete", "".join(words))]
    while b"event: complete" not in seen[-400:]:
        more = await asyncio.wait_for(loop.sock_recv(slow, 65536), 10)
        assert more
        seen += more
    slow.close()
    texts = [json.loads(line[6:]).get("data", "") for line in lines_of(seen) if line.startswith("data: ")]
    assert "".join(texts) == "".join(words)


def lines_of(received: bytes) -> list[str]:
    """Take the chunks of a reply apart, and give the lines of its whole events."""
    head, _, rest = received.partition(b"\r\n\r\n")
    assert b"200 OK" in head
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size or b"0", 16)
        body, rest = body + rest[:length], rest[length + 2 :]
    return body.decode().splitlines()
