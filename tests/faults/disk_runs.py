"""A program: the product's app on a disk that stops or fails, once for each run of a plan, each in a fresh process.

It is a program because what it substitutes must be substituted before the product is imported, and because it is
killed. A run sends the calls of one client into the app, in process, until they are answered.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.faults.failing_disk import FailingDisk
from tests.faults.journal import Journal, capture_item
from tests.faults.recording_disk import Record, RecordingDisk

MOST_TRIES = 12


@dataclass(frozen=True, slots=True)
class Run:
    """One run: stop before the operation `stop_at`, or fail `times` operations from `fail_at` on."""

    stop_at: int | None = None
    fail_at: int | None = None
    times: int = 1
    failure: str = "EIO"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the program is told; `environment` holds the app's settings, `pictures` are files to be sent."""

    store: str
    journal: str
    cookie: str
    session_id: str
    environment: dict[str, str]
    pictures: list[str]
    runs: list[Run] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Plan:
        given = json.loads(path.read_text())
        runs = [Run(**run) for run in given.pop("runs")]
        return cls(**given, runs=runs)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))


def main() -> None:
    """Do the runs of the plan named on the command line; prints one line of JSON a run."""
    plan = Plan.read(Path(sys.argv[1]))
    root = Path(plan.store)
    record = Record.beside(root)
    fails = plan.runs[0].fail_at is not None
    disk = FailingDisk(root) if fails else RecordingDisk(record)
    disk.install()
    os.environ.update(plan.environment)
    import httpx  # noqa: F401

    import tests.ground.lifespan  # noqa: F401
    from quart_assessment.app import create_app
    from quart_assessment.safety.reply_rules import load_rules

    app = create_app()
    # Each run's process inherits what takes longest, and does not do it again.
    load_rules()
    for run in plan.runs:
        child = os.fork()
        if child == 0:
            asyncio.run(_run(app, plan, run, disk))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"signal": os.WTERMSIG(status), "exit": os.WEXITSTATUS(status)}), flush=True)
        # Whoever started this looks at the store between two runs, and may have seen enough.
        if not sys.stdin.readline():
            return


async def _run(app: Any, plan: Plan, run: Run, disk: FailingDisk | RecordingDisk) -> None:
    import httpx

    from tests.ground.lifespan import living

    journal = Journal(Path(plan.journal))
    if isinstance(disk, RecordingDisk):
        Path(plan.store).mkdir(exist_ok=True)
        disk.begin(run.stop_at)
    async with living(app):
        if isinstance(disk, FailingDisk):
            disk.fail(run.fail_at or 0, run.times, run.failure)
        transport = httpx.ASGITransport(app=app)
        headers = {"Cookie": plan.cookie}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", headers=headers
        ) as client:
            await _send(client, plan, journal)


async def _send(client: Any, plan: Plan, journal: Journal) -> None:
    """Send a picture, the same again, and a form of several beside another picture."""
    pictures = [Path(one).read_bytes() for one in plan.pictures]
    first = str(uuid4())
    await _put(client, plan, journal, first, pictures[0])
    await _put(client, plan, journal, first, pictures[0])
    await asyncio.gather(
        _post_form(client, plan, journal, pictures), _put(client, plan, journal, str(uuid4()), pictures[0])
    )


async def _put(client: Any, plan: Plan, journal: Journal, capture_id: str, picture: bytes) -> None:
    path = f"/api/sessions/{plan.session_id}/captures/{capture_id}"
    headers = {"Content-Type": "image/jpeg"}
    items = [capture_item(plan.session_id, capture_id, picture)]
    await _repeated(journal, items, lambda: client.put(path, content=picture, headers=headers))


async def _post_form(client: Any, plan: Plan, journal: Journal, pictures: list[bytes]) -> None:
    parts: list[tuple[str, Any]] = [("session_id", (None, plan.session_id))]
    items = []
    for place, picture in enumerate(pictures):
        capture_id = str(uuid4())
        items.append(capture_item(plan.session_id, capture_id, picture))
        parts.append((f"metadata_{place}", (None, json.dumps({"capture_id": capture_id}))))
        parts.append((f"capture_{place}", (f"{place}.jpg", picture)))
    await _repeated(journal, items, lambda: client.post("/api/camera/upload", files=parts))


async def _repeated(journal: Journal, items: list[Any], send: Any) -> None:
    for _ in range(MOST_TRIES):
        call = journal.sent("the client", items)
        reply = await send()
        if reply.status_code in (200, 201):
            journal.kept(call)
            return
        assert reply.status_code == 503, (reply.status_code, reply.text)
        assert int(reply.headers["Retry-After"]) >= 1
        # The database was there all the time: what is not stored is known not to be.
        journal.refused(call)
    raise AssertionError("never kept")


if __name__ == "__main__":
    main()
