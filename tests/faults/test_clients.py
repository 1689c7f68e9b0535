"""Clients that send old answers late, and clients that leave before they are answered."""

from __future__ import annotations

from tests.faults.scenarios import Stage, clients_leave, clients_send_late


async def test_a_late_older_answer_never_overwrites_a_newer_one(stage: Stage) -> None:
    found = await clients_send_late(stage)
    assert found.broken == []
    assert found.answers > 40


async def test_what_was_read_whole_is_kept_though_its_client_left(stage: Stage) -> None:
    found = await clients_leave(stage, rounds=3)
    assert found.broken == []
