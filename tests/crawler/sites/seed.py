"""The first site's reference page in other markup of the same meaning, made from the one in shared/."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CARD = re.compile(
    r'<a class="(fiche fiche-\w+|lexique)" href="([^"]+)"(?: data-toggle="tooltip")?>(.*?)'
    r'<span class="tooltip" role="tooltip">(.*?)</span></a>',
    re.DOTALL,
)


def _said(card: str) -> list[str]:
    parts = re.findall(r"<(?:span|strong)[^>]*>(.*?)</(?:span|strong)>", card)
    return [re.sub("<[^>]+>", "", part) for part in parts]


def _spans(page: str) -> str:
    def one(m: re.Match[str]) -> str:
        said = "".join(f"<span>{text}</span>" for text in _said(m[4]))
        return f'<a data-kind="{m[1].split("-")[-1]}" href="{m[2]}"><span>{m[3]}</span>{said}</a>'

    return _CARD.sub(one, page)


def _nested(page: str) -> str:
    def one(m: re.Match[str]) -> str:
        said = _said(m[4])
        inner = "".join(f"<span>{text}" for text in said) + "</span>" * len(said)
        return f'<a rel="{m[1].split("-")[-1]}" href="{m[2]}">{m[3]}{inner}</a>'

    return _CARD.sub(one, page)


def _alternative_texts(page: str) -> str:
    def one(m: re.Match[str]) -> str:
        said = _said(m[4])
        icons = "".join(f'<img src="/i.png" width="12" height="12" alt="{text}"/>' for text in said)
        return f'<a class="{m[1]}" href="{m[2]}" title="{said[-1]}">{m[3]}{icons}</a>'

    return _CARD.sub(one, page)


def _titles(page: str) -> str:
    return _CARD.sub(
        lambda m: f'<a class="{m[1]}" href="{m[2]}" title="{_said(m[4])[-1]}">{m[3]}</a>', page
    )


def _flat(page: str) -> str:
    return _CARD.sub(
        lambda m: f'<a class="{m[1]}" href="{m[2]}">{m[3]}{"".join(_said(m[4]))}</a>', page
    )


def _siblings(page: str) -> str:
    def one(m: re.Match[str]) -> str:
        said = "".join(f"<b>{text}</b>" for text in _said(m[4]))
        return (f'<span class="m"><a class="{m[1]}" href="{m[2]}">{m[3]}</a>'
                f'<span class="popover" aria-hidden="true">{said}</span></span>')  # fmt: skip

    return _CARD.sub(one, page)


def _own_lines(page: str) -> str:
    """Header, standfirst and captions in elements of their own; no metadata at all."""
    page = re.sub(
        r'<div class="chapo-line"><span class="infos">(.*?)</span> <span class="chapo">(.*?)</span></div>',
        r'<p class="date">\1</p><p class="intro"><strong>\2</strong></p>', page, flags=re.DOTALL,
    )  # fmt: skip
    page = re.sub(
        r"<figure[^>]*>(<img[^>]*>)(?:\s*<span[^>]*>.*?</span>)?\s*<figcaption>(.*?)</figcaption></figure>",
        r'<div class="visuel">\1<p class="legende">\2</p></div>', page, flags=re.DOTALL,
    )  # fmt: skip
    page = page.replace('<div class="article-content article-encadre">', '<section class="box">')
    page = page.replace("</ul>\n</div>\n</article>", "</ul>\n</section>\n</article>")
    page = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    return re.sub(r'<meta property="(?:og|article):[^>]*>', "", page)


def _furnished(page: str) -> str:
    menu = ('<div class="menu-haut"><ul><li><a href="/fr/">Accueil</a></li><li><a href="/fr/agenda.html">Agenda'
            "</a></li></ul></div><div class='cookie-banner'><p>Ce site utilise des cookies pour mesurer son "
            "audience.</p><button>Accepter</button></div>")  # fmt: skip
    side = ('<div class="colonne"><h2>Les plus lus</h2><ul><li><a href="/fr/tour/news/9001/un-autre-article-du-jour.html">'
            "Un autre article que tout le monde lit</a></li></ul></div>")  # fmt: skip
    tools = ('<ul class="outils"><li><a href="#">Imprimer</a></li><li><a href="#">Envoyer</a></li><li>- +</li></ul>'
             "<p class='promo'>Demandez votre abonnement gratuit d'un mois !</p>")  # fmt: skip
    foot = ("<div class='bas'><p>Le site est payant, merci de respecter la propriété intellectuelle.</p>"
            "<p>© 2021 - Mentions légales</p></div>")  # fmt: skip
    page = re.sub(r"<body[^>]*>", lambda m: f"{m[0]}{menu}", page)
    return (page.replace("</h1>", f"</h1>{tools}").replace("</main>", f"</main>{side}")
            .replace("</body>", f"{foot}</body>"))  # fmt: skip


def _soup(page: str) -> str:
    """Lists of bare ``div`` elements, without headings, sections or times."""

    def item(m: re.Match[str]) -> str:
        meta = re.sub("<[^>]+>", "", m[4])
        return f'<div class="bloc"><div class="t">{m[1]}</div><div class="d">{m[2] or m[3]}</div><div>{meta}</div></div>'

    page = re.sub(
        r'<article class="item[^"]*" data-id="\d+">\s*<h3>(.*?)</h3>\s*(?:<p class="teaser">(.*?)</p>'
        r'|<div class="description">(.*?)</div>)\s*<p class="meta">(.*?)</p>\s*</article>',
        item, page, flags=re.DOTALL,
    )  # fmt: skip
    page = page.replace("<h2>Articles</h2>", "<div>Articles</div>")
    page = page.replace("<h2>Dans l'annuaire</h2>", "<div>Dans l'annuaire</div>")
    page = re.sub(r"<(?:aside|section)[^>]*>", "<div>", page)
    return re.sub(r"</(?:aside|section)>", "</div>", page)


def _table(page: str) -> str:
    page = page.replace('<main id="content">', "<table><tr><td>").replace(
        "</main>", "</td></tr></table>"
    )
    page = re.sub(r'<article class="article"[^>]*>', '<div class="x">', page, count=1)
    at = page.rindex("</article>")
    return f"{page[:at]}</div>{page[at + len('</article>') :]}"


def _no_h1(page: str) -> str:
    return page.replace('<h1 class="article-title">', '<div class="titre">').replace(
        "</h1>", "</div>"
    )


def _unmarked(page: str) -> str:
    """Names whose links say nothing of what they are."""
    return re.sub(r'class="fiche fiche-\w+"', 'class="lien"', page)


def _header_lines(page: str) -> str:
    """Place, moment and number in a line each."""
    return re.sub(
        r'<div class="chapo-line"><span class="infos">(.*?) - (.*?) - (.*?)</span> <span class="chapo">(.*?)</span></div>',
        r"<div>\1 -</div><div>\2</div><div>\3</div><p>\4</p>", page, flags=re.DOTALL,
    )  # fmt: skip


VARIANTS: dict[str, Callable[[str], str]] = {
    "as it stands": lambda page: page,
    "bare spans": _spans,
    "nested spans": _nested,
    "alternative texts": _alternative_texts,
    "titles": _titles,
    "one run of text": _flat,
    "cards beside their anchors": _siblings,
    "own lines, no metadata": _own_lines,
    "furniture around": _furnished,
    "lists of div": _soup,
    "a table": _table,
    "no h1": _no_h1,
    "a line for each part of the header": _header_lines,
    "names without a kind": _unmarked,
    "names without a kind, as titles": lambda page: _unmarked(_titles(page)),
    "one run of text, own lines, furniture": lambda page: _furnished(_own_lines(_flat(page))),
    "bare spans, lists of div, no h1": lambda page: _no_h1(_soup(_spans(page))),
}


def teaser(page: str) -> str:
    """What a visitor without an account sees."""
    start, end = (
        page.index('<div class="article-content">'),
        page.index('<aside class="complements">'),
    )
    again = page.index('<div class="article-content article-encadre">')
    last = page.index('</article>\n<a class="skip" id="fin">')
    wall = '<div class="acces"><p>L\'accès à cette page est réservé aux abonnés</p></div>'
    page = page[:start] + wall + page[end:again] + page[last:]
    return re.sub(r'(<span class="chapo">.{150}).*?</span></div>', r"\1…</span></div>", page,
                  count=1, flags=re.DOTALL)  # fmt: skip
