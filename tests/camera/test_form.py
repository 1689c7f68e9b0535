"""Several pictures in a form, as old pages send them, against a real service."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from uuid import uuid4

import pytest

from quart_assessment.settings import KIB
from tests.camera.conftest import Arrive, Rows, Sitter, files_of, incoming_of
from tests.camera.pictures import jpeg
from tests.ground.participant import kept, refused
from tests.ground.service import Service

PICTURES = tuple(jpeg(seed=seed) for seed in range(3))


@pytest.mark.parametrize("path", ["/api/camera/upload", "/assessment/camera/upload"])
async def test_each_file_gets_its_receipt(sitter: Sitter, store: Path, path: str) -> None:
    """D4: the predecessor's upload route called functions that no longer existed."""
    question = (await sitter.questions())[0]["id"]
    ids = [str(uuid4()) for _ in PICTURES]
    said = [
        {"capture_id": ids[0], "trigger": "question_start", "phq_response_id": question},
        None,
        {"capture_id": ids[2], "trigger": "MESSAGE_SEND"},
    ]
    reply = await sitter.post_form(*PICTURES, path=path, said=said)
    data = kept(reply)
    assert data["message"] == "Uploaded 3 captures"
    receipts = data["captures"]
    assert [one["id"] == key for one, key in zip(receipts, ids, strict=True)] == [True, False, True]
    assert [one["field"] for one in receipts] == ["capture_0", "capture_1", "capture_2"]
    assert [one["filename"] for one in receipts] == ["picture 0.jpg", "picture 1.jpg", "picture 2.jpg"]
    assert [one["trigger"] for one in receipts] == ["QUESTION_START", "MANUAL", "MESSAGE_SEND"]
    assert [one["capture_type"] for one in receipts] == ["PHQ", "GENERAL", "GENERAL"]
    assert [one["sha256"] for one in receipts] == [hashlib.sha256(one).hexdigest() for one in PICTURES]
    assert all(one["kept"] for one in receipts)
    assert sorted(path.read_bytes() for path in files_of(store, sitter.session["id"])) == sorted(PICTURES)
    top = {name: value for name, value in reply.json().items() if name not in ("status", "data")}
    assert top == ({} if path.startswith("/api") else data)


async def test_a_repeated_form_keeps_nothing_twice(sitter: Sitter, store: Path) -> None:
    said = [{"capture_id": str(uuid4())} for _ in PICTURES]
    first = kept(await sitter.post_form(*PICTURES, said=said))
    assert kept(await sitter.post_form(*PICTURES, said=said)) == first
    assert len(files_of(store, sitter.session["id"])) == 3


async def test_an_id_used_twice_in_a_form_is_one_capture_or_a_refusal(sitter: Sitter, store: Path) -> None:
    said = [{"capture_id": str(uuid4())}] * 2
    first, second = kept(await sitter.post_form(PICTURES[0], PICTURES[0], said=said))["captures"]
    assert first == second
    said = [{"capture_id": str(uuid4())}] * 2
    refused(await sitter.post_form(*PICTURES[:2], said=said), 409, "capture_id_reused")
    assert len(files_of(store, sitter.session["id"])) == 1


async def test_a_form_with_a_reused_id_keeps_nothing_of_it(sitter: Sitter, store: Path) -> None:
    capture_id = str(uuid4())
    kept(await sitter.put(PICTURES[0], capture_id), 201)
    said = [{"capture_id": str(uuid4())}, {"capture_id": capture_id}]
    refused(await sitter.post_form(*PICTURES[1:], said=said), 409, "capture_id_reused")
    assert len(files_of(store, sitter.session["id"])) == 1
    assert len(await sitter.listed()) == 1


async def test_a_bad_file_has_its_reason_and_the_others_are_kept(sitter: Sitter, store: Path) -> None:
    said = [
        None,
        {"sha256": "0" * 64},
        "{",
        {"trigger": "BLINK"},
        {"a": "x" * 2048},
        {"capture_id": "seven"},
        None,
    ]
    pictures = [PICTURES[0], *[PICTURES[1]] * 5, b"no picture"]
    receipts = kept(await sitter.post_form(*pictures, said=said))["captures"]
    codes = [one.get("code") for one in receipts]
    assert codes == [None, "bad_digest", *["bad_metadata"] * 4, "bad_image"]
    assert all(one["reason"] for one in receipts[1:])
    assert [one["kept"] for one in receipts] == [True] + [False] * 6
    assert len(files_of(store, sitter.session["id"])) == 1
    async with asyncio.timeout(5):
        while incoming_of(store, sitter.session["id"]):
            await asyncio.sleep(0.01)


async def test_a_form_without_a_good_file_is_refused(sitter: Sitter) -> None:
    refused(await sitter.post_form(), 422, "bad_capture")
    refused(await sitter.post_form(b"x", b"y"), 422, "bad_capture")
    assert await sitter.listed() == []


