"""Decides what a page is: an article, or one of the kinds that must not be stored as one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl

from crawler.extraction.fields.json_ld import types_of
from storage.text.urls import url_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.extraction.blocks.block import RawBlock
    from crawler.extraction.fields.metadata import Metadata
    from crawler.extraction.kinds.classifier import Guess, Looks

PageKind = Literal["article", "video", "gallery", "entry", "listing", "home", "login-wall", "consent-wall", "bot-wall",
                   "error", "empty", "forum", "product", "service", "documentation"]  # fmt: skip

# A code only as a page of errors writes it: "500 jobs lost" is news.
_ERROR_CODE = re.compile(
    r"(?:^|\b(?:error|erreur|fehler|http|status)\W{0,3})(?:40[0134]|410|50[0234])"
    r"(?:\W*$|\s*[-–—|:!.]|\W+(?:error|erreur|fehler|not\b|page|forbidden|gone|internal|bad|service))",
    re.IGNORECASE,
)
_ERROR_TITLE = re.compile(
    r"page not found|not found\b|page (?:introuvable|non trouv|inexistant|manquante)"
    r"|page (?:demandée )?n['’]existe (?:pas|plus)|(?:cannot|can['’]t|could not|couldn['’]t) be found"
    r"|(?:can['’]?t|cannot|could(?:n['’]t| not)) find (?:that|this|the) page|page (?:is )?no longer"
    r"|page (?:you\b.{0,40})?does ?n[o'’]t exist|seite (?:wurde )?(?:leider )?nicht (?:mehr )?(?:gefunden|verfügbar)"
    r"|seite existiert nicht|página no (?:encontrada|existe)|página não (?:foi )?encontrada|não existe"
    r"|pagina non trovata|pagina niet gevonden|sidan (?:hittades|finns) inte|siden (?:blev )?ikke funnet"
    r"|siden findes ikke|sivua ei löyt|nie znaleziono strony|strona nie istnieje|stránka nenalezena"
    r"|az oldal nem található|sayfa bulunamadı|страница не найдена|сторінку не знайдено"
    r"|η σελίδα δεν βρέθηκε|ページが見つかりません|페이지를 찾을 수 없|页面(?:未找到|不存在)|找不到頁面"
    r"|الصفحة غير موجودة|הדף לא נמצא|error page|page d['’]erreur|fehlerseite|page expired",
    re.IGNORECASE,
)
# Words that an article may hold too: they speak only where nothing says that this is one.
_ERROR_HINT = re.compile(
    r"introuvable|n['’]existe (?:pas|plus)|no longer (?:available|exists?)|does ?n[o'’]t exist|oops|oups"
    r"|nicht (?:mehr )?(?:gefunden|verfügbar|vorhanden)|existiert nicht|no (?:se )?(?:encontr|existe)"
    r"|não encontrad|non (?:è stata )?trovat|niet gevonden|bestaat niet|hittades inte|finns inte"
    r"|ikke funnet|findes ikke|ei löyt|nie znaleziono|nie istnieje|nenalezen|nem található|bulunamad"
    r"|не найден|не знайден|δεν βρέθηκε|見つかりません|존재하지|찾을 수 없|未找到|不存在|找不到|غير موجود"
    r"|לא נמצא|(?:could|can)(?:n['’]t|not| not) (?:find|be found)|has (?:been )?(?:moved|removed|deleted)",
    re.IGNORECASE,
)
# Strings of bot challenges and consent walls that are served as 200.
_BOT = re.compile(
    r"just a moment|attention required!|checking your browser|verify(?:ing)? you are (?:a )?human"
    r"|are you a robot|enable javascript and cookies to continue|access denied|pardon our interruption"
    r"|please complete the security check|cf-browser-verification|ddos protection by|px-captcha"
    r"|unusual traffic|bot detection|vérif\w+ que vous (?:êtes|n['’]êtes pas)|request unsuccessful"
    r"|captcha-delivery|incapsula incident|security verification",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"consent|cookies?|datenschutz|privacy|vie privée|privacidad|zustimm|einwillig|accepter|akzeptieren"
    r"|gdpr|rgpd|dsgvo|werbefrei|contentpass|pur-abo",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"^(?:log ?in|sign ?in|connexion|se connecter|identifiez|anmelden|anmeldung|einloggen|inicia(?:r)? sesión"
    r"|accedi|entrar|inloggen|logga in|logg inn|zaloguj|giriş|войти|ログイン|로그인|登录)",
    re.IGNORECASE,
)
_SHORT = 90
# With a text longer than this a film or a series of pictures goes with an article.
_MUCH = 250
_GALLERIES = frozenset({"imagegallery", "mediagallery"})
# A text of fewer words is an article only where the page, its timestamp or a feed says so.
_FEWEST = 12
_MIN_TEASERS = 3
# Where no more of the text than this are teasers, with so many words beside them, it may be an
# article about links: resources, cameras, programmes.
_MIXED, _PROSE, _MOSTLY_LINKS = 0.55, 100, 0.35
# A page of less text than this shows that of its structured data, if that has more than the second.
_LITTLE, _BUILT = 200, 500
# Links with at least so many words, or signs, are teasers; a menu's are shorter.
_TEASER_WORDS, _TEASER_LENGTH = 4, 25
# Parameters that choose a view of a home page and name no article.
_NO_NAMES = frozenset({"page", "paged", "lang", "hl", "locale", "edition", "s", "q", "cat", "m"})
# What enters the archive, under whatever of these names.
KEPT = ("article", "video", "gallery")
_CONSENT_WORDS = 900
# How sure one must be before a page is refused for what it looks like: fewer than three articles of
# a thousand are, out-of-fold (see the model card).
SURE: dict[Looks, float] = {
    "forum": 0.7, "product": 0.7, "listing": 0.7, "service": 0.75, "documentation": 0.85,
}  # fmt: skip
_HUNG = 0.5
# From so much on a page that looks like something else is kept as a doubtful article.
DOUBTFUL = 0.4
_NO_ARTICLES = frozenset({"discussionforumposting", "jobposting"})
# So many characters of a text have more words than any limit here, whatever the script.
_COUNTED = 20_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """The kind of a page, and why it was taken for that.

    An article is ``doubtful`` where it may be another kind of page, as ``reason`` says.
    """

    kind: PageKind
    reason: str = ""
    doubtful: bool = False


def judge(
    meta: Metadata, headline: str | None, blocks: Sequence[RawBlock], chosen: Sequence[int],
    *, has_moment: bool, entry: bool, announced: bool = False,
    looks: Callable[[], Guess] | None = None,
) -> Verdict:  # fmt: skip
    """Say what a page is. ``chosen`` are the blocks that would be the article's text.

    ``announced`` says that a feed or news sitemap named the page as an article; ``looks`` what it
    looks like, which is asked only where neither that nor the page itself says that it is one.
    """
    text = " ".join([blocks[i].text for i in chosen])
    if len(text) < _LITTLE and len(meta.body) > _BUILT:
        # The page builds its text by script and carries it in its structured data.
        text = meta.body
    words = _count(text[:_COUNTED])
    whole = _words_up_to(_CONSENT_WORDS, blocks)
    title = " ".join(filter(None, (headline, meta.page.title)))
    typed = _says_article(meta)
    wall = _wall(meta, title, blocks, words, whole)
    if wall is not None and not (typed and words > _SHORT):
        return wall
    if whole == 0:
        return Verdict("empty", "the page shows no text")
    heads = [headline or "", meta.page.title or ""]
    heads += [block.text for block in blocks[:30] if block.tag == "h1"]
    error = _error(heads, blocks, words, sure=typed and has_moment, typed=typed or has_moment)
    if error is not None:
        return error
    if entry:
        return Verdict("entry")
    # What stands under pictures goes with them, however much it is.
    beside = " ".join([blocks[i].text for i in chosen if blocks[i].tag != "figcaption"])
    if headline and _count(beside[:_COUNTED]) < _MUCH:
        form = _form(meta)
        if form is not None:
            return Verdict(form)
    if headline and words >= 1 and (announced or (typed and says_moment(meta))):
        return Verdict("article")
    if typed and headline and words >= 1:
        verdict = Verdict("article")
    else:
        verdict = _untyped(meta, headline, blocks, chosen, text, words, has_moment=has_moment)
    if verdict.kind == "article" and looks is not None:
        looked = _looked(looks(), blocks, chosen)
        return looked if looked.reason else verdict
    return verdict


def _looked(found: Guess, blocks: Sequence[RawBlock], chosen: Sequence[int]) -> Verdict:
    """What a page is that looks like ``found`` and by all else like an article."""
    # That all its text stands under linked headings speaks for a list, too.
    hung = found.kind == "listing" and all(_is_teaser(blocks, i) for i in chosen)
    if found.confidence >= (_HUNG if hung else SURE[found.kind]):
        return Verdict(found.kind, str(found))
    if found.confidence >= DOUBTFUL:
        return Verdict("article", str(found), doubtful=True)
    return Verdict("article")


def says_moment(meta: Metadata) -> bool:
    """Return whether the page's head says when it was published."""
    return bool(meta.page.meta("article:published_time") or meta.node.get("datePublished"))


