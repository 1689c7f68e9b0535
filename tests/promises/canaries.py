"""Words that nobody else writes, sent through a service, and the places where none of them may turn up."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.ground.service import Service

NUL = "\0"


@dataclass(slots=True)
class Canaries:
    """Makes words for places: `word("username")`. All begin alike, and each names its place."""

    mark: str = field(default_factory=lambda: f"kanari{secrets.token_hex(4)}")
    made: set[str] = field(default_factory=set)

    def word(self, place: str) -> str:
        """Give a new word for a place."""
        word = f"{self.mark}{place}{secrets.token_hex(2)}"
        self.made.add(word)
        return word

    def in_text(self, text: str) -> set[str]:
        """Find the words that a text holds, whatever their case."""
        low = text.lower()
        return {low[place : place + 40] for place in _places(low, self.mark)}

    def bad_values(self, place: str) -> list[Any]:
        """Give values that a text field refuses, or that nobody expects in it."""
        word = self.word(place)
        return [
            word,
            f"{word}{NUL}",
            f"{word}\n",
            f"{word}'\"; --",
            word * 400,
            [word],
            {word: word},
            {"nested": [word]},
            5,
        ]


def _places(text: str, mark: str) -> list[int]:
    places, place = [], text.find(mark)
    while place >= 0:
        places.append(place)
        place = text.find(mark, place + 1)
    return places


@dataclass(slots=True)
class Witness:
    """A client that looks at each refusal it gets; `may_fail` where the test makes the service fail."""

    client: httpx.AsyncClient
    canaries: Canaries
    statuses: Counter[int] = field(default_factory=Counter)
    may_fail: bool = False

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one call. An error reply must not repeat anything, neither in its body nor in a header."""
        reply = await self.client.request(method, path, **options)
        self.statuses[reply.status_code] += 1
        assert self.may_fail or reply.status_code != 500, (method, path, options)
        if reply.status_code >= 400:
            self.check(reply)
        return reply

    def check(self, reply: httpx.Response) -> None:
        """Fail on a canary in an error reply."""
        said = self.canaries.in_text(f"{reply.headers}\n{reply.text}")
        assert not said, (reply.request.method, reply.request.url.path, reply.status_code, said)

    async def post(self, path: str, body: object, **options: Any) -> httpx.Response:
        """Send JSON, in ASCII."""
        return await self.send("POST", path, json=body, **options)

    @asynccontextmanager
    async def stream(self, path: str, body: object) -> AsyncIterator[httpx.Response]:
        """Open a stream."""
        async with self.client.stream("POST", path, json=body) as reply:
            self.statuses[reply.status_code] += 1
            yield reply


@dataclass(frozen=True, slots=True)
class Places:
    """The logs of a service and of what it stands on; only what was written from here on counts."""

    logs: dict[str, tuple[Path, int]]
    service: Service

    @classmethod
    def from_now_on(cls, service: Service, **logs: Path) -> Places:
        """Note how long each log is now; the service's own counts from its beginning."""
        lengths = {name: (path, path.stat().st_size) for name, path in logs.items()}
        return cls(lengths | {"service": (service.log, 0)}, service)

    async def hits(self, canaries: Canaries, *secret: str) -> dict[str, set[str]]:
        """Give the words found in each log and in /metrics; `secret` are more words to look for."""
        texts = {}
        for name, (path, start) in self.logs.items():
            texts[name] = path.read_bytes()[start:].decode(errors="replace")
        async with self.service.client() as client:
            texts["metrics"] = (await client.get("/metrics")).text
        found = {
            name: canaries.in_text(text) | {word[:4] + "..." for word in secret if word in text}
            for name, text in texts.items()
        }
        return {name: words for name, words in found.items() if words}
