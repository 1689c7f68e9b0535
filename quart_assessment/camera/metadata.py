"""What a client says of a picture: its trigger, its time, what it goes with. Read leniently."""

from __future__ import annotations

import base64
import binascii
import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from quart_assessment.camera.problems import BadDigest, BadMetadata
from quart_assessment.camera.triggers import DEFAULT_TRIGGER, named_trigger
from quart_assessment.settings import KIB
from quart_assessment.web.fields import Id, Milliseconds, Moment

METADATA_BYTES = 2 * KIB
MOST_TIMINGS = 32
LONGEST_NAME = 64
SHA256_BYTES = 32

Value = TypeVar("Value")
_ID: TypeAdapter[UUID] = TypeAdapter(Id)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
_MILLISECONDS: TypeAdapter[int] = TypeAdapter(Milliseconds)
_DIGEST = re.compile(r"^\s*([a-zA-Z0-9*_.-]+)\s*=\s*:([A-Za-z0-9+/=]*):\s*$")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The description of one picture; `session_ms` is the client's estimate on the session's clock.

    `sha256` holds every digest the client gave (32 bytes each); the picture must have each of them.
    """

    trigger: str = DEFAULT_TRIGGER
    capture_id: UUID | None = None
    client_time: datetime | None = None
    session_ms: int | None = None
    question_id: UUID | None = None
    message_id: UUID | None = None
    sha256: frozenset[bytes] = frozenset()
    timing: dict[str, float] = field(default_factory=dict)


def parse_metadata(raw: bytes) -> Metadata:
    """Read the JSON description of a picture; an empty one counts as {}.

    A reference, time or timing that is none is left out; a capture_id must be a UUID: retries rely on it.

    Raises:
        BadMetadata: no JSON object, more than METADATA_BYTES, an unknown trigger or an id that is none.
    """
    if len(raw) > METADATA_BYTES:
        raise BadMetadata
    try:
        given = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError:
        raise BadMetadata from None
    if not isinstance(given, dict):
        raise BadMetadata
    capture_id = _valid(_ID, given.get("capture_id"))
    if capture_id is None and given.get("capture_id") is not None:
        raise BadMetadata
    return Metadata(
        trigger=_trigger(given.get("trigger")),
        capture_id=capture_id,
        client_time=_valid(_MOMENT, given.get("client_time")),
        session_ms=_valid(_MILLISECONDS, given.get("session_ms"), strict=True),
        question_id=_valid(_ID, given.get("question_id")) or _valid(_ID, given.get("phq_response_id")),
        message_id=_valid(_ID, given.get("message_id")) or _valid(_ID, given.get("llm_conversation_id")),
        sha256=_hex_digest(given.get("sha256")),
        timing=_timing(given.get("timing")),
    )


def measurements_of(given: dict[str, Any]) -> dict[str, float]:
    """Read what was measured of several pictures at once: the numbers of the object, and of its `timing`.

    Raises:
        BadMetadata: it takes more than METADATA_BYTES.
    """
    if len(orjson.dumps(given)) > METADATA_BYTES:
        raise BadMetadata
    inner = given.get("timing")
    return _timing(given | inner if isinstance(inner, dict) else given)


def _valid(kind: TypeAdapter[Value], value: object, *, strict: bool = False) -> Value | None:
    if value is None:
        return None
    try:
        return kind.validate_python(value, strict=strict)
    except ValidationError:
        return None


def _trigger(value: object) -> str:
    trigger = named_trigger(value) if isinstance(value, str) or value is None else None
    if trigger is None:
        raise BadMetadata
    return trigger


def _hex_digest(value: object) -> frozenset[bytes]:
    if value is None:
        return frozenset()
    # One that is no SHA-256 is kept as it is: no picture has it, and bad_digest says so.
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        return frozenset({b""})
    return frozenset({bytes.fromhex(value)})


def _timing(value: object) -> dict[str, float]:
    if not isinstance(value, dict):
        return {}
    numbers = {
        name: number
        for name, number in value.items()
        if len(name) <= LONGEST_NAME
        and "\0" not in name
        and isinstance(number, (int, float))
        and not isinstance(number, bool)
        and math.isfinite(number)
    }
    return dict(list(numbers.items())[:MOST_TIMINGS])


def content_digests(header: str | None) -> frozenset[bytes]:
    """Give the SHA-256 digests of a Content-Digest header (RFC 9530); other algorithms are not looked at.

    Raises:
        BadDigest: the header is none, or a SHA-256 in it is none.
    """
    digests = set()
    for member in header.split(",") if header else ():
        found = _DIGEST.match(member)
        if found is None:
            raise BadDigest
        if found[1].lower() == "sha-256":
            try:
                digest = base64.b64decode(found[2], validate=True)
            except binascii.Error:
                raise BadDigest from None
            if len(digest) != SHA256_BYTES:
                raise BadDigest
            digests.add(digest)
    return frozenset(digests)