def types_named(meta: Metadata) -> tuple[str, ...]:
    """The types that structured data gives the page and what is on it."""
    return tuple(name for node in meta.nodes[:10] for name in types_of(node))


def _form(meta: Metadata) -> Literal["video", "gallery"] | None:
    """Return whether the page says that it shows a film or a series of pictures."""
    if any(_GALLERIES.intersection(types_of(node)) for node in meta.nodes[:10]):
        return "gallery"
    og_type = (meta.page.meta("og:type") or "").lower()
    if og_type.startswith("video") or types_of(meta.node)[:1] == ("videoobject",):
        return "video"
    return None


def _error(
    heads: Sequence[str], blocks: Sequence[RawBlock], words: int, *, sure: bool, typed: bool
) -> Verdict | None:
    """A page that says that there is nothing here, though it was sent as if there were."""
    if words >= _SHORT or sure:
        return None
    for head in heads:
        if _ERROR_CODE.search(head[:200]) or _ERROR_TITLE.search(head[:200]):
            return Verdict("error", f"it says: {head[:80]}")
    if typed:
        return None
    short = [block.text[:160] for block in blocks[:30] if len(block.words) < 40]
    for text in (*heads, *short):
        if _ERROR_CODE.search(text) or _ERROR_TITLE.search(text) or _ERROR_HINT.search(text):
            return Verdict("error", f"it says: {text[:80]}")
    return None


