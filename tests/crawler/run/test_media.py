"""Pictures and attachments: fetched once, kept by digest, refused with a reason, searchable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dateline.demo import texts
from tests.pages import Reply, article_page, sentences

if TYPE_CHECKING:
    from tests.crawler.commands import Commands
    from tests.pages import LocalSite

pytestmark = pytest.mark.crawl

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"\0" * 40
STORY = "/news/2026/03/05/the-quay-is-open-again"


def figure(name: str) -> str:
    return f'<figure><img src="/p/{name}" width="900" height="600"><figcaption>{name}</figcaption></figure>'


@pytest.mark.damages_archive
def test_media_are_kept_once_and_refused_with_a_reason(dateline: Commands, site: LocalSite) -> None:
    pictures = "".join(map(figure, ("quay.png", "same-quay-again.png", "wall.jpg", "lost.jpg")))
    attachment = '<p>The report <a href="/files/report.pdf">is here</a>, in full length and with its tables.</p>'
    page = article_page("The quay is open again", sentences(3, 6))
    site.set(STORY, page.replace("<p>", f"{pictures}{attachment}<p>", 1))
    for name in ("quay.png", "same-quay-again.png"):
        site.set(f"/p/{name}", Reply(PNG, content_type="image/png"))
    site.set("/p/wall.jpg", "<html><title>Log in</title></html>")
    site.set("/files/report.pdf", Reply(texts.PDF, content_type="application/pdf"))
    assert dateline("add", site.base + STORY, "--name", "herald", "--delay", "0").code == 0
    first = dateline("crawl", "--json").json[0]
    assert first["media"] == {"stored": 3, "refused": 1, "failed": 1}, first

    shown: list[dict[str, Any]] = dateline("show", site.base + STORY, "--json").json["media"]
    found = {m["url"].rpartition("/")[2]: (m["state"], m["cause"]) for m in shown}
    assert found == {
        "quay.png": ("stored", None), "same-quay-again.png": ("stored", None),
        "wall.jpg": ("refused", "not-a-picture"), "lost.jpg": ("failed", "http-404"),
        "report.pdf": ("stored", None),
    }  # fmt: skip
    files = [path for path in (dateline.folder / "media").rglob("*") if path.is_file()]
    assert len(files) == 2  # and a third for the picture that comes late
    assert dateline("db", "check").code == 0

    asked = site.asked("/p/quay.png")
    site.set("/p/lost.jpg", Reply(PNG + b"late", content_type="image/png"))
    assert dateline("crawl", "--json").json[0]["media"] == {"stored": 1}
    assert site.asked("/p/quay.png") == asked
    files[0].write_bytes(b"changed")
    assert dateline("db", "check").code != 0


def test_an_attachments_words_are_found(dateline_sqlite: Commands, site: LocalSite) -> None:
    dateline = dateline_sqlite
    line = '<p>The list <a href="/files/list.csv">is here</a>, as the council keeps it for the harbour.</p>'
    page = article_page("The quay is open again", sentences(3, 6)).replace("<p>", f"{line}<p>", 1)
    site.set(STORY, page)
    site.set("/files/list.csv", Reply(b"name;berth\nZephyrine;12\n", content_type="text/csv"))
    assert dateline("add", site.base + STORY, "--name", "herald", "--delay", "0").code == 0
    assert dateline("crawl", "--media", "0").code == 0
    assert "Zephyrine" not in dateline("search", "zephyrine").out
    assert dateline("crawl").code == 0
    assert "The quay is open again" in dateline("search", "zephyrine").out
