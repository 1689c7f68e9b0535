"""Clients and the paced model as processes: started, given their specification, waited for."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from benchmarks.ground import ROOT, Person
from benchmarks.load.pictures import Picture
from tests.ground.ports import free_port, wait_until
from tests.ground.service import Model

_SPARE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Client:
    """A client at work."""

    process: subprocess.Popen[str]
    seconds: float

    def result(self, *, failures: bool = False) -> dict[str, Any]:
        """Wait for its end and give what it saw.

        Raises:
            RuntimeError: it failed; or calls of it did, unless `failures` are part of what is measured.
        """
        try:
            printed, said = self.process.communicate(timeout=self.seconds + _SPARE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise RuntimeError("a client does not end") from None
        if self.process.returncode != 0:
            raise RuntimeError(f"a client failed: {said[-2000:]}")
        found: dict[str, Any] = json.loads(printed)
        if found["failed"] and not failures:
            raise RuntimeError(f"{found['failed']} calls failed: {found['why']}")
        return found


def _begin(program: str, specification: Mapping[str, Any], seconds: float) -> Client:
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.load.{program}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(specification))
    process.stdin.close()
    # communicate() would flush it.
    process.stdin = None
    return Client(process, seconds)


def offer_answers(port: int, whose: Sequence[Person], rate: float, seconds: float, version: int) -> Client:
    """Offer `rate` saves a second, with versions from `version` on."""
    rows = [
        [f"{one.path}/phq/responses/{question}", one.header] for one in whose for question in one.questions
    ]
    specification = {"port": port, "rate": rate, "seconds": seconds, "rows": rows, "version": version}
    return _begin("offered", specification, seconds)


def offer_pictures(port: int, whose: Sequence[Person], rate: float, seconds: float, sent: Picture) -> Client:
    """Offer `rate` captures a second."""
    rows = [[f"{one.path}/captures", one.header] for one in whose]
    specification = {"port": port, "rate": rate, "seconds": seconds, "rows": rows}
    return _begin("offered", specification | {"picture": str(sent.path), "digest": sent.digest}, seconds)


def read_streams(port: int, whose: Sequence[Person], seconds: float, spread: float) -> Client:
    """Let everybody send a message and read the reply, which takes `seconds`; all begin within `spread`."""
    requests = [
        [
            f"{one.path}/chat/turns",
            [f"Cookie: {one.header}"],
            json.dumps({"message_id": str(uuid4()), "message": "I have slept well."}),
        ]
        for one in whose
    ]
    return _read(port, requests, seconds, spread)


def read_model(port: int, model: str, streams: int, seconds: float, spread: float) -> Client:
    """Ask the model itself by as many clients."""
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": "hello"}]})
    return _read(port, [["/v1/chat/completions", [], body]] * streams, seconds, spread)


def _read(port: int, requests: list[list[Any]], seconds: float, spread: float) -> Client:
    times = {"spread": spread, "seconds": seconds, "patience": 2 * seconds + 60}
    return _begin("streams", {"port": port, "requests": requests, **times}, seconds + spread)


@dataclass(frozen=True, slots=True)
class PacedModel:
    """A running model server."""

    port: int

    def at(self, rate: float, tokens: int) -> Model:
        """Name the model that says `tokens` tokens, `rate` a second."""
        return Model(f"http://127.0.0.1:{self.port}/v1", "a key", f"paced-{rate:g}-{tokens}")


@contextlib.contextmanager
def paced_model() -> Iterator[PacedModel]:
    """Run the model server."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.load.model", str(port)], cwd=ROOT)
    try:
        wait_until(lambda: _listens(port), "the model server listens")
        yield PacedModel(port)
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def hold_pictures(port: int, whose: Sequence[Person], sent: Picture, hold: float) -> Client:
    """Let everybody send a picture, all of them under way together for `hold` seconds."""
    rows = [[f"{one.path}/captures", one.header] for one in whose]
    specification = {
        "port": port,
        "rows": rows,
        "picture": str(sent.path),
        "digest": sent.digest,
        "hold": hold,
    }
    return _begin("held_uploads", specification, hold)