def _untyped(
    meta: Metadata, headline: str | None, blocks: Sequence[RawBlock], chosen: Sequence[int],
    text: str, words: int, *, has_moment: bool,
) -> Verdict:  # fmt: skip
    if not headline or words < (1 if has_moment and _is_sentence(text) else _FEWEST):
        teasers = sum(_leads_on(block) for block in blocks)
        if teasers >= _MIN_TEASERS and _link_share(blocks) > 0.5:
            return Verdict("listing", "most of its text is links")
        return Verdict("empty", "no text of an article in it")
    if _is_home(meta.page.url):
        return Verdict("home", "it is the home page")
    teasers = sum(_is_teaser(blocks, i) for i in chosen)
    if not has_moment and teasers >= _MIN_TEASERS and teasers >= 0.4 * len(chosen):
        reason = f"{teasers} teasers under linked headings, and no moment"
        if teasers <= _MIXED * len(chosen) and _has_prose(blocks, chosen):
            return Verdict("article", reason, doubtful=True)
        return Verdict("listing", reason)
    # The dates of teasers are no timestamp of the page's own.
    if teasers >= _MIN_TEASERS and teasers >= 0.8 * len(chosen):
        return Verdict("listing", f"{teasers} teasers under linked headings, and nothing else")
    return Verdict("article")


