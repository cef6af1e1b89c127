"""The web application: reading room and HTTP API of one archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from dateline.web import problems
from dateline.web.api import conditional, routes
from dateline.web.pages import errors
from dateline.web.pages import routes as pages
from dateline.web.paths import STATIC
from dateline.web.problems import Problem
from dateline.web.safety import Safety
from dateline.web.sessions import Sessions, secret_of
from storage.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.archive import Archive

LOCAL = ("127.0.0.1", "localhost", "::1")
_DESCRIPTION = """\
HTTP API of a Dateline archive. Lists are paged with a cursor, errors are problem documents
(RFC 9457), and every response has an ETag. If the archive has user accounts, send a token:
`Authorization: Bearer …`. `dateline token add NAME` creates one."""


def create_app(archive: Archive, *, names: Sequence[str] = LOCAL, secure: bool = False) -> FastAPI:
    """Create the application for ``archive``; ``names`` are the allowed hosts without port."""

    app = FastAPI(
        title="Dateline",
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.archive = archive
    app.state.sessions = Sessions(archive, secret_of(archive), secure=secure)
    app.include_router(routes.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    problems.install(app, errors.page)
    app.add_middleware(conditional.Conditional)
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(Safety, hosts=frozenset(names))
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Build the OpenAPI 3.1 document of the API, with the schema of its errors."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        # Feeds and mementos follow other standards and are not part of it.
        document["paths"] = {
            path: one for path, one in document["paths"].items() if path.startswith("/api/")
        }
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}, {}]
        for path in document["paths"].values():
            for operation in path.values():
                # FastAPI documents its own validation error; ours is a problem document.
                held = operation["responses"].get("422")
                if held is not None:
                    held["content"] = {
                        problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
                    }
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        app.openapi_schema = document
    return app.openapi_schema
