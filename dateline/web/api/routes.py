"""Router with all API routes."""

from __future__ import annotations

from fastapi import APIRouter

from dateline.web import metrics
from dateline.web.api import feeds, items, memento, saved, search, sources

router = APIRouter()
for part in (search, items, sources, saved):
    router.include_router(part.router, prefix="/api")
for part in (feeds, memento, metrics):
    router.include_router(part.router)
