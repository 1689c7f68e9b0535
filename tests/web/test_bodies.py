"""JSON bodies: what is read, what is refused, and in which order."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from tests.ground.house import House
from tests.ground.participant import Participant, kept, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
BAD_JSON = (
    b"{",
    b"x",
    b"{'a': 1}",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": 1e999}',
    b'{"a": "\\ud800"}',
    b'{"a": "\xff"}',
    b'\xef\xbb\xbf{"a": 1}',
    b'{"a": 1} {}',
    b'{"a": 1,}',
    b'{"a": "\t"}',
    b'{"a": "\x00"}',
    b"\x00",
    b"[" * 3000,
    b'{"a":' * 500 + b"1" + b"}" * 500 + b"x",
    b'{"a": 01}',
)
NO_OBJECT = (b"[]", b"null", b"1", b'"text"', b"true", b"[{}]")


@pytest_asyncio.fixture(loop_scope="module")
async def someone(house: House) -> Participant:
    made = await house.come(await house.study(slug="bodies", presentation={"order": "phq_first"}))
    await made.arrive()
    return made


async def sent_to(someone: Participant, raw: bytes, **headers: str) -> httpx.Response:
    headers = {"Content-Type": "application/json"} | headers
    return await someone.client.post(f"{someone.path}/open", content=raw, headers=headers)


async def in_pieces(raw: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), 7):
        yield raw[start : start + 7]


@pytest.mark.parametrize("raw", BAD_JSON, ids=lambda raw: repr(raw[:20]))
async def test_what_is_not_json(house: House, someone: Participant, raw: bytes) -> None:
    refused(await sent_to(someone, raw), 400, "bad_json")
    login = await someone.client.post(
        "/api/auth/login", content=raw, headers={"Content-Type": "application/json"}
    )
    refused(login, 400, "bad_json")


@pytest.mark.parametrize("raw", NO_OBJECT)
async def test_json_that_is_no_object(house: House, someone: Participant, raw: bytes) -> None:
    refused(await sent_to(someone, raw), 400, "bad_request")


@pytest.mark.parametrize("raw", [b"", b"  ", b"\n"])
async def test_an_empty_body_counts_as_an_empty_object(
    house: House, someone: Participant, raw: bytes
) -> None:
    refused(await sent_to(someone, raw), 422, "invalid")
    kept(await someone.client.post(f"{someone.path}/phq/start", content=raw))
    kept(await someone.client.post(f"{someone.path}/restart", content=raw), 201)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
async def test_another_content_type(house: House, someone: Participant, kind: str) -> None:
    raw = json.dumps({"page_id": str(uuid4())}).encode()
    refused(await sent_to(someone, raw, **{"Content-Type": kind}), 415, "unsupported_type")
    refused(
        await someone.client.post(f"{someone.path}/phq/start", content=raw, headers={"Content-Type": kind}),
        415,
        "unsupported_type",
    )


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", ""])
async def test_json_by_any_of_its_names(house: House, someone: Participant, kind: str) -> None:
    raw = json.dumps({"page_id": str(uuid4())}).encode()
    kept(await sent_to(someone, raw, **{"Content-Type": kind}))


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "identity, gzip"])
async def test_a_compressed_body(house: House, someone: Participant, coding: str) -> None:
    raw = json.dumps({"page_id": str(uuid4())}).encode()
    refused(await sent_to(someone, raw, **{"Content-Encoding": coding}), 415, "unsupported_type")
    headers = {"Content-Encoding": coding}
    refused(
        await someone.client.post("/api/auth/logout", content=raw, headers=headers), 415, "unsupported_type"
    )
    kept(await sent_to(someone, raw, **{"Content-Encoding": "identity"}))


async def test_unknown_fields_are_ignored_and_null_counts_as_absent(
    house: House, someone: Participant
) -> None:
    page = str(uuid4())
    body = {"page_id": page, "more": {"deep": [None]}, "\0": "\0"}
    assert kept(await someone.client.post(f"{someone.path}/open", json=body))["session"]["page_id"] == page
    refused(await someone.client.post(f"{someone.path}/open", json={"page_id": None}), 422, "invalid")
    question = (await someone.questions())[0]["id"]
    kept(
        await someone.save(
            question, 1, session_ms=None, client_time=None, response_time_ms=None, help_shown=None
        )
    )
    kept(await someone.client.post(f"{someone.path}/restart", json={"id": None, "part": None}), 201)


async def test_of_a_field_given_twice_the_last_counts(house: House, someone: Participant) -> None:
    first, last = str(uuid4()), str(uuid4())
    raw = f'{{"page_id": "{first}", "page_id": "{last}"}}'.encode()
    assert kept(await sent_to(someone, raw))["session"]["page_id"] == last


async def test_a_chunked_body_is_as_good(house: House, someone: Participant) -> None:
    page = str(uuid4())
    raw = json.dumps({"page_id": page}).encode()
    reply = await someone.client.post(
        f"{someone.path}/open", content=in_pieces(raw), headers={"Content-Type": "application/json"}
    )
    assert kept(reply)["session"]["page_id"] == page


def padded(body: object, size: int) -> bytes:
    raw = json.dumps(body).encode()
    return raw + b" " * (size - len(raw))


@pytest.mark.parametrize("chunked", [False, True])
async def test_the_limit_of_an_answer_is_4_kib(house: House, someone: Participant, chunked: bool) -> None:
    question = (await someone.questions())[0]["id"]
    path = f"{someone.path}/phq/responses/{question}"
    for size, status in ((4096, 200), (4097, 413)):
        raw = padded({"value": 1, "version": 1}, size)
        reply = await someone.client.put(path, content=in_pieces(raw) if chunked else raw)
        assert reply.status_code == status, reply.text
    refused(reply, 413, "too_large")


@pytest.mark.parametrize("chunked", [False, True])
async def test_the_limit_of_several_answers_is_64_kib(
    house: House, someone: Participant, chunked: bool
) -> None:
    question = (await someone.questions())[0]["id"]
    for size, status in ((65536, 200), (65537, 413)):
        raw = padded({"responses": [{"question_id": question, "value": 1, "version": 1}]}, size)
        reply = await someone.client.post(
            f"{someone.path}/phq/responses", content=in_pieces(raw) if chunked else raw
        )
        assert reply.status_code == status, reply.text


async def test_a_hundred_answers_at_once_and_no_more(house: House, someone: Participant) -> None:
    for count, code in ((0, "invalid"), (101, "invalid")):
        answers = [{"question_id": str(uuid4()), "value": 1, "version": 1} for _ in range(count)]
        reply = await someone.client.post(f"{someone.path}/phq/responses", json={"responses": answers})
        refused(reply, 422, code)


async def test_the_form_is_looked_at_before_the_login_and_the_session(
    house: House, someone: Participant
) -> None:
    """Small bodies of participants: 400, 413, 415 and 422 of form, then 401 of an ended login, 404, 409."""
    question = (await someone.questions())[0]["id"]
    good = {"value": 1, "version": 1}
    targets = {
        "own": f"{someone.path}/phq/responses/{question}",
        "unknown question": f"{someone.path}/phq/responses/{uuid4()}",
        "malformed question": f"{someone.path}/phq/responses/none",
        "unknown session": f"/api/sessions/{uuid4()}/phq/responses/{question}",
        "malformed session": f"/api/sessions/none/phq/responses/{question}",
    }

    async def look(expected: dict[str, tuple[int, str]]) -> None:
        for name, path in targets.items():
            refused(await someone.client.put(path, content=b"{"), 400, "bad_json")
            refused(await someone.client.put(path, content=b"x" * 5000), 413, "too_large")
            refused(await someone.client.put(path, json={"value": "1"}), 422, "invalid")
            refused(await someone.client.put(path, json=good), *expected[name])

    not_there = dict.fromkeys(targets, (404, "not_found"))
    await someone.post("abandon")
    await look(not_there | {"own": (409, "session_ended")})
    refused(await someone.save(question, 9), 409, "session_ended")
    await house.rows("UPDATE logins SET ended_at = now()")
    await look(dict.fromkeys(targets, (401, "login_required")))


async def test_staff_learn_of_their_rights_before_their_body_is_read(
    house: House, someone: Participant
) -> None:
    study = await house.study(slug="bodies", presentation={"order": "phq_first"})
    fail = f"/api/admin{someone.path.removeprefix('/api')}/fail"
    refused(await someone.client.post(fail, content=b"{"), 403, "forbidden")
    stranger = await house.staff("researcher")
    refused(await stranger.post(fail, content=b"{"), 404, "not_found")
    researcher = await house.staff("researcher", study)
    for path in (f"/api/admin/sessions/{uuid4()}/fail", "/api/admin/sessions/none/fail"):
        refused(await researcher.post(path, content=b"{"), 404, "not_found")
    for path in (f"/api/admin/alerts/{uuid4()}/acknowledge", "/api/admin/alerts/none/acknowledge"):
        refused(await researcher.post(path, content=b"{"), 404, "not_found")
    refused(await researcher.post(fail, content=b"{"), 400, "bad_json")
    refused(await researcher.post(fail, json={}), 422, "invalid")
    kept(await researcher.post(fail, json={"reason": "a fault"}))
    kept(await researcher.post(fail, content=b"{"))
    await someone.start()
    await someone.post("abandon")
    refused(
        await researcher.post(f"/api/admin/sessions/{someone.session['id']}/fail", content=b"{"),
        409,
        "session_ended",
    )


NUL = "a\0b"


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("consent", {"consent_version": 1, "accepted": True, "scopes": [NUL]}, 422),
        ("camera-check", {"ok": False, "reason": NUL}, 422),
        ("withdraw", {"scopes": [NUL]}, 422),
        ("withdraw", {"scopes": NUL}, 422),
        ("abandon", {"reason": NUL}, 422),
        ("restart", {"part": NUL}, 422),
        ("open", {"page_id": NUL}, 422),
        ("chat/turns", {"message_id": str(uuid4()), "message": NUL}, 422),
        ("captures/batch", {"assessment_id": str(uuid4()), "filenames": [NUL]}, 422),
    ],
)
async def test_a_nul_character_in_a_text(
    house: House, verb: str, body: dict[str, object], status: int
) -> None:
    made = await house.come(await house.study(slug="nul"))
    await made.start()
    if verb != "consent":
        await made.agree()
    reply = await made.client.post(f"{made.path}/{verb}", json=body)
    assert reply.status_code in (status, 409), reply.text
    if reply.status_code == 409:
        refused(reply, 409, "wrong_step")


@pytest.mark.parametrize("body", [{"study": NUL}, {"language": NUL}, {"id": NUL}])
async def test_a_nul_character_in_a_start(house: House, body: dict[str, object]) -> None:
    made = await house.come(await house.study(slug="nul"))
    reply = await made.client.post("/api/sessions", json=body)
    assert reply.status_code in (404, 422), reply.text


async def test_a_nul_character_from_staff(house: House, someone: Participant) -> None:
    admin = await house.staff("admin")
    for name in ("study", "participant", "state", "cursor", "limit"):
        refused(await admin.get("/api/admin/sessions", params={name: NUL}), 422, "invalid")
    for name in ("state", "cursor", "limit"):
        refused(await admin.get("/api/admin/alerts", params={name: NUL}), 422, "invalid")
    refused(await admin.post(f"/api/admin{someone.path[4:]}/fail", json={"reason": NUL}), 422, "invalid")


@pytest.mark.parametrize("number", [10**18, 10**19, 10**30, -(10**18), 1e300, 2**63, 2**53])
async def test_a_huge_number_is_refused_or_kept_but_no_fault(
    house: House, someone: Participant, number: float
) -> None:
    question = (await someone.questions())[0]["id"]
    for name in ("value", "version", "response_time_ms", "session_ms", "help_shown"):
        body = {"value": 1, "version": 1} | {name: number}
        reply = await someone.client.put(f"{someone.path}/phq/responses/{question}", json=body)
        refused(reply, 422, "invalid")
    reply = await someone.client.post(
        f"{someone.path}/consent", json={"consent_version": number, "accepted": True, "scopes": []}
    )
    assert reply.status_code in (200, 422)


@pytest.mark.parametrize(
    "client_time",
    [
        "yesterday",
        "2026-01-01T00:00:00",
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:59-23:00",
        "2026-13-01T00:00:00Z",
        5,
        True,
        "\0" * 24,
    ],
)
async def test_a_time_that_is_none(house: House, someone: Participant, client_time: object) -> None:
    question = (await someone.questions())[0]["id"]
    refused(await someone.save(question, 1, client_time=client_time), 422, "invalid")


async def test_a_refusal_names_fields_and_repeats_nothing_of_what_was_sent(
    house: House, someone: Participant
) -> None:
    canary = "canary-words-of-a-person"
    for path, body in (
        ("open", {"page_id": canary}),
        ("consent", {"consent_version": canary, "accepted": canary, "scopes": canary, canary: canary}),
        ("withdraw", {"scopes": [canary, {"x": canary}]}),
        ("abandon", {"reason": [canary]}),
        ("restart", {"part": canary}),
        ("phq/responses", {"responses": [{canary: canary, "question_id": canary}]}),
    ):
        reply = await someone.client.post(f"{someone.path}/{path}", json=body)
        details = refused(reply, 422, "invalid")["details"]
        assert details
        assert all(set(one) == {"field", "problem"} for one in details)
        assert canary not in reply.text
