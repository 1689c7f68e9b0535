"""What the document says beside what it reads off the routes: bodies that are no JSON, headers, what replies hold."""

from __future__ import annotations

from typing import Any

from quart_assessment.camera.routes import MOST_LISTED

Schema = dict[str, Any]
PICTURES = ("image/jpeg", "image/png", "image/webp")
_BYTES: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
_S = "/api/sessions/{session_id}"

BODIES: dict[str, Schema] = {
    f"{_S}/captures/{{capture_id}}": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "contentMediaType": kind}} for kind in PICTURES},
    },
}
for _path in ("/api/camera/upload", "/assessment/camera/upload"):
    BODIES[_path] = {
        "required": True,
        "description": "session_id first, then capture_N and metadata_N in any order",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["session_id"],
                    "properties": {
                        "session_id": {"type": "string", "format": "uuid"},
                        "capture_0": _BYTES,
                        "metadata_0": {"type": "string", "contentMediaType": "application/json"},
                    },
                    "patternProperties": {"^capture_": _BYTES, "^metadata_": {"type": "string"}},
                }
            }
        },
    }


def _parameter(place: str, name: str, said: str, **schema: object) -> Schema:
    return {"in": place, "name": name, "description": said, "schema": schema}


PARAMETERS: dict[str, list[Schema]] = {
    f"{_S}/captures/{{capture_id}}": [
        _parameter("header", "Content-Digest", "sha-256=:BASE64: (RFC 9530)", type="string"),
        _parameter("header", "Capture-Metadata", "a JSON object in ASCII, at most 2 KiB", type="string"),
    ],
    f"{_S}/captures": [
        _parameter("query", "limit", "at most so many", type="integer", minimum=1, maximum=MOST_LISTED),
        _parameter("query", "cursor", "the next_cursor of the page before", type="string", format="uuid"),
    ],
    f"{_S}/chat/turns/{{message_id}}/events": [
        _parameter("header", "Last-Event-ID", "the id of the last event that was read", type="string"),
    ],
}
"""What a call takes beside its path and its body."""

STREAMS = {f"{_S}/chat/start", f"{_S}/chat/turns", f"{_S}/chat/turns/{{message_id}}/events"}
FILES = {"/api/admin/sessions/{session_id}/captures/{capture_id}/file"}

DATA: dict[str, dict[str, tuple[str, ...]]] = {
    "/api/auth/login": {"post": ("user",)},
    "/api/auth/register": {"post": ("user",), "get": ("open",)},
    "/api/auth/invitation": {"post": ("user",)},
    "/api/auth/me": {"get": ("user", "studies")},
    "/api/sessions": {"post": ("session",), "get": ("sessions",)},
    _S: {"get": ("session",)},
    **{
        f"{_S}/{verb}": {"post": ("session",)}
        for verb in ("consent", "camera-check", "open", "withdraw", "abandon", "restart", "complete")
    },
    f"{_S}/phq/start": {"post": ("started_at",)},
    f"{_S}/phq": {"get": ("assessment_id", "instrument", "scale", "questions", "responses", "completed_at")},
    f"{_S}/phq/responses": {"post": ("responses", "answered", "total")},
    f"{_S}/phq/responses/{{question_id}}": {
        "put": ("question_id", "value", "version", "stale", "saved_at", "answered", "total")
    },
    f"{_S}/phq/complete": {"post": ("completed_at",)},
    f"{_S}/phq/score": {"get": ("score",)},
    f"{_S}/chat": {"get": ("assessment_id", "ended", "end_reason", "min_turns", "max_turns", "turns")},
    f"{_S}/chat/turns/{{message_id}}/timing": {"put": ("message_id",)},
    f"{_S}/chat/complete": {"post": ("ended", "end_reason", "completed_at")},
    f"{_S}/camera/settings": {"get": ("recording_mode", "interval_seconds", "version")},
    f"{_S}/captures/{{capture_id}}": {"put": ("capture",)},
    f"{_S}/captures/expected": {"post": ("expected", "received")},
    f"{_S}/captures": {"get": ("captures", "next_cursor")},
    f"{_S}/captures/batch": {"post": ("linked", "captures")},
    f"{_S}/captures/link": {"post": ("linked", "captures")},
    "/api/camera/upload": {"post": ("captures", "message")},
    "/assessment/camera/upload": {"post": ("captures", "message")},
    "/api/admin/sessions": {"get": ("sessions", "next_cursor")},
    "/api/admin/sessions/{session_id}": {
        "get": ("session", "participant", "answers", "score", "turns", "captures", "alerts", "events")
    },
    "/api/admin/sessions/{session_id}/fail": {"post": ("session",)},
    "/api/admin/alerts": {"get": ("alerts", "next_cursor")},
    "/api/admin/alerts/{alert_id}/acknowledge": {"post": ("alert",)},
}


def kept_reply(path: str, verb: str) -> Schema:
    """Give the description of a call's reply when what was sent is kept."""
    if path in STREAMS:
        return {
            "description": "The turn's events",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    if path in FILES:
        return {"description": "The picture", "content": {kind: {"schema": _BYTES} for kind in PICTURES}}
    names = DATA.get(path, {}).get(verb, ())
    data: Schema = {"type": "object", "required": list(names), "properties": {name: {} for name in names}}
    shape: Schema = {
        "type": "object",
        "required": ["status", "data"],
        "properties": {"status": {"const": "OLKORECT"}, "data": data},
    }
    return {"description": "Kept", "content": {"application/json": {"schema": shape}}}
