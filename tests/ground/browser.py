"""A headless Chromium, driven over its debugging pipe: what a page shows, and what it asks of whom."""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    *("--headless=new", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-default-apps"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    "--remote-debugging-pipe",
)


class Browser:
    """One page of one browser. Every wait has a bound."""

    def __init__(self, commands: int, replies: int) -> None:
        self._commands, self._replies = commands, replies
        self._number, self._rest = 0, b""
        self._session: str | None = None
        self.requested: list[str] = []
        self.complaints: list[str] = []

    def attach(self) -> None:
        """Open an empty page and listen to what it does."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, seconds: float = 20, **parameters: object) -> dict[str, Any]:
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + seconds
        while True:
            event = self._next(end)
            if event.get("id") == self._number:
                assert "error" not in event, event
                result: dict[str, Any] = event["result"]
                return result
            self._note(event)

    def open(self, url: str, seconds: float = 30) -> None:
        """Go to `url` and wait until it and all it loads at once has come."""
        self.ask("Page.navigate", url=url)
        end = time.monotonic() + seconds
        while self.value("document.readyState") != "complete" or self.value("location.href") == "about:blank":
            assert time.monotonic() < end, f"{url} does not load"
            time.sleep(0.05)

    def value(self, expression: str) -> Any:
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def _next(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._replies], [], [], max(0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            data = os.read(self._replies, 1 << 20)
            assert data, "the browser has gone"
            self._rest += data
        message, self._rest = self._rest.split(b"\0", 1)
        event: dict[str, Any] = json.loads(message)
        return event

    def _note(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            self.requested.append(parameters["request"]["url"])
        elif event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            entry = parameters["entry"]
            self.complaints.append(f"{entry['text']} {entry.get('url', '')}")
        elif event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(parameters["exceptionDetails"]["text"])


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start Chromium with a profile of its own; nothing of it is left afterwards."""
    assert PROGRAM is not None
    profile = tempfile.mkdtemp(prefix="qa-browser-")
    its_commands, commands = os.pipe()
    replies, its_replies = os.pipe()
    options = [*QUIET, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    # Chromium reads commands from descriptor 3 and answers on 4.
    shell = f'exec "$0" "$@" 3<&{its_commands} 4>&{its_replies}'
    process = subprocess.Popen(
        ["bash", "-c", shell, PROGRAM, *options],
        pass_fds=(its_commands, its_replies),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(its_commands)
    os.close(its_replies)
    try:
        browser = Browser(commands, replies)
        browser.attach()
        yield browser
        with suppress(AssertionError, OSError):
            browser.ask("Browser.close", 5)
    finally:
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            process.wait(5)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait(5)
        os.close(commands)
        os.close(replies)
        shutil.rmtree(profile, ignore_errors=True)
