"""Many article pages made of few: no two copies have the same text, as on a news site."""

from __future__ import annotations

import gzip
import random
import re
from typing import TYPE_CHECKING

from dateline.demo.texts import STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Smaller pages are shells of scripts; larger ones would decide the average by themselves.
_SIZES = range(10_000, 1_500_000)
# No letters beyond ASCII: a page's encoding does not matter then. No braces: those are scripts.
_LONGER = re.compile("[A-Za-z]{5,}")
_TEXT = re.compile(rb"(?<=>)[^<>{}]{40,}(?=<)")
# What names the original: all copies of a page would be one item, or have one text.
_ORIGINAL_URL = re.compile(
    rb"<(?:link\b[^>]*\b(?:canonical|amphtml)\b|meta\b[^>]*\bog:url\b)[^>]*>", re.IGNORECASE
)
_ORIGINAL_TEXT = re.compile(rb'(?<="articleBody":)\s*"(?:[^"\\]|\\.)*"')


def real_pages(folders: list[Path]) -> list[bytes]:
    """Read the pages (``*.html.gz``) in ``folders`` that have a usual size."""
    files = [path for folder in folders for path in sorted(folder.glob("*.html.gz"))]
    pages = (gzip.decompress(path.read_bytes()) for path in files)
    return [page for page in pages if len(page) in _SIZES]


def copies(pages: list[bytes], count: int) -> Iterator[bytes]:
    """Yield ``count`` pages: the given ones over and over, each time in other words."""
    for number in range(count):
        yield page_in_other_words(pages[number % len(pages)], number)


def page_in_other_words(page: bytes, number: int) -> bytes:
    """Return ``page`` with its words shuffled, under its own URL and with ``number`` as headline."""
    page = _ORIGINAL_TEXT.sub(b'""', _ORIGINAL_URL.sub(b"", page))
    page = _TEXT.sub(
        lambda text: _other_words(text[0].decode("latin-1"), f"{number} {text.start()}").encode(
            "latin-1"
        ),
        page,
    )
    return page.replace(b"</h1>", f" {number}</h1>".encode(), 1)


def _other_words(text: str, key: str) -> str:
    """Return ``text`` in another order, half of its longer words backwards, chosen by ``key``."""
    chance = random.Random(key)
    words = text.split()
    chance.shuffle(words)
    return _LONGER.sub(
        lambda word: word[0][::-1] if chance.random() < 0.5 else word[0], " ".join(words)
    )


def made_pages(count: int) -> list[bytes]:
    """Make article pages of 20 kB on average, every text different."""
    pages = []
    for i in range(count):
        story = STORIES[i % len(STORIES)]
        text = "".join(
            f"<p>{_other_words(p, f'{i}.{k}')}</p>" for k, p in enumerate(story.text * 4)
        )
        menu = "".join(
            f'<li class="menu-item"><a href="/s/{k}">Section {k}</a></li>' for k in range(60)
        )
        teasers = "".join(
            f'<div class="teaser"><h3><a href="/t/{k}/x">A teaser of some length {k}</a></h3>'
            f"<p>Short words about it {k}.</p></div>" for k in range(40)
        )  # fmt: skip
        pages.append(
            f'<html lang="en"><head><title>{story.headline} {i}</title>'
            '<meta property="og:type" content="article"/>'
            f'<meta property="article:published_time" content="{story.at.isoformat()}"/>'
            f"<style>{'.a{color:red}' * 800}</style></head><body><nav><ul>{menu}</ul></nav>"
            f"<article><h1>{story.headline} {i}</h1><p>{story.standfirst}</p>{text}</article>"
            f'<aside class="more-stories">{teasers}</aside></body></html>'.encode()
        )
    return pages
