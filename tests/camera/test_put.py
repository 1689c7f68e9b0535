"""One picture in one call, against a real service."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from quart_assessment.settings import KIB
from tests.camera.conftest import Arrive, Rows, Sitter, files_of, incoming_of
from tests.camera.pictures import encoded, jpeg, picture, real_images
from tests.ground.participant import kept, refused
from tests.ground.service import Service

PICTURE = jpeg()


async def test_a_kept_picture_is_on_the_disk_with_its_row(sitter: Sitter, rows: Rows, store: Path) -> None:
    capture_id = str(uuid4())
    question = (await sitter.questions())[0]["id"]
    said = {"trigger": "button_click", "session_ms": 1, "question_id": question, "timing": {"shutter_ms": 5}}
    capture = kept(await sitter.put(PICTURE, capture_id, said=said), 201)["capture"]
    assert capture == {
        "id": capture_id,
        "field": None,
        "filename": None,
        "trigger": "BUTTON_CLICK",
        "capture_type": "PHQ",
        "timestamp": capture["timestamp"],
        "size": len(PICTURE),
        "type": "image/jpeg",
        "sha256": hashlib.sha256(PICTURE).hexdigest(),
        "kept": True,
        "late": False,
    }
    (file,) = files_of(store, sitter.session["id"])
    assert file.read_bytes() == PICTURE
    row = await rows.capture(capture_id)
    assert row is not None
    assert row["store_key"] == f"{sitter.session['id']}/{file.name}"
    assert file.name.startswith(capture_id)
    assert not row["clock_suspect"]
    assert '"recording_mode": "EVENT_DRIVEN"' in row["settings"]
    assert '"shutter_ms": 5' in row["timing"]


@pytest.mark.parametrize("name", real_images())
async def test_an_image_is_taken_for_what_its_bytes_are(sitter: Sitter, name: str) -> None:
    for mime in ("image/jpeg", "image/png", "image/webp"):
        capture = kept(await sitter.put(real_images()[name], headers={"Content-Type": mime}), 201)["capture"]
        assert capture["type"] == f"image/{name.split()[0]}"


async def test_a_repeat_is_answered_as_before_and_stores_nothing_more(sitter: Sitter, store: Path) -> None:
    capture_id = str(uuid4())
    first = kept(await sitter.put(PICTURE, capture_id), 201)
    assert kept(await sitter.put(PICTURE, capture_id), 200) == first
    assert len(files_of(store, sitter.session["id"])) == 1
    assert incoming_of(store, sitter.session["id"]) == []


async def test_other_bytes_under_a_kept_id_are_refused_and_change_nothing(
    sitter: Sitter, store: Path
) -> None:
    capture_id = str(uuid4())
    kept(await sitter.put(PICTURE, capture_id), 201)
    refused(await sitter.put(jpeg(seed=2), capture_id), 409, "capture_id_reused")
    (file,) = files_of(store, sitter.session["id"])
    assert file.read_bytes() == PICTURE


async def test_the_same_bytes_under_a_new_id_are_a_new_capture(sitter: Sitter) -> None:
    for _ in range(2):
        kept(await sitter.put(PICTURE), 201)
    assert len(await sitter.listed()) == 2


async def test_another_session_may_use_the_same_id(sitter: Sitter, arrive: Arrive) -> None:
    capture_id = str(uuid4())
    kept(await sitter.put(PICTURE, capture_id), 201)
    async with arrive() as other:
        kept(await other.put(jpeg(seed=2), capture_id), 201)


async def test_of_two_uploads_at_once_one_wins_and_the_row_has_its_bytes(
    sitter: Sitter, rows: Rows, store: Path
) -> None:
    for turn in range(5):
        capture_id = str(uuid4())
        pictures = [jpeg(seed=10 * turn + n) for n in range(4)]
        replies = await asyncio.gather(*(sitter.put(one, capture_id) for one in pictures))
        assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]
        winner = next(one for one, reply in zip(pictures, replies, strict=True) if reply.status_code == 201)
        row = await rows.capture(capture_id)
        assert row is not None
        assert row["sha256"] == hashlib.sha256(winner).digest()
        assert (store / row["store_key"]).read_bytes() == winner
    assert len(files_of(store, sitter.session["id"])) == 5


async def test_equal_uploads_at_once_are_one_capture(sitter: Sitter, store: Path) -> None:
    capture_id = str(uuid4())
    replies = await asyncio.gather(*(sitter.put(PICTURE, capture_id) for _ in range(6)))
    assert sorted(reply.status_code for reply in replies) == [200] * 5 + [201]
    (file,) = files_of(store, sitter.session["id"])
    assert file.read_bytes() == PICTURE


@pytest.mark.parametrize(
    ("body", "more", "status", "code"),
    [
        (PICTURE[:-1], {}, 422, "bad_image"),
        (PICTURE + b"\0", {}, 422, "bad_image"),
        (b"not a picture", {}, 422, "bad_image"),
        (b"", {}, 422, "bad_image"),
        (encoded(picture(4097, 1), "PNG"), {}, 422, "bad_image"),
        (PICTURE, {"headers": {"Content-Digest": "sha-256=:" + "A" * 43 + "=:"}}, 422, "bad_digest"),
        (PICTURE, {"headers": {"Content-Digest": "nonsense"}}, 422, "bad_digest"),
        (PICTURE, {"said": {"sha256": "00" * 32}}, 422, "bad_digest"),
        (PICTURE, {"said": {"trigger": "BLINK"}}, 422, "bad_metadata"),
        (PICTURE, {"headers": {"Capture-Metadata": "{"}}, 422, "bad_metadata"),
        (PICTURE, {"headers": {"Capture-Metadata": '{"a":"' + "x" * 2048 + '"}'}}, 422, "bad_metadata"),
        (PICTURE, {"headers": {"Content-Type": "image/gif"}}, 415, "unsupported_type"),
        (PICTURE, {"headers": {"Content-Type": None}}, 415, "unsupported_type"),
        (PICTURE, {"headers": {"Content-Encoding": "gzip"}}, 415, "unsupported_type"),
        (bytes(513 * KIB), {}, 413, "too_large"),
    ],
)
async def test_what_cannot_be_kept_is_refused_and_leaves_nothing(
    sitter: Sitter, rows: Rows, store: Path, body: bytes, more: dict[str, object], status: int, code: str
) -> None:
    capture_id = str(uuid4())
    refused(await sitter.put(body, capture_id, **more), status, code)
    assert await rows.capture(capture_id) is None
    assert files_of(store, sitter.session["id"]) == []
    async with asyncio.timeout(5):
        while incoming_of(store, sitter.session["id"]):
            await asyncio.sleep(0.01)


async def test_a_picture_needs_no_headers_but_its_type(sitter: Sitter) -> None:
    bare = {"Content-Digest": None, "Capture-Metadata": None}
    assert kept(await sitter.put(PICTURE, headers=bare), 201)["capture"]["trigger"] == "MANUAL"


async def test_a_chunked_picture_is_kept_and_one_past_the_limit_is_not(sitter: Sitter) -> None:
    large = encoded(picture(600, 400), "PNG")
    assert len(large) > 512 * KIB

    async def sent(data: bytes) -> httpx.Response:
        async def pieces() -> AsyncIterator[bytes]:
            for at in range(0, len(data), 10_000):
                yield data[at : at + 10_000]

        headers = {"Content-Type": "image/png"}
        return await sitter.client.put(f"{sitter.path}/captures/{uuid4()}", content=pieces(), headers=headers)

    kept(await sent(encoded(picture(200, 200), "PNG")), 201)
    refused(await sent(large), 413, "too_large")


@pytest.mark.parametrize("reference", ["unknown", "malformed", "foreign"])
async def test_an_unknown_reference_refuses_no_frame(sitter: Sitter, arrive: Arrive, reference: str) -> None:
    async with arrive() as other:
        wrong = {"unknown": str(uuid4()), "malformed": "12", "foreign": (await other.questions())[0]["id"]}[
            reference
        ]
        said = {"trigger": "BUTTON_CLICK", "phq_response_id": wrong, "llm_conversation_id": wrong}
        assert kept(await sitter.put(PICTURE, said=said), 201)["capture"]["capture_type"] == "GENERAL"


async def test_only_the_owner_may_send_pictures(sitter: Sitter, arrive: Arrive, service: Service) -> None:
    """D10: the predecessor did not ask whose session it was."""
    async with arrive() as other:
        mine, other.session = other.session, sitter.session
        refused(await other.put(PICTURE), 404, "not_found")
        other.session = {"id": str(uuid4())}
        refused(await other.put(PICTURE), 404, "not_found")
        other.session = mine
        refused(await other.put(PICTURE, "not-a-uuid"), 404, "not_found")
    async with service.client() as stranger:
        refused(await Sitter(stranger, sitter.session).put(PICTURE), 401, "login_required")


async def test_a_login_that_ended_may_not_send_pictures(sitter: Sitter) -> None:
    cookies = dict(sitter.client.cookies)
    kept(await sitter.client.post("/api/auth/logout"))
    sitter.client.cookies.update(cookies)
    refused(await sitter.put(PICTURE), 401, "login_required")
    refused(await sitter.put(PICTURE, "not-a-uuid"), 401, "login_required")


async def test_a_refusal_does_not_wait_for_the_body(sitter: Sitter, service: Service) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    head = f"PUT {sitter.path}/captures/{uuid4()} HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n"
    writer.write(head.encode())
    assert b" 401 " in await asyncio.wait_for(reader.readline(), 10)
    writer.close()


async def test_a_stalled_picture_is_408_and_leaves_nothing(
    sitter: Sitter, service: Service, store: Path
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    cookie = "; ".join(f"{name}={value}" for name, value in sitter.client.cookies.items())
    lines = ["Host: x", f"Cookie: {cookie}", "Content-Type: image/jpeg", "Content-Length: 400000"]
    head = f"PUT {sitter.path}/captures/{uuid4()} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n"
    writer.write(head.encode() + bytes(300_000))
    assert b" 408 " in await asyncio.wait_for(reader.readline(), 8)
    writer.close()
    async with asyncio.timeout(5):
        while incoming_of(store, sitter.session["id"]):
            await asyncio.sleep(0.01)


async def test_a_time_that_cannot_be_is_flagged(sitter: Sitter, rows: Rows) -> None:
    for session_ms, suspect in ((0, False), (3_600_000, True), (-5000, True), (None, False)):
        capture_id = str(uuid4())
        kept(await sitter.put(PICTURE, capture_id, said={"session_ms": session_ms}), 201)
        row = await rows.capture(capture_id)
        assert row is not None
        assert row["clock_suspect"] is suspect


async def test_no_reply_or_log_line_holds_words_of_the_client(sitter: Sitter, service: Service) -> None:
    canary = f"canary-{uuid4()}"
    refused(await sitter.put(PICTURE, said={"trigger": canary}), 422, "bad_metadata")
    reply = await sitter.put(PICTURE, headers={"Content-Type": f"text/{canary}"})
    assert canary not in reply.text
    assert canary not in service.printed()
