"""Faults done to a whole service under load, each followed by the checks that know none of them.

The tests run them on the product as it is, where nothing may be found; on the mutants something must be.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import psutil

from quart_assessment.database.postgres_programs import SOCKET_NAME
from tests.faults.checks import Found, compared
from tests.faults.crowd import KINDS, Crowd, Words
from tests.faults.disk_runs import Plan, Run
from tests.faults.journal import Journal
from tests.faults.leaks import given_back
from tests.faults.people import arrived, cookie_of, links, login_of
from tests.faults.proxy import Fate, FaultProxy, proxied
from tests.faults.recording_disk import Keeps, Record, lose_power
from tests.faults.writers import Writer, cookies_of, leave_while_it_waits, sent
from tests.ground.own_postgres import OwnServer
from tests.ground.participant import Participant, kept
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel
from tests.ground.service import Service, bare_environment
from tests.ground.study import settings_of

Gather = Callable[..., Awaitable[Crowd]]
Serve = Callable[..., Service]
LEASE_SECONDS = 1.5
RUN_SECONDS = 60
SILENCES = 20
TESTS = Path(__file__).parents[2]


def python_path(code: Path | None) -> str:
    """Where a process finds the tests, and the product's code where that is not the installed one."""
    return os.pathsep.join(str(path) for path in (code, TESTS) if path is not None)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a fault is done to; `code` is the folder of the product's code where that is not the installed one."""

    database: Database
    serve: Serve
    gather: Gather
    journal: Journal
    model: ScriptedModel
    code: Path | None = None

    def on(self, database: Database) -> Stage:
        """Give the same on another database."""
        return replace(self, database=database)

    def served(self, database: Database | None = None, **settings: object) -> Service:
        """Start a service of this code."""
        given: dict[str, object] = {"model": self.model.model, "turn_lease_seconds": LEASE_SECONDS}
        given |= {"pythonpath": python_path(self.code)} | settings
        return self.serve(database or self.database, **given)

    async def writers(self, service: Service, stack: AsyncExitStack) -> list[Writer]:
        """Bring two people into sessions: one answers and sends pictures, one talks."""
        people = []
        for order in ("phq_first", "chat_first"):
            client = await stack.enter_async_context(service.client())
            people.append(await arrived(client, (await links(self.database, order, 1))[0]))
        questions = [one["id"] for one in await people[0].questions() if one["scored"]]
        await people[1].greet()
        return [Writer(people[0], "save", questions), Writer(people[0], "upload"), Writer(people[1], "turn")]

    async def found(self, service: Service) -> Found:
        """Compare what was promised with what is stored."""
        return await compared(self.journal, self.database, service.store)


@asynccontextmanager
async def behind_a_proxy(database: Database) -> AsyncIterator[tuple[FaultProxy, Database]]:
    """Give a proxy, and the database as it is reached through it."""
    sockets = Path(parse_qs(urlsplit(database.url).query)["host"][0])
    # A socket's path may have 107 bytes, fewer than pytest's folders have.
    with tempfile.TemporaryDirectory(prefix="qa-proxy-") as folder:
        through = replace(database, url=database.url.replace(quote(str(sockets)), quote(folder)))
        assert through != database
        async with proxied(sockets / SOCKET_NAME, Path(folder) / SOCKET_NAME) as proxy:
            yield proxy, through


async def the_network_to_the_database_breaks(stage: Stage, breaks: int) -> tuple[Crowd, Found]:
    """Hold back what goes to the database, and cut; at last, kill the workers in such a silence."""
    # Two seconds each, so that replies are on their way most of the time.
    stage.model.say(Script(Words(50), pause=0.04))
    async with behind_a_proxy(stage.database) as (proxy, through):
        service = await asyncio.to_thread(stage.served, through)
        crowd = await stage.gather(service, on=stage.database)
        # Slow, so that there is always something on its way.
        proxy.fate = lambda: Fate(delay=0.005)
        proxy.cut_all()
        await crowd.writes(5)
        chance = random.Random(breaks)
        for _ in range(breaks):
            await crowd.until(lambda: {call.kind for call in crowd.calls.under_way} == set(KINDS), "calls")
            proxy.hold()
            await asyncio.sleep(chance.uniform(0.01, 0.1))
            proxy.cut_all()
            await crowd.writes(5)
            await crowd.pieces(1)
        await silent_amid_a_reply(stage.model, proxy, crowd)
        # What was on its way may have arrived. Cut, it is tried again, with what came since, and stays on its way.
        proxy.cut_all()
        proxy.hold()
        await asyncio.sleep(1)
        service.kill_workers()
        proxy.cut_all()
        await crowd.cancel()
        return crowd, await stage.found(service)


