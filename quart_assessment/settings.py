"""The environment, read once, typed and checked. Every name here is an environment variable in capitals."""

from __future__ import annotations

import ipaddress
import re
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

KIB = 1024
MIB = 1024 * KIB


def is_loopback_name(host: str | None) -> bool:
    """Tell whether `host` names this machine itself, where browsers allow cameras without TLS."""
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# What browsers take for an e-mail address (HTML Standard, "valid email address"); nothing of a header fits in.
_MAIL_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)


def checked_mail_address(written: str) -> str:
    """Give an e-mail address as it was written; raises ValueError for what is none."""
    if len(written) > 254 or not _MAIL_ADDRESS.fullmatch(written):
        raise ValueError("must be an e-mail address, such as name@example.org")
    return written


def checked_address(written: str) -> str:
    """Give an http or https address without a trailing slash; raises ValueError for any other."""
    parts = urlsplit(written)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("must be an http or https address")
    return written.rstrip("/")


class Settings(BaseSettings):
    """All that an operator may set; docs/operations.md lists every field."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: SecretStr | None = Field(None, description="PostgreSQL as the application role")
    migration_database_url: SecretStr | None = Field(
        None, description="PostgreSQL as the owner of the tables"
    )
    secret_key: SecretStr | None = Field(None, description="signs the login cookie; 32 characters or more")
    public_url: str | None = Field(
        None, description="the address participants open; http://HOST:PORT if unset"
    )
    host: str = Field("127.0.0.1", description="the address to bind")
    port: int = Field(8000, ge=0, le=65535, description="the port to bind")
    var_dir: Path = Field(
        Path("var"), description="state of a local run: embedded database, logs, demo accounts"
    )
    store_dir: Path | None = Field(None, description="where capture files are kept; VAR_DIR/store if unset")
    page_dir: Path | None = Field(None, description="where the built page lies; the package's own if unset")

    web_concurrency: int = Field(2, ge=1, le=64, description="worker processes")
    limit_concurrency: int = Field(2000, ge=1, description="open connections a worker; past it 503")
    keepalive: int = Field(65, ge=1, description="seconds an idle connection is kept")
    backlog: int = Field(2048, ge=64, description="connections waiting to be accepted")
    graceful_timeout: int = Field(30, ge=5, description="seconds a stopping worker may take")
    max_requests: int = Field(0, ge=0, description="requests after which a worker is replaced; 0 is never")
    max_requests_jitter: int = Field(0, ge=0, description="spread of MAX_REQUESTS over the workers")
    header_timeout: float = Field(15, gt=0, description="seconds the head of a request may take")
    forwarded_allow_ips: str = Field(
        "127.0.0.1", description="proxies whose X-Forwarded-* is believed, one hop"
    )
    lean_requests: bool = Field(True, description="serve requests by the lean parts; false: by plain Quart")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="least level logged")
    metrics_token: SecretStr | None = Field(
        None, description="bearer token of /metrics; unset: loopback only"
    )

    db_pool_size: int = Field(6, ge=1, description="connections a worker for all but answers")
    db_answer_pool_size: int = Field(3, ge=2, description="connections a worker for answers alone")
    db_pool_timeout: float = Field(10, gt=0, description="seconds to wait for a connection; past it 503")
    db_connect_timeout: float = Field(5, gt=0, description="seconds to open a connection; past it 503")
    db_lock_timeout: float = Field(5, gt=0, description="seconds to wait for a row lock; past it 503")
    db_statement_timeout: float = Field(15, gt=0, description="seconds a statement may take; past it 503")
    db_idle_in_transaction_timeout: float = Field(
        30, gt=0, description="seconds before PostgreSQL ends an idle one"
    )
    writes_waiting: int = Field(2000, ge=1, description="writes under way a worker; past it 503")

    login_idle_hours: float = Field(
        24 * 14, gt=0, description="hours without a call after which a login ends"
    )
    login_absolute_hours: float = Field(24 * 60, gt=0, description="hours after which any login ends")
    login_failures_account: int = Field(
        10, ge=1, description="failed logins an account in 15 minutes; then 429"
    )
    login_failures_address: int = Field(
        100, ge=1, description="failed logins an address in 15 minutes; then 429"
    )
    password_threads: int = Field(2, ge=1, le=16, description="passwords hashed at once a worker")
    passwords_waiting: int = Field(256, ge=1, description="passwords waiting to be hashed; past it 503")

    answer_body_bytes: int = Field(
        4 * KIB, ge=512, description="limit of a single answer's body and other small ones"
    )
    bulk_body_bytes: int = Field(
        64 * KIB, ge=4 * KIB, description="limit of bulk answers, announcements and links"
    )
    chat_body_bytes: int = Field(128 * KIB, ge=4 * KIB, description="limit of a message's body")
    capture_bytes: int = Field(5 * MIB, ge=KIB, description="limit of a capture")
    captures_a_request: int = Field(20, ge=1, description="files in one multipart upload")
    capture_side: int = Field(4096, ge=16, description="greatest width and height of a capture in pixels")
    body_silence_timeout: float = Field(30, gt=0, description="seconds without a byte of a body; then 408")
    body_total_timeout: float = Field(900, gt=0, description="seconds a body may take; then 408")
    body_bytes_a_second: int = Field(8 * KIB, ge=1, description="least average speed after the first 30 s")
    uploads_in_flight_bytes: int = Field(
        1024 * MIB, ge=MIB, description="bytes of uploads under way a worker"
    )
    disk_threads: int = Field(8, ge=1, le=64, description="threads for capture files a worker")

    llm_base_url: str | None = Field(None, description="an OpenAI-compatible API; unset: the local model")
    llm_api_key: SecretStr = Field(SecretStr("none"), description="its key")
    llm_model: str = Field("smollm2-135m-instruct", description="the model asked for")
    llm_external: bool = Field(False, description="the model runs outside the operator's machines")
    llm_connections_file: Path | None = Field(None, description="TOML that names more connections to models")
    llm_connect_timeout: float = Field(5, gt=0, description="seconds to reach the model")
    llm_first_token_timeout: float = Field(60, gt=0, description="seconds to its first words")
    llm_idle_timeout: float = Field(30, gt=0, description="seconds between its words")
    llm_turn_timeout: float = Field(180, gt=0, description="seconds a reply may take")
    llm_max_tokens: int = Field(400, ge=16, description="tokens a reply may have")
    llm_prompt_characters: int = Field(
        12_000, ge=1000, description="code points of a prompt; older turns are left out"
    )
    llm_at_once: int | None = Field(
        None, ge=1, description="replies a worker makes over a connection at once; unset: TURNS_AT_ONCE"
    )
    llm_waiting: int = Field(
        200, ge=0, description="replies that wait for a turn then, a worker; past it 503"
    )
    llm_waiting_timeout: float = Field(60, gt=0, description="seconds a reply may wait for its turn")
    turns_at_once: int = Field(1000, ge=1, description="replies being made a worker; past it 503")
    turn_lease_seconds: float = Field(
        10, ge=1, description="silence after which a turn's worker counts as lost"
    )

    jobs_at_once: int = Field(4, ge=1, le=64, description="jobs a worker process does at once")
    job_attempts: int = Field(
        100, ge=1, le=1000, description="runs of a job that may fail; then it is given up"
    )
    job_backoff_seconds: float = Field(
        5, gt=0, description="seconds before a failed job runs again; doubled by each further failure"
    )
    job_longest_backoff_seconds: float = Field(900, gt=0, description="the most that pause grows to")
    job_timeout_seconds: float = Field(
        300, gt=0, description="seconds a run may take; then it is broken off and has failed"
    )
    job_lease_seconds: float = Field(
        30, ge=1, description="silence after which a job's worker counts as lost"
    )
    job_poll_seconds: float = Field(5, ge=0.1, le=30, description="seconds between looks for due jobs")
    job_keep_days: int = Field(30, ge=1, description="days for which jobs that are done can be seen")

    smtp_host: str | None = Field(None, description="the server that mail is given to; unset: no mail")
    smtp_port: int = Field(587, ge=1, le=65535, description="its port")
    smtp_tls: Literal["starttls", "tls", "none"] = Field("starttls", description="how it is encrypted")
    smtp_user: str | None = Field(None, description="the name to log in with; unset: no login")
    smtp_password: SecretStr = Field(SecretStr(""), description="its password")
    smtp_from: str | None = Field(None, validate_default=True, description="the address mail comes from")
    smtp_connect_timeout: float = Field(10, gt=0, le=60, description="seconds to reach the server")
    smtp_timeout: float = Field(30, gt=0, le=60, description="seconds one mail may take, whole")

    demo_participants: int = Field(20, ge=0, le=10000, description="participants a local run creates")

    @field_validator("database_url", "migration_database_url")
    @classmethod
    def _names_the_driver(cls, value: SecretStr | None) -> SecretStr | None:
        # Many tools write postgresql:// or postgres://; the driver is always asyncpg.
        if value is None:
            return None
        scheme, _, rest = value.get_secret_value().partition("://")
        return SecretStr(f"postgresql+asyncpg://{rest}") if scheme in ("postgresql", "postgres") else value

    @field_validator("public_url", "llm_base_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        return None if value is None else checked_address(value)

    @field_validator("smtp_user")
    @classmethod
    def _is_not_overheard(cls, value: str | None, info: ValidationInfo) -> str | None:
        host = info.data.get("smtp_host")
        if value is not None and info.data.get("smtp_tls") == "none" and not is_loopback_name(host):
            raise ValueError("must not be sent without TLS to another machine")
        return value

    @field_validator("smtp_from")
    @classmethod
    def _is_a_sender(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            if info.data.get("smtp_host") is not None:
                raise ValueError("must be set where SMTP_HOST is")
            return None
        return checked_mail_address(value)

    @cached_property
    def address(self) -> str:
        """The address participants open, without a trailing slash."""
        if self.public_url is not None:
            return self.public_url
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def origin(self) -> str:
        """The origin (RFC 6454) of the public address; default ports are left out, as browsers do."""
        parts = urlsplit(self.address)
        default = {"http": 80, "https": 443}[parts.scheme]
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, default) else "")

    @property
    def loopback(self) -> bool:
        """Whether the public address is plain http on a loopback name, where a cookie need not be Secure."""
        parts = urlsplit(self.address)
        return parts.scheme == "http" and is_loopback_name(parts.hostname)

    @property
    def tls(self) -> bool:
        """Whether participants reach the service over TLS."""
        return self.address.startswith("https://")

    @property
    def store(self) -> Path:
        """The folder of capture files."""
        return self.store_dir if self.store_dir is not None else self.var_dir / "store"

    @property
    def connections(self) -> int:
        """The most database connections a service and a worker of jobs open together.

        Each process of the service has its two pools, one connection for the text of replies, and a listener; a
        worker of jobs one a job, two for itself, and a listener.
        """
        serving = self.web_concurrency * (self.db_pool_size + self.db_answer_pool_size + 2)
        return serving + self.jobs_at_once + 3
