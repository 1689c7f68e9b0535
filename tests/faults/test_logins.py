"""Logins that end while they write, and logins of others: nothing of theirs is stored."""

from __future__ import annotations

from tests.faults.scenarios import Stage, logins_end


async def test_nothing_is_stored_of_a_login_that_has_ended_nor_of_a_stranger(stage: Stage) -> None:
    found = await logins_end(stage, rounds=60)
    assert found.broken == []
    assert min(found.answers, found.captures, found.messages) >= 15
