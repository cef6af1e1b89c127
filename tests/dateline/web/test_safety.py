"""What keeps a room safe: headers, hosts, forms, logins, sizes, and texts that would be scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html
from starlette.testclient import TestClient

from dateline.web.pages.frame import own_path
from dateline.web.sessions import hashed
from storage.clock import utc_now
from storage.types.content import Block, Link, Media
from storage.users import accounts
from tests.dateline.web.conftest import client_of
from tests.profiles import examples
from tests.storage.values import article, new_source, publish

if TYPE_CHECKING:
    from storage.archive import Archive

Held = tuple["TestClient", "Archive", dict[str, int]]
PAGES = ("/", "/search?q=harbour", "/search/builder", "/search/facets?q=harbour", "/analyse?q=tugs",
         "/dossiers", "/dossiers/1", "/directory", "/sources", "/sources/herald", "/account", "/help",
         "/login", "/help/api")  # fmt: skip


def _csrf(client: TestClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/login").text)
    assert found
    return found[1]


def test_every_page_has_a_strict_policy_and_nothing_inline(room: Held) -> None:
    client, _, ids = room
    items = [f"/item/{ids['article']}", f"/item/{ids['article']}/revisions",
             f"/item/{ids['article']}/revisions?view=side", f"/item/{ids['article']}/capture",
             f"/item/{ids['entry']}"]  # fmt: skip
    for path in (*PAGES, *items):
        answer = client.get(path)
        assert answer.status_code == 200, path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", answer.text), path
        assert not re.search(r'(?:src|action)="https?:', answer.text), path


def test_another_name_or_site_is_refused(room: Held) -> None:
    client, _, _ = room
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/", headers={"Host": "localhost:8321"}).status_code == 200
    for head in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
                 {"Origin": "null"}):  # fmt: skip
        answer = client.post("/api/searches", json={"name": "x"}, headers=head)
        assert answer.status_code == 403, head
    large = client.post("/api/searches", content=b"x" * 1_100_000)
    assert large.status_code == 413


def test_a_form_needs_the_word_of_its_page(room: Held) -> None:
    client, _, _ = room
    assert client.post("/dossiers", data={"name": "x"}).status_code == 403
    assert client.post("/dossiers", data={"name": "x", "csrf": "wrong"}).status_code == 403
    csrf = _csrf(client)
    made = client.post("/dossiers", data={"name": "x", "csrf": csrf})
    assert made.status_code == 303


def test_logging_in_and_out(room: Held) -> None:
    client, archive, _ = room
    accounts.add_user(archive, "mara", hashed("correct horse"), utc_now())
    csrf = _csrf(client)
    form = {"name": "mara", "password": "wrong horse", "csrf": csrf, "next": "/help"}
    assert client.post("/login", data=form).status_code == 403
    form["password"] = "correct horse"
    inside = client.post("/login", data=form)
    assert (inside.status_code, inside.headers["location"]) == (303, "/help")
    cookie = inside.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/help").status_code == 200
    # Another password ends the session.
    accounts.set_password(archive, "mara", hashed("another horse"))
    assert client.get("/help").status_code == 303
    form |= {"password": "another horse", "csrf": _csrf(client)}
    assert client.post("/login", data=form).status_code == 303
    copied = client.cookies["dateline"]
    assert client.post("/logout", data={"csrf": _csrf(client)}).status_code == 303
    assert client.get("/help").status_code == 303
    # A copy of the old cookie opens nothing either.
    client.cookies.clear()
    assert client.get("/help", headers={"Cookie": f"dateline={copied}"}).status_code == 303


def test_a_login_may_be_tried_five_times(room: Held) -> None:
    client, archive, _ = room
    accounts.add_user(archive, "mara", hashed("correct horse"), utc_now())
    form = {"name": "mara", "password": "wrong", "csrf": _csrf(client)}
    codes = [client.post("/login", data=form).status_code for _ in range(7)]
    assert codes == [403] * 5 + [429] * 2
    form["password"] = "correct horse"
    waiting = client.post("/login", data=form)
    assert waiting.status_code == 429
    assert int(waiting.headers["retry-after"]) > 0
    # The right user gets in from elsewhere: only the address waits.
    elsewhere = TestClient(
        client.app, base_url="http://127.0.0.1", follow_redirects=False, client=("127.0.0.9", 50)
    )
    form["csrf"] = _csrf(elsewhere)
    assert elsewhere.post("/login", data=form).status_code == 303


def test_a_session_of_another_archive_or_hand_is_none(room: Held) -> None:
    client, archive, _ = room
    accounts.add_user(archive, "mara", hashed("correct horse"), utc_now())
    for cookie in ("x", "eyJ1IjoibWFyYSJ9.aaaa.bbbb", "." * 50):
        client.cookies.set("dateline", cookie)
        assert client.get("/help").status_code == 303


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "", "/\tx"]
)
def test_no_form_leads_elsewhere(to: str) -> None:
    assert own_path(to) == "/"
    assert own_path("/search?q=x") == "/search?q=x"


SCRIPTS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>',
    "javascript:alert(1)", "</title><script>alert(1)</script>", "' onmouseover='alert(1)",
    "{{7*7}}", "<iframe srcdoc='<script>alert(1)</script>'>", "\"onfocus=alert(1) autofocus x=\"",
)  # fmt: skip


def test_what_a_page_says_is_text(archive: Archive) -> None:
    source = new_source(archive)
    for number, bad in enumerate(SCRIPTS):
        content = article(
            f"Headline {bad}", f"Body {bad} of a text.", standfirst=bad, byline=(bad,), section=bad,
            tags=(bad,), number=f"{number}{bad}"[:60], kind=bad,
            links=(Link(f"javascript:alert({number})", "outside", bad),
                   Link("data:text/html,<script>alert(1)</script>", "related", bad)),
            media=(Media(f"https://herald.example/{number}.png", caption=bad, credit=bad,
                         alternative_text=bad),),
        )  # fmt: skip
        content = type(content)(**{
            **{name: getattr(content, name) for name in content.__slots__},
            "blocks": (*content.blocks, Block("heading", bad), Block("quote", bad)),
        })  # fmt: skip
        item_id = publish(archive, source, f"https://herald.example/{number}", content)
        client = client_of(archive)
        for path in (f"/item/{item_id}", f"/item/{item_id}/revisions", "/", "/search?q=headline",
                     "/search/facets?q=headline", "/analyse?q=headline"):  # fmt: skip
            page = html.fromstring(client.get(path).text)
            for element in page.iter("*"):
                assert element.tag not in ("svg", "img", "iframe") or element.get("class") in (
                    "chart", "graph"), (path, bad)  # fmt: skip
                assert not any(name.startswith("on") for name in element.attrib), (path, bad)
                link = element.get("href", "") + element.get("src", "")
                assert not link.startswith(("javascript", "data")), (path, bad)
            assert {one.get("src") for one in page.iter("script")} == {
                "/static/htmx.min.js", "/static/room.js"} or path == "/search/facets?q=headline"  # fmt: skip


@settings(max_examples=examples(120), suppress_health_check=list(HealthCheck))
@given(query=st.text(max_size=60))
def test_no_query_breaks_a_page(room_sqlite: TestClient, query: str) -> None:
    for path in ("/search", "/analyse", "/api/search", "/search/facets", "/feeds/search.atom"):
        assert room_sqlite.get(path, params={"q": query}).status_code in (200, 400, 404, 422)


@pytest.fixture(scope="module")
def room_sqlite(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    from storage.archive import create_archive
    from tests.dateline.web.rooms import furnish

    archive = create_archive(str(tmp_path_factory.mktemp("room") / "archive"))
    furnish(archive)
    return client_of(archive)
