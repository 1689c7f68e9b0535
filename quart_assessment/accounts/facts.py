"""A person, as other rooms know them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Role = Literal["participant", "researcher", "admin"]


@dataclass(frozen=True, slots=True)
class Account:
    """A person."""

    id: UUID
    username: str
    role: Role
