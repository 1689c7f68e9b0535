"""A participant's way through the service, as a client of the HTTP contract sees it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream."""

    name: str
    id: str | None
    data: Data


async def events_of(response: httpx.Response) -> AsyncIterator[Event]:
    """Read a stream's events as they come; comments are passed over."""
    name, event_id, data = "message", None, ""
    async for line in response.aiter_lines():
        if not line:
            if data:
                yield Event(name, event_id, json.loads(data))
            name, event_id, data = "message", None, ""
        elif not line.startswith(":"):
            key, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if key == "event":
                name = value
            elif key == "id":
                event_id = value
            elif key == "data":
                data += value


def kept(response: httpx.Response, status: int = 200) -> Data:
    """Give the data of a reply that must have been kept."""
    assert response.status_code == status, (response.status_code, response.text)
    body = response.json()
    assert body["status"] == "OLKORECT", body
    data: Data = body["data"]
    return data


def refused(response: httpx.Response, status: int, code: str) -> Data:
    """Give the body of a reply that must have been refused so."""
    assert response.status_code == status, (response.status_code, response.text)
    body: Data = response.json()
    assert (body["status"], body["code"]) == ("SNAFU", code), body
    assert body["request_id"] == response.headers["X-Request-ID"]
    return body


@dataclass(slots=True)
class Participant:
    """Somebody with a login of their own, and the session they are in."""

    client: httpx.AsyncClient
    session: Data = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/api/sessions/{self.session['id']}"

    async def log_in(self, username: str, password: str) -> Data:
        reply = await self.client.post("/api/auth/login", json={"username": username, "password": password})
        return kept(reply)

    async def start(self, **asked: object) -> Data:
        reply = await self.client.post("/api/sessions", json={"id": str(uuid4())} | asked)
        assert reply.status_code in (200, 201), reply.text
        self.session = reply.json()["data"]["session"]
        return self.session

    async def post(self, verb: str, status: int = 200, **body: object) -> Data:
        data = kept(await self.client.post(f"{self.path}/{verb}", json=body), status)
        self.session = data.get("session", self.session)
        return data

    async def agree(self, scopes: Iterable[str] | None = None) -> Data:
        """Give consent to `scopes`, to all there are without them."""
        consent = self.session["consent"]
        named = [scope["name"] for scope in consent["scopes"]] if scopes is None else list(scopes)
        return await self.post("consent", consent_version=consent["version"], accepted=True, scopes=named)

    async def arrive(self) -> None:
        """Start, agree to everything and pass the camera check."""
        await self.start()
        await self.agree()
        await self.post("camera-check", ok=True)

    async def refresh(self) -> Data:
        self.session = kept(await self.client.get(self.path))["session"]
        return self.session

    async def questions(self) -> list[Data]:
        questions: list[Data] = kept(await self.client.get(f"{self.path}/phq"))["questions"]
        return questions

    async def save(
        self, question_id: str, value: int | None, version: int = 1, **more: object
    ) -> httpx.Response:
        body = {"value": value, "version": version} | more
        return await self.client.put(f"{self.path}/phq/responses/{question_id}", json=body)

    async def answer_all(self, value: int = 0) -> None:
        """Answer every scored question and hand the questionnaire in."""
        answers = [
            {"question_id": one["id"], "value": value, "version": 1}
            for one in await self.questions()
            if one["scored"]
        ]
        kept(await self.client.post(f"{self.path}/phq/responses", json={"responses": answers}))
        await self.post("phq/complete")

    async def greet(self) -> list[Event]:
        """Begin the interview and read its greeting."""
        return await self._stream("chat/start", {"message_id": str(uuid4())})

    async def say(self, message: str, message_id: str | None = None) -> list[Event]:
        """Send a message and read its stream to the end."""
        return await self._stream(
            "chat/turns", {"message_id": message_id or str(uuid4()), "message": message}
        )

    async def _stream(self, verb: str, body: Data) -> list[Event]:
        async with self.client.stream("POST", f"{self.path}/{verb}", json=body) as reply:
            if reply.status_code != 200:
                await reply.aread()
            assert reply.status_code == 200, reply.text
            return [event async for event in events_of(reply)]


def text_of(events: Iterable[Event]) -> str:
    """Give the text that a stream's chunks held."""
    return "".join(event.data["data"] for event in events if event.name == "chunk")
