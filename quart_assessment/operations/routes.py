"""The pages of operation."""

from __future__ import annotations

import asyncio
import hmac
import os
import struct
import time

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from quart import Blueprint, Response, current_app, request

from quart_assessment.database.current import database
from quart_assessment.operations.job_measures import JobMeasures, jobs_measured
from quart_assessment.operations.readiness import failed_checks
from quart_assessment.problems import NotFound, Unavailable
from quart_assessment.settings import is_loopback_name
from quart_assessment.web.caller import open_to
from quart_assessment.web.envelope import as_json
from quart_assessment.web.state import settings

blueprint = Blueprint("operations", __name__)
HTML = "text/html; charset=utf-8"
# How often, and how long apart, the workers' measures are read while one of their files cannot be.
READS, READ_AGAIN_SECONDS = 5, 0.05
HOME = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>quart_assessment</title></head><body>'
    '<h1>quart_assessment</h1><p>This service is running; programs talk to it through its <a href="/docs">API</a>.'
    "</p><p>The page for participants was not built, or is not whole: <code>quart-assessment doctor</code> says "
    "which. In a checkout of the project <code>make run</code> builds it.</p></body></html>"
)


@blueprint.get("/")
@open_to("public")
async def home() -> Response:
    """Say what this is and how to get the page; where one was built, it is served instead."""
    return Response(HOME, content_type=HTML)


@blueprint.get("/healthz")
@open_to("public")
async def healthz() -> Response:
    """Say that the process answers."""
    return Response(as_json({"healthy": True}), content_type="application/json")


@blueprint.get("/readyz")
@open_to("public")
async def readyz() -> Response:
    """Say whether every promise can be kept now."""
    failed = await failed_checks(current_app)
    return Response(
        as_json({"ready": not failed, "failed": failed}),
        503 if failed else 200,
        content_type="application/json",
    )


@blueprint.get("/metrics")
@open_to("public")
async def metrics() -> Response:
    """Give the measures of all workers, and how the jobs stand, unless the database is away."""
    if not _may_see_metrics():
        raise NotFound
    page = await asyncio.to_thread(_collected, await jobs_measured(database()))
    return Response(page, content_type=CONTENT_TYPE_LATEST)


def _may_see_metrics() -> bool:
    token = settings().metrics_token
    if token is None:
        return is_loopback_name(request.remote_addr)
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {token.get_secret_value()}".encode())


def _collected(of_jobs: JobMeasures) -> bytes:
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return _of_all_workers(registry) + generate_latest(of_jobs)


def _of_all_workers(registry: CollectorRegistry) -> bytes:
    """Read the workers' measures; raises Unavailable where one of their files cannot be read for a while."""
    for _ in range(READS):
        try:
            return generate_latest(registry)
        except struct.error:
            # A worker that just starts has made its file, and not filled it yet.
            time.sleep(READ_AGAIN_SECONDS)
    raise Unavailable


@blueprint.get("/openapi.json")
@open_to("public")
async def openapi_json() -> Response:
    """Give the OpenAPI document."""
    return Response(current_app.extensions["openapi.json"], content_type="application/json")


@blueprint.get("/docs")
@open_to("public")
async def docs() -> Response:
    """Give the readable page of the API."""
    return Response(current_app.extensions["openapi.page"], content_type=HTML)
