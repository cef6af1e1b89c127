"""Help: the search language, the keyboard, and the documentation of the HTTP API."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from dateline.web.pages.frame import Visitor, page

router = APIRouter()


@router.get("/help")
def guide(request: Request, reader: Visitor) -> Response:
    """The search language, with examples."""
    return page(request, "help.html", reader=reader)


@router.get("/help/api")
def api(request: Request, reader: Visitor) -> Response:
    """The OpenAPI document as a page."""
    document = request.app.openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or [""])[0]
            groups.setdefault(tag, []).append({
                "path": path, "method": method.upper(), "summary": operation.get("description")
                or operation.get("summary", ""), "parameters": operation.get("parameters", ()),
                "responses": operation["responses"],
            })  # fmt: skip
    return page(request, "api.html", {"groups": groups, "about": document["info"]}, reader=reader)
