"""A real SMTP server (aiosmtpd) that keeps what it takes, and misbehaves as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(slots=True)
class MailServer:
    """What the server is to do, and what it took. Times are its own: a closed `gate` holds up the named step."""

    port: int
    refuse_recipient: dict[str, str] = field(default_factory=dict)
    refuse_data: str | None = None
    hold: str | None = None
    hold_after_data: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    taken: list[EmailMessage] = field(default_factory=list)
    connections: int = 0
    commands: list[str] = field(default_factory=list)
    passwords: list[bytes] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """The Message-IDs of what it took, in order."""
        return [str(one["Message-ID"]) for one in self.taken]

    @property
    def recipients(self) -> list[str]:
        return [str(one["To"]) for one in self.taken]

    async def _held_up(self, step: str) -> None:
        self.commands.append(step)
        if self.hold == step:
            await self.gate.wait()

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        await self._held_up("EHLO")
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._held_up("RCPT")
        if address in self.refuse_recipient:
            return self.refuse_recipient[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await self._held_up("DATA")
        if self.refuse_data is not None:
            return self.refuse_data
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        assert envelope.rcpt_tos == [message["To"]]
        self.taken.append(message)
        if self.hold_after_data:
            await self.gate.wait()
        return "250 taken"

    def authenticate(self, login: LoginPassword) -> AuthResult:
        self.passwords.append(login.password)
        return AuthResult(success=login.login == b"alerts", handled=False)


class _Connection(SMTP):
    """One connection; a bug of a test's server must not be told as a word of the server under test."""


@asynccontextmanager
async def mail_server(
    port: int = 0, tls: ssl.SSLContext | None = None, *, implicit: bool = False, login: bool = False
) -> AsyncIterator[MailServer]:
    """Serve on 127.0.0.1; `tls` by STARTTLS, or from the first byte where `implicit`."""
    made = MailServer(port)

    def connection() -> SMTP:
        made.connections += 1
        return _Connection(
            made,
            hostname="mail.test",
            tls_context=None if implicit else tls,
            require_starttls=tls is not None and not implicit,
            authenticator=(lambda *given: made.authenticate(given[-1])) if login else None,
            auth_require_tls=login and not implicit,
            auth_required=login,
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(
        connection, "127.0.0.1", port, ssl=tls if implicit else None
    )
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.gate.set()
        server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 2)
