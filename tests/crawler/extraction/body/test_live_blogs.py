"""Live blogs are read entry by entry, each with its timestamp and its anchor."""

from __future__ import annotations

import json

import pytest

from crawler.extraction.article import extract

URL = "https://paper.example/news/live-lock-gate-selmere"
TEXT = ("The council of Selmere says in entry {} that the old lock gate will be repaired, that boats must wait at the "
        "upper basin, and that a ferry carries cyclists for free until the work is done.")  # fmt: skip
TIMES = ("2026-03-05T14:30:00+01:00", "2026-03-05T13:10:00+01:00", "2026-03-05T12:05:00+01:00",
         "2026-03-05T09:00:00+01:00")  # fmt: skip
FORMS = {
    "articles": '<article id="e{i}"><time datetime="{at}">{clock}</time><h2>Entry {i} is here</h2><p>{text}</p></article>',
    "divs": '<div class="live-post" id="e{i}"><div class="meta"><time datetime="{at}">{clock}</time></div><p>{text}</p></div>',
    "items": '<li id="e{i}"><p><time datetime="{at}">{clock}</time></p><p>{text}</p></li>',
    "flat": '<h3 id="e{i}"><time datetime="{at}">{clock}</time> Entry {i} is here</h3><p>{text}</p>',
    "clock": '<div class="entry" id="e{i}"><span class="clock">{clock}</span><p>{text}</p></div>',
    "anchors": '<section><a name="e{i}"></a><h2>Entry {i} is here</h2><time datetime="{at}">{clock}</time><p>{text}</p></section>',
}


def page(form: str, head: str = "") -> str:
    entries = "".join(
        form.format(i=i, at=at, clock=at[11:16], text=TEXT.format(i)) for i, at in enumerate(TIMES)
    )
    return ("<!doctype html><html lang=en><head><title>Live: the lock gate of Selmere</title>"
            f'<meta property="article:published_time" content="2026-03-05T09:00:00+01:00">{head}</head><body><main>'
            f"<h1>Live: the lock gate of Selmere</h1><div class=stream>{entries}</div></main></body></html>")  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_each_entry_has_its_timestamp_and_anchor(form: str) -> None:
    article = extract(page(FORMS[form]).encode(), URL).article
    assert article is not None
    marked = [block for block in article.blocks if block.at is not None]
    assert [(block.at.isoformat() if block.at else "", block.anchor) for block in marked] == [
        (at, f"e{i}") for i, at in enumerate(TIMES)
    ]
    assert all(TEXT.format(i) in article.text for i in range(4))


def test_structured_data_name_entries_too() -> None:
    updates = [{"@type": "BlogPosting", "datePublished": at, "articleBody": TEXT.format(i), "url": f"{URL}#u{i}"}
               for i, at in enumerate(TIMES)]  # fmt: skip
    said = json.dumps(
        {
            "@type": "LiveBlogPosting",
            "headline": "Live: the lock gate of Selmere",
            "liveBlogUpdate": updates,
        }
    )
    head = f'<script type="application/ld+json">{said}</script>'
    article = extract(page("<p>{text}</p>", head).encode(), URL).article
    assert article is not None
    assert [block.anchor for block in article.blocks if block.at] == ["u0", "u1", "u2", "u3"]


def test_an_article_with_comments_is_no_live_blog() -> None:
    text = "".join(f"<p>{TEXT.format(i)}</p>" for i in range(5))
    comments = "".join(
        f"<div><time datetime={at}>x</time><p>I think so too, number {at}.</p></div>"
        for at in TIMES
    )
    html = (f"<html><body><article><h1>The gate</h1><time datetime={TIMES[0]}>5 March</time>{text}</article>"
            f"<section class=comments>{comments}</section></body></html>")  # fmt: skip
    article = extract(html.encode(), URL).article
    assert article is not None
    assert not any(block.at for block in article.blocks)
