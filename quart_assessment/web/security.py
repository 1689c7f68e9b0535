"""The headers of every reply, and which sites may write."""

from __future__ import annotations

from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from quart_assessment.settings import Settings, is_loopback_name

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "img-src 'self' blob:; worker-src 'self'"
)
ENVELOPED = ("/api", "/assessment")
_UNDER = tuple(root + "/" for root in ENVELOPED)

Header = tuple[bytes, bytes]


def fixed_headers(settings: Settings) -> list[Header]:
    """Give the headers that every reply has."""
    headers = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(self), microphone=(self)",
    }
    if settings.tls:
        headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def is_enveloped(path: str) -> bool:
    """Tell whether replies under `path` stand in the envelope."""
    return path.startswith(_UNDER) or path in ENVELOPED


def is_cross_site(settings: Settings, method: str, headers: Headers) -> bool:
    """Tell whether a write comes from a page of another site.

    Browsers say where a request comes from in Sec-Fetch-Site (W3C Fetch Metadata) and Origin (RFC 6454); a
    program that sends neither holds the cookie itself and is served.
    """
    if method in SAFE_METHODS:
        return False
    if headers.get("Sec-Fetch-Site", "none").lower() not in ("same-origin", "none"):
        return True
    origin = headers.get("Origin")
    return origin is not None and not _is_ours(settings, origin.lower(), headers.get("Host", "").lower())


def _is_ours(settings: Settings, origin: str, host: str) -> bool:
    if origin == settings.origin.lower():
        return True
    if not is_loopback_name(urlsplit(settings.address).hostname):
        return False
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return is_loopback_name(name) and origin == f"http://{host}"
