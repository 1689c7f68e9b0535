"""A service in processes of its own, shared by the room's tests, and somebody whose camera is on."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.ground.participant import Data, Participant
from tests.ground.postgres import Database, Server
from tests.ground.service import Service, services_in
from tests.ground.study import populated, study_with

Arrive = Callable[..., AbstractAsyncContextManager["Sitter"]]


@dataclass(slots=True)
class Sitter(Participant):
    """A participant who sends pictures."""

    async def put(self, picture: bytes, capture_id: str | None = None, **more: Any) -> httpx.Response:
        """Send one picture as a body; `said` is its metadata, `headers` change those of a page."""
        said = more.get("said", {})
        headers = {
            "Content-Type": "image/jpeg",
            "Content-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(picture).digest()).decode()}:",
            "Capture-Metadata": json.dumps(said),
        } | more.get("headers", {})
        path = f"{self.path}/captures/{capture_id or uuid4()}"
        return await self.client.put(
            path,
            content=picture,
            headers={name: value for name, value in headers.items() if value is not None},
        )

    async def post_form(
        self, *pictures: bytes, path: str = "/api/camera/upload", **more: Any
    ) -> httpx.Response:
        """Send pictures as a form, each with its part of `said`; `session_id` changes the first field."""
        parts: list[tuple[str, Any]] = [("session_id", (None, more.get("session_id", self.session["id"])))]
        for place, picture in enumerate(pictures):
            parts.append((f"capture_{place}", (f"picture {place}.jpg", picture)))
        for place, said in enumerate(more.get("said", ())):
            if said is not None:
                text = said if isinstance(said, str) else json.dumps(said)
                parts.append((f"metadata_{place}", (None, text)))
        return await self.client.post(path, files=parts)

    async def announce(self, *captures: Data) -> httpx.Response:
        filled = [{"trigger": "MANUAL", "session_ms": 1} | one for one in captures]
        return await self.client.post(f"{self.path}/captures/expected", json={"captures": filled})

    async def listed(self) -> list[Data]:
        reply = await self.client.get(f"{self.path}/captures")
        assert reply.status_code == 200, reply.text
        found: list[Data] = reply.json()["data"]["captures"]
        return found


@dataclass(slots=True)
class Rows:
    """What the database holds, and a hand to change it where time would have to pass."""

    database: Database

    async def capture(self, capture_id: str) -> dict[str, Any] | None:
        connection = await self.database.connect(owner=True)
        try:
            row = await connection.fetchrow("SELECT * FROM captures WHERE capture_id = $1", UUID(capture_id))
            return None if row is None else dict(row)
        finally:
            await connection.close()

    async def insert_turn(self, session_id: str, assessment_id: str, message_id: str) -> None:
        connection = await self.database.connect(owner=True)
        try:
            await connection.execute(
                "INSERT INTO turns (session_id, message_id, assessment_id, turn_number, state, message,"
                " received_at, completed_at) VALUES ($1, $2, $3, 1, 'complete', 'hello', now(), now())",
                *(UUID(one) for one in (session_id, message_id, assessment_id)),
            )
        finally:
            await connection.close()

    async def end_part(self, assessment_id: str, reason: str) -> None:
        connection = await self.database.connect(owner=True)
        try:
            done = await connection.execute(
                "UPDATE assessments SET completed_at = now(), end_reason = $2 WHERE id = $1",
                UUID(assessment_id),
                reason,
            )
            assert done == "UPDATE 1"
        finally:
            await connection.close()

    async def change_session(self, session_id: str, change: str) -> None:
        connection = await self.database.connect(owner=True)
        try:
            done = await connection.execute(f"UPDATE sessions SET {change} WHERE id = $1", UUID(session_id))
            assert done == "UPDATE 1"
        finally:
            await connection.close()


@pytest.fixture(scope="package")
def room_database(postgres: Server) -> Iterator[Database]:
    """The database under the room's service."""
    with postgres.copied() as made:
        yield made


@pytest.fixture(scope="package")
def service(room_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with services_in(tmp_path_factory.mktemp("camera")) as serve:
        yield serve(room_database, capture_bytes=512 * 1024, body_silence_timeout=2)


@pytest.fixture
def store(service: Service) -> Path:
    return Path(service.environment["STORE_DIR"])


@pytest.fixture
def rows(room_database: Database) -> Rows:
    return Rows(room_database)


@pytest.fixture
def arrive(service: Service, room_database: Database) -> Arrive:
    """Make somebody in a study of their own: arrive(camera={...}, scopes=[...], checked=False)."""

    @asynccontextmanager
    async def someone(
        scopes: list[str] | None = None, *, checked: bool = True, **changes: Any
    ) -> AsyncIterator[Sitter]:
        changes.setdefault("presentation", {"order": "phq_first"})
        study = study_with(slug=f"study-{uuid4()}", **changes)
        people = await populated(room_database, study, participants=1)
        async with service.client() as client:
            sitter = Sitter(client)
            await sitter.log_in(people.participants[0].username, people.participants[0].password)
            await sitter.start()
            await sitter.agree(scopes)
            if checked and sitter.session["next_step"] == "camera_check":
                await sitter.post("camera-check", ok=True)
            yield sitter

    return someone


@pytest.fixture
async def sitter(arrive: Arrive) -> AsyncIterator[Sitter]:
    """Somebody who agreed to everything and whose camera works."""
    async with arrive() as someone:
        yield someone


def files_of(store: Path, session_id: str) -> list[Path]:
    folder = store / session_id
    return sorted(folder.iterdir()) if folder.exists() else []


def incoming_of(store: Path, session_id: str) -> list[Path]:
    return sorted((store / "incoming").glob(f"{session_id}.*"))
