"""Feeds of every kind, malformed ones too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discovery.errors import DiscoveryError, NotAFeed
from crawler.discovery.feeds import parse_feed

URL = "https://herald.example/rss/all.xml"

RSS_2 = """<?xml version="1.0"?><rss version="2.0"><channel><title>Herald</title>
<language>en-gb</language><item><title><![CDATA[Tide &amp; <b>time</b>]]></title>
<link>/news/1</link><guid isPermaLink="false">g1</guid><author>Jane Doe</author>
<pubDate>Thu, 05 Mar 2026 09:30:00 +0100</pubDate></item></channel></rss>"""
RSS_091 = """<rss version="0.91"><channel><title>Old</title><item><title>Tide &amp; time</title>
<link>https://herald.example/news/1</link></item></channel></rss>"""
RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel
rdf:about="x"><title>Herald</title></channel><item rdf:about="https://herald.example/news/1">
<title>Tide &amp; time</title><link>https://herald.example/news/1</link>
<dc:date>2026-03-05T09:30:00+01:00</dc:date></item></rdf:RDF>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Herald</title><entry>
<title type="html">Tide &amp;amp; time</title><link href="../news/1"/><id>urn:1</id>
<published>2026-03-05T09:30:00+01:00</published><updated>2026-03-06T10:00:00Z</updated>
<author><name>Jane Doe</name></author></entry></feed>"""
JSON_FEED = """{"version": "https://jsonfeed.org/version/1.1", "title": "Herald", "items": [
{"id": "1", "url": "/news/1", "title": "Tide & time", "authors": [{"name": "Jane Doe"}],
"date_published": "2026-03-05T09:30:00+01:00"}, {"id": "no-url"}, 7]}"""
BROKEN = """<rss version="2.0"><channel><title>Herald</title><item><title>Tide & time</title>
<link>https://herald.example/news/1</link><description>a < b & c</item>"""


@pytest.mark.parametrize("body", [RSS_2, RSS_091, RDF, ATOM, JSON_FEED, BROKEN],
                         ids=["rss2", "rss091", "rdf", "atom", "json", "broken"])  # fmt: skip
def test_every_kind_gives_its_entry(body: str) -> None:
    feed = parse_feed(body.encode(), URL)
    assert [a.url for a in feed.announcements] == ["https://herald.example/news/1"]
    assert feed.announcements[0].hints["headline"] == "Tide & time"


@pytest.mark.parametrize("body", [RSS_2, RDF, ATOM, JSON_FEED], ids=["rss2", "rdf", "atom", "json"])
def test_moments_keep_their_offset(body: str) -> None:
    published = parse_feed(body.encode(), URL).announcements[0].published
    assert published == datetime(2026, 3, 5, 8, 30, tzinfo=UTC)
    assert published.utcoffset() == timedelta(hours=1)


def test_an_entry_twice_is_one_announcement() -> None:
    item = "<item><title>A</title><link>/a?utm_source=x</link></item><item><link>/a</link></item>"
    feed = parse_feed(f"<rss version='2.0'><channel>{item}</channel></rss>".encode(), URL)
    assert len(feed.announcements) == 1


def test_an_entry_without_a_usable_link_is_left_out() -> None:
    items = ("<item><title>A</title></item><item><link>javascript:alert(1)</link></item>"
             "<item><link>http://[bad</link></item><item><link>/good</link></item>")  # fmt: skip
    feed = parse_feed(f"<rss version='2.0'><channel>{items}</channel></rss>".encode(), URL)
    assert [a.url for a in feed.announcements] == ["https://herald.example/good"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"), (b"   \n", "empty"),
        (b"<!DOCTYPE html><html><body>Hello</body></html>", "HTML"),
        (b'<?xml version="1.0"?><html xmlns="x"><body/></html>', "HTML"),
        (b"{]", "JSON"), (b'{"a": 1}', "JSON"), (b"just words", "."), (b"\x89PNG\r\n", "."),
    ],
)  # fmt: skip
def test_what_is_no_feed_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(NotAFeed, match=reason) as caught:
        parse_feed(body, URL)
    assert str(caught.value).startswith(URL)
    assert "\n" not in str(caught.value)


def test_an_entity_bomb_and_an_external_entity_give_nothing_away() -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">'
        '<!ENTITY c "&b;&b;&b;&b;"><!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0">'
        "<channel><item><title>&c;&x;</title><link>/a</link></item></channel></rss>"
    )
    feed = parse_feed(bomb.encode(), URL)
    assert "root:" not in str(feed)


def test_what_json_can_say_and_no_database_takes_is_left_out() -> None:
    feed = parse_feed(
        rb'{"version": "https://jsonfeed.org/version/1.1", "title": "He\u0000rald", "items": [{"id":'
        rb' "a\ud800", "url": "/news/1\u0000\ud800", "title": "Tide\u0000 \ud800and time",'
        rb' "authors": [{"name": "Jane\u0000 Doe"}]}]}', URL,
    )  # fmt: skip
    assert feed.title == "Herald"
    (entry,) = feed.announcements
    assert entry.hints == {"guid": "a", "headline": "Tide and time", "byline": ["Jane Doe"]}
    assert entry.url.encode().startswith(b"https://herald.example/news/1%00")


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda t: RSS_2.replace(
    "Herald", t).encode("utf-8", "surrogatepass"))))  # fmt: skip
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        parse_feed(body, URL)
    except DiscoveryError:
        return
