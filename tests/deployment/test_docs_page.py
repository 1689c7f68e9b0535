"""The documentation page in a real browser."""

from collections.abc import Callable

import pytest

from tests.ground.browser import PROGRAM, running_browser
from tests.ground.postgres import Database
from tests.ground.service import Service


@pytest.mark.skipif(PROGRAM is None, reason="no chromium; `bin/bootstrap test` installs it")
def test_the_documentation_page_renders_and_asks_nobody_else(
    serve: Callable[..., Service], database: Database
) -> None:
    service = serve(database, web_concurrency=1)
    with running_browser() as browser:
        browser.open(f"{service.url}/docs")
        shown = browser.value("document.body.innerText")
        assert "/api/auth/login" in shown
        assert "/api/sessions" in shown
        assert browser.value("getComputedStyle(document.body).fontFamily") != ""
        assert browser.requested != []
        assert [url for url in browser.requested if not url.startswith((service.url, "data:"))] == []
        assert [text for text in browser.complaints if "favicon" not in text] == []
