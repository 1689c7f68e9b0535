"""Giving one mail to the operator's mail server. Taken means: the server answered its data with 250."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import localtime
from typing import Self

import aiosmtplib

from quart_assessment.settings import Settings

log = logging.getLogger(__name__)

NOT_TAKEN = (aiosmtplib.SMTPException, OSError, ValueError)
"""What `Mailer.send` raises: of the server, of the network, of time (TimeoutError), of TLS, of an address."""
_FAREWELL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of plain text. `key` is what is left of the @ in its Message-ID: the same each time it is sent."""

    to: str
    subject: str
    text: str
    language: str
    key: str


class Mailer:
    """The operator's mail server, as the settings name it."""

    def __init__(self, settings: Settings, host: str, sender: str) -> None:
        self._settings = settings
        self._host = host
        self._sender = sender
        # Reads the machine's certificates, or those SSL_CERT_FILE names; once, not for each mail.
        self._tls = ssl.create_default_context()

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Make one; None where the operator has named no server."""
        if settings.smtp_host is None or settings.smtp_from is None:
            return None
        return cls(settings, settings.smtp_host, settings.smtp_from)

    async def send(self, mail: Mail) -> None:
        """Give a mail to the server, within SMTP_TIMEOUT.

        Raises:
            NOT_TAKEN: it was refused, or nobody heard that it was taken, and it may have been.
        """
        try:
            async with self._connected() as client:
                await client.send_message(self._message(mail))
        except aiosmtplib.SMTPException as error:
            log.warning("the mail server did not take a mail", extra={"smtp_code": _code(error)})
            raise

    async def look(self) -> None:
        """Connect, encrypt and log in, as for a mail, and leave; raises as `send`."""
        async with self._connected() as client:
            await client.noop()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=settings.smtp_password.get_secret_value(),
            timeout=settings.smtp_timeout,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            tls_context=self._tls,
        )
        try:
            async with asyncio.timeout(settings.smtp_timeout):
                await client.connect(timeout=settings.smtp_connect_timeout)
                yield client
            # What was taken stays taken, though the server does not answer the farewell (RFC 5321, 4.1.1.10).
            with suppress(aiosmtplib.SMTPException):
                await client.quit(timeout=_FAREWELL_SECONDS)
        finally:
            client.close()

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage(policy=WIRE)
        message["From"] = self._sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = localtime()
        message["Message-ID"] = f"<{mail.key}@{self._sender.partition('@')[2]}>"
        # No answering machine is to write back (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        message["Content-Language"] = mail.language
        return message


def _code(error: aiosmtplib.SMTPException) -> int | None:
    """Give the number the server refused with, never its words."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return error.recipients[0].code
    return error.code if isinstance(error, aiosmtplib.SMTPResponseException) else None