async def test_the_session_is_asked_for_before_a_file_is_read(sitter: Sitter, arrive: Arrive) -> None:
    for wrong in ("", "12", str(uuid4())):
        refused(await sitter.post_form(PICTURES[0], session_id=wrong), 404, "not_found")
    async with arrive() as other:
        refused(await other.post_form(PICTURES[0], session_id=sitter.session["id"]), 404, "not_found")
    async with arrive(checked=False) as early:
        refused(await early.post_form(PICTURES[0]), 409, "wrong_step")


async def test_a_login_that_ended_is_told_before_the_form_is_looked_at(
    sitter: Sitter, service: Service
) -> None:
    cookies = dict(sitter.client.cookies)
    kept(await sitter.client.post("/api/auth/logout"))
    sitter.client.cookies.update(cookies)
    refused(await sitter.post_form(PICTURES[0]), 401, "login_required")
    refused(await sitter.post_form(PICTURES[0], session_id="12"), 401, "login_required")
    post, url = sitter.client.post, "/api/camera/upload"
    refused(await post(url, json={"session_id": sitter.session["id"]}), 401, "login_required")
    refused(await post(url, files=[("capture_0", ("a.jpg", PICTURES[0]))]), 401, "login_required")
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    lines = ["Host: x", f"Cookie: {cookie}", "Content-Type: multipart/form-data; boundary=b"]
    head = f"POST {url} HTTP/1.1\r\n" + "\r\n".join([*lines, "Content-Length: 200000000"]) + "\r\n\r\n"
    writer.write(head.encode())
    assert b" 401 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_a_form_that_is_not_as_it_should_be_is_refused(sitter: Sitter, store: Path) -> None:
    session = sitter.session["id"]
    post, url = sitter.client.post, "/api/camera/upload"
    files = [("capture_0", ("a.jpg", PICTURES[0])), ("session_id", (None, session))]
    refused(await post(url, files=files), 400, "session_id_first")
    refused(await post(url, json={"session_id": session}), 415, "unsupported_type")
    refused(await post(url, data={"session_id": session}), 415, "unsupported_type")
    form = {"Content-Type": "multipart/form-data"}
    refused(await post(url, content=b"x", headers=form), 400, "bad_request")
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    refused(await post(url, content=b"no form", headers=form), 400, "bad_request")
    refused(await post(url, content=b"", headers=form), 400, "bad_request")
    refused(await post(url, content=b"--b--\r\n", headers=form), 400, "session_id_first")
    refused(await sitter.post_form(*[PICTURES[0]] * 21), 413, "too_many_files")
    refused(await sitter.post_form(PICTURES[0], bytes(513 * KIB)), 413, "too_large")
    assert len(kept(await sitter.post_form(*[PICTURES[0]] * 20))["captures"]) == 20
    assert len(files_of(store, session)) == 20


async def test_a_form_cut_off_in_the_middle_keeps_nothing(sitter: Sitter, store: Path) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="session_id"\r\n\r\n' + sitter.session["id"].encode()
    body += b'\r\n--b\r\nContent-Disposition: form-data; name="capture_0"; filename="a"\r\n\r\n' + PICTURES[0]
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    refused(await sitter.client.post("/api/camera/upload", content=body, headers=form), 400, "bad_request")
    kept(await sitter.client.post("/api/camera/upload", content=body + b"\r\n--b--", headers=form))
    assert len(files_of(store, sitter.session["id"])) == 1


async def test_captures_of_many_forms_at_once_are_all_there(sitter: Sitter, store: Path) -> None:
    """D5: the predecessor lost captures of requests that came at the same time."""
    forms = [[{"capture_id": str(uuid4())} for _ in PICTURES] for _ in range(12)]
    replies = await asyncio.gather(*(sitter.post_form(*PICTURES, said=said) for said in forms))
    for reply in replies:
        assert len(kept(reply)["captures"]) == 3
    listed = {one["id"] for one in await sitter.listed()}
    assert listed == {str(one["capture_id"]) for said in forms for one in said}
    assert len(files_of(store, sitter.session["id"])) == 36


async def test_a_file_name_is_kept_for_its_receipt_and_is_no_path(
    sitter: Sitter, rows: Rows, store: Path
) -> None:
    """D8: the predecessor put the user's name into the path of a file."""
    name = "../../canary \\ päth.jpg"
    files = [("session_id", (None, sitter.session["id"])), ("capture_0", (name, PICTURES[0]))]
    (receipt,) = kept(await sitter.client.post("/api/camera/upload", files=files))["captures"]
    assert "canary" in receipt["filename"]
    row = await rows.capture(receipt["id"])
    assert row is not None
    assert "canary" not in row["store_key"]
    assert [path.parent.name for path in files_of(store, sitter.session["id"])] == [sitter.session["id"]]
