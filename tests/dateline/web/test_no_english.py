"""No page in French shows an English string: every page over a catalogue of marked translations.

Each translation and each date or number stands in ⟦…⟧, each word of the archive's own texts begins
with ``zz``. What remains after taking those away is text that nobody translated.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import html
from starlette.testclient import TestClient

from dateline.web.app import create_app
from dateline.web.i18n import catalogue, formats, labels
from dateline.web.pages import frame
from dateline.web.sessions import hashed
from storage.archive import create_archive
from storage.clock import utc_now
from storage.models import Alarm, Backfill, CrawlRun, Endpoint, Event
from storage.types.content import Entry, Link, Media, Mention
from storage.types.pages import PageFailed, Task
from storage.users import accounts, dossiers, saved_searches
from tests.storage.values import NOW, article, new_source, publish, stored, task_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from storage.archive import Archive

HOME = "https://zzherald.example"
SHOWN = ("title", "aria-label", "placeholder", "alt", "aria-description", "label")
UNREAD = ("script", "style", "code", "textarea")
# Names that are the same in every language.
NAMES = re.compile(
    r"\b(?:Dateline|API|Atom|RSS|UTC|OpenAPI|RIS|Zotero|EndNote|BibTeX|Parquet|IRaMuTeQ|TXM|TEI|ninjs"
    r"|WARC|WACZ|GET|POST|PUT|DELETE|PATCH)\b"
)
FORMATS = ("number", "decimal", "percent", "day", "period", "moment", "language_name")


def _zz(text: str) -> str:
    return re.sub(r"\w+", lambda word: f"zz{word[0].lower()}", text)


def _mark(text: str) -> str:
    return f"⟦{text}⟧"


@pytest.fixture(scope="module")
def marked() -> Iterator[None]:
    """French whose translations, dates and numbers are marked."""
    read = catalogue.read_catalogue

    def read_marked(language: str) -> Any:
        found = read(language)
        for one in found:
            if one.id:
                one.string = (
                    _mark(one.string) if isinstance(one.string, str)
                    else tuple(_mark(text) for text in one.string)
                )  # fmt: skip
        return found

    def marking(function: Callable[..., str]) -> Callable[..., str]:
        return lambda *given, **named: _mark(function(*given, **named))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "read_catalogue", read_marked)
        for name in FORMATS:
            patch.setattr(formats, name, marking(getattr(formats, name)))
        patch.setattr(labels, "language_name", marking(labels.language_name))
        catalogue.words_in.cache_clear()
        frame._templates.cache_clear()
        yield
    catalogue.words_in.cache_clear()
    frame._templates.cache_clear()


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, marked: None) -> Iterator[dict[str, Any]]:
    """A room over an archive in which everything happened."""
    with create_archive(str(tmp_path_factory.mktemp("room") / "archive")) as archive:
        ids = _fill(archive)
        yield {"archive": archive, "client": _client(archive), **ids}


def _client(archive: Archive) -> TestClient:
    return TestClient(
        create_app(archive), base_url="http://127.0.0.1", follow_redirects=False,
        headers={"Accept-Language": "fr"}, raise_server_exceptions=False,
    )  # fmt: skip


def _fill(archive: Archive) -> dict[str, int]:
    herald = new_source(archive, "zzherald", f"{HOME}/")
    courier = new_source(archive, "zzcourier", "https://zzcourier.example/")
    person = _entry(archive, herald, "mara", Entry(_zz("Mara Quist"), "person", number="7",
                                                   expansion=_zz("Director"), aliases=(_zz("M Q"),)))  # fmt: skip
    _entry(archive, herald, "mario", Entry(_zz("Mario Quist"), "person"))
    text = _zz(
        "The port of Lowmoor buys three tugs says Mara Quist and the council voted for it at night"
    )
    start = text.index(_zz("Mara Quist"))
    mentions = (
        Mention(_zz("Mara Quist"), 0, start, start + len(_zz("Mara Quist")), f"{HOME}/people/mara",
                full_name=_zz("Mara Quist"), kind="person"),
        Mention(_zz("The port"), 0, 0, len(_zz("The port")), f"{HOME}/places/port",
                kind="organisation", full_name=_zz("The Port")),
    )  # fmt: skip
    links = [
        Link(f"{HOME}/linked/{relation}", relation, _zz("linked"), kind=_zz("kind"), number="9")
        for relation in ("related", "further", "entry", "attachment", "embedded", "outside")
    ]  # fmt: skip
    media = (
        Media(f"{HOME}/tug.png", "picture", _zz("caption"), _zz("credit"), _zz("alternative")),
        Media(f"{HOME}/plan.pdf", "attachment", _zz("plan")),
    )
    common: dict[str, Any] = {
        "section": _zz("Harbour"),
        "language": "fr",
        "byline": (_zz("Ana"),),
        "tags": (_zz("tag"),),
    }
    content = article(
        _zz("Harbour buys tugs"), text, standfirst=_zz("Standfirst"), number="4711",
        kind="news", access="teaser", mentions=mentions, links=tuple(links), media=media,
        notices=("paid content", "satire"), dateline_place=_zz("Lowmoor"),
        provenance={"headline": "h1", "published": "json-ld", "body": "model", "tags": "meta"},
        modified=article().published, **common,
    )  # fmt: skip
    url = f"{HOME}/story/0"
    ids = {"person": person, "article": publish(archive, herald, url, content)}
    changed = article(_zz("Harbour buys four tugs"), text + _zz(" and more"),
                      _zz("Another paragraph of the same article"), modified=article().published, **common)  # fmt: skip
    publish(archive, herald, url, changed, NOW + timedelta(days=1),
            task=Task(url, "article", 0, item_id=ids["article"]))  # fmt: skip
    for n in range(24):
        publish(archive, herald, f"{HOME}/more/{n}", article(
            _zz(f"Story number {n} told"), _zz(f"Words of story {n} about tugs number {n * 7} and port {n * 3}"),
            published=None if n == 3 else article().published, **common))  # fmt: skip
    twin = _zz("One long text that two papers printed at the same time about the harbour and its tugs, "
               "word for word, so that they are the same article for every reader of both of them")  # fmt: skip
    for source, home in ((herald, HOME), (courier, "https://zzcourier.example")):
        ids["twin"] = publish(archive, source, f"{home}/twin", article(_zz("Twin"), twin, **common))
    gone = publish(
        archive, herald, f"{HOME}/gone", article(_zz("Gone"), _zz("A text that is gone"), **common)
    )
    archive.record(herald, None, [
        PageFailed(Task(f"{HOME}/gone", "article", 0, item_id=gone), "http-410", "the server answered 410", final=True)
    ], NOW)  # fmt: skip
    ids["gone"] = gone
    _watch(archive, herald, courier, ids["article"])
    saved_searches.save_search(archive, _zz("Tugs"), _zz("tugs"), utc_now())
    ids["dossier"] = dossiers.add_dossier(
        archive, _zz("The port"), utc_now(), note=_zz("All"), query="zztugs"
    )
    dossiers.add_articles(archive, ids["dossier"], [ids["article"]], utc_now())
    dossiers.add_dossier(archive, _zz("Empty"), utc_now())
    for name, scope in ((_zz("script"), "read"), (_zz("other"), "write")):
        accounts.add_token(archive, name, scope, utc_now())  # type: ignore[arg-type]
    accounts.revoke_token(archive, 1, utc_now())
    with archive.reading() as session:
        from sqlalchemy import select

        from storage.models import Item

        ids["stub"] = session.scalars(select(Item.id).where(Item.state == "stub").limit(1)).one()
    return ids


def _entry(archive: Archive, source: int, name: str, entry: Entry) -> int:
    task = task_for(archive, source, f"{HOME}/people/{name}", kind="entry")
    (done,) = archive.record(source, None, [stored(task, entry)], NOW)
    return done.item_id or 0


def _watch(archive: Archive, herald: int, courier: int, item: int) -> None:
    """Runs, endpoints, backfills, alarms and events of every kind."""
    now, early = utc_now(), utc_now() - timedelta(days=3)
    counts = dict.fromkeys(labels.LABELS["count"], 3)
    causes = {**dict.fromkeys(labels.LABELS["cause"], 2), "http-503": 4}
    details = {
        "silent": "nothing new since 2026-03-01 10:00 UTC, where some 12 articles were usual",
        "walls": "7 of the last 10 pages were walls (login, consent or payment)",
        "errors": "8 of the last 10 pages failed, most of them: timeout",
        "unreachable": "none of its feeds and sitemaps can be read: http-503: the server answered 503",
        "gap": "a gap from 2026-03-01 10:00 to 2026-03-02 10:00 UTC could not be filled: zzreason",
        "lost-field": "zzlost",
    }  # fmt: skip
    rows: list[Any] = [
        CrawlRun(source_id=source, started_at=early, ended_at=None if state == "running" else now,
                 state=state, reason=reason, counts=counts, causes=causes)
        for source in (herald, courier)
        for state, reason in (("finished", "finished"), ("running", None), ("failed", "storage"),
                              ("interrupted", "shutdown"), ("interrupted", "its process is gone"))
    ]  # fmt: skip
    rows += [Alarm(source_id=herald, kind=kind, detail=detail, raised_at=early,
                   cleared_at=now if kind == "gap" else None) for kind, detail in details.items()]  # fmt: skip
    rows += [
        Endpoint(source_id=herald, url=f"{HOME}/{kind}/{n}", kind=kind, created_at=early, fetched_at=now,
                 next_due_at=early, **values)
        for kind in ("feed", "sitemap", "listing")
        for n, values in enumerate((
            {"status": 200}, {"closed_at": now, "last_error": "zzgone"},
            {"failures": 4, "last_error": "http-503: the server answered 503"},
            {"failures": 1, "last_error": "timeout: zzdetail"}, {}))
    ]  # fmt: skip
    rows += [
        Backfill(source_id=herald, reason=reason, since=early, until=now, state=state, created_at=early,
                 detail=detail)
        for reason in ("gap", "asked")
        for state, detail in (("open", None), ("done", None), ("failed", "zzdetail"))
    ]  # fmt: skip
    rows += [Event(item_id=item, kind=kind, at=now) for kind in labels.LABELS["event"]]
    archive.write(lambda session: session.add_all(rows))


def _untranslated(text: str) -> list[str]:
    """The words of ``text`` that are neither marked nor the archive's own."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = shorter
    text = re.sub(r"\S*(?:zz|ZZ)\S*|https?:\S*", " ", text)
    return re.findall(r"[^\W\d_]{2,}|[⟦⟧]", NAMES.sub(" ", text))


