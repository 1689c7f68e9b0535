"""The login cookie, checked by the library that signs it."""

from __future__ import annotations

import hashlib
import os

from itsdangerous import BadSignature, URLSafeTimedSerializer

NAME = "qa_login"
_SECONDS = 60 * 24 * 3600
_serializer = URLSafeTimedSerializer(
    os.environ.get("SECRET_KEY", "unset"), "quart auth salt", signer_kwargs={"digest_method": hashlib.sha512}
)


def token_hash_of(cookie: str | None) -> bytes | None:
    """Give what the database holds of the cookie's token; None for a cookie that was not signed here."""
    try:
        token: str = _serializer.loads(cookie or "", max_age=_SECONDS)
    except BadSignature:
        return None
    return hashlib.sha256(token.encode()).digest()
