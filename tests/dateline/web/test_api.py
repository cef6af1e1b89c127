"""The HTTP API: what it answers, pages of it, conditional answers, feeds, Memento, who may ask."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import feedparser
import pytest
from lxml import etree

from dateline.web.sessions import hashed
from storage.clock import utc_now
from storage.models import Capture
from storage.users import accounts
from tests.dateline.web.rooms import HOME, PIXEL
from tests.storage.values import NOW, article, new_source, publish

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from storage.archive import Archive

Held = tuple["TestClient", "Archive", dict[str, int]]


def _get(client: TestClient, path: str, **params: Any) -> Any:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_search_goes_on_with_its_cursor(room: Held) -> None:
    client, _, ids = room
    found: list[int] = []
    cursor = None
    while True:
        page = _get(
            client, "/api/search", q="lowmoor", limit=7, **({"cursor": cursor} if cursor else {})
        )
        found += [hit["id"] for hit in page["hits"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert page["total"] == 31
    assert page["total_is_exact"] is True
    assert len(found) == len(set(found)) == 31
    assert ids["article"] in found
    marked = page["hits"][0]
    assert [marked["snippet"][a:b].lower() for a, b in marked["marks"]] == ["lowmoor"]


def test_counts_and_facets(room: Held) -> None:
    client, _, _ = room
    counts = _get(client, "/api/count", q="section:market", by="year", share="true")["counts"]
    assert sum(one["count"] for one in counts) == 15
    assert all(0 < one["share"] <= 1 for one in counts)
    facets = _get(client, "/api/facets", q="", by=["section", "source", "entry"])["facets"]
    by_name = {one["facet"]: {v["label"]: v["count"] for v in one["values"]} for one in facets}
    assert by_name["section"] == {"Harbour": 16, "Market": 15}
    assert by_name["source"] == {"herald": 21, "courier": 10}
    assert by_name["entry"]["Mara Quist"] == 1


def test_an_article_is_told_whole(room: Held) -> None:
    client, _, ids = room
    item = _get(client, f"/api/items/{ids['article']}")
    assert item["headline"] == "Lowmoor harbour buys four electric tugs"
    assert [one["number"] for one in item["revisions"]] == [1, 2]
    assert {one["full_name"] for one in item["mentions"]} == {"Mara Quist", "Port of Lowmoor"}
    first = _get(client, f"/api/items/{ids['article']}", revision=1)
    assert first["headline"] == "Lowmoor harbour buys electric tugs"
    difference = _get(client, f"/api/items/{ids['article']}/diff", first=1, second=2)
    assert ["+", "four "] in difference["fields"]["headline"] or difference["fields"]["headline"]
    assert _get(client, "/api/items", url=f"{HOME}/story/0")["id"] == ids["article"]
    assert len(_get(client, f"/api/items/{ids['article']}/similar")) > 0
    together = _get(client, f"/api/items/{ids['entry']}/cooccurrences")
    assert [one["name"] for one in together] == ["Port of Lowmoor"]
    capture = client.get(f"/api/items/{ids['article']}/capture")
    assert b"four electric tugs" in capture.content
    assert capture.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/search?q=a OR", 400, "a word is missing"), ("/api/search?source=no", 404, "no source"),
        ("/api/search?q=x&cursor=nonsense", 400, "cursor"), ("/api/search?limit=0", 422, "limit"),
        ("/api/search?limit=1000", 422, "limit"), ("/api/search?since=soon", 400, "not a date"),
        ("/api/items/99999", 404, "holds no item"), ("/api/items/abc", 422, "item_id"),
        ("/api/items?url=12", 404, "not a URL"), ("/api/sources/no", 404, "no source"),
        ("/api/nothing", 404, "Not Found"), ("/api/dossiers/9", 404, "no dossier"),
        ("/api/export?format=x", 422, "format"), ("/api/count?by=week", 422, "by"),
        ("/api/items/3/cooccurrences", 404, "not a directory entry"), ("/api/directory?name=Nobody", 404, "no entry"),
    ],
)  # fmt: skip
def test_errors_are_problems(room: Held, path: str, status: int, words: str) -> None:
    client, _, _ = room
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert words in problem["detail"]
    assert problem["status"] == status


def test_the_place_in_a_query_is_told(room: Held) -> None:
    assert room[0].get("/api/search", params={"q": "one tiitle:x"}).json()["position"] == 4


def test_what_a_client_has_is_not_sent_again(room: Held) -> None:
    client, archive, _ = room
    first = client.get("/api/search", params={"q": "tugs"})
    tag = first.headers["etag"]
    again = client.get("/api/search", params={"q": "tugs"}, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    from storage.users import saved_searches

    saved_searches.save_search(archive, "Other", "other", utc_now())
    changed = client.get("/api/searches", headers={"If-None-Match": tag})
    assert changed.status_code == 200


def test_saved_searches_and_dossiers_are_kept_and_let_go(room: Held) -> None:
    client, _, ids = room
    made = client.post("/api/searches", json={"name": "Mine", "query": "harbour"})
    assert made.status_code == 201
    number = made.json()["id"]
    assert client.post("/api/searches", json={"name": "Mine"}).status_code == 409
    assert client.post("/api/searches", json={"name": "X", "query": "("}).status_code == 400
    assert client.post("/api/searches", json={"name": " "}).status_code == 422
    assert client.delete(f"/api/searches/{number}").status_code == 204
    assert client.get(f"/api/searches/{number}").status_code == 404
    dossier = client.post("/api/dossiers", json={"name": "D"}).json()["id"]
    put = client.post(f"/api/dossiers/{dossier}/articles", json={"articles": [ids["article"]]})
    assert put.json()["articles"] == 1
    wrong = client.post(f"/api/dossiers/{dossier}/articles", json={"articles": [ids["entry"]]})
    assert wrong.status_code == 404
    held = _get(client, f"/api/dossiers/{dossier}/articles")
    assert [one["item_id"] for one in held] == [ids["article"]]
    assert _get(client, "/api/search", q="dossier:D")["total"] == 1
    assert client.delete(f"/api/dossiers/{dossier}/articles/{ids['article']}").status_code == 204
    assert client.delete(f"/api/dossiers/{dossier}").status_code == 204


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_every_query_is_a_feed(room: Held, form: str) -> None:
    client, _, ids = room
    for path in (f"/feeds/search.{form}?q=tugs", f"/feeds/search/1.{form}"):
        answer = client.get(path)
        assert answer.status_code == 200
        feed = feedparser.parse(answer.content)
        assert not feed.bozo
        assert [entry.title for entry in feed.entries] == [
            "Lowmoor harbour buys four electric tugs"
        ]
        assert feed.entries[0].link.endswith(f"/item/{ids['article']}")
    assert len(feedparser.parse(client.get(f"/feeds/dossier/1.{form}").content).entries) == 16
    outlines = etree.fromstring(client.get("/feeds/searches.opml").content).findall(".//outline")
    assert {one.get("text") for one in outlines} == {"Tugs", "The port"}
    assert client.get("/feeds/sources.opml").status_code == 200


def test_captures_are_mementos(room: Held) -> None:
    client, _, _ = room
    url = f"{HOME}/story/0"
    newest = client.get(f"/timegate/{url}")
    assert newest.status_code == 302
    assert newest.headers["vary"] == "accept-datetime"
    asked = (NOW - timedelta(days=9)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    oldest = client.get(f"/timegate/{url}", headers={"Accept-Datetime": asked})
    assert oldest.headers["location"] != newest.headers["location"]
    page = client.get(oldest.headers["location"])
    assert page.status_code == 200
    assert b"buys electric tugs" in page.content
    assert page.headers["memento-datetime"] == "Tue, 10 Mar 2026 12:00:00 GMT"
    assert "sandbox" in page.headers["content-security-policy"]
    timemap = client.get(f"/timemap/link/{url}")
    assert timemap.headers["content-type"].startswith("application/link-format")
    assert timemap.text.count("memento") >= 2
    assert f'<{url}>;rel="original"' in timemap.text
    assert len(_get(client, f"/timemap/json/{url}")["mementos"]["list"]) == 2
    assert client.get("/timegate/https://nowhere.example/").status_code == 404
    wrong = client.get(f"/timegate/{url}", headers={"Accept-Datetime": "yesterday"})
    assert wrong.status_code == 400


def test_what_can_be_read_can_be_asked_for_by_head(room: Held) -> None:
    client, _, ids = room
    for path in (
        "/api/search?q=tugs",
        "/feeds/search.atom",
        f"/item/{ids['article']}",
        "/robots.txt",
    ):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b""), path
    assert client.head("/api/items/9999").status_code == 404


def test_exports_are_downloads(room: Held) -> None:
    client, _, _ = room
    ris = client.get("/api/export", params={"q": "tugs", "format": "ris"})
    assert ris.headers["content-disposition"] == 'attachment; filename="tugs.ris"'
    assert ris.text.count("TY  - ") == 1
    assert client.get("/dossiers/1/export?format=csv").text.count("\n") >= 16
    for form in ("csv", "bibtex", "tei", "warc", "wacz"):
        assert client.get("/search/export", params={"q": "tugs", "format": form}).content


def test_reserved_captures_are_shown_to_logged_in_users_only(room: Held) -> None:
    client, archive, ids = room
    item = ids["story1"]
    url = f"{HOME}/story/1"

    def reserve(session: Any) -> None:
        for one in session.query(Capture).filter(Capture.url == url):
            one.rights = {"robots": ["noarchive"]}

    archive.write(reserve)
    place = client.get(f"/timegate/{url}").headers["location"]
    assert client.get(place).status_code == 200
    assert client.get(f"/api/items/{item}/capture").status_code == 200
    token = accounts.add_token(archive, "test", "write", utc_now())
    head = {"Authorization": f"Bearer {token}"}
    for path in (place, f"/api/items/{item}/capture"):
        assert client.get(path, headers=head).status_code == 403, path
    assert client.get(f"/api/items/{ids['article']}/capture", headers=head).status_code == 200
    asked = {"format": "warc", "q": "title:story"}
    without = client.get("/api/export", params=asked)
    assert without.headers["dateline-reserved"] == "1"
    whole = client.get("/api/export", params={**asked, "reserved": "true"})
    assert len(whole.content) > len(without.content)


def test_feeds_and_counts_give_no_date_where_there_is_none(room: Held) -> None:
    client, archive, _ = room
    publish(archive, new_source(archive, "bare", "https://bare.example/"),
            "https://bare.example/x", article("A zeppelin", published=None))  # fmt: skip
    for form in ("atom", "rss"):
        (entry,) = feedparser.parse(client.get(f"/feeds/search.{form}?q=zeppelin").content).entries
        assert "published" not in entry
    assert _get(client, "/api/count", q="zeppelin", by="year") == {
        "query": "zeppelin", "by": "year", "counts": [], "undated": 1,
    }  # fmt: skip
    assert "no date, archived on 10 March 2026" in client.get("/search?q=zeppelin").text


def test_with_a_user_nothing_is_open(room: Held) -> None:
    client, archive, ids = room
    accounts.add_user(archive, "mara", hashed("correct horse"), utc_now())
    for path in ("/api/search", "/api/status", f"/api/items/{ids['article']}", "/feeds/search.atom",
                 f"/timegate/{HOME}/story/0"):  # fmt: skip
        assert client.get(path).status_code == 401, path
    assert client.get("/search?q=x").headers["location"] == "/login?next=%2Fsearch%3Fq%3Dx"
    token = accounts.add_token(archive, "test", "read", utc_now())
    head = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/search", headers=head).status_code == 200
    refused = client.post("/api/searches", json={"name": "x"}, headers=head)
    assert refused.status_code == 403
    pair = base64.b64encode(f"reader:{token}".encode()).decode()
    assert (
        client.get("/feeds/search.atom", headers={"Authorization": f"Basic {pair}"}).status_code
        == 200
    )
    for path in ("/", "/account", "/search"):
        assert client.get(path, headers=head).status_code == 403, path
    (known,) = accounts.list_tokens(archive)
    assert known.used_at is not None
    writing = accounts.add_token(archive, "test", "write", utc_now())
    made = client.post(
        "/api/searches", json={"name": "x"}, headers={"Authorization": f"Bearer {writing}"}
    )
    assert made.status_code == 201
    accounts.revoke_token(archive, known.id, utc_now())
    assert client.get("/api/search", headers=head).status_code == 401
    assert client.get("/api/search", headers={"Authorization": "Basic eDp5"}).status_code == 401


def test_pictures_come_from_the_archive(room: Held) -> None:
    client, archive, ids = room
    record = _get(client, f"/api/items/{ids['article']}")
    answer = client.get(f"/media/{record['media'][0]['digest']}")
    assert (answer.content, answer.headers["content-type"]) == (PIXEL, "image/png")
    assert client.get("/media/../../dateline.toml").status_code == 404
    assert client.get("/media/..%2f..%2fdateline.toml").status_code == 404
    assert str(archive.location.folder) not in client.get("/api/status").text


def test_metrics_tell_how_each_source_is(room: Held) -> None:
    answer = room[0].get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert any(line.startswith('dateline_articles{source="') for line in lines)
    assert any(line.startswith("dateline_free_bytes ") for line in lines)
