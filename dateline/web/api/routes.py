"""All routes of the API."""

from __future__ import annotations

from fastapi import APIRouter

from dateline.web import metrics
from dateline.web.api import articles, feeds, gathering, memento, searching, sources

router = APIRouter()
for part in (searching, articles, sources, gathering):
    router.include_router(part.router, prefix="/api")
for part in (feeds, memento, metrics):
    router.include_router(part.router)
