"""What goes over the wire about people."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from quart_assessment.accounts.facts import Account
from quart_assessment.accounts.passwords import LONGEST
from quart_assessment.web.body import Form
from quart_assessment.web.envelope import Data


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("not a name")
    return text


Password = Annotated[str, StringConstraints(max_length=LONGEST)]
Username = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_printable)]


class LoginForm(Form):
    """Who somebody says they are."""

    username: Annotated[str, StringConstraints(max_length=1024)]
    password: Password


class RegisterForm(Form):
    """A new account; `study` is a study's slug where there are several."""

    username: Username
    password: Password
    study: Annotated[str, StringConstraints(max_length=100)] | None = None


class InvitationForm(Form):
    """The token out of an invitation link."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


def user_data(account: Account) -> Data:
    """Give an account as it goes over the wire."""
    return {"id": account.id, "username": account.username, "role": account.role}
