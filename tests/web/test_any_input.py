"""Whatever is sent to a JSON route, the answer is one of ours and never a fault of ours."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from quart_assessment.accounts import schemas as accounts_schemas
from quart_assessment.camera import schemas as camera_schemas
from quart_assessment.chat import schemas as chat_schemas
from quart_assessment.journey import schemas as journey_schemas
from quart_assessment.phq import schemas as phq_schemas
from quart_assessment.web.body import Form
from tests.ground.house import House
from tests.ground.participant import Data, Participant, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
S = "/api/sessions/{session}"
ROUTES = [
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/register"),
    ("GET", "/api/auth/register"),
    ("POST", "/api/auth/invitation"),
    ("GET", "/api/auth/me"),
    ("POST", "/api/sessions"),
    ("GET", "/api/sessions"),
    ("GET", S),
    *(
        ("POST", f"{S}/{verb}")
        for verb in (
            "consent",
            "camera-check",
            "open",
            "withdraw",
            "abandon",
            "restart",
            "complete",
            "phq/start",
            "phq/responses",
            "phq/complete",
            "chat/start",
            "chat/turns",
            "chat/complete",
            "captures/expected",
            "captures/batch",
            "captures/link",
        )
    ),
    ("GET", f"{S}/phq"),
    ("GET", f"{S}/phq/score"),
    ("PUT", f"{S}/phq/responses/{{question}}"),
    ("PUT", f"{S}/phq/responses/{{question}}"),
    ("GET", f"{S}/chat"),
    ("GET", f"{S}/chat/turns/{{any}}/events"),
    ("PUT", f"{S}/chat/turns/{{any}}/timing"),
    ("GET", f"{S}/captures"),
    ("GET", f"{S}/camera/settings"),
    ("PUT", f"{S}/captures/{{any}}"),
    ("POST", "/api/camera/upload"),
    ("POST", "/assessment/camera/upload"),
    ("GET", "/api/admin/sessions"),
    ("GET", "/api/admin/sessions/{session}"),
    ("GET", "/api/admin/sessions/{session}/captures/{any}/file"),
    ("POST", "/api/admin/sessions/{session}/fail"),
    ("GET", "/api/admin/alerts"),
    ("POST", "/api/admin/alerts/{any}/acknowledge"),
]


def _fields() -> list[str]:
    rooms = (accounts_schemas, camera_schemas, chat_schemas, journey_schemas, phq_schemas)
    forms = [
        one
        for room in rooms
        for one in vars(room).values()
        if isinstance(one, type) and issubclass(one, Form)
    ]
    return sorted({name for form in forms for name in form.model_fields})


KNOWN = _fields()
WORDS = [
    "all",
    "phq",
    "chat",
    "PHQ",
    "LLM",
    "questionnaire",
    "camera",
    "MANUAL",
    "en",
    "x",
    "",
    "\0",
    "\u202e",
    "\U0001f600",
]
ID = "an id of the session"
QUESTION = "a question of the session"
texts = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=40),
    st.sampled_from([ID, QUESTION]),
    st.uuids().map(str),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.integers(1, 9000).map(lambda length: "x" * length),
)
numbers = st.one_of(
    st.integers(-3, 5),
    st.integers(-(2**70), 2**70),
    st.sampled_from([2**15, 2**31 - 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63) - 1]),
    st.floats(allow_nan=False, allow_infinity=False),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KNOWN), texts), inner, max_size=4),
    ),
    max_leaves=12,
)
answers = st.fixed_dictionaries(
    {"value": st.one_of(st.integers(-1, 4), scalars), "version": st.one_of(st.integers(1, 9), scalars)},
    optional=dict.fromkeys(("session_ms", "client_time", "response_time_ms", "help_shown"), scalars)
    | {"question_id": st.sampled_from([QUESTION, ID, "x"])},
)
objects = st.one_of(
    st.dictionaries(st.sampled_from(KNOWN), values, max_size=8),
    answers,
    st.fixed_dictionaries({"responses": st.lists(answers, max_size=3)}),
)
bodies = st.one_of(objects, objects, values)
places = st.one_of(
    st.just(ID),
    st.just(ID),
    st.just(QUESTION),
    st.uuids().map(str),
    st.text(min_size=1, max_size=40),
    st.sampled_from(["%", "..", "\0"]),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callers(house: House) -> dict[str, Any]:
    study = await house.study(slug="any", presentation={"order": "phq_first", "visits": 10_000})
    return {
        "participant": await house.come(study),
        "staff": await house.staff("admin", study),
        "nobody": house.client(),
    }


async def open_session(someone: Participant) -> Data:
    """Give a session that is open, so that no earlier input decides what the next one finds."""
    if someone.session:
        await someone.refresh()
    if not someone.session or someone.session["next_step"] in (None, "complete"):
        if someone.session and someone.session["next_step"] == "complete":
            await someone.post("complete", missing_ok=True)
        reply = await someone.client.post("/api/sessions", json={})
        if reply.status_code == 409:
            open_id = refused(reply, 409, "session_open")["details"][0]["problem"]
            reply = await someone.client.get(f"/api/sessions/{open_id}")
        someone.session = reply.json()["data"]["session"]
    if someone.session["next_step"] == "consent":
        await someone.agree()
    if someone.session["next_step"] == "camera_check":
        await someone.post("camera-check", ok=True)
    return someone.session


def put_in(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, str):
        return ids.get(value, value)
    if isinstance(value, list):
        return [put_in(one, ids) for one in value]
    if isinstance(value, dict):
        return {name: put_in(one, ids) for name, one in value.items()}
    return value


def check(reply: Any, what: object) -> None:
    assert reply.status_code < 500 or reply.status_code == 503, (what, reply.text)
    assert reply.status_code != 503 or what[1].endswith(("/chat/start", "/chat/turns")), (what, reply.text)  # type: ignore[index]
    kind = reply.headers["Content-Type"].partition(";")[0]
    if kind == "text/event-stream":
        assert reply.status_code == 200
        return
    assert kind == "application/json", (what, reply.text)
    body = reply.json()
    if reply.status_code < 300:
        assert body["status"] == "OLKORECT"
        assert isinstance(body["data"], dict)
    else:
        assert body["status"] == "SNAFU", body
        assert body["request_id"] == reply.headers["X-Request-ID"]
        assert set(body) <= {"status", "error", "code", "details", "help", "request_id"}


@settings(max_examples=500)
@given(
    route=st.sampled_from(ROUTES),
    body=bodies,
    session=places,
    other=places,
    who=st.sampled_from(["participant"] * 6 + ["staff"] * 2 + ["nobody"]),
)
async def test_any_json_for_any_route(
    house: House,
    callers: dict[str, Any],
    route: tuple[str, str],
    body: Any,
    session: str,
    other: str,
    who: str,
) -> None:
    someone: Participant = callers["participant"]
    ours = await open_session(someone)
    ids = {ID: ours["id"], QUESTION: callers.get("question", str(uuid4()))}
    if "question" not in callers or callers["of"] != ours["phq"]["assessment_id"]:
        callers |= {"question": (await someone.questions())[0]["id"], "of": ours["phq"]["assessment_id"]}
    method, path = route
    path = path.format(
        session=quote(ids.get(session, session), safe=""), question="{question}", any=quote(other, safe="")
    )
    path = path.replace("{question}", quote(ids.get(QUESTION if other == ID else other, other), safe=""))
    client = someone.client if who == "participant" or path == "/api/auth/invitation" else callers[who]
    if path.startswith("/api/auth/"):
        client = callers["nobody"]
    raw = json.dumps(put_in(body, ids)).encode()
    reply = await client.request(method, path, content=raw, headers={"Content-Type": "application/json"})
    check(reply, (method, path, raw))


@settings(max_examples=150)
@given(
    route=st.sampled_from(ROUTES),
    raw=st.binary(max_size=200),
    kind=st.text('aplicton/json;="mutrfd- ', max_size=40),
)
async def test_any_bytes_of_any_type(
    house: House, callers: dict[str, Any], route: tuple[str, str], raw: bytes, kind: str
) -> None:
    someone: Participant = callers["participant"]
    ours = await open_session(someone)
    method, path = route
    path = path.format(session=ours["id"], question=uuid4(), any=uuid4())
    reply = await someone.client.request(method, path, content=raw, headers={"Content-Type": kind})
    check(reply, (method, path, raw))


@settings(max_examples=150)
@given(
    path=st.sampled_from(["/api/admin/sessions", "/api/admin/alerts", f"{S}/captures"]),
    query=st.dictionaries(
        st.sampled_from(["study", "participant", "state", "cursor", "limit", "x"]), texts, max_size=4
    ),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "Last-Event-ID",
                "Range",
                "Capture-Metadata",
                "Content-Digest",
                "Origin",
                "Host",
                "Cookie",
                "Accept",
            ]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40),
        max_size=3,
    ),
)
async def test_any_query_and_headers(
    house: House, callers: dict[str, Any], path: str, query: dict[str, str], headers: dict[str, str]
) -> None:
    ours = await open_session(callers["participant"])
    client = callers["participant"].client if path.startswith(S) else callers["staff"]
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    reply = await client.get(path.format(session=ours["id"]), params=query, headers=encoded)
    check(reply, ("GET", path, query, headers))


async def test_the_routes_tried_are_all_there_are(house: House) -> None:
    tried = {(method, path) for method, path in ROUTES}
    names = {"session_id": "{session}", "question_id": "{question}"}
    for rule in house.app.url_map.iter_rules():
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<{argument}>", names.get(argument, "{any}"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if path.startswith(("/api", "/assessment")) and path != "/api/auth/logout":
                assert (method, path) in tried
