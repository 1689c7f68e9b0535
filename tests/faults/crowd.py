"""Clients that write all at once, write down what they were promised, and repeat what was not answered."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal
from uuid import uuid4

import httpx

from tests.faults.journal import Item, Journal, answer_item, capture_item, message_item
from tests.ground.participant import Data, Participant, events_of

Kind = Literal["save", "turn", "upload"]
KINDS: tuple[Kind, ...] = ("save", "turn", "upload")
PATIENCE_SECONDS = 60.0
# An interview has 200 turns at most.
MOST_MESSAGES = 190


@dataclass(eq=False, slots=True)
class Call:
    """One call under way, from before its first byte is sent until its reply was read whole."""

    kind: Kind
    hit: bool = False


@dataclass(slots=True)
class Calls:
    """The calls under way, and what became of those that were under way when something was done to the service."""

    under_way: set[Call] = field(default_factory=set)
    hit: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    broken_kinds: Counter[str] = field(default_factory=Counter)
    broken_unhit: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def strike(self) -> int:
        """Note that a blow falls now; gives how many calls are under way."""
        for call in self.under_way:
            call.hit = True
            self.hit[call.kind] += 1
        return len(self.under_way)

    @contextmanager
    def of(self, kind: Kind) -> Iterator[None]:
        """Count one call; one that broke off is counted, and raised on."""
        call = Call(kind)
        self.under_way.add(call)
        try:
            yield
        except httpx.TransportError as error:
            self.broken_kinds[kind] += 1
            self.broken[kind] += call.hit
            if not call.hit:
                self.broken_unhit.append(f"{kind}: {error!r}")
            raise
        finally:
            self.under_way.discard(call)

    def seen(self, status: int) -> None:
        """Count a reply; whatever is neither kept nor a request to come back fails the test at its end."""
        self.statuses[status] += 1

    @property
    def unexpected(self) -> dict[int, int]:
        """Replies that no client of this crowd should ever get."""
        return {status: number for status, number in self.statuses.items() if status not in (200, 201, 503)}


class Words:
    """The pieces of a reply; each reply's are its own."""

    _replies = count(1)

    def __init__(self, pieces: int) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[str]:
        reply = next(self._replies)
        return (f"Piece {place} of reply {reply}. " for place in range(self._pieces))


