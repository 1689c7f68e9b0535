"""Somebody whose questionnaire comes first, in a study of their own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.ground.house import House
from tests.ground.participant import Data, Participant, kept

SHOWN = {"show_score": True, "show_severity": True}


async def arrived(house: House, **changes: Any) -> Participant:
    changes = {"slug": f"phq-{uuid4().hex[:8]}", "presentation": {"order": "phq_first"}} | changes
    someone = await house.come(await house.study(**changes))
    await someone.arrive()
    return someone


async def read(someone: Participant) -> Data:
    return kept(await someone.client.get(f"{someone.path}/phq"))


async def score(someone: Participant) -> Data:
    found: Data = kept(await someone.client.get(f"{someone.path}/phq/score"))["score"]
    return found
