"""Reading the connections to models: `default` out of the environment, more out of the operator's file.

The file and those it names for keys may be open to their owner alone. No value of them is in an error.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from quart_assessment.chat.connections import (
    DEFAULT,
    NO_KEY,
    SCRIPTED,
    Connections,
    Kind,
    Limits,
    ModelConnection,
    Parameter,
    TokensField,
)
from quart_assessment.settings import Settings, checked_address

# Where `quart-assessment model` serves unless told otherwise.
LOCAL = "http://127.0.0.1:8081/v1"
MOST_CONNECTIONS = 32
_MOST_BYTES = 64 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class ConnectionsInvalid(ValueError):
    """The connections cannot be used; `lines` says why, without any value that stands in the file."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


def read_connections(settings: Settings) -> Connections:
    """Read all connections by their names; `default` and `scripted` are always there.

    Raises:
        ConnectionsInvalid: LLM_CONNECTIONS_FILE cannot be read, or not by its owner alone, or is not valid.
    """
    limits = _limits(settings)
    known = {
        DEFAULT: ModelConnection(
            DEFAULT,
            "openai",
            limits,
            base_url=settings.llm_base_url or LOCAL,
            api_key=settings.llm_api_key,
            model=settings.llm_model,
            external=settings.llm_external,
        ),
        SCRIPTED: ModelConnection(SCRIPTED, "scripted", limits),
    }
    if settings.llm_connections_file is not None:
        known |= _read_file(settings.llm_connections_file, limits)
    return known


def _limits(settings: Settings) -> Limits:
    return Limits(
        connect=settings.llm_connect_timeout,
        first_token=settings.llm_first_token_timeout,
        idle=settings.llm_idle_timeout,
        turn=settings.llm_turn_timeout,
        tokens=settings.llm_max_tokens,
        prompt_characters=settings.llm_prompt_characters,
        at_once=settings.llm_at_once or settings.turns_at_once,
        waiting=settings.llm_waiting,
        waiting_seconds=settings.llm_waiting_timeout,
    )


class Entry(BaseModel):
    """A table of the file as it is written; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    kind: Kind
    base_url: str | None = None
    api_key: SecretStr | None = None
    api_key_file: str | None = None
    api_key_env: str | None = None
    model: Annotated[str, StringConstraints(min_length=1, max_length=300)] | None = None
    external: bool | None = None
    api_version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.-]{1,40}$")] | None = None
    seed: int | None = None
    tokens_field: TokensField = "max_tokens"
    omit: list[Parameter] = []
    connect_timeout: Seconds | None = None
    first_token_timeout: Seconds | None = None
    idle_timeout: Seconds | None = None
    turn_timeout: Seconds | None = None
    max_tokens: Annotated[int, Field(ge=16)] | None = None
    prompt_characters: Annotated[int, Field(ge=1000)] | None = None
    at_once: Annotated[int, Field(ge=1)] | None = None
    waiting: Annotated[int, Field(ge=0)] | None = None
    waiting_timeout: Seconds | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        by_network = self.kind != "scripted"
        for name in ("base_url", "model", "external"):
            if (getattr(self, name) is not None) != by_network:
                raise ValueError(f"{name} is required" if by_network else f"kind scripted takes no {name}")
        if (self.api_version is not None) != (self.kind == "azure"):
            raise ValueError("api_version belongs to kind azure, which needs it")
        if sum(key is not None for key in (self.api_key, self.api_key_file, self.api_key_env)) > 1:
            raise ValueError("only one of api_key, api_key_file and api_key_env can be given")
        if self.base_url is not None:
            self.base_url = _address(self.base_url, self.kind)
        return self


def _address(written: str, kind: Kind) -> str:
    address = checked_address(written)
    if "@" in address or "?" in address or "#" in address:
        raise ValueError("base_url must hold no user, query or fragment")
    if kind == "azure" and "/deployments" in address:
        raise ValueError("base_url must end before /deployments; model names the deployment")
    return address


def _read_file(path: Path, limits: Limits) -> Connections:
    try:
        tables = tomllib.loads(_private_text(path, "LLM_CONNECTIONS_FILE"))
    except tomllib.TOMLDecodeError as error:
        raise ConnectionsInvalid(f"LLM_CONNECTIONS_FILE is not TOML: {error}") from None
    if len(tables) > MOST_CONNECTIONS:
        raise ConnectionsInvalid(f"LLM_CONNECTIONS_FILE names more than {MOST_CONNECTIONS} connections")
    known: dict[str, ModelConnection] = {}
    faults: list[str] = []
    for name, table in tables.items():
        try:
            known[name] = _read_entry(name, table, limits, path.parent)
        except ConnectionsInvalid as invalid:
            faults += invalid.lines
    if faults:
        raise ConnectionsInvalid(*faults)
    return known


def _read_entry(name: str, table: object, limits: Limits, folder: Path) -> ModelConnection:
    if name in (DEFAULT, SCRIPTED):
        raise ConnectionsInvalid(f"{name}: this name is taken; `default` comes from the LLM_ settings")
    try:
        _Named(name=name)
        entry = Entry.model_validate(table)
    except ValidationError as error:
        raise ConnectionsInvalid(*_faults(name, error)) from None
    return ModelConnection(
        name,
        entry.kind,
        _limits_of(entry, limits),
        base_url=entry.base_url or "",
        api_key=_key(name, entry, folder),
        model=entry.model,
        external=entry.external or False,
        api_version=entry.api_version,
        seed=entry.seed,
        tokens_field=entry.tokens_field,
        omit=tuple(entry.omit),
    )


class _Named(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    name: Name


def _faults(name: str, error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_input=False, include_context=False, include_url=False):
        where = ".".join(str(step) for step in (name, *fault["loc"]))
        yield f"{where}: {fault['msg'].removeprefix('Value error, ')}"


def _limits_of(entry: Entry, given: Limits) -> Limits:
    return Limits(
        connect=entry.connect_timeout or given.connect,
        first_token=entry.first_token_timeout or given.first_token,
        idle=entry.idle_timeout or given.idle,
        turn=entry.turn_timeout or given.turn,
        tokens=entry.max_tokens or given.tokens,
        prompt_characters=entry.prompt_characters or given.prompt_characters,
        at_once=entry.at_once or given.at_once,
        waiting=given.waiting if entry.waiting is None else entry.waiting,
        waiting_seconds=entry.waiting_timeout or given.waiting_seconds,
    )


def _key(name: str, entry: Entry, folder: Path) -> SecretStr:
    if entry.api_key is not None:
        key = entry.api_key.get_secret_value()
    elif entry.api_key_file is not None:
        key = _private_text(folder / entry.api_key_file, f"{name}.api_key_file").strip()
    elif entry.api_key_env is not None:
        key = os.environ.get(entry.api_key_env, "").strip()
    else:
        return NO_KEY
    # It becomes a header.
    if not (key and key.isascii() and key.isprintable()):
        raise ConnectionsInvalid(f"{name}: its key is missing, or holds what no key holds")
    return SecretStr(key)


def _private_text(path: Path, what: str) -> str:
    """Read a small file that its owner alone may read or write."""
    try:
        with open(path, "rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & _OTHERS:
                raise ConnectionsInvalid(f"{what} is open to others than its owner: chmod 600")
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConnectionsInvalid(f"{what} cannot be read: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise ConnectionsInvalid(f"{what} is larger than {_MOST_BYTES // 1024} KiB")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ConnectionsInvalid(f"{what} is not UTF-8") from None
