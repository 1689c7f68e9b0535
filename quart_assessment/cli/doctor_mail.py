"""What `quart-assessment doctor` says of the mail server."""

from __future__ import annotations

from quart_assessment.cli.findings import Finding, fail, ok
from quart_assessment.mail.sending import NOT_TAKEN, Mailer
from quart_assessment.settings import Settings


async def examine_mail(settings: Settings) -> Finding:
    """Whether the mail server answers, encrypts and takes the login; nothing is sent."""
    mailer = Mailer.of(settings)
    if mailer is None:
        return ok("mail", "SMTP_HOST is not set: nothing is mailed.")
    try:
        await mailer.look()
    except NOT_TAKEN as error:
        return fail("mail", f"{settings.smtp_host} cannot be used ({type(error).__name__}).")
    return ok("mail", f"{settings.smtp_host} answers.")
