"""Clients that leave in mid-call: what was read whole is kept, what was not leaves nothing, nothing stays open."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import UUID, uuid4

import pytest

from tests.faults.checks import all_kept
from tests.faults.crowd import KINDS, Kind
from tests.faults.journal import Journal
from tests.faults.leaks import descriptors, files_closed, nothing_stays_open
from tests.faults.writers import Write, Writer, opened
from tests.ground.participant import Participant, kept
from tests.ground.postgres import Database
from tests.ground.scripted_model import ScriptedModel
from tests.ground.service import Model, Service
from tests.ground.study import populated, study_with

TABLES = {
    "save": "SELECT count(*) FROM response_revisions WHERE question_id = $1 AND version = $2",
    "turn": "SELECT count(*) FROM turns WHERE message_id = $1 AND turn_number > 0",
    "upload": "SELECT count(*) FROM captures WHERE capture_id = $1 AND kept",
}


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    """One journal for the module, as it has one database."""
    made = Journal(tmp_path_factory.mktemp("leaving") / "journal.jsonl")
    yield made
    made.close()


@pytest.fixture(scope="module")
def service(module_database: Database, serve_for_module: Callable[..., Service], model_port: int) -> Service:
    model = Model(f"http://127.0.0.1:{model_port}/v1", "a key", "scripted")
    return serve_for_module(module_database, model=model, web_concurrency=1)


@pytest.fixture
async def writers(
    service: Service, module_database: Database, model: ScriptedModel
) -> AsyncIterator[dict[Kind, Writer]]:
    """Two people: one answers and sends pictures, one talks."""
    chat = {"max_turns": 200}
    async with service.client() as first, service.client() as second:
        people = []
        for order, client in (("phq_first", first), ("chat_first", second)):
            study = study_with(slug=str(uuid4()), presentation={"order": order}, chat=chat)
            (person,) = (await populated(module_database, study, participants=1)).participants
            someone = Participant(client)
            await someone.log_in(person.username, person.password)
            await someone.arrive()
            people.append(someone)
        answers, talks = people
        await talks.greet()
        questions = [one["id"] for one in await answers.questions() if one["scored"]]
        yield {
            "save": Writer(answers, "save", questions),
            "turn": Writer(talks, "turn"),
            "upload": Writer(answers, "upload"),
        }


async def is_there(database: Database, write: Write) -> bool:
    connection = await database.connect(owner=True)
    try:
        ident = UUID(write.item["id"])
        given = (ident, write.item["version"]) if write.kind == "save" else (ident,)
        return bool(await connection.fetchval(TABLES[write.kind], *given))
    finally:
        await connection.close()


async def answered(someone: Participant) -> None:
    """Wait until no turn runs, and every one has its whole reply."""
    async with asyncio.timeout(10):
        while True:
            turns = kept(await someone.client.get(f"{someone.path}/chat"))["turns"]
            if all(turn["state"] not in ("pending", "streaming") for turn in turns):
                break
            await asyncio.sleep(0.01)
    assert {(turn["state"], turn["reply"]) for turn in turns[1:]} <= {("complete", "Thank you.")}


async def cut(service: Service, write: Write, journal: Journal, chance: random.Random) -> bool:
    """Send a call up to a random byte, whole or not, and leave; tells whether it was sent whole."""
    whole = chance.random() < 0.4
    if whole:
        journal.sent("a leaver", [write.item])
    upto = len(write.wire) if whole else chance.randrange(1, len(write.wire))
    raw = await opened(service)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendall(raw, write.wire[:upto])
        if chance.random() < 0.7:
            await asyncio.sleep(chance.uniform(0, 0.1))
        if chance.random() < 0.5:
            # Closed with a reset, as a process that is killed or a phone that changes its network does.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    finally:
        raw.close()
    return whole


async def leave_again_and_again(
    writer: Writer, service: Service, journal: Journal, times: int, chance: random.Random
) -> list[tuple[Write, bool]]:
    done = []
    for _ in range(times):
        write = writer.next()
        done.append((write, await cut(service, write, journal, chance)))
        if writer.kind == "turn":
            await answered(writer.someone)
    return done


async def test_random_cuts_leave_whole_writes_or_none(
    writers: dict[Kind, Writer],
    service: Service,
    module_database: Database,
    model: ScriptedModel,
    journal: Journal,
) -> None:
    await cuts(writers, service, module_database, journal, 200)


@pytest.mark.prove
async def test_two_thousand_random_cuts_leave_whole_writes_or_none(
    writers: dict[Kind, Writer],
    service: Service,
    module_database: Database,
    model: ScriptedModel,
    journal: Journal,
    proof: Callable[..., None],
) -> None:
    figures = await cuts(writers, service, module_database, journal, 2000)
    proof("Clients that leave in mid-call", **figures)


async def cuts(
    writers: dict[Kind, Writer], service: Service, database: Database, journal: Journal, number: int
) -> dict[str, object]:
    # The writers' own clients stay connected.
    before = await descriptors(service, database)
    chance = random.Random(number)
    # A second turn is refused while one runs, so they are fewer.
    shares: dict[Kind, int] = {"save": number * 2 // 5, "turn": number // 5, "upload": number * 2 // 5}
    lists = await asyncio.gather(
        *(leave_again_and_again(writers[kind], service, journal, shares[kind], chance) for kind in KINDS)
    )
    await nothing_stays_open(service, database)
    await files_closed(service, database, before)
    stored = dict.fromkeys(KINDS, 0)
    whole = dict.fromkeys(KINDS, 0)
    for write, was_whole in [one for found in lists for one in found]:
        stored[write.kind] += await is_there(database, write)
        whole[write.kind] += was_whole
    assert min(stored.values()) > 0
    await answered(writers["turn"].someone)
    await all_kept(journal, database, service.store)
    assert list((service.store / "incoming").iterdir()) == []
    return {
        "cuts": sum(shares.values()),
        "sent_whole": whole,
        "of_these_kept": stored,
        "connections_checked_out": 0,
        "idle_in_transaction": 0,
        "leaked_file_descriptors": 0,
    }