def _visible(element: Any, language: str) -> Iterator[str]:
    """The texts of an element in their order, and of its attributes that are read out."""
    own = element.get("lang") or language
    if element.tag not in UNREAD:
        if own == "fr":
            # A ContextObject in Span has its title for programs.
            if element.get("class") != "Z3988":
                yield from (f" {element.get(name) or ''} " for name in SHOWN)
            yield element.text or ""
        for child in element:
            yield from _visible(child, own)
    yield f" {element.tail or ''} " if language == "fr" else ""


def _check(page: str, where: str, typed: str = "") -> None:
    """Everything of a page that somebody reads or hears is marked, but for what they typed."""
    tree = html.fromstring(page)
    for element in tree.xpath("//select[@name='language']/option"):
        element.getparent().remove(element)
    text = "".join(_visible(tree, "fr"))
    wrong = _untranslated(text.replace(typed, " ") if typed else text)
    assert not wrong, (where, wrong)


PAGES = (
    "/", "/search", "/search?q=zztugs", "/search?q=zztugs&facets=true", "/search?q=zznothing",
    "/search?q=zzharbour&duplicates=true", "/search?q=zztwin", "/search?q=zztugs&sort=newest",
    "/search/facets?q=zztugs", "/search/builder", "/analyse", "/analyse?q=zznothing",
    "/analyse?q=zztugs%0Azzport&measure=share&by=day&more=true", "/analyse?q=zztugs&by=year",
    "/analyse/more?q=zztugs", "/dossiers", "/dossiers/1", "/dossiers/2", "/directory",
    "/directory?name=zznobody", "/directory?name=zzquist", "/sources", "/sources/zzherald",
    "/sources/zzherald?started=1", "/sources/zzcourier", "/account", "/help", "/help/api", "/login",
    "/item/{article}", "/item/{article}?revision=1", "/item/{article}/revisions", "/item/{article}/capture",
    "/item/{article}/revisions?view=side", "/item/{twin}", "/item/{twin}/revisions", "/item/{person}",
    "/item/{stub}", "/item/{gone}",
)  # fmt: skip
ERRORS = {
    "/nothing": 404, "/item/99999": 404, "/item/zzz": 422, "/item/0": 422, "/item/1?revision=zz": 422,
    "/item/1?revision=99": 404, "/item/{stub}/capture": 404, "/media/zz": 404, "/open?url=zz": 404,
    "/sources/zznone": 404, "/dossiers/999": 404, "/dossiers/1/export?format=zz": 404,
    "/search?sort=zz": 422, "/search?cursor=zz": 400, "/search?since=zz": 400, "/search/export?format=zz": 404,
    "/search?duplicates=zz": 422, "/analyse?by=zz": 422, "/analyse?q=zza%20AND": 400, "/analyse/more": 422,
    "/logout": 405,
}  # fmt: skip
QUERIES = (
    "zza AND", "zza zzb)", "(zza", "()", '"zza', "title:", "zza NEAR/ zzb", "zza NEAR/99 zzb", "lang:zzz",
    "date:zz", "date:..", "date:2022..2021", "since:zz", "is:zz", "has:zz", "who:zznobody", "source:zznone",
    "dossier:zznone", "zzfield:x", "NOT", "AND zza", "a*", "...", '""', "title:(author:zza)", "zza " * 300,
    "(" * 60 + "zza" + ")" * 60, "title:zza NEAR/5 zzb", "(zza zzb) NEAR/5 zzc",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_word_of_a_page_is_translated(room: dict[str, Any], path: str) -> None:
    path = path.format_map(room)
    answer = room["client"].get(path)
    assert answer.status_code == 200, path
    _check(answer.text, path)


@pytest.mark.parametrize("path", ERRORS)
def test_every_error_of_an_address_is_translated(room: dict[str, Any], path: str) -> None:
    answer = room["client"].get(path.format_map(room))
    assert answer.status_code == ERRORS[path], answer.text
    _check(answer.text, path)
    assert '<span lang="en">' not in answer.text, path


@pytest.mark.parametrize("query", QUERIES)
def test_every_error_of_a_query_is_translated(room: dict[str, Any], query: str) -> None:
    answer = room["client"].get("/search", params={"q": query})
    _check(answer.text, query, query)
    assert '<span lang="en">' not in answer.text, query


def test_every_error_of_a_form_is_translated(room: dict[str, Any]) -> None:
    client = room["client"]
    csrf = html.fromstring(client.get("/login").text).xpath("//input[@name='csrf']/@value")[0]
    forms: list[tuple[str, dict[str, str], int]] = [
        ("/dossiers", {}, 403), ("/dossiers", {"name": "", "csrf": csrf}, 400),
        ("/dossiers", {"name": _zz("The port"), "csrf": csrf}, 409),
        ("/dossiers", {"name": "zzx", "note": "zz" * 20_000, "csrf": csrf}, 400),
        ("/dossiers", {"name": "zzx", "query": "zza AND", "csrf": csrf}, 400),
        ("/dossiers/put", {"csrf": csrf, "item": "1"}, 400),
        ("/dossiers/put", {"csrf": csrf, "item": "99999", "dossier": "1"}, 404),
        ("/sources", {"csrf": csrf}, 400), ("/sources/zzherald", {"csrf": csrf, "action": "zz"}, 400),
        ("/account/tokens", {"csrf": csrf, "name": ""}, 400),
        ("/account/password", {"csrf": csrf}, 403), ("/login", {"csrf": csrf, "name": "zz"}, 403),
    ]  # fmt: skip
    for path, form, status in forms:
        answer = client.post(path, data=form)
        assert answer.status_code == status, (path, form, answer.text)
        _check(answer.text, f"{path} {form}"[:200])
        assert '<span lang="en">' not in answer.text, path
    _check(
        client.post("/account/tokens", data={"csrf": csrf, "name": "zzmade"}).text, "a new token"
    )


def test_what_goes_wrong_in_the_server_is_told_in_french(
    room: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dateline.web.pages import home

    def fail(_: object) -> None:
        raise RuntimeError("zz")

    monkeypatch.setattr(home.saved_searches, "list_searches", fail)
    answer = room["client"].get("/")
    assert answer.status_code == 500
    _check(answer.text, "500")


def test_an_empty_archive_is_told_of_in_french(tmp_path: Path, marked: None) -> None:
    with create_archive(str(tmp_path / "archive")) as archive:
        client = _client(archive)
        for path in (
            "/",
            "/search",
            "/analyse",
            "/analyse?q=zz",
            "/dossiers",
            "/directory",
            "/sources",
            "/account",
        ):
            _check(client.get(path).text, f"empty {path}")
        accounts.add_user(archive, "zzmara", hashed("correct horse"), utc_now())
        page = html.fromstring(client.get("/login").text)
        form = {"csrf": page.xpath("//input[@name='csrf']/@value")[0], "name": "zzmara"}
        for _ in range(6):
            _check(client.post("/login", data={**form, "password": "wrong"}).text, "login")
        client.post("/login", data={**form, "password": "correct horse"})
        other = TestClient(client.app, base_url="http://127.0.0.1", client=("127.0.0.9", 1),
                           headers={"Accept-Language": "fr"})  # fmt: skip
        csrf = html.fromstring(other.get("/login").text).xpath("//input[@name='csrf']/@value")[0]
        form["csrf"] = csrf
        _check(other.post("/login", data={**form, "password": "correct horse"}).text, "logged in")
        account = other.get("/account").text
        _check(account, "account of a user")
        csrf = html.fromstring(account).xpath("//input[@name='csrf']/@value")[0]
        for values in ({"new": "short"}, {"new": "long enough", "present": "wrong"},
                       {"new": "long enough", "present": "correct horse"}):  # fmt: skip
            _check(other.post("/account/password", data={"csrf": csrf, **values}).text, str(values))


@pytest.mark.parametrize(
    ("text", "left"),
    [("⟦Accueil⟧ zzport", []), ("⟦de ⟦9⟧ à ⟦3⟧⟧", []), ("Home", ["Home"]), ("⟦a⟧ max ⟦3⟧", ["max"])],
)  # fmt: skip
def test_the_check_finds_what_nobody_translated(text: str, left: list[str]) -> None:
    assert _untranslated(text) == left
