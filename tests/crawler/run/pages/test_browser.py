"""Pages that scripts draw: told at `add`, drawn where needed, kept, and never past the crawl's gates."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from warcio.archiveiterator import ArchiveIterator

from crawler.run.pages import browser
from crawler.run.pages.browser import Browser, BrowserFailure, SubRequest, SubResponse
from storage.archive import open_archive
from storage.models import Article, Candidate, Capture, Source
from tests.pages import LocalSite, article_page, sentences, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.crawler.commands import Commands

pytestmark = [
    pytest.mark.crawl,
    pytest.mark.skipif(
        browser.missing_requirement() is not None,
        reason=f"needs Chromium: {browser.missing_requirement()}",
    ),
]

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
SHELL = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Quay</title>{head}'
    '<script src="/app.js"></script></head><body><div id="app">{text}</div>'
    "<noscript>This site needs JavaScript.</noscript></body></html>"
)
# Draws what its data says; tries also to reach somewhere else, as advertising does.
APP = """
fetch('/data' + location.pathname).then(r => r.json()).then(page => {
  document.title = page.title;
  document.getElementById('app').innerHTML = page.html;
});
fetch('OTHER/collect', {method: 'POST', body: 'who'}).catch(() => 0);
new Image().src = 'OTHER/pixel.gif';
const more = document.createElement('script'); more.src = 'OTHER/more.js';
document.head.append(more);
try { new WebSocket('OTHER/socket'.replace('http', 'ws')); } catch (error) { }
navigator.sendBeacon('OTHER/beacon', 'x');
"""


@pytest.fixture
def other() -> Iterator[LocalSite]:
    """Another site, which a crawl of the first has no business with."""
    with serving() as site:
        yield site


def _publish(site: LocalSite, other: LocalSite, count: int, *, text: str = "") -> None:
    # The same host by another name: another site.
    elsewhere = other.base.replace("127.0.0.1", "localhost")
    site.set("/app.js", APP.replace("OTHER", elsewhere), "text/javascript")
    items = ""
    for n in range(1, count + 1):
        _write(site, n, sentences(n), text=text)
        items += f"<item><title>Story {n}</title><link>{site.base}{_path(n)}</link></item>"
    site.set("/feed.xml", f"<rss version='2.0'><channel><title>Q</title>{items}</channel></rss>",
             "application/rss+xml")  # fmt: skip
    feed = '<link rel="alternate" type="application/rss+xml" href="/feed.xml"/>'
    site.set("/", SHELL.format(head=feed, text=""))


def _path(number: int) -> str:
    return f"/news/a-story-of-the-quay-{number}x"


def _write(site: LocalSite, number: int, paragraphs: list[str], *, text: str = "") -> None:
    site.set(_path(number), SHELL.format(head="", text=text))
    html = f"<article><h1>Story {number} of the quay</h1>" + "".join(
        f"<p>{one}</p>" for one in paragraphs
    )
    data = {"title": f"Story {number} of the quay", "html": html + "</article>"}
    site.set(f"/data{_path(number)}", json.dumps(data), "application/json")


def _records(folder: Path) -> list[str]:
    """The kinds of the records that an independent reader finds."""
    kinds = []
    for path in folder.glob("*.warc.gz"):
        with path.open("rb") as file:
            kinds += [record.rec_type for record in ArchiveIterator(file)]
    return kinds


def test_pages_without_text_are_drawn_and_kept(
    dateline_sqlite: Commands, site: LocalSite, other: LocalSite
) -> None:
    _publish(site, other, 3)
    added = dateline_sqlite("add", f"{site.base}/", "--name", "quay")
    assert added.code == 0, added.err
    assert "rendering: rendered by scripts; a browser is used" in added.out

    site.requests.clear()
    crawled = dateline_sqlite("crawl", "quay", "--json")
    assert crawled.code == 0, crawled.err
    assert crawled.json[0]["new"] == 3
    assert crawled.json[0]["rendered"] == 3
    # The script is one for all pages; what else it wants to reach is not asked.
    assert site.asked("/app.js") == 1
    assert other.requests == []

    with open_archive(str(dateline_sqlite.folder), dateline_sqlite.database) as archive:
        with archive.reading() as session:
            texts = list(session.scalars(select(Article.text)))
            rows = list(session.scalars(select(Capture).order_by(Capture.id)))
        assert sum(sentences(2)[3] in text for text in texts) == 1
        # Two of each page: the bytes that the site sent, and what was drawn of them.
        sent = {row.id: row.url for row in rows if row.refers_to is None}
        rendered = {row.refers_to: row.url for row in rows if row.refers_to is not None}
        assert len(rows) == 6
        assert rendered == sent
        kinds = _records(archive.location.captures)
    assert kinds.count("conversion") == 3
    assert kinds.count("response") == 3
    verified = dateline_sqlite("captures", "verify")
    assert verified.code == 0, verified.out

    # The pages themselves are always the same: whether one changed shows only once it is drawn.
    _write(site, 1, ["The zeppelin of Quixworth was seen again that night.", *sentences(1)])
    with open_archive(str(dateline_sqlite.folder), dateline_sqlite.database) as archive:
        archive.write(lambda s: s.execute(update(Article).values(next_check_at=MIDNIGHT)))
    crawled = dateline_sqlite("crawl", "quay", "--json")
    assert (crawled.json[0]["revised"], crawled.json[0]["unchanged"]) == (1, 2)

    # What was drawn goes with its article, from the files too.
    with open_archive(str(dateline_sqlite.folder), dateline_sqlite.database) as archive:
        item = str(next(iter(archive.search("zeppelin"))).id)
    forgot = dateline_sqlite("forget", item, "--reason", "asked for", "--yes")
    assert forgot.code == 0, forgot.err
    with open_archive(str(dateline_sqlite.folder), dateline_sqlite.database) as archive:
        kinds = _records(archive.location.captures)
    assert kinds.count("conversion") == 2
    assert dateline_sqlite("db", "check").code == 0


def test_a_home_page_that_is_drawn_is_a_listing(
    dateline_sqlite: Commands, site: LocalSite, other: LocalSite
) -> None:
    _publish(site, other, 4)
    site.pages.pop("/feed.xml")
    site.set("/", SHELL.format(head="", text=""))
    links = "".join(
        f'<h2><a href="{_path(n)}">Story {n} of the quay and of its people</a></h2>'
        for n in range(1, 5)
    )
    site.set("/data/", json.dumps({"title": "Quay", "html": links}), "application/json")
    added = dateline_sqlite("add", f"{site.base}/", "--name", "quay")
    assert added.code == 0, added.err
    assert "listing" in added.out
    crawled = dateline_sqlite("crawl", "quay", "--json")
    assert crawled.json[0]["new"] == 4
    # A later look sees what the same page announces by then.
    _write(site, 5, sentences(5))
    links += f'<h2><a href="{_path(5)}">Story 5 of the quay and of its people</a></h2>'
    site.set("/data/", json.dumps({"title": "Quay", "html": links}), "application/json")
    assert dateline_sqlite("crawl", "quay", "--json").json[0]["new"] == 1


def test_scripts_obey_robots_txt(
    dateline_sqlite: Commands, site: LocalSite, other: LocalSite
) -> None:
    _publish(site, other, 1)
    site.set("/robots.txt", "User-agent: *\nDisallow: /data/\n", "text/plain")
    added = dateline_sqlite("add", f"{site.base}/", "--name", "quay", DATELINE_BROWSER="/none")
    assert added.code == 0, added.err
    assert dateline_sqlite("sources", "quay", "--browser", "needed").code == 0
    crawled = dateline_sqlite("crawl", "quay")
    assert "/data/news" in crawled.err
    assert "robots.txt forbids it" in crawled.err
    assert not [path for path in site.requests if path.startswith("/data/")]


def test_without_a_browser_the_pages_wait(
    dateline_sqlite: Commands, site: LocalSite, other: LocalSite
) -> None:
    _publish(site, other, 1)
    added = dateline_sqlite(
        "add", f"{site.base}/", "--name", "quay", DATELINE_BROWSER="/no/such/thing"
    )
    assert added.code == 0
    assert "may be rendered by scripts, and DATELINE_BROWSER names /no/such/thing" in added.out
    changed = dateline_sqlite(
        "sources", "quay", "--browser", "needed", DATELINE_BROWSER="/no/such/thing"
    )
    assert changed.code == 0
    assert "which is not an executable file" in changed.err
    crawled = dateline_sqlite("crawl", "quay", "--json", DATELINE_BROWSER="/no/such/thing")
    assert crawled.code == 3
    assert crawled.json[0]["causes"]["no-browser"] >= 1
    seen = dateline_sqlite("doctor", "--offline", DATELINE_BROWSER="/no/such/thing")
    assert seen.code == 1
    assert "required by quay" in seen.out
    with open_archive(str(dateline_sqlite.folder), dateline_sqlite.database) as archive, \
            archive.reading() as session:  # fmt: skip
        assert session.scalars(select(Candidate.state)).one() == "pending"


def test_a_source_that_mends_its_pages_is_drawn_no_more(
    dateline_sqlite: Commands, site: LocalSite, other: LocalSite
) -> None:
    # The page shows a beginning, the script the whole.
    beginning = "<article><h1>Story of the quay</h1>" + "".join(
        f"<p>{one}</p>" for one in sentences(9, 3)
    )
    _publish(site, other, 6, text=beginning)
    added = dateline_sqlite("add", f"{site.base}/", "--name", "quay")
    assert "a browser is used" in added.out
    with open_archive(str(dateline_sqlite.folder), dateline_sqlite.database) as archive, \
            archive.reading() as session:  # fmt: skip
        assert session.scalars(select(Source.browser)).one() == "always"
    for n in range(1, 7):
        site.set(_path(n), article_page(f"Story {n} of the quay", sentences(n)))
    crawled = dateline_sqlite("crawl", "quay")
    assert crawled.code == 0, crawled.err
    assert "contain their text without a browser" in crawled.err
    with open_archive(str(dateline_sqlite.folder), dateline_sqlite.database) as archive, \
            archive.reading() as session:  # fmt: skip
        assert session.scalars(select(Source.browser)).one() == "needed"
        assert len(list(session.scalars(select(Article.item_id)))) == 6
        # What the page holds itself is not kept a second time.
        assert len(list(session.scalars(select(Capture.id)))) == 6


# -- the browser alone ---------------------------------------------------------------------------

EVERY_WAY = """<!DOCTYPE html><html><head>
<link rel="prefetch" href="OUT/prefetch"><link rel="preconnect" href="OUT/"><link rel="stylesheet" href="OUT/a.css">
<link rel="icon" href="OUT/icon.ico"><script>
fetch('OUT/fetch').catch(() => 0);
const x = new XMLHttpRequest(); x.open('GET', 'OUT/xhr'); x.send();
new Image().src = 'OUT/image';
try { new WebSocket('OUT/ws'.replace('http', 'ws')); } catch (e) {}
try { new EventSource('OUT/events'); } catch (e) {}
navigator.sendBeacon('OUT/beacon', 'x');
window.open('OUT/popup');
try { new Worker(URL.createObjectURL(new Blob(["fetch('OUT/worker')"]))); } catch (e) {}
try { new RTCPeerConnection({iceServers: [{urls: 'stun:127.0.0.1:PORT'}]}).createDataChannel('x'); } catch (e) {}
setTimeout(() => { location.href = 'OUT/elsewhere'; }, 50);
</script></head><body><p>What was there.</p><iframe src="OUT/frame"></iframe><video src="OUT/video" autoplay></video>
<form action="OUT/form" method="post" id="f"></form><script>document.getElementById('f').submit()</script></body></html>"""


def _draw(html: str, limit: float = 60.0) -> tuple[str, list[SubRequest]]:
    subrequests: list[SubRequest] = []

    async def answer(one: SubRequest) -> SubResponse | None:
        subrequests.append(one)
        return None

    async def work() -> str:
        chromium = Browser()
        try:
            drawn = await chromium.render(
                "https://news.example/a", "text/html", html.encode(), "Dateline/test", answer, limit
            )
            return drawn.html.decode()
        finally:
            await chromium.close()

    return asyncio.run(work()), subrequests


def test_the_browser_reaches_nothing_by_itself(other: LocalSite) -> None:
    port = other.base.rpartition(":")[2]
    for base in (other.base, other.base.replace("127.0.0.1", "localhost")):
        html, subrequests = _draw(EVERY_WAY.replace("OUT", base).replace("PORT", port))
        assert "What was there." in html
        assert {one.kind for one in subrequests} <= {"script", "xhr", "fetch"}
    assert other.requests == []


def test_shadow_trees_are_text() -> None:
    html, _ = _draw(
        "<x-story></x-story><script>customElements.define('x-story', class extends HTMLElement {"
        "connectedCallback() { this.attachShadow({mode: 'open'}).innerHTML = '<p>In the shade.</p>'; }"
        "});</script>"
    )
    assert "<p>In the shade.</p></div></x-story>" in html


def test_a_script_without_end_is_ended() -> None:
    with pytest.raises(BrowserFailure, match="over 3 s") as caught:
        _draw("<p>x</p><script>setTimeout(() => { for (;;); }, 10)</script>", limit=3.0)
    assert caught.value.cause == "browser-timeout"
    # Asking for ever is no better.
    with pytest.raises(BrowserFailure):
        _draw(
            "<p>x</p><script>setInterval(() => { document.body.append('more ') }, 20)</script>",
            limit=3.0,
        )


def test_a_page_that_grows_without_bound_is_refused() -> None:
    with pytest.raises(BrowserFailure) as caught:
        _draw("<p id=p></p><script>p.textContent = 'word '.repeat(3e6)</script>")
    assert caught.value.cause == "too-large"