async def silent_amid_a_reply(model: ScriptedModel, proxy: FaultProxy, crowd: Crowd) -> None:
    """Hold back what goes to the database while the model speaks; again, where its replies had just ended."""
    for _ in range(SILENCES):
        await crowd.pieces(1)
        said = model.said
        proxy.hold()
        await asyncio.sleep(0.2)
        if model.said >= said + 4:
            return
        proxy.cut_all()
    raise AssertionError("the model never spoke in a silence")


async def the_database_loses_power(stage: Stage, server: OwnServer, times: int) -> tuple[Crowd, Found]:
    """Kill PostgreSQL under load, its postmaster alone or all its processes at once, and start it again.

    What its shared memory held is gone. Its background writer sleeps long, so that what is acknowledged without
    being on the disk stays off it.
    """
    await server.set(wal_writer_delay="10s")
    service = await asyncio.to_thread(stage.served)
    crowd = await stage.gather(service, on=stage.database)
    chance = random.Random(times)
    for number in range(times):
        await crowd.writes(20)
        await asyncio.sleep(chance.uniform(0, 0.3))
        await crowd.until(lambda: bool(crowd.calls.under_way), "calls")
        crowd.calls.strike()
        if number % 2:
            server.kill()
        else:
            server.lose_power()
        if number == times - 1:
            await crowd.cancel()
        await server.start()
    return crowd, await stage.found(service)


async def clients_leave(stage: Stage, rounds: int) -> Found:
    """Have clients leave while what they sent waits for a lock: the service has read it, and written nothing."""
    stage.model.say(Script())
    service = await asyncio.to_thread(stage.served, web_concurrency=1)
    async with AsyncExitStack() as stack:
        writers = await stage.writers(service, stack)
        for _ in range(rounds):
            for writer in writers:
                await leave_while_it_waits(writer, service, stage.database, stage.journal)
                await given_back(service)
    return await stage.found(service)


async def logins_end(stage: Stage, rounds: int) -> Found:
    """Have logins end while they write, at random moments and between a body's halves; and strangers write, too.

    Somebody who still may goes on writing beside them.
    """
    stage.model.say(Script())
    service = await asyncio.to_thread(stage.served)
    chance = random.Random(rounds)
    async with AsyncExitStack() as stack:
        writers = await stage.writers(service, stack)
        strangers = [cookies_of(one.someone) for one in await stage.writers(service, stack)]
        for number in range(rounds):
            writer = writers[number % len(writers)]
            race = EndingLogin(stage, service, writer, strangers[number % len(writers)], chance)
            await race.run(half_sent=number % 2 == 0)
    await given_back(service)
    return await stage.found(service)


@dataclass(frozen=True, slots=True)
class EndingLogin:
    """One login of a person that ends while it writes."""

    stage: Stage
    service: Service
    writer: Writer
    stranger: str
    chance: random.Random

    async def run(self, *, half_sent: bool) -> None:
        """Let the login end in the middle of a call, its owner write by another one, and a stranger try."""
        token = await login_of(self.stage.database, self.writer.someone.session["id"])
        cookies = cookie_of(self.service, token)
        send = partial(sent, self.service, self.stage.journal)
        if half_sent:
            await send(token, self.writer.next(cookies), before_the_end=lambda: self._log_out(token, cookies))
        else:
            racing = asyncio.create_task(send(token, self.writer.next(cookies)))
            await asyncio.sleep(self.chance.uniform(0, 0.012))
            await self._log_out(token, cookies)
            await racing
        await asyncio.gather(
            send(token, self.writer.next(cookies)),
            send("the owner", self.writer.next()),
            send("a stranger", self.writer.next(self.stranger), foreign=True),
        )

    async def _log_out(self, token: str, cookies: str) -> None:
        async with self.service.client(headers={"Cookie": cookies}) as client:
            kept(await client.post("/api/auth/logout", json={}))
        self.stage.journal.ended(token)


