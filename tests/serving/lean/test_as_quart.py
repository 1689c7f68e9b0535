"""What a client sees of an app is the same, whether plain Quart serves it or the lean parts."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.ground.ports import wait_until
from tests.serving.conftest import Server
from tests.serving.lean.trial_app import LIMIT

Client = httpx.Client


@pytest.fixture
def client(trial: Server) -> Iterator[Client]:
    with httpx.Client(base_url=trial.url, timeout=10) as made:
        made.get("/happened")
        yield made


def happened(client: Client) -> list[str]:
    found: list[str] = client.get("/happened").json()["happened"]
    return found


def spoken(trial: Server, *pieces: bytes, pause: float = 0.0, patience: float = 5.0) -> bytes:
    """Say something over a bare socket; gives all that came back until it was closed, or quiet for a moment."""
    heard = b""
    with socket.create_connection(("127.0.0.1", trial.port), timeout=patience) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        connection.settimeout(0.5)
        with suppress(TimeoutError):
            while data := connection.recv(65_536):
                heard += data
    return heard


def test_hooks_are_called_inwards_and_outwards(client: Client) -> None:
    reply = client.get("/inner/hooks")
    assert reply.json() == {"order": ["app before", "sync before", "inner before"]}
    assert reply.headers["X-Order"] == "app before,sync before,inner before,inner after,app after"
    assert happened(client) == ["inner teardown"]


def test_a_hook_that_replies_keeps_the_view_from_being_called(client: Client) -> None:
    reply = client.get("/inner/hooks?stop=1")
    assert (reply.status_code, reply.text) == (202, "stopped")
    assert reply.headers["X-Order"] == "app before,inner after,app after"


def test_hooks_at_the_end_hear_of_errors_that_nobody_handled(client: Client) -> None:
    assert client.get("/refused?note=1").status_code == 418
    assert client.get("/fault?note=1").status_code == 500
    assert happened(client) == ["teardown NoneType", "teardown NoneType"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/refused", 418, '{"refused":true}'),
        ("/nowhere", 404, '{"missing":"/nowhere"}'),
        ("/text/", 404, '{"missing":"/text/"}'),
        ("/uuid/none", 404, '{"missing":"/uuid/none"}'),
        ("/text/plain", 200, "text plain"),
        ("/text/fixed", 200, "fixed"),
        ("/text/a%20b%C3%A9", 200, "text a bé"),
        ("/text/7/x", 200, "number 7 x"),
        ("/text/a/x", 404, '{"missing":"/text/a/x"}'),
        ("/path/a/b/c", 200, "path a/b/c"),
        ("/uuid/01a213c7-0000-7000-8000-000000000000", 200, "UUID"),
        ("/folder/", 200, "/text/a%20b"),
        ("/after", 200, "after"),
        ("/tuple", 201, "made"),
        ("/copied", 200, "/copied"),
    ],
)
def test_replies_and_errors_are_those_of_quart(client: Client, path: str, status: int, said: str) -> None:
    reply = client.get(path)
    assert (reply.status_code, "".join(reply.text.split()) if said[0] == "{" else reply.text) == (
        status,
        said,
    )


def test_after_this_request_and_tuples_add_headers(client: Client) -> None:
    assert client.get("/after").headers["X-This"] == "1"
    assert client.get("/tuple").headers["X-Made"] == "yes"
    assert "X-This" not in client.get("/tuple").headers


def test_methods_are_told_apart(client: Client) -> None:
    refused = client.post("/headers")
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    asked = client.options("/headers")
    assert (asked.status_code, set(asked.headers["Allow"].split(", "))) == (200, {"GET", "HEAD", "OPTIONS"})
    head = client.head("/text/plain")
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", "10")


def test_a_folder_without_its_slash_is_a_redirect(client: Client) -> None:
    assert client.get("/folder").status_code == 308
    moved = client.get("/elsewhere")
    assert (moved.status_code, moved.headers["Location"]) == (302, "/folder/")


def test_headers_are_found_as_they_were_sent(client: Client) -> None:
    sent = [("X-Twice", "one"), ("x-twice", "two"), ("X-Number", "nan"), ("Remote-Addr", "6.6.6.6")]
    seen = client.get("/headers", headers=sent).json()
    assert (seen["doubled"], seen["first"], seen["has"]) == (["one", "two"], "one", True)
    assert (seen["number"], seen["missing"]) == (7, "none")
    assert seen["address"] == ["127.0.0.1", "127.0.0.1"]
    assert {"Remote-Addr", "Host", "X-Twice", "User-Agent"} <= set(seen["all"])


@pytest.mark.parametrize("content", [b'{"a": [1, null, "\xc3\xa9"]}', b"[]", b"7"])
def test_json_is_read(client: Client, content: bytes) -> None:
    reply = client.post("/json", content=content, headers={"Content-Type": "application/json"})
    assert reply.json() == {"got": httpx.Response(200, content=content).json()}


def test_what_is_no_json_is_refused(client: Client) -> None:
    broken = client.post("/json", content=b'{"a":', headers={"Content-Type": "application/json"})
    assert broken.status_code == 400
    assert client.post("/json", content=b"{}").json() == {"got": None}


def chunks() -> Iterator[bytes]:
    for _ in range(5):
        yield b"y" * 1000
        time.sleep(0.02)


def test_bodies_arrive_whole_however_they_are_sent(client: Client) -> None:
    assert client.post("/echo", content=b"x" * 90_000).content == b"x" * 90_000
    assert client.post("/echo", content=b"").content == b""
    assert client.post("/echo", content=chunks()).content == b"y" * 5000
    assert client.post("/stream-in", content=chunks()).json() == {"bytes": 5000}
    form = client.post("/form", data={"field": "é"}, files={"file": ("name", b"z" * 20_000)})
    assert form.json() == {"field": "é", "file": 20_000}


def test_a_body_past_the_limit_is_refused(client: Client) -> None:
    assert client.post("/echo", content=b"x" * (LIMIT + 1)).status_code == 413
    assert client.post("/echo", content=b"x" * LIMIT).status_code == 200


def test_a_body_that_does_not_come_is_a_timeout(trial: Server) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"
    assert spoken(trial, head, pause=1.6).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_asks_first_is_told_to_go_on(trial: Server) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    heard = spoken(trial, head, b"12345", pause=0.2)
    assert heard.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert heard.endswith(b"12345")


def test_requests_sent_in_one_go_are_answered_in_order(trial: Server) -> None:
    one = b"GET /text/%d HTTP/1.1\r\nHost: x\r\n\r\n"
    heard = spoken(trial, b"".join(one % number for number in range(5)))
    assert [f"text {number}".encode() in heard for number in range(5)] == [True] * 5
    assert heard.index(b"text 0") < heard.index(b"text 4")


def test_the_older_protocol_is_served(trial: Server) -> None:
    heard = spoken(trial, b"GET /text/old HTTP/1.0\r\n\r\n")
    assert heard.split(b"\r\n", 1)[0].endswith(b"200 OK")
    assert heard.endswith(b"text old")


def test_a_login_is_kept_in_a_signed_cookie(client: Client) -> None:
    assert client.get("/who").json() == {"who": None}
    cookie = client.post("/in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "Max-Age=3600" in cookie
    for _ in range(3):
        reply = client.get("/who")
        assert (reply.json(), "Set-Cookie" in reply.headers) == ({"who": "somebody"}, False)
    client.post("/out")
    assert client.get("/who").json() == {"who": None}


def test_a_cookie_that_was_touched_names_nobody(client: Client, trial: Server) -> None:
    client.post("/in")
    value = client.cookies["who"]

    def who(cookie: str) -> Any:
        return httpx.get(f"{trial.url}/who", headers={"Cookie": cookie}).json()["who"]

    assert who(f"who={value}") == who(f"a=b; who={value}; c=d") == who(f"who={value};x=y") == "somebody"
    middle = len(value) - 40
    other = "A" if value[middle] != "A" else "B"
    touched = value[:middle] + other + value[middle + 1 :]
    for wrong in (value[:-4], value[1:], touched, "", "a.b.c", value + "xxxx"):
        assert who(f"who={wrong}") is None
    assert who(f"whose={value}") is None
    assert who(f"x-who={value}") is None


def until_happened(client: Client, what: str) -> None:
    seen: list[str] = []

    def has() -> bool:
        seen.extend(happened(client))
        return what in seen

    wait_until(has, what, 5)


@pytest.mark.parametrize(("path", "end"), [("/work", "cancelled"), ("/ticks?long=1", "stream ended")])
def test_whoever_leaves_ends_what_was_done_for_them(
    client: Client, trial: Server, path: str, end: str
) -> None:
    with socket.create_connection(("127.0.0.1", trial.port)) as connection:
        connection.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
        time.sleep(0.2)
    until_happened(client, end)
    assert client.get("/text/on").text == "text on"


def test_streams_come_piece_by_piece(client: Client) -> None:
    with client.stream("GET", "/ticks?few=1") as reply:
        assert list(reply.iter_lines()) == [f"/ticks {number}" for number in range(3)]
    assert happened(client) == ["stream ended"]
    assert len(client.get("/large").content) == 300_000


def test_a_stream_without_an_end_is_cut_at_its_timeout(client: Client) -> None:
    began = time.monotonic()
    with pytest.raises(httpx.RemoteProtocolError), client.stream("GET", "/ticks") as reply:
        list(reply.iter_lines())
    assert 1 < time.monotonic() - began < 5


def test_signals_are_heard_while_somebody_listens(client: Client) -> None:
    client.get("/listen")
    happened(client)
    client.get("/tuple")
    before_and_after = ["signal finished 200", "signal torn down"], ["signal started"]
    served = ["signal started", "signal finished 201", "signal torn down"]
    assert happened(client) == [*before_and_after[0], *served, *before_and_after[1]]
    client.get("/deaf")
    happened(client)
    client.get("/tuple")
    assert not [one for one in happened(client) if one.startswith("signal")]


def test_routes_and_hooks_that_are_added_later_are_served(client: Client) -> None:
    if client.get("/grown").status_code == 404:
        assert client.get("/grow").status_code == 200
    grown = client.get("/grown")
    assert (grown.text, grown.headers["X-Grown"]) == ("grown", "1")


def test_no_failure_was_logged_but_the_one_that_was_meant(trial: Server) -> None:
    logged = "".join(trial.log)
    assert logged.count("Traceback") == logged.count("RuntimeError: unforeseen")
