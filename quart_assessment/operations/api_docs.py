"""The OpenAPI 3.1 document, made from the routes, and a plain page that shows it."""

from __future__ import annotations

from html import escape
from importlib.metadata import version
from typing import Any

from quart import Quart
from quart_schema import Info, OpenAPIProvider, QuartSchema

from quart_assessment.operations.api_replies import BODIES, PARAMETERS, kept_reply
from quart_assessment.web.caller import access_of

Document = dict[str, Any]
_SHARED = {
    "Refused": {
        "type": "object",
        "required": ["status", "error", "code", "request_id"],
        "properties": {
            "status": {"const": "SNAFU"},
            "error": {"type": "string"},
            "code": {"type": "string"},
            "details": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "problem"],
                    "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
                },
            },
            "help": {"type": "object"},
            "request_id": {"type": "string", "format": "uuid"},
        },
    },
}


def openapi(app: Quart, cookie_name: str) -> Document:
    """Make the document of all routes under /api and /assessment."""
    # Only the provider is used: installed on the app, quart-schema would wrap every reply of every route.
    app.config.setdefault("QUART_SCHEMA_CONVERSION_PREFERENCE", "pydantic")
    app.config.setdefault("QUART_SCHEMA_CONVERT_CASING", False)
    schema = QuartSchema(info=Info("quart_assessment", version("quart-assessment")))
    document: Document = OpenAPIProvider(app, schema).schema()
    document["openapi"] = "3.1.0"
    document["paths"] = {
        path: {verb: _operation(app, path, verb, operation) for verb, operation in operations.items()}
        for path, operations in sorted(document["paths"].items())
        if path.startswith(("/api", "/assessment"))
    }
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(_SHARED)
    components["securitySchemes"] = {"login": {"type": "apiKey", "in": "cookie", "name": cookie_name}}
    return document


def _operation(app: Quart, path: str, verb: str, operation: Document) -> Document:
    rule = next(
        rule
        for rule in app.url_map.iter_rules()
        if _braced(rule.rule) == path and verb.upper() in (rule.methods or ())
    )
    view = app.view_functions[rule.endpoint]
    responses = {
        "2XX": kept_reply(path, verb),
        "default": {
            "description": "Refused; the code says why",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refused"}}},
        },
    }
    security: list[Document] = [] if access_of(view) == "public" else [{"login": []}]
    body = {"requestBody": BODIES[path]} if path in BODIES and verb != "get" else {}
    said = {name: value for name, value in operation.items() if value != ""}
    taken = {"parameters": [*said.get("parameters", ()), *PARAMETERS[path]]} if path in PARAMETERS else {}
    named = {"operationId": rule.endpoint.replace(".", "_")}
    return said | named | taken | body | {"responses": responses, "security": security}


def _braced(rule: str) -> str:
    return rule.replace("<", "{").replace(">", "}")


def page(document: Document) -> str:
    """Make the readable page: every call with its summary and its fields. No script, nothing from elsewhere."""
    calls = "\n".join(
        _call(document, path, verb, operation)
        for path, operations in document["paths"].items()
        for verb, operation in operations.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>quart_assessment API</title></head><body>'
        "<h1>quart_assessment API</h1>"
        "<p>Every reply stands in an envelope: <code>status</code>, and <code>data</code> or "
        "<code>error</code>, <code>code</code> and <code>request_id</code>. A reply of 2xx says that what was "
        'sent is kept. The whole description: <a href="/openapi.json">/openapi.json</a>.</p>'
        f"{calls}</body></html>"
    )


def _call(document: Document, path: str, verb: str, operation: Document) -> str:
    who = "anyone" if not operation["security"] else "holders of a login"
    return (
        f"<section><h2><code>{escape(verb.upper())} {escape(path)}</code></h2>"
        f"<p>{escape(operation.get('summary', ''))} Open to {who}.</p>{_fields(document, operation)}</section>"
    )


def _fields(document: Document, operation: Document) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<li><code>{escape(name)}</code>{' (required)' if name in required else ''}</li>"
        for name in schema.get("properties", {})
    )
    others = "".join(
        f"<p>Body: <code>{escape(kind)}</code></p>" for kind in content if kind != "application/json"
    )
    return (f"<ul>{rows}</ul>" if rows else "") + others
