"""Telling article links from the rest by their URL and their words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote, urlsplit

from storage.text.urls import host_of

LinkKind = Literal["article", "section", "other"]

# Endings of files that are no pages. From the media types that news sites link to.
_FILE = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|svg|ico|css|js|json|xml|rss|atom|txt|pdf|docx?|xlsx?|pptx?|odt"
    r"|zip|gz|tar|mp3|mp4|m4a|mov|avi|webm|ogg|wav|epub|ics|woff2?|apk|exe|dmg)$",
    re.IGNORECASE,
)
# First or middle path parts under which news sites of many languages keep what is no article.
_ASIDE = frozenset(
    (
        "tag tags topic topics thema themen theme themes temas tema sujet sujets etiqueta "
        "etiquetas category categories categorie kategorie kategorien categoria rubrique "
        "author authors auteur auteurs autor autoren autore autori byline profile profil "
        "people contributors contributor search recherche suche buscar ricerca zoeken page "
        "pages archive archives archiv login signin signup register connexion inscription "
        "account compte konto user users newsletter newsletters abo abonnement abonnements "
        "subscribe subscription abonnieren suscripcion shop boutique cart contact contacts "
        "kontakt contacto contatti about a-propos apropos ueber-uns impressum imprint "
        "mentions-legales legal privacy datenschutz confidentialite cookies cookie-policy "
        "terms agb cgu cgv conditions help aide hilfe faq sitemap plan-du-site feed feeds rss "
        "print share mailto jobs careers advertise publicite werbung mediadaten wp-admin "
        "wp-login wp-json wp-content cdn-cgi comments comment api static assets embed widget "
        "podcasts podcast programme-tv tv-program meteo weather wetter horoscope quiz jeux "
        "games mots-croises crossword sudoku annonces"
    ).split()
)
# Of these, the ones that also stand in URLs of articles, before a date or a number.
_SOMETIMES_ASIDE = frozenset(
    (
        "archive archives archiv weather wetter meteo podcasts podcast games jeux people shop "
        "help aide quiz page pages topic topics theme themes blog"
    ).split()
)
# A mixed code such as AST1F4445T1FUTIL02SM names an article in many systems.
_CODE = re.compile(r"(?=(?:[^/]*\d){4})[A-Za-z0-9._]{10,}")
_DATE = re.compile(r"/(?:19|20)\d{2}[/-]?(?:0?[1-9]|1[0-2]|[a-z]{3})(?:[/-]?\d{1,2})?(?=[/-])")
# A page of an archive by date: nothing follows the date.
_ARCHIVE_PAGE = re.compile(
    r"/archiv\w{0,2}/(?:.*/)?(?:19|20)\d{2}(?:[/-]\d{1,2}){0,2}/?(?:\.\w{3,5})?$", re.IGNORECASE
)
_NUMBER = re.compile(r"(?:^|[/_.,-])[a-z]{0,3}\d{4,}(?:$|[/_.,-])")
_PAGE_ENDING = re.compile(r"\.(?:html?|php|aspx?|shtml|ece|article|cms|story)$", re.IGNORECASE)
_ARTICLE_WORD = re.compile(
    r"(?:^|/)(?:articles?|artikel|articulos?|articolo|article_\w+|story|stories|news|nachrichten"
    r"|noticias?|notizie|actualites?|actu|depeche|depesche|meldung|post|posts|blog|opinion|breves?"
    r"|nyheter|nieuws|wiadomosci|haber|novosti)/"
)
# An anchor of this many words is a headline more often than the name of a section.
_HEADLINE_WORDS = 5
_SCORE_NEEDED = 2
_SLUG_HYPHENS = 3


def is_page(url: str) -> bool:
    """Whether ``url`` may be a page of a reader's interest: no file, no service, no home page."""
    path = _path(url)
    if not path.strip("/") or _FILE.search(path):
        return False
    parts = [part for part in _PAGE_ENDING.sub("", path.lower()).split("/") if part]
    aside = _ASIDE.intersection(parts)
    if aside and aside <= _SOMETIMES_ASIDE:
        if _ARCHIVE_PAGE.search(path):
            return False
        dated = _DATE.search(f"{path}/") or _NUMBER.search(parts[-1])
        return dated is not None or parts[-1].count("-") >= _SLUG_HYPHENS
    return not aside


# Pure, and asked for the same links on page after page of a site.
@lru_cache(maxsize=20_000)
def classify(url: str, anchor: str = "") -> LinkKind:
    """What a link leads to, by its URL and its words: article, section page or other."""
    if not is_page(url):
        return "other"
    path = _PAGE_ENDING.sub("", _path(url))
    parts = [part for part in path.split("/") if part]
    slug = max(parts, key=lambda part: len(re.findall(r"[-_]", part)))
    words = len([w for w in re.split(r"[-_]", slug) if len(w) > 1 and not w.isdigit()])
    headline = len(anchor.split()) >= _HEADLINE_WORDS
    score = 2 * (words >= 4) + (words == 3)
    score += 2 * bool(_DATE.search(f"{path}/"))
    score += 1 + headline if _NUMBER.search(path.lower()) else 0
    score += bool(_ARTICLE_WORD.search(path.lower())) and len(parts) > 1
    score += bool(_PAGE_ENDING.search(_path(url))) and headline
    score += headline
    score += any(_CODE.fullmatch(part) for part in parts)
    score += any(len(part) > 30 for part in parts)
    if re.search(
        r"(?:^|&)(?:id|p|article|articleid|story|aid|nid|idx|no|newsid)=\w*\d", urlsplit(url).query
    ):
        score += 2
    if score >= _SCORE_NEEDED:
        return "article"
    return "section" if len(parts) <= 2 and not urlsplit(url).query else "other"


def same_site(url: str, home: str) -> bool:
    """Whether ``url`` lies on the host of ``home``, on its ``www.`` twin, or below either."""
    host, own = host_of(url).removeprefix("www."), host_of(home).removeprefix("www.")
    return host == own or host.endswith(f".{own}")


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""
