"""Registering, coming by an invitation, and who am I."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import document_request

from quart_assessment.accounts.current import passwords
from quart_assessment.accounts.identity import give_cookie, new_token, token_hash
from quart_assessment.accounts.schemas import InvitationForm, RegisterForm, user_data
from quart_assessment.database.current import database
from quart_assessment.journey import arrival
from quart_assessment.web.body import read_form
from quart_assessment.web.caller import caller, open_to
from quart_assessment.web.envelope import kept
from quart_assessment.web.state import settings

blueprint = Blueprint("arrival", __name__, url_prefix="/api/auth")


@blueprint.post("/register")
@open_to("public")
@document_request(RegisterForm)
async def register() -> Response:
    """Make a participant's account, where a study takes registrations."""
    form = await read_form(RegisterForm, settings().answer_body_bytes)
    token = new_token()
    account = await arrival.register(database(), settings(), passwords(), form, token_hash(token))
    give_cookie(token)
    return kept({"user": user_data(account)}, 201)


@blueprint.get("/register")
@open_to("public")
async def takes_registrations() -> Response:
    """Tell whether somebody who names no study can make an account now."""
    return kept({"open": await arrival.takes_registrations(database())})


@blueprint.post("/invitation")
@open_to("public")
@document_request(InvitationForm)
async def come_by_invitation() -> Response:
    """Log in with the token of an invitation link."""
    form = await read_form(InvitationForm, settings().answer_body_bytes)
    token = new_token()
    account = await arrival.come_by_invitation(database(), settings(), form.token, token_hash(token))
    give_cookie(token)
    return kept({"user": user_data(account)})


@blueprint.get("/me")
@open_to("participant")
async def who_am_i() -> Response:
    """Give the account that is logged in, and its studies."""
    account, studies = await arrival.who_am_i(database(), caller())
    return kept({"user": user_data(account), "studies": studies})
