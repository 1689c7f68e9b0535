"""No word of a person is found in a log, an error reply or a measure, wherever it was sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.camera.pictures import jpeg
from tests.ground.participant import Participant, events_of
from tests.ground.postgres import Database, Server
from tests.ground.service import Model, Service
from tests.ground.study import People, populated, study_with
from tests.promises.canaries import NUL, Canaries, Places, Witness

SAID_NO = (400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429)
# Verbs after which a session does not go on come last.
FINAL = ("logout", "/abandon", "/withdraw", "/restart", "/complete", "/fail")


@dataclass(slots=True)
class Scene:
    """A service that logs all it can, its people, and a witness in the middle of a session."""

    service: Service
    people: People
    places: Places
    canaries: Canaries
    witness: Witness
    someone: Participant

    def as_staff(self, client: httpx.AsyncClient) -> Witness:
        return Witness(client, self.canaries, self.witness.statuses)

    async def check(self, *more_secrets: str) -> None:
        """Nothing was found anywhere; nothing went wrong on the service's side."""
        environment = self.service.environment
        database = urlsplit(environment["DATABASE_URL"]).password or ""
        cookie = next(one.value for one in self.someone.client.cookies.jar)
        secret = [
            environment["SECRET_KEY"],
            environment["LLM_API_KEY"],
            unquote(database),
            cookie or "",
            *more_secrets,
        ]
        assert await self.places.hits(self.canaries, *secret) == {}


async def arrived(client: httpx.AsyncClient, people: People) -> Participant:
    someone = Participant(client)
    await someone.log_in(people.participants[0].username, people.participants[0].password)
    await someone.arrive()
    await someone.greet()
    return someone


@pytest.fixture
async def scene(
    database: Database,
    serve: Callable[..., Service],
    local_model: Model,
    postgres: Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Scene]:
    """Everything at LOG_LEVEL=DEBUG, with the real model."""
    people = await populated(database, study_with(presentation={"order": "chat_first"}))
    service = serve(
        database, model=local_model, log_level="DEBUG", llm_max_tokens=16, login_failures_address=1000
    )
    (model_log,) = tmp_path_factory.getbasetemp().glob("model[0-9]*/model.log")
    places = Places.from_now_on(service, postgresql=postgres.log, model=model_log)
    async with service.client() as client:
        someone = await arrived(client, people)
        canaries = Canaries()
        yield Scene(service, people, places, canaries, Witness(client, canaries), someone)


async def arrivals(scene: Scene) -> None:
    """Names, passwords and tokens, of a stranger."""
    canaries = scene.canaries
    async with scene.service.client() as client:
        stranger = Witness(client, canaries, scene.witness.statuses)
        name, password = canaries.word("name"), canaries.word("password")
        body = {"username": name, "password": password}
        assert (await stranger.post("/api/auth/register", body)).status_code == 201
        # The database refuses these two: its index compares without case.
        for taken in (name, name.upper()):
            reply = await stranger.post("/api/auth/register", body | {"username": taken})
            assert reply.json()["code"] == "username_taken"
        for field in ("username", "password", "study"):
            for value in canaries.bad_values(field):
                await stranger.post("/api/auth/register", body | {field: value})
        for value in canaries.bad_values("login")[:4]:
            await stranger.post("/api/auth/login", body | {"username": value})
            await stranger.post("/api/auth/login", {"username": name, "password": value})
        for value in canaries.bad_values("token"):
            await stranger.post("/api/auth/invitation", {"token": value})
        link = scene.people.participants[1].invitation_url
        token = link.rsplit("/", 1)[1]
        assert (await stranger.post("/api/auth/invitation", {"token": token})).status_code == 200
    async with scene.service.client() as client:
        staff = await logged_in(scene, client)
        for filter_ in ("study", "participant", "state", "cursor", "limit"):
            for value in (canaries.word("filter"), canaries.word("filter") + NUL, canaries.word("long") * 20):
                for path in ("/api/admin/sessions", "/api/admin/alerts"):
                    await staff.send("GET", path, params={filter_: value})


async def logged_in(scene: Scene, client: httpx.AsyncClient) -> Witness:
    staff = scene.as_staff(client)
    researcher = scene.people.researcher
    body = {"username": researcher.username, "password": researcher.password}
    assert (await staff.post("/api/auth/login", body)).status_code == 200
    return staff