@dataclass(slots=True)
class Member:
    """One client. It repeats each call, with the same ids, until it is answered."""

    someone: Participant
    calls: Calls
    journal: Journal
    stopping: asyncio.Event
    gone: asyncio.Event
    random: random.Random
    questions: list[str]
    login: str = field(default_factory=lambda: str(uuid4()))
    _versions: Counter[str] = field(default_factory=Counter)

    @property
    def session_id(self) -> str:
        """The session this client is in."""
        return str(self.someone.session["id"])

    async def answer(self) -> None:
        """Save answers, one after another, sometimes several in one call, sometimes an older one late."""
        while not self.stopping.is_set():
            chosen = self.random.sample(self.questions, 5 if self.random.random() < 0.1 else 1)
            answers = [self._new_answer(question) for question in chosen]
            if self.random.random() < 0.1:
                # What a page kept while it had no network, on its way beside or behind the newest.
                newer = self._new_answer(chosen[0])
                late = asyncio.create_task(self._save(answers))
                await self._save([newer])
                await late
            else:
                await self._save(answers)
        for question in self.questions:
            older, newer = self._new_answer(question), self._new_answer(question)
            await self._save([newer])
            await self._save([older])

    def _new_answer(self, question: str) -> Data:
        self._versions[question] += 1
        value = self.random.randrange(4)
        return {"question_id": question, "version": self._versions[question], "value": value}

    async def _save(self, answers: list[Data]) -> None:
        path = f"{self.someone.path}/phq/responses"
        items = [
            answer_item(self.session_id, one["question_id"], one["version"], one["value"]) for one in answers
        ]
        if len(answers) == 1:
            path = f"{path}/{answers[0]['question_id']}"
            reply = await self._repeated("save", items, lambda client: client.put(path, json=answers[0]))
        else:
            body = {"responses": answers}
            reply = await self._repeated("save", items, lambda client: client.post(path, json=body))
        if reply is None:
            return
        data = reply.json()["data"]
        for sent, stored in zip(answers, data.get("responses", [data]), strict=True):
            assert stored["stale"] or {name: stored[name] for name in sent} == sent

    async def photograph(self, pictures: list[bytes]) -> None:
        """Send pictures, most of them as a body, some as a form."""
        while not self.stopping.is_set():
            chosen = self.random.sample(pictures, 1 if self.random.random() < 0.8 else 3)
            ids = [str(uuid4()) for _ in chosen]
            if len(chosen) == 1:
                reply = await self._put(ids[0], chosen[0])
                receipts = [] if reply is None else [reply.json()["data"]["capture"]]
            else:
                reply = await self._post_form(ids, chosen)
                receipts = [] if reply is None else reply.json()["data"]["captures"]
            for sent, receipt in zip(ids, receipts, strict=False):
                assert (receipt["id"], receipt["kept"]) == (sent, True), receipt
            await asyncio.sleep(0.02)

    async def _put(self, capture_id: str, picture: bytes) -> httpx.Response | None:
        digest = base64.b64encode(hashlib.sha256(picture).digest()).decode()
        headers = {"Content-Type": "image/jpeg", "Content-Digest": f"sha-256=:{digest}:"}
        path = f"{self.someone.path}/captures/{capture_id}"
        items = [capture_item(self.session_id, capture_id, picture)]
        return await self._repeated(
            "upload", items, lambda client: client.put(path, content=picture, headers=headers)
        )

    async def _post_form(self, ids: list[str], pictures: list[bytes]) -> httpx.Response | None:
        parts: list[tuple[str, Any]] = [("session_id", (None, self.session_id))]
        for place, (capture_id, picture) in enumerate(zip(ids, pictures, strict=True)):
            parts.append((f"metadata_{place}", (None, json.dumps({"capture_id": capture_id}))))
            parts.append((f"capture_{place}", (f"{place}.jpg", picture)))
        items = [capture_item(self.session_id, *one) for one in zip(ids, pictures, strict=True)]
        return await self._repeated(
            "upload", items, lambda client: client.post("/api/camera/upload", files=parts)
        )

    async def _repeated(
        self, kind: Kind, items: list[Item], send: Callable[[httpx.AsyncClient], Any]
    ) -> httpx.Response | None:
        """Send until there is an answer that is kept; None where the service is gone for good."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.gone.is_set():
            assert time.monotonic() < end, f"a {kind} was never answered"
            call = self.journal.sent(self.login, items)
            try:
                with self.calls.of(kind):
                    reply: httpx.Response = await send(self.someone.client)
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            self.calls.seen(reply.status_code)
            if reply.status_code in (200, 201):
                self.journal.kept(call)
                return reply
            assert reply.status_code == 503, (reply.status_code, reply.text)
            await asyncio.sleep(0.1)
        return None

    async def talk(self) -> None:
        """Send messages and read their replies, joining whatever breaks off."""
        for number in range(1, MOST_MESSAGES):
            if self.stopping.is_set():
                return
            await self._say(Talk(str(uuid4()), f"Message {number} of {self.session_id}."))

    async def _say(self, talk: Talk) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not talk.ended and not self.gone.is_set():
            assert time.monotonic() < end, f"a turn never ended: {talk}"
            try:
                with self.calls.of("turn"):
                    await self._read(talk)
            except httpx.TransportError:
                await asyncio.sleep(0.05)
        if talk.ended:
            self.journal.reply(talk.message_id, talk.ended, talk.seen)

    async def _read(self, talk: Talk) -> None:
        """Join the turn where it broke off; send it, the same again, where nothing is known of it."""
        path, client = f"{self.someone.path}/chat/turns", self.someone.client
        if talk.joins:
            headers = {} if talk.last_id is None else {"Last-Event-ID": talk.last_id}
            stream = client.stream("GET", f"{path}/{talk.message_id}/events", headers=headers)
        else:
            talk.position = 0
            body = {"message_id": talk.message_id, "message": talk.message}
            item = message_item(self.session_id, talk.message_id, talk.message)
            talk.call = self.journal.sent(self.login, [item])
            stream = client.stream("POST", path, json=body)
        async with stream as reply:
            self.calls.seen(reply.status_code)
            if reply.status_code == 503:
                await asyncio.sleep(0.1)
                return
            if reply.status_code != 200:
                await reply.aread()
            assert reply.status_code == 200, (reply.status_code, reply.text)
            async for event in events_of(reply):
                if event.name == "accepted" and not talk.accepted:
                    talk.accepted = True
                    self.journal.kept(talk.call)
                elif event.name == "chunk":
                    self._take(talk, event.data["data"])
                elif event.name in ("complete", "error"):
                    self._end(talk, event.name, event.data)
                talk.last_id = event.id or talk.last_id
        talk.joins = talk.accepted and not talk.again

    def _take(self, talk: Talk, text: str) -> None:
        overlap = talk.seen[talk.position :][: len(text)]
        if not text.startswith(overlap):
            self.journal.contradicted(talk.message_id, "a text that was shown has changed")
            talk.seen, overlap = talk.seen[: talk.position], ""
        self.journal.chunk(talk.message_id, talk.position, text)
        talk.position += len(text)
        if talk.position > len(talk.seen):
            talk.seen += text[len(overlap) :]

    def _end(self, talk: Talk, name: str, data: Data) -> None:
        """Take the stream's last event."""
        if name == "complete":
            talk.ended = "complete"
        elif data["retry"]:
            if talk.seen:
                self.journal.contradicted(talk.message_id, "a reply of which text was shown has none")
            talk.again, talk.last_id, talk.seen = True, None, ""
        else:
            talk.ended = "interrupted" if data["code"] == "interrupted" else "failed"


