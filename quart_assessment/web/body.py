"""Reading a JSON body: its size, its type, its form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache, lru_cache
from typing import Any, ClassVar, Protocol, TypeVar, cast

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from quart import Request, request
from werkzeug.http import parse_options_header

from quart_assessment.problems import BadJson, BadRequest, Detail, Invalid, UnsupportedType

BODY = "qa.body"
MOST_DETAILS = 20


class RequestBody(Protocol):
    """A body that is pulled from the client as it is read, never held whole."""

    length: int | None
    complete: bool

    def chunks(self, limit: int) -> AsyncIterator[bytes]:
        """Give the body's pieces; past `limit` bytes TooLarge, past the time limits TimedOut."""
        ...

    async def read(self, limit: int) -> bytes:
        """Give the whole body of at most `limit` bytes."""
        ...


class Form(BaseModel):
    """The form of a JSON body: unknown fields are ignored; null counts as absent, but for `keeps_null`."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    keeps_null: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: field for name, field in value.items() if field is not None or name in cls.keeps_null}


FormType = TypeVar("FormType", bound=Form)


def request_body(of: Request | None = None) -> RequestBody:
    """Give the body of the request being served."""
    return cast(RequestBody, (of or request).scope[BODY])  # type: ignore[literal-required]


async def read_form(form: type[FormType], limit: int) -> FormType:
    """Read a JSON object of at most `limit` bytes into `form`.

    An empty body counts as {}.

    Raises:
        BadJson, TooLarge, UnsupportedType, TimedOut: the body cannot be read as JSON.
        BadRequest: it is JSON but no object.
        Invalid: its fields are not of the form.
    """
    served: Request = request._get_current_object()  # type: ignore[attr-defined]
    raw = await request_body(served).read(limit)
    if raw and _media_type(served.headers.get("Content-Type", "")) not in ("application/json", ""):
        raise UnsupportedType
    return parsed(form, raw)


@lru_cache(64)
def _media_type(header: str) -> str:
    return parse_options_header(header)[0].lower()


def parsed(form: type[FormType], raw: bytes) -> FormType:
    """Parse `raw` as a JSON object of `form`; raises as `read_form`."""
    try:
        value = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError:
        raise BadJson from None
    if not isinstance(value, dict):
        raise BadRequest
    return checked(form, value)


def checked(form: type[FormType], value: dict[str, Any]) -> FormType:
    """Check the fields of a JSON object; raises Invalid with what is the matter with each."""
    try:
        return form.model_validate(value)
    except ValidationError as error:
        raise Invalid(_details(form, error)) from None


def _details(form: type[Form], error: ValidationError) -> list[Detail]:
    # Only names that the form itself knows are repeated: a wrong key or value may hold a person's words.
    known = _field_names(form)
    return [
        Detail(
            ".".join(str(part) if isinstance(part, int) or part in known else "*" for part in one["loc"])
            or "body",
            one["type"],
        )
        for one in error.errors(include_url=False, include_input=False, include_context=False)[:MOST_DETAILS]
    ]


@cache
def _field_names(form: type[Form]) -> frozenset[str]:
    schema = form.model_json_schema()
    return frozenset(
        name for one in (schema, *schema.get("$defs", {}).values()) for name in one.get("properties", {})
    )