async def messages(scene: Scene) -> None:
    """What a person writes: to the model, to the safety rules, and as no message at all."""
    canaries, witness = scene.canaries, scene.witness
    path = f"{scene.someone.path}/chat/turns"
    said = (f"I feel {canaries.word('message')}.", f"I want to kill myself, {canaries.word('risk')}.")
    for text in said:
        message_id = str(uuid4())
        async with witness.stream(path, {"message_id": message_id, "message": text}) as reply:
            assert reply.status_code == 200
            assert [event.name async for event in events_of(reply)][-1] == "complete"
        again = {"message_id": message_id, "message": canaries.word("reused")}
        assert (await witness.post(path, again)).json()["code"] == "message_id_reused"
    for value in canaries.bad_values("message")[1:]:
        if not isinstance(value, str) or NUL in value or len(value) > 8000:
            reply = await witness.post(path, {"message_id": str(uuid4()), "message": value})
            assert reply.status_code == 422
    for field in ("message_id", "assessment_id", "client_time", "session_ms", "timing"):
        for value in canaries.bad_values(field):
            message = {"message_id": str(uuid4()), "message": canaries.word("beside")}
            await witness.post(path, message | {field: value, "unknown": value})
    odd = {"timing": {f"{canaries.word('key')}_ms": canaries.word("value")}}
    await witness.post(path, {"message_id": str(uuid4()), "message": "Hello."} | odd)
    await witness.send("PUT", f"{path}/{message_id}/timing", json=odd["timing"])
    lone = json.dumps({"message_id": str(uuid4()), "message": canaries.word("lone") + "\ud800"}).encode()
    kind = {"Content-Type": "application/json"}
    assert (await witness.send("POST", path, content=lone, headers=kind)).status_code in (400, 422)


async def captures(scene: Scene) -> None:
    """Names of files and fields, metadata, and pictures with words in them."""
    canaries, witness, someone = scene.canaries, scene.witness, scene.someone
    word = canaries.word
    named = (f"{word('file')}.jpg", jpeg(comment=word("comment").encode()))
    form = [("session_id", (None, someone.session["id"])), ("capture_0", named)]
    reply = await witness.send("POST", "/api/camera/upload", files=form)
    assert reply.json()["data"]["captures"][0]["filename"] == named[0]
    assessment = {"assessment_id": someone.session["chat"]["assessment_id"]}
    for name in (word("unknown"), word("nul") + NUL, word("long") * 20):
        body = assessment | {"filenames": [name], "capture_type": "LLM", "metadata": {word("key"): name}}
        await witness.post(f"{someone.path}/captures/batch", body)
    for extra in (
        ("metadata_0", (None, json.dumps({"trigger": word("trigger"), word("key"): word("value")}))),
        ("metadata_0", (None, f'{{"{word("broken")}')),
        ("metadata_0", (None, word("large") * 200)),
        (word("field"), (word("file"), b"bytes")),
        ("capture_1", (word("quoted") + '"\n', word("bytes").encode())),
        ("capture_1", (word("nul") + NUL, word("bytes").encode())),
    ):
        await witness.send("POST", "/api/camera/upload", files=[*form, extra])
    broken = word("boundary")
    for content_type in (f"multipart/form-data; boundary={broken}", f"multipart/{broken}", broken):
        content, kind = f"--{broken}\r\n{broken}: {broken}".encode(), {"Content-Type": content_type}
        await witness.send("POST", "/api/camera/upload", content=content, headers=kind)
    heads = [{"Capture-Metadata": value} for value in (word("head"), json.dumps({"trigger": word("head")}))]
    heads += [{"Content-Digest": f"sha-256=:{word('digest')}:"}, {"Content-Digest": word("digest")}]
    heads += [{"Content-Type": f"image/{word('type')}"}, {"Content-Encoding": word("coding")}, {}]
    for head in heads:
        path, kind = f"{someone.path}/captures/{uuid4()}", {"Content-Type": "image/jpeg"} | head
        reply = await witness.send("PUT", path, content=word("picture").encode(), headers=kind)
        assert reply.status_code in SAID_NO


