"""``python -m tests.dateline.web.screenshots [FOLDER]``: pictures of every page, wide and narrow."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.dateline.web.browsing import browsing, chromium
from tests.dateline.web.rooms import Room, furnished, served

ROOT = Path(__file__).resolve().parents[3]
WIDTHS = (1280, 390)
_TALLEST = 1_700


def pages(ids: dict[str, int]) -> dict[str, str]:
    """The pages by the names of their pictures."""
    article, entry = ids["article"], ids["entry"]
    return {
        "home": "/", "search": "/search?q=harbour", "search-error": "/search?q=harbour%20AND",
        "builder": "/search/builder", "analyse": "/analyse?q=harbour%0Amarket&by=month",
        "article": f"/item/{article}", "revisions": f"/item/{article}/revisions",
        "revisions-side": f"/item/{article}/revisions?view=side",
        "capture": f"/item/{article}/capture", "entry": f"/item/{entry}",
        "directory": "/directory", "dossiers": "/dossiers", "dossier": f"/dossiers/{ids['dossier']}",
        "sources": "/sources", "source": "/sources/herald", "account": "/account",
        "login": "/login", "help": "/help", "api": "/help/api",
    }  # fmt: skip


def take(room: Room, folder: Path) -> None:
    """Write the pictures."""
    with chromium() as browser:
        for width in WIDTHS:
            view = {"width": width, "height": 900 if width > 500 else 844}
            with browsing(browser, room.base, viewport=view) as page:
                for name, path in pages(room.ids).items():
                    page.goto(path)
                    page.wait_for_load_state("networkidle")
                    height = page.evaluate("document.documentElement.scrollHeight")
                    page.screenshot(
                        path=folder / f"{name}-{width}.jpg", type="jpeg", quality=70,
                        full_page=True, clip={"x": 0, "y": 0, "width": width,
                                              "height": min(height, _TALLEST)},
                    )  # fmt: skip
        dark = {"width": 1280, "height": 900}
        with browsing(
            browser, room.base, viewport=dark, color_scheme="dark", locale="fr-FR"
        ) as page:
            page.goto("/search?q=harbour")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / "search-dark-fr-1280.jpg", type="jpeg", quality=70)


def main() -> None:
    """Take them of the tests' room."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        furnished(Path(name, "archive")) as (archive, ids),
        served(archive, ids) as room,
    ):
        take(room, folder)


if __name__ == "__main__":
    main()
