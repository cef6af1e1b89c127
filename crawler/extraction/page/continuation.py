"""Articles that continue over several pages: which page is the next one, and all of them as one. Pure.

A page counts as the next of the same article by its URL (the first page's with a page number)
and, once it is read, by its canonical URL or headline: ``rel=next`` also names the next article of
a section, or the next part of a series.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from storage.text.urls import is_web_url, resolve_url, url_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.page.parse import Page
    from storage.types.content import Article, Block

# Pages of one article that are fetched, the first among them.
MOST_PAGES = 20
# The field of an article's provenance that tells of its pages, and how it begins where some lack.
FIELD, INCOMPLETE = "pages", "incomplete"
# Links of one page that are looked at.
_MOST_LINKS = 60
_NEXT_WORDS = frozenset(
    "next|next page|continue|continue reading|suivant|suivante|page suivante|weiter|nächste|"
    "nächste seite|siguiente|página siguiente|successivo|successiva|pagina successiva|volgende|"
    "volgende pagina|próxima|próxima página|następna|nästa|næste|sonraki|→|»|›|>|>>|次へ|下一页|"
    "далее|следующая".split("|")
)
# "»› Continue reading ›»", and how much white space templates put around it.
_LONGEST_LABEL, _MOST_SPACE = 30, 1000
_NAMES = frozenset(
    "page pg p paged pagenum pageno page_no pagenumber pagewanted currentpage seite pagina pag"
    " side sida strona strana stranica sivu oldal sayfa página 페이지".split()
)
_DIGIT = re.compile("[0-9]")
# Characters up to the slashes of "https://".
_LONGEST_SCHEME = 8
_NOT_PAGES = re.compile(
    r"comment|kommentar|reply|review|cpage|slide|image|photo|bild", re.IGNORECASE
)
_ENDING = re.compile(r"(\.[a-z]{3,5})?/?$", re.IGNORECASE)
# "Headline - Page 2", "Headline (2/3)".
_PAGE_OF = re.compile(
    r"[\s\-–—|:,(\[]{1,9}(?:page|seite|página|pagina|strona|p\.)?\s{0,3}\d{1,2}"
    r"(?:\s{0,3}(?:/|of|von|de|sur|di)\s{0,3}\d{1,2})?[)\]]?$",
    re.IGNORECASE,
)


def onward_links(page: Page) -> tuple[tuple[str, bool], ...]:
    """(URL, whether ``rel`` says so) of links that may lead to the next page of an article."""
    found: dict[str, bool] = {}
    host = _host(urlsplit(page.url).netloc)
    for element in page.root.iter("link", "a"):
        href = (element.get("href") or "").strip()
        if not href or href.startswith("#"):
            continue
        says = "next" in (element.get("rel") or "").lower().split()
        if not says and (
            element.tag == "link" or not _may_name_page(href, host) or not _is_pager(element)
        ):
            continue
        url = resolve_url(page.base_url, href)
        if url is not None and is_web_url(url):
            found[url] = found.get(url, False) or says
            if len(found) >= _MOST_LINKS:
                break
    return tuple(found.items())


def _may_name_page(href: str, host: str) -> bool:
    """Whether an address can be that of a further page: it has a number, and is not elsewhere."""
    return _DIGIT.search(href) is not None and (
        "//" not in href[:_LONGEST_SCHEME] or host in href.lower()
    )


def _is_pager(anchor: Any) -> bool:
    label = (anchor.get("aria-label") or anchor.get("title") or "").strip().casefold()
    text = "".join(anchor.itertext()) if len(anchor) else anchor.text or ""
    # Most links are headlines, which are told by their length.
    if len(text) > _LONGEST_LABEL and label not in _NEXT_WORDS:
        text = " ".join(text[:_MOST_SPACE].split())
        if len(text) > _LONGEST_LABEL:
            return False
    words = " ".join(text.split()).casefold()
    number = re.fullmatch(r"(?:page |seite |pagina |página )?[0-9]{1,2}", words)
    bare = words.strip(" →»›>") or words
    return number is not None or bare in _NEXT_WORDS or label in _NEXT_WORDS


def next_page(first_url: str, number: int, links: Sequence[tuple[str, bool]]) -> str | None:
    """The URL of page ``number`` (from 2) of the article at ``first_url``, if ``links`` name it."""
    for url, says in links:
        told = page_number(first_url, url)
        # Some count from zero.
        if told == number or (says and told == number - 1 and _counts_from_zero(first_url, url)):
            return url
    return None


def _counts_from_zero(first_url: str, url: str) -> bool:
    return "?" in url and not _named_number(first_url)


def page_number(first_url: str, url: str) -> int | None:
    """Which page of the article at ``first_url`` a URL names; ``None`` where it is another."""
    first, other = urlsplit(first_url), urlsplit(url)
    if _host(first.netloc) != _host(other.netloc):
        return None
    if first.path.rstrip("/") == other.path.rstrip("/"):
        return _number_in_query(first.query, other.query)
    if sorted(parse_qsl(first.query)) != sorted(parse_qsl(other.query)):
        return None
    return _number_in_path(first.path, other.path)


def _host(netloc: str) -> str:
    return netloc.lower().removeprefix("www.")


def _number_in_query(first: str, other: str) -> int | None:
    before, after = dict(parse_qsl(first)), dict(parse_qsl(other))
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    if len(changed) != 1:
        return None
    name = changed.pop()
    value = after.get(name, "")
    # A number that the first page has already may be that of the article.
    if _NOT_PAGES.search(name) or (name in before and not _is_first(name, before[name])):
        return None
    return int(value) if re.fullmatch(r"[0-9]{1,2}", value) else None


def _is_first(name: str, value: str) -> bool:
    return name.lower() in _NAMES and value in ("0", "1")


def _named_number(url: str) -> bool:
    return any(_is_first(name, value) for name, value in parse_qsl(urlsplit(url).query))


def _number_in_path(first: str, other: str) -> int | None:
    """``/a/2``, ``/a/page/2``, ``/a-2.html``, ``/a,seite-2.html`` and the like, after ``/a``."""
    ending = _ENDING.search(first)
    stem = first[: ending.start()] if ending else first
    if not stem.strip("/"):
        return None
    # The first page may name its number too, but only in words: "/news/1" is an article.
    named = re.search(r"[/,_.-](?P<name>[^\W\d]{1,12})[/_-]?1$", stem)
    if named is not None and named["name"].lower() in _NAMES:
        stem = stem[: named.start()]
    if not other.startswith(stem):
        return None
    rest = other[len(stem) :]
    if ending and ending[1]:
        # "/a.html/2" has its number behind the ending.
        rest = rest.removeprefix(ending[1])
    match = re.fullmatch(
        r"[/,_.-](?:(?P<name>[^\W\d]{1,12})[/_,-]?)?(?P<number>[0-9]{1,2})(?:\.[a-z]{3,5})?/?",
        rest, re.IGNORECASE,
    )  # fmt: skip
    if match is None or (match["name"] and match["name"].lower() not in _NAMES):
        return None
    return int(match["number"])


def is_same_article(first: Article, first_url: str, other: Article, url: str) -> bool:
    """Return whether a page that is read continues with the article that ``first`` begins."""
    if other.canonical_url is not None:
        own = {url_key(one) for one in (first_url, first.canonical_url) if one}
        if url_key(other.canonical_url) in own:
            return True
        if url_key(other.canonical_url) != url_key(url):
            return False
    return _title(first.headline) == _title(other.headline)


def _title(headline: str) -> str:
    return " ".join(_PAGE_OF.sub("", headline.strip()).split()).casefold()


def joined(first: Article, others: Sequence[Article], lacking: int | None) -> Article:
    """One article of its pages; ``lacking`` is the number of the first page that is not there."""
    blocks, mentions = list(first.blocks), list(first.mentions)
    links, media = {one.url: one for one in first.links}, {one.url: one for one in first.media}
    held = {_key(block) for block in blocks}
    for other in others:
        # Standfirsts and pictures stand on every page.
        places: dict[int, int] = {}
        for at, block in enumerate(other.blocks):
            if _key(block) not in held:
                places[at] = len(blocks)
                blocks.append(block)
        held |= {_key(block) for block in other.blocks}
        mentions += (
            replace(one, block=places[one.block]) for one in other.mentions if one.block in places
        )
        for link in other.links:
            links.setdefault(link.url, link)
        for picture in other.media:
            media.setdefault(picture.url, picture)
    count = len(others) + 1
    said, notices = f"{count}", first.notices
    if lacking is not None:
        said = f"{INCOMPLETE}: page {lacking} could not be fetched"
        notices = (*notices, f"Incomplete: the text goes on after page {count}, which the archive "
                             "does not hold.")  # fmt: skip
    return replace(
        first, blocks=tuple(blocks), links=tuple(links.values()), media=tuple(media.values()),
        notices=notices, mentions=tuple(mentions), provenance={**first.provenance, FIELD: said},
    )  # fmt: skip


def adds_text(pages: Sequence[Article], other: Article) -> bool:
    """Whether a page has text that those before it have not: else it is a page of comments."""
    held = {_key(block) for page in pages for block in page.blocks}
    return any(_key(block) not in held for block in other.blocks if block.kind != "figure")


def _key(block: Block) -> tuple[str, str]:
    return block.kind, block.text or block.media or ""