async def anything(scene: Scene, witness: Witness, under: str) -> None:
    """Each route under a path with bodies and queries it does not expect."""
    canaries = scene.canaries
    paths = (await witness.client.get("/openapi.json")).json()["paths"]
    calls = [(path, verb.upper(), paths[path][verb]) for path in paths for verb in paths[path]]
    for path, verb, said in sorted(calls, key=lambda call: call[0].endswith(FINAL)):
        if path.endswith("logout") or not path.startswith(under):
            continue
        ids = {"session_id": scene.someone.session["id"]}
        there = path
        for parameter in said.get("parameters", ()):
            if parameter["in"] == "path":
                name = parameter["name"]
                there = there.replace(f"{{{name}}}", ids.get(name, str(uuid4())))
        query = {"params": {canaries.word("query"): canaries.word("query")}}
        if verb == "GET":
            await witness.send(verb, there, **query)
            continue
        schema = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        fields = list(schema.get("properties", {})) or ["field"]
        for place in range(len(canaries.bad_values("field"))):
            body = {name: canaries.bad_values("field")[place] for name in fields}
            reply = await witness.send(verb, there, json=body, **query)
            assert reply.status_code < 500, (verb, path, place)
        word = canaries.word("body")
        for content in (
            f'{{"{word}',
            f'"{word}"',
            f'["{word}"]',
            word,
            f"{{{word}: 1}}",
            f'{{"a": "{word}\\ud8"}}',
        ):
            kind = {"Content-Type": "application/json"}
            reply = await witness.send(verb, there, content=content.encode(), headers=kind)
            assert reply.status_code < 500, (verb, path, content)


async def wrong_ways(scene: Scene) -> None:
    """Addresses, headers and request lines that nobody serves."""
    canaries, witness, session = scene.canaries, scene.witness, scene.someone.path
    word = canaries.word("path")
    for path in (
        f"/{word}",
        f"/api/{word}",
        f"/api/sessions/{word}",
        f"{session}/{word}",
        f"/assessment/{word}",
    ):
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
            await witness.send(method, path, params={"q": canaries.word("query")})
        await witness.send("GET", path + quote(f"/\n{NUL}\u202e{word}"))
    for name in (
        "User-Agent",
        "Referer",
        "X-Request-ID",
        "Authorization",
        "X-Forwarded-For",
        "Last-Event-ID",
    ):
        await witness.send(
            "GET", f"{session}/chat/turns/{uuid4()}/events", headers={name: canaries.word("head")}
        )
    for name in ("Origin", "Sec-Fetch-Site"):
        reply = await witness.send("POST", f"{session}/open", headers={name: canaries.word("head")})
        assert reply.json()["code"] == "cross_site"
    async with scene.service.client() as client:
        stranger = scene.as_staff(client)
        for value in (canaries.word("cookie"), f"{canaries.word('cookie')}.{canaries.word('cookie')}"):
            reply = await stranger.send("GET", "/api/auth/me", headers={"Cookie": f"qa_login={value}"})
            assert reply.status_code == 401
    for line in (
        f"GET /{word}",
        f"{word} / HTTP/1.1",
        f"GET / {word}",
        f"GET / HTTP/1.1\r\n{word}",
        f"{word}\0",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.service.port)
        writer.write(f"{line}\r\n\r\n".encode())
        writer.write_eof()
        said = await reader.read()
        writer.close()
        assert not canaries.in_text(said.decode(errors="replace"))


async def reasons(scene: Scene) -> None:
    """What people say of why; the alert of the risk message is acknowledged on the way."""
    canaries, someone = scene.canaries, scene.someone
    async with scene.service.client() as client:
        staff = await logged_in(scene, client)
        listed = (await staff.send("GET", "/api/admin/alerts")).json()["data"]["alerts"]
        acknowledge = f"/api/admin/alerts/{listed[0]['id']}/acknowledge"
        for field in ("outcome", "note"):
            for value in canaries.bad_values(field)[1:]:
                await staff.post(acknowledge, {"outcome": "called", "note": "once", field: value})
        await anything(scene, staff, "/api/admin")
    for verb in ("camera-check", "abandon", "withdraw"):
        for value in canaries.bad_values(verb)[1:]:
            await scene.witness.post(
                f"{someone.path}/{verb}", {"ok": value, "reason": value, "scopes": value}
            )
    reply = await scene.witness.post(f"{someone.path}/abandon", {"reason": canaries.word("abandon")})
    assert reply.status_code in (200, 409)


async def test_no_word_of_a_person_is_logged_or_echoed(scene: Scene) -> None:
    await arrivals(scene)
    await messages(scene)
    await captures(scene)
    await wrong_ways(scene)
    await anything(scene, scene.witness, "/a")
    await reasons(scene)
    statuses = scene.witness.statuses
    assert statuses[500] == 0, statuses
    assert sum(statuses[status] for status in SAID_NO) > 300
    await scene.check(*(person.password for person in (*scene.people.participants, scene.people.researcher)))
