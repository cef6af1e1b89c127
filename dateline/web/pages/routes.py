"""All pages."""

from __future__ import annotations

from fastapi import APIRouter

from dateline.web.pages import account, analyse, dossiers, guide, home, items, searching, sources

router = APIRouter(include_in_schema=False)
for part in (home, searching, analyse, items, dossiers, sources, account, guide):
    router.include_router(part.router)
