"""The demonstration site: a trade agency of numbered items and a small newspaper, both invented.

Pages are made from the texts in ``texts.py``; nothing is fetched and nothing is real.
"""

from __future__ import annotations

import gzip
import html
import json
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING

from dateline.demo import texts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dateline.demo.texts import Dispatch, Entry, Story


@dataclass(frozen=True, slots=True)
class Answer:
    """Response of a demonstration site for one path."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"


def agency(base: str) -> dict[str, Answer]:
    """The pages of the agency under ``base`` (``http://127.0.0.1:PORT``), by path."""
    pages = {d.path: Answer(_dispatch(d, base).encode()) for d in texts.DISPATCHES}
    pages |= {e.path: Answer(_entry(e).encode()) for e in texts.ENTRIES}
    pages["/"] = Answer(_agency_home().encode())
    pages["/fr/flux.rss"] = Answer(_rss(base).encode(), "application/rss+xml; charset=utf-8")
    pages["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /fr/login\n", "text/plain")
    pages[texts.ATTACHMENT] = Answer(texts.PDF, "application/pdf")
    return pages


def newspaper(base: str) -> dict[str, Answer]:
    """The pages of the newspaper under ``base``, by path."""
    pages = {s.path: Answer(_story(s, base).encode()) for s in texts.STORIES}
    pages["/"] = Answer(_paper_home().encode())
    index = f"{base}/sitemaps/index.xml"
    pages["/robots.txt"] = Answer(f"User-agent: *\nAllow: /\nSitemap: {index}\n".encode())
    child = f"<sitemap><loc>{base}/sitemaps/stories.xml.gz</loc></sitemap>"
    pages["/sitemaps/index.xml"] = Answer(
        f'<?xml version="1.0"?><sitemapindex xmlns="{_SITEMAP}">{child}</sitemapindex>'.encode(),
        "application/xml",
    )
    pages["/sitemaps/stories.xml.gz"] = Answer(
        gzip.compress(_sitemap(base).encode(), mtime=0), "application/gzip"
    )
    return pages


_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
_DAYS = "lundi mardi mercredi jeudi vendredi samedi dimanche"


def french_moment(at: datetime) -> str:
    """``jeudi 23 septembre 2021 à 14 h 35``, as such agencies print it."""
    day = "1er" if at.day == 1 else str(at.day)
    return (
        f"{_DAYS.split()[at.weekday()]} {day} {_MONTHS.split()[at.month - 1]} {at.year}"
        f" à {at.hour} h {at.minute:02d}"
    )


def _page(language: str, title: str, site: str, head: str, body: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8"/>'
        f"<title>{html.escape(title)} | {html.escape(site)}</title>"
        f'<meta property="og:site_name" content="{html.escape(site)}"/>{head}</head>\n'
        f"<body>{body}</body></html>\n"
    )


def _agency_frame(title: str, head: str, main: str) -> str:
    nav = (
        '<header class="bandeau"><a href="/">Amarrage</a><nav><a href="/">Dépêches</a>'
        '<a href="/fr/login">Se connecter</a></nav></header>'
    )
    foot = '<footer class="pied">Amarrage, dépêches portuaires – Mentions légales</footer>'
    return _page("fr", title, texts.AGENCY, head, f"{nav}<main>{main}</main>{foot}")


def _dispatch(d: Dispatch, base: str) -> str:
    data = {
        "@context": "https://schema.org", "@type": "NewsArticle", "headline": d.headline,
        "datePublished": d.at.isoformat(), "inLanguage": "fr-FR",
        "articleSection": d.kind, "publisher": {"@type": "Organization", "name": texts.AGENCY},
    }  # fmt: skip
    head = (
        '<meta property="og:type" content="article"/>'
        f'<link rel="canonical" href="{base}{d.path}"/>'
        f'<meta name="description" content="{html.escape(d.standfirst)}"/>'
        f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>'
    )
    parts = [_block(text) for text in d.text]
    if d.attachment:
        parts.append(
            f'<p class="suite">Pour aller plus loin : <a href="{texts.ATTACHMENT}">télécharger le'
            " schéma directeur (PDF)</a>.</p>"
        )
    main = (
        f'<article class="depeche"><h1>{html.escape(d.headline)}</h1>'
        f'<p class="infos">{d.place} - Publié le {french_moment(d.at)} - n° {d.number}</p>'
        f'<p class="chapo">{_linked(d.standfirst)}</p>'
        f'<div class="corps">{"".join(parts)}</div></article>'
        f'<aside class="voir-aussi">{_related(d)}{_directory(d)}</aside>'
    )
    return _agency_frame(d.headline, head, main)


def _block(text: str) -> str:
    if text.startswith("## "):
        return f"<h2>{html.escape(text[3:])}</h2>"
    if text.startswith("- "):
        items = "".join(f"<li>{_linked(line[2:])}</li>" for line in text.split("\n"))
        return f"<ul>{items}</ul>"
    return f"<p>{_linked(text)}</p>"


def _linked(text: str) -> str:
    """Names of directory entries in ``[[double brackets]]`` become links to them."""
    out = html.escape(text, quote=False)
    for entry in texts.ENTRIES:
        out = out.replace(
            f"[[{entry.short}]]",
            f'<a class="fiche" href="{entry.path}" title="{html.escape(entry.name)}">'
            f"{entry.short}</a>",
        )
    return out


def _related(d: Dispatch) -> str:
    rows = [other for other in texts.DISPATCHES if other.number in d.related]
    items = "".join(
        f'<article class="item"><h3><a href="{o.path}">{html.escape(o.headline)}</a></h3>'
        f'<p class="teaser">{html.escape(_plain(o.standfirst)[:140])}…</p>'
        f'<p class="meta">{o.kind} n° {o.number} • {o.at:%d/%m/%y} à {o.at:%H:%M}</p></article>'
        for o in rows
    )
    return f'<section class="related"><h2>Articles liés</h2>{items}</section>' if items else ""


def _directory(d: Dispatch) -> str:
    rows = [e for e in texts.ENTRIES if e.number in d.directory]
    items = "".join(
        f'<article class="item"><h3><a href="{e.path}">{html.escape(e.name)}</a></h3>'
        f'<p class="description">{html.escape(e.text)}</p>'
        f'<p class="meta">{e.kind} n° {e.number}</p></article>'
        for e in rows
    )
    return f'<section class="related"><h2>Dans l\'annuaire</h2>{items}</section>' if items else ""


def _plain(text: str) -> str:
    return text.replace("[[", "").replace("]]", "")


def _entry(e: Entry) -> str:
    head = '<meta property="og:type" content="profile"/>'
    named = [d for d in texts.DISPATCHES if f"[[{e.short}]]" in "".join((d.standfirst, *d.text))]
    links = "".join(f'<li><a href="{d.path}">{html.escape(d.headline)}</a></li>' for d in named)
    main = (
        f'<section class="fiche fiche-{e.kind.lower()}"><h1>{html.escape(e.name)}</h1>'
        f'<div class="description"><p>{html.escape(e.text)}</p></div>'
        f'<div class="related"><h2>Articles</h2><ul>{links}</ul></div></section>'
    )
    return _agency_frame(e.name, head, main)


def _agency_home() -> str:
    items = "".join(
        f'<article class="item"><h3><a href="{d.path}">{html.escape(d.headline)}</a></h3>'
        f'<p class="meta">{d.kind} n° {d.number} • {d.at:%d/%m/%y} à {d.at:%H:%M}</p></article>'
        for d in texts.DISPATCHES
    )
    head = '<link rel="alternate" type="application/rss+xml" title="Dépêches" href="/fr/flux.rss"/>'
    return _agency_frame("Dépêches", head, f"<h1>Dépêches</h1>{items}")


def _rss(base: str) -> str:
    # The two oldest are left out: they are found as related items of the others only.
    items = "".join(
        f"<item><title><![CDATA[{d.headline}]]></title><link>{base}{d.path}</link>"
        f'<guid isPermaLink="false">amarrage-{d.number}</guid>'
        f"<pubDate>{format_datetime(d.at)}</pubDate></item>"
        for d in texts.DISPATCHES[:-2]
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>{texts.AGENCY}</title><link>{base}/</link><language>fr</language>{items}"
        "</channel></rss>"
    )


def _story(s: Story, base: str) -> str:
    head = (
        f'<meta property="og:type" content="article"/><meta name="author" content="{s.author}"/>'
        f'<meta property="article:published_time" content="{s.at.isoformat()}"/>'
        f'<meta property="article:section" content="{s.section}"/>'
        f'<link rel="canonical" href="{base}{s.path}"/>'
    )
    text = "".join(f"<p>{html.escape(p)}</p>" for p in s.text)
    body = (
        f'{_masthead()}<article><h1>{html.escape(s.headline)}</h1><p class="byline">By {s.author}</p>'
        f'<p class="standfirst">{html.escape(s.standfirst)}</p>{text}</article>'
        "<footer>The Saltmarsh Courier. Printed on the quay since 1887.</footer>"
    )
    return _page("en", s.headline, texts.PAPER, head, body)


def _masthead() -> str:
    return '<header><a href="/">The Saltmarsh Courier</a><nav><a href="/">Front page</a></nav></header>'


def _paper_home() -> str:
    items = "".join(f'<h2><a href="{s.path}">{s.headline}</a></h2>' for s in texts.STORIES)
    return _page("en", "Front page", texts.PAPER, "", _masthead() + items)


def _sitemap(base: str) -> str:
    return (
        f'<?xml version="1.0"?><urlset xmlns="{_SITEMAP}" xmlns:news="{_NEWS}">'
        + "".join(_sitemap_urls(base))
        + "</urlset>"
    )


def _sitemap_urls(base: str) -> Iterable[str]:
    for s in texts.STORIES:
        yield (
            f"<url><loc>{base}{s.path}</loc><news:news><news:publication>"
            f"<news:name>{texts.PAPER}</news:name><news:language>en</news:language>"
            f"</news:publication><news:publication_date>{s.at.isoformat()}</news:publication_date>"
            f"<news:title>{html.escape(s.headline)}</news:title></news:news></url>"
        )