def _has_prose(blocks: Sequence[RawBlock], chosen: Sequence[int]) -> bool:
    """Return whether a page says something beside its teasers, and is not mostly links."""
    own = sum(_count(blocks[i].text) for i in chosen if not _is_teaser(blocks, i))
    return own >= _PROSE and _link_share(blocks) < _MOSTLY_LINKS


def _is_sentence(text: str) -> bool:
    """Return whether a text, however short, ends as a sentence does."""
    return text.rstrip("\"'”’»)")[-1:] in tuple(".!?…。！？")


def _is_home(url: str) -> bool:
    """Return whether a URL is that of a site: no path, and no query that names one thing."""
    base, _, query = url_key(url).partition("?")
    if base.partition("/")[2].strip("/"):
        return False
    return not any(
        name.lower() not in _NO_NAMES and (re.search(r"\d", value) or "-" in value)
        for name, value in parse_qsl(query)
    )


def _leads_on(block: RawBlock) -> bool:
    """Return whether a block is a link with a headline's words."""
    return block.linked > 0.8 * len(block.text) and (
        len(block.words) >= _TEASER_WORDS or len(block.text) >= _TEASER_LENGTH
    )


def _is_teaser(blocks: Sequence[RawBlock], i: int) -> bool:
    """Whether a block stands right under a heading that leads elsewhere, or leads there itself."""
    block = blocks[i]
    if block.linked > 0.8 * len(block.text):
        return True
    above = blocks[i - 1] if i else None
    return (
        above is not None
        and above.tag in ("h2", "h3", "h4", "h5", "a", "div", "li")
        and above.linked > 0.8 * len(above.text)
    )


def _wall(
    meta: Metadata, title: str, blocks: Sequence[RawBlock], words: int, whole: int
) -> Verdict | None:
    shown = " ".join(block.text for block in blocks[:40])[:3000]
    if whole < 250 and (_BOT.search(title) or _BOT.search(shown)):
        return Verdict("bot-wall", "it asks whether the reader is human")
    markers = (b"cf-browser-verification", b"px-captcha", b"captcha-delivery.com",
               b"challenge-platform", b"_Incapsula_Resource")  # fmt: skip
    if whole < 60 and any(marker in meta.page.data[:131_072] for marker in markers):
        return Verdict("bot-wall", "it holds a bot challenge and no text")
    if whole < _CONSENT_WORDS and not _says_article(meta):
        consents = len(_CONSENT.findall(shown))
        if consents >= 3 and consents * 40 > whole:
            return Verdict("consent-wall", "it asks for consent and shows nothing else")
    if words < _SHORT and _LOGIN.match((title or "").strip()):
        return Verdict("login-wall", "it asks to log in")
    return None


def _says_article(meta: Metadata) -> bool:
    og_type = (meta.page.meta("og:type") or "").lower()
    names = types_of(meta.node)
    return (
        og_type.startswith(("article", "news"))
        or any(name.endswith(("article", "blogposting", "report", "posting"))
               and name not in _NO_ARTICLES for name in names)
    )  # fmt: skip


def _link_share(blocks: Sequence[RawBlock]) -> float:
    chars = sum(len(block.text) for block in blocks)
    return sum(block.linked for block in blocks) / chars if chars else 0.0


def _words_up_to(limit: int, blocks: Sequence[RawBlock]) -> int:
    """The words of a page; what is beyond ``limit`` need not be counted."""
    words = 0
    for block in blocks:
        words += _count(block.text)
        if words >= limit:
            break
    return words


def _count(text: str) -> int:
    words = len(text.split())
    # Scripts without spaces: two characters are about a word.
    return max(words, len(text) // 2) if words and len(text) / words > 14 else words