async def consent_is_withdrawn(stage: Stage, rounds: int) -> Found:
    """Have people withdraw, by turns from the camera and from all, while they write; they go on trying afterwards."""
    stage.model.say(Script())
    service = await asyncio.to_thread(stage.served)
    chance = random.Random(rounds)
    for number in range(rounds):
        async with AsyncExitStack() as stack:
            writers = {one.kind: one for one in await stage.writers(service, stack)}
            scopes: list[str] | str = "all" if number % 2 else ["camera"]
            writer = writers[KINDS[number // 4 % len(KINDS)] if scopes == "all" else "upload"]
            await _withdraw_amid(stage, service, writer, scopes, half_sent=number % 4 < 2, chance=chance)
    await given_back(service)
    return await stage.found(service)


async def _withdraw_amid(
    stage: Stage,
    service: Service,
    writer: Writer,
    scopes: list[str] | str,
    *,
    half_sent: bool,
    chance: random.Random,
) -> None:
    someone = writer.someone
    login = someone.session["id"]
    send = partial(sent, service, stage.journal, login)

    async def withdraw() -> None:
        kept(await someone.client.post(f"{someone.path}/withdraw", json={"scopes": scopes, "erase": False}))
        stage.journal.ended(login)

    await send(writer.next())
    if half_sent:
        await send(writer.next(), before_the_end=withdraw)
    else:
        racing = asyncio.create_task(send(writer.next()))
        await asyncio.sleep(chance.uniform(0, 0.012))
        await withdraw()
        await racing
    await send(writer.next())


async def the_machine_loses_power(stage: Stage) -> Found:
    """Kill a service under load, and leave of its store what was durable by then."""
    service = await asyncio.to_thread(stage.served, module="tests.faults.recorded_service")
    crowd = await stage.gather(service, on=stage.database)
    await crowd.writes(100)
    for process in [psutil.Process(service.process.pid), *service.workers()]:
        process.kill()
    await crowd.cancel()
    record = Record.beside(service.store)
    lose_power(record)
    found = await stage.found(service)
    return replace(found, broken=found.broken + record.unseen())


@dataclass(frozen=True, slots=True)
class OneStore:
    """The app alone on its store, run by run, in processes of a program."""

    database: Database
    journal: Journal
    folder: Path
    someone: Participant
    pictures: list[Path]
    code: Path | None = None

    @property
    def store(self) -> Path:
        """Its folder of captures."""
        return self.folder / "store"

    async def runs(self, runs: Sequence[Run]) -> AsyncGenerator[tuple[Run, int, int]]:
        """Do these runs, and give each with its signal and its exit status once it has ended."""
        plan, own = self.folder / "plan.json", settings_of(self.database)
        assert own.secret_key is not None
        Plan(
            store=str(self.store),
            journal=str(self.journal.path),
            cookie=cookies_of(self.someone),
            session_id=self.someone.session["id"],
            environment={
                "DATABASE_URL": self.database.url,
                "SECRET_KEY": own.secret_key.get_secret_value(),
                "STORE_DIR": str(self.store),
                "VAR_DIR": str(self.folder / "var"),
            },
            pictures=[str(path) for path in self.pictures],
            runs=list(runs),
        ).write(plan)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "tests.faults.disk_runs", str(plan)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=bare_environment() | {"PYTHONPATH": python_path(self.code)},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for run in runs:
                async with asyncio.timeout(RUN_SECONDS):
                    ended = json.loads(await process.stdout.readline())
                yield run, ended["signal"], ended["exit"]
                process.stdin.write(b"\n")
        finally:
            process.stdin.close()
            async with asyncio.timeout(RUN_SECONDS):
                await process.wait()


async def the_power_goes_at_each_step(one: OneStore) -> tuple[int, list[str]]:
    """Kill the app before each of its operations on the store in turn, then let the power go; gives what broke.

    The checks run on what a killed process leaves, and again on what a power loss leaves of that.
    """
    record = Record.beside(one.store)
    chance = random.Random(1)

    async def broken(keeps: Keeps) -> list[str]:
        found = (await compared(one.journal, one.database, one.store)).broken
        lose_power(record, keeps)
        return found + (await compared(one.journal, one.database, one.store)).broken + record.unseen()

    async with aclosing(one.runs([Run()])) as runs:
        async for _, _, status in runs:
            assert status == 0
            steps = len(record.steps())
            if found := await broken(lambda: False):
                return steps, found
    async with aclosing(one.runs([Run(stop_at=step) for step in range(1, steps + 1)])) as runs:
        async for run, signalled, status in runs:
            # Which of two files' operations come first is not the same each time, nor is their number.
            assert signalled == signal.SIGKILL or (run.stop_at or 0) > steps - 5, (run, status)
            some = (run.stop_at or 0) % 2
            if found := await broken((lambda: chance.random() < 0.5) if some else lambda: False):
                return steps, [f"stopped before operation {run.stop_at}: {sentence}" for sentence in found]
    return steps, []


async def clients_send_late(stage: Stage) -> Found:
    """Let older answers arrive beside and behind newer ones, and nothing else happen."""
    service = await asyncio.to_thread(stage.served, web_concurrency=1)
    crowd = await stage.gather(service, on=stage.database, size=4)
    await crowd.writes(40)
    await crowd.finish()
    return await stage.found(service)
