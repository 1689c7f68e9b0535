"""The metadata all tables share: constraint names, column types and key generation."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import uuid_utils.compat
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Json = postgresql.JSONB(none_as_null=True)
Texts = postgresql.ARRAY(sa.Text)
Uuid = sa.Uuid(as_uuid=True)
Time = sa.DateTime(timezone=True)


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562): keys in the order of their making keep B-tree inserts local."""
    return uuid_utils.compat.uuid7()


def key(name: str = "id") -> sa.Column[UUID]:
    """Make a primary key column that is filled by the caller with `new_id`."""
    return sa.Column(name, Uuid, primary_key=True)


def foreign(name: str, target: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[UUID]:
    """Make a UUID column that refers to `target`, given as "table.column" so that rooms need not import rooms."""
    return sa.Column(name, Uuid, sa.ForeignKey(target), nullable=nullable, primary_key=primary_key)


def moment(name: str, *, nullable: bool = False, now: bool = False) -> sa.Column[datetime]:
    """Make a timestamptz column; with `now` the database fills it with the transaction's time."""
    default: dict[str, Any] = {"server_default": sa.func.now()} if now else {}
    return sa.Column(name, Time, nullable=nullable, **default)


def flag(name: str) -> sa.Column[bool]:
    """Make a boolean column that is false unless said otherwise."""
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
