"""What the verbs learn from the environment beside the settings themselves."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from quart_assessment.settings import Settings

if TYPE_CHECKING:
    from quart_assessment.database import embedded

SECRET_LENGTH = 32
_LOCAL_NAMES = (".localhost", ".local", ".internal")


async def with_local_database(settings: Settings) -> Settings:
    """Give settings that reach the running embedded database of VAR_DIR, where DATABASE_URL is not set."""
    if settings.database_url is not None:
        return settings
    from quart_assessment.database import embedded

    database = await embedded.find_running(settings)
    return settings if database is None else with_database(settings, database)


def with_database(settings: Settings, database: embedded.EmbeddedDatabase) -> Settings:
    """Give settings that reach `database`."""
    return settings.model_copy(
        update={
            "database_url": SecretStr(database.database_url),
            "migration_database_url": SecretStr(database.migration_database_url),
        }
    )


def missing_to_serve(settings: Settings) -> list[str]:
    """Name what a service cannot start without, one sentence each."""
    missing = []
    if settings.database_url is None:
        missing.append("DATABASE_URL is not set: the PostgreSQL to serve from.")
    if settings.secret_key is None:
        missing.append(f"SECRET_KEY is not set: {SECRET_LENGTH} or more random characters.")
    elif len(settings.secret_key.get_secret_value()) < SECRET_LENGTH:
        missing.append(f"SECRET_KEY is too short: {SECRET_LENGTH} or more random characters are needed.")
    return missing + _faults_of_connections(settings)


def warnings(settings: Settings) -> list[str]:
    """Say what will not work as its operator may think, before anything is served."""
    said = (transport_warning(settings), page_warning(settings), model_warning(settings))
    return [warning for warning in said if warning is not None]


def page_warning(settings: Settings) -> str | None:
    """Say in a sentence or two why participants will find no page; None where there is one."""
    from quart_assessment.page.files import PageBroken, page_folder, read_page

    folder = page_folder(settings)
    try:
        page = read_page(folder)
    except PageBroken as broken:
        return f"The page in {folder} is broken: {broken}. Build it anew; until then only the API is served."
    if page is None:
        return f"The page was not built: {folder} holds none. Only the API is served; `make run` builds the page."
    return None


def model_warning(settings: Settings) -> str | None:
    """Say that LLM_BASE_URL seems to lead outside, and nobody said whether it does; None where all is clear."""
    if settings.llm_base_url is None or "llm_external" in settings.model_fields_set:
        return None
    host = urlsplit(settings.llm_base_url).hostname
    if host is None or _is_inside(host):
        return None
    return (
        f"LLM_BASE_URL leads to {host}, which is taken for a machine of your own. Set LLM_EXTERNAL: true, if it is "
        "not, so that participants are asked to agree; false, if it is."
    )


def _is_inside(host: str) -> bool:
    """Whether a host is this machine, has an address that is not public, or a name that only a local network knows."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_NAMES)


def _faults_of_connections(settings: Settings) -> list[str]:
    if settings.llm_connections_file is None:
        return []
    from quart_assessment.chat.connections_file import ConnectionsInvalid, read_connections

    try:
        read_connections(settings)
    except ConnectionsInvalid as invalid:
        return [f"{line}." for line in invalid.lines]
    return []


def transport_warning(settings: Settings) -> str | None:
    """Say what does not work over the public address, None where all does."""
    if settings.tls or settings.loopback:
        return None
    return (
        f"{settings.address} is neither https nor this machine itself: "
        "logins and cameras will not work there without TLS."
    )
