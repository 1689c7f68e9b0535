from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving.conftest import Server, running


@pytest.fixture(scope="session", params=["plain", "lean"])
def trial(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The trial app under a real Uvicorn, served by plain Quart and by the lean parts."""
    lean = {"LEAN": "1" if request.param == "lean" else "0"}
    http = "quart_assessment.serving.protocol:BoundedProtocol" if request.param == "lean" else "httptools"
    with running("tests.serving.lean.trial_app:app", lean, http) as server:
        yield server
