"""A store whose file operations fail, each in turn: a 503, nothing half-written, and kept when it is sent again."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from tests.faults.checks import all_kept
from tests.faults.disk_runs import Run
from tests.faults.failing_disk import FAILURES
from tests.faults.scenarios import OneStore

# About as many as there are until all is sent, each in turn or every third.
STEPS = {"EIO": range(1, 30), "ENOSPC": range(2, 30, 3), "short": range(1, 30, 3)}


@pytest.mark.parametrize("failure", FAILURES)
async def test_whatever_operation_fails_the_capture_is_kept_when_it_is_sent_again(
    one_store: OneStore, failure: str
) -> None:
    times = FAILURES[failure]
    runs = [Run(fail_at=step, failure=failure, times=times) for step in STEPS[failure]]
    async with aclosing(one_store.runs(runs)) as done:
        async for run, signalled, status in done:
            assert (signalled, status) == (0, 0), run
            assert (await all_kept(one_store.journal, one_store.database, one_store.store)).captures > 0, run
