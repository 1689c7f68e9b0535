"""What clients say of their pictures."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_assessment.camera.metadata import Metadata, content_digests, parse_metadata
from quart_assessment.camera.problems import BadDigest, BadMetadata

ID = UUID("018f0000-0000-7000-8000-000000000001")
DIGEST = hashlib.sha256(b"picture").digest()


def parsed(**given: object) -> Metadata:
    return parse_metadata(orjson.dumps(given))


def test_nothing_said_is_a_manual_picture() -> None:
    for raw in (b"", b" ", b"{}", b'{"trigger":null,"capture_id":null,"timing":null}'):
        assert parse_metadata(raw) == Metadata(trigger="MANUAL")


def test_everything_said_is_read() -> None:
    said = parsed(
        trigger="Button_Click",
        capture_id=str(ID),
        client_time="2026-11-20T10:00:00.123+01:00",
        session_ms=1234,
        timing={"shutter_ms": 12, "encode_ms": 3.5},
        sha256=DIGEST.hex().upper(),
        question_id=str(ID),
        message_id=str(ID),
    )
    assert said == Metadata(
        trigger="BUTTON_CLICK",
        capture_id=ID,
        client_time=datetime(2026, 11, 20, 9, 0, 0, 123000, tzinfo=UTC),
        session_ms=1234,
        question_id=ID,
        message_id=ID,
        sha256=frozenset({DIGEST}),
        timing={"shutter_ms": 12, "encode_ms": 3.5},
    )


def test_old_names_of_references_are_understood() -> None:
    said = parsed(phq_response_id=str(ID), llm_conversation_id=str(ID))
    assert (said.question_id, said.message_id) == (ID, ID)


@pytest.mark.parametrize(
    "raw",
    [
        *(b"{", b"[]", b"3", b"null x", b'"text"', b"\xff"),
        *(b'{"trigger":"BLINK"}', b'{"trigger":3}', b'{"trigger":""}'),
        *(b'{"capture_id":"capture_1"}', b'{"capture_id":7}', b'{"a":"' + b"x" * 2048 + b'"}'),
    ],
)
def test_what_cannot_be_read_is_bad_metadata(raw: bytes) -> None:
    with pytest.raises(BadMetadata):
        parse_metadata(raw)


def test_a_reference_that_is_none_refuses_no_frame() -> None:
    said = parsed(phq_response_id=12, message_id="turn 3", question_id={"a": 1}, llm_conversation_id=[])
    assert said == Metadata()


def test_a_time_that_is_none_refuses_no_frame() -> None:
    wrongs: tuple[object, ...] = ("yesterday", 12, "2026-11-20T10:00:00", True, [], 1.5, "1234", 2**60)
    for wrong in wrongs:
        said = parsed(client_time=wrong, session_ms=wrong if wrong != 12 else True)
        assert said == Metadata(), wrong


def test_timings_are_numbers_under_short_names() -> None:
    timing = {"a": 1, "b": "text", "c": True, "d": None, "e\0": 1, "f" * 65: 1, "g": {"h": 1}, "i": 2.5}
    assert parsed(timing=timing).timing == {"a": 1, "i": 2.5}
    assert len(parsed(timing={str(number): number for number in range(100)}).timing) == 32


def test_a_digest_that_is_none_matches_no_picture() -> None:
    for wrong in ("abc", 12, DIGEST.hex()[:-1], [DIGEST.hex()]):
        assert DIGEST not in parsed(sha256=wrong).sha256
        assert parsed(sha256=wrong).sha256


@given(st.binary(max_size=200))
def test_noise_is_refused_and_nothing_else(raw: bytes) -> None:
    try:
        parse_metadata(raw)
    except BadMetadata:
        return


SAID = base64.b64encode(DIGEST).decode()


def test_a_content_digest_is_read() -> None:
    for header in (f"sha-256=:{SAID}:", f"SHA-256 = :{SAID}: ", f"sha-512=:AAAA:, sha-256=:{SAID}:"):
        assert content_digests(header) == {DIGEST}
    assert content_digests(None) == content_digests("") == content_digests("sha-512=:AAAA:") == frozenset()


@pytest.mark.parametrize(
    "header", ["sha-256", "sha-256=abc", "sha-256=:abc:", "sha-256=:AAAA:", f"sha-256=:{SAID}"]
)
def test_a_content_digest_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(BadDigest):
        content_digests(header)
