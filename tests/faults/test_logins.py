"""Logins and consents that end while somebody writes, and logins of others: nothing of theirs is stored."""

from __future__ import annotations

from tests.faults.scenarios import Stage, consent_is_withdrawn, logins_end


async def test_nothing_is_stored_of_a_login_that_has_ended_nor_of_a_stranger(stage: Stage) -> None:
    found = await logins_end(stage, rounds=60)
    assert found.broken == []
    assert min(found.answers, found.captures, found.messages) >= 15


async def test_nothing_is_stored_that_came_after_its_consent_was_withdrawn(stage: Stage) -> None:
    found = await consent_is_withdrawn(stage, rounds=24)
    assert found.broken == []
    assert found.captures >= 14
    assert min(found.answers, found.messages) >= 4
