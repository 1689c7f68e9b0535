"""The Gunicorn worker: uvicorn on uvloop and httptools, with an end that loses nothing.

On the stop signal the app is told first, so that its streams end; requests on kept connections are
still answered for a moment, each as the last of its connection; then connections are waited for, and the
app's own shutdown runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from typing import Any

from gunicorn.arbiter import Arbiter
from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

from quart_assessment.serving.parent import end_with_parent
from quart_assessment.serving.protocol import BoundedProtocol
from quart_assessment.settings import Settings
from quart_assessment.web.security import fixed_headers

# A client with a kept connection sends its next request within this time, or is idle.
_LAST_REQUEST_SECONDS = 1.0
_POLL_SECONDS = 0.05


class GracefulServer(Server):
    """A uvicorn server that tells the app of its end before it waits for connections."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and take what was made until now out of the collector's rounds: it stays, and is much."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """End: the app is told, no new connections, last requests, then all that uvicorn does."""
        self._tell_app()
        for server in self.servers:
            server.close()
        BoundedProtocol.draining = True
        for connection in self.server_state.connections:
            cycle = connection.cycle if isinstance(connection, BoundedProtocol) else None
            # A reply whose head is out said that its connection is kept; closed after it, a client's next
            # request would run into the end.
            if cycle is not None and not cycle.response_started:
                cycle.keep_alive = False
        await self._take_last_requests()
        # The servers have closed the sockets; closed again, they would hit whatever got their number since.
        await super().shutdown()
        # uvicorn would send itself the signal again, and an orderly end would look like a crash.
        self._captured_signals.clear()

    def stop_now(self) -> None:
        """End without waiting for connections."""
        self.should_exit = True
        self.force_exit = True

    def _tell_app(self) -> None:
        stopping = getattr(self.config.app, "extensions", {}).get("stopping")
        if isinstance(stopping, asyncio.Event):
            stopping.set()

    async def _take_last_requests(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_REQUEST_SECONDS):
                while self.server_state.connections and not self.force_exit:  # noqa: ASYNC110
                    await asyncio.sleep(_POLL_SECONDS)


class GracefulUvicornWorker(UvicornWorker):  # type: ignore[misc]
    """One worker process. Its limits are the Settings'; its waits end before Gunicorn's patience does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        settings = Settings()
        BoundedProtocol.header_timeout = settings.header_timeout
        BoundedProtocol.most_connections = settings.limit_concurrency
        BoundedProtocol.fixed_headers = fixed_headers(settings)
        BoundedProtocol.joined_writes = settings.lean_requests
        # Instance over class: uvicorn_worker reads it in its constructor.
        self.CONFIG_KWARGS = {
            "loop": "uvloop",
            "http": BoundedProtocol,
            "ws": "none",
            "lifespan": "on",
            "access_log": False,
            "server_header": False,
            "timeout_notify": 1,
            "timeout_graceful_shutdown": max(1, int(settings.graceful_timeout * 0.8) - 1),
        }
        super().__init__(*args, **kwargs)

    def init_process(self) -> None:
        """Start serving; a killed master takes its workers along."""
        end_with_parent(self.ppid)
        super().init_process()

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = GracefulServer(self.config)
        asyncio.get_running_loop().add_signal_handler(signal.SIGQUIT, server.stop_now)
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
