"""Login and logout."""

from __future__ import annotations

from quart import Blueprint, Response, request
from quart_schema import document_request

from quart_assessment.accounts.current import passwords
from quart_assessment.accounts.identity import give_cookie, new_token, take_cookie, token_hash
from quart_assessment.accounts.schemas import LoginForm, user_data
from quart_assessment.accounts.service import log_in, log_out
from quart_assessment.database.current import database
from quart_assessment.web.body import Form, read_form
from quart_assessment.web.caller import caller, open_to
from quart_assessment.web.envelope import kept
from quart_assessment.web.state import settings

blueprint = Blueprint("accounts", __name__, url_prefix="/api/auth")


@blueprint.post("/login")
@open_to("public")
@document_request(LoginForm)
async def login() -> Response:
    """Log in with a name and a password."""
    form = await read_form(LoginForm, settings().answer_body_bytes)
    token = new_token()
    account = await log_in(
        database(),
        settings(),
        passwords(),
        username=form.username,
        password=form.password,
        address=request.remote_addr or "",
        token_hash=token_hash(token),
    )
    give_cookie(token)
    return kept({"user": user_data(account)})


@blueprint.post("/logout")
@open_to("participant")
async def logout() -> Response:
    """End this login, in all workers at once."""
    await read_form(Form, settings().answer_body_bytes)
    await log_out(database(), caller())
    take_cookie()
    return kept({})
