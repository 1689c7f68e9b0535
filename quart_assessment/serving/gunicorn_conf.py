"""Gunicorn's configuration, from the Settings: `quart-assessment serve` reads it once, in the master."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from quart_assessment.serving.log_lines import log_config, spare_unused_facts
from quart_assessment.serving.open_files import allow_many
from quart_assessment.settings import Settings

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

_settings = Settings()
# Workers inherit it.
allow_many()
spare_unused_facts()
# prometheus_client looks at this when it is first imported, which happens in the workers. Each service of a
# machine has a folder of its own, or one would count the other's requests.
_metrics = Path(
    os.environ.setdefault(
        "PROMETHEUS_MULTIPROC_DIR", str((_settings.var_dir / f"metrics-{_settings.port}").absolute())
    )
)

wsgi_app = "quart_assessment.app:create_app()"
worker_class = "quart_assessment.serving.worker.GracefulUvicornWorker"
bind = (
    f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
)
workers = _settings.web_concurrency
backlog = _settings.backlog
keepalive = _settings.keepalive
graceful_timeout = _settings.graceful_timeout
# A stopping worker gives no sign of life while its connections end.
timeout = _settings.graceful_timeout + 30
max_requests = _settings.max_requests
max_requests_jitter = _settings.max_requests_jitter
forwarded_allow_ips = _settings.forwarded_allow_ips
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
control_socket_disable = True
umask = 0o077
accesslog = None
errorlog = "-"
loglevel = _settings.log_level.lower()
logconfig_dict = log_config(_settings.log_level)
proc_name = "quart-assessment"


def when_ready(_server: Arbiter) -> None:
    """Empty the metrics folder: the port is ours now, and no worker of this start runs yet."""
    shutil.rmtree(_metrics, ignore_errors=True)
    _metrics.mkdir(parents=True, mode=0o700)


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Take a dead worker's gauges out of the sums; its counters stay."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