@dataclass(slots=True)
class Talk:
    """One message and what was seen of its reply; `ended` is its state once that is known."""

    message_id: str
    message: str
    call: str = ""
    accepted: bool = False
    joins: bool = False
    again: bool = False
    last_id: str | None = None
    seen: str = ""
    position: int = 0
    ended: str | None = None


@dataclass(slots=True)
class Crowd:
    """Eight clients: half of them answer, half of them talk, all of them send pictures meanwhile."""

    members: list[Member]
    calls: Calls
    journal: Journal
    stopping: asyncio.Event
    gone: asyncio.Event
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def begin(self, pictures: list[bytes]) -> None:
        """Let all of them begin."""
        for place, member in enumerate(self.members):
            main = member.answer() if place % 2 == 0 else member.talk()
            self.tasks.append(asyncio.create_task(main))
            self.tasks.append(asyncio.create_task(member.photograph(pictures)))

    async def until(self, true: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait until it is so; a client that failed fails the test at once."""
        end = time.monotonic() + seconds
        while not true():
            for task in self.tasks:
                if task.done() and not self.stopping.is_set():
                    task.result()
            assert time.monotonic() < end, f"not within {seconds} s: {what}"
            await asyncio.sleep(0.005)

    async def writes(self, more: int, seconds: float = 60) -> None:
        """Wait until so many more writes were acknowledged."""
        wanted = self.journal.writes + more
        await self.until(lambda: self.journal.writes >= wanted, f"{more} more writes", seconds)

    async def pieces(self, more: int) -> None:
        """Wait until so many more pieces of replies were shown."""
        wanted = self.journal.chunks + more
        await self.until(lambda: self.journal.chunks >= wanted, f"{more} more pieces of replies")

    async def finish(self) -> None:
        """Let each of them finish what it has begun."""
        self.stopping.set()
        await asyncio.gather(*self.tasks)

    async def leave(self) -> None:
        """Give up what is not answered: the service is gone."""
        self.gone.set()
        await self.finish()

    async def cancel(self) -> None:
        """End all of them, whatever they do."""
        for task in self.tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self.tasks, return_exceptions=True)
