"""Feeds of every kind, malformed ones too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discovery.errors import DiscoveryError, NotAFeed
from crawler.discovery.feeds import parse_feed
from tests.profiles import examples

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


def _rss(items: str, channel: str = "") -> bytes:
    return f"<rss version='2.0'><channel><title>T</title>{channel}{items}</channel></rss>".encode()


def _item(inside: str) -> str:
    return f"<item>{inside}</item>"


@pytest.mark.parametrize("body", [b"/etc/hostname", b"/dev/zero", b"file:///etc/passwd", b"."])
def test_a_body_that_is_a_path_opens_no_file(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_open(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("builtins.open", no_open)
    with pytest.raises(NotAFeed):
        parse_feed(body, URL)


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-14:00", "9" * 5000, "²", "soon", "12 Nov 2026 14:30 XYZ"],
)  # fmt: skip
def test_one_bad_timestamp_costs_no_entry_and_is_counted(moment: str) -> None:
    items = _item(f"<link>/a</link><pubDate>{moment}</pubDate>") + _item(
        "<link>/b</link><pubDate>Thu, 05 Mar 2026 09:30:00 MEZ</pubDate>"
    )
    feed = parse_feed(_rss(items), URL)
    assert [a.published for a in feed.announcements] == [
        None,
        datetime(2026, 3, 5, 8, 30, tzinfo=UTC),
    ]
    assert feed.skipped == {"announcement-timestamp": 1}


@pytest.mark.parametrize("value", ["²", "1" * 5000, "-1", "soon", "", "1e9", "٣"])
@pytest.mark.parametrize("name", ["ttl", "sy:updateFrequency", "skipHours", "skipDays"])
def test_any_value_of_a_channel_is_read_or_left(name: str, value: str) -> None:
    inside = f"<hour>{value}</hour><day>{value}</day>" if name.startswith("skip") else value
    channel = (f"<x xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'/>"
               f"<{name}>{inside}</{name}>")  # fmt: skip
    feed = parse_feed(_rss(_item("<link>/a</link>"), channel), URL)
    assert len(feed.announcements) == 1
    assert feed.polling_hints.least_minutes is None


@pytest.mark.parametrize(
    "value",
    [
        "5",
        "null",
        "true",
        "[]",
        "{}",
        '[{"name": 5}, 5, null, [["x"]]]',
        "9" * 5000,
        "1e400",
        '"x"',
    ],
)
@pytest.mark.parametrize(
    "name",
    ["authors", "author", "id", "title", "date_published", "tags", "language", "external_url"],
)
def test_any_type_of_a_value_of_json_feed(name: str, value: str) -> None:
    body = (f'{{"title": {value}, "language": {value}, "items": [{value}, {{"url": "/a", "{name}": {value}}},'
            ' {"url": "/b", "title": "B"}]}')  # fmt: skip
    feed = parse_feed(body.encode(), URL)
    assert [a.url for a in feed.announcements][-1] == "https://herald.example/b"
    assert len(feed.announcements) == 2


@pytest.mark.parametrize(
    "content", ["<![CDATA[<!DOCTYPE html><html><body>Hi</body></html>]]>", "&lt;html&gt;", "<html xmlns='x'/>"]
)  # fmt: skip
@pytest.mark.parametrize("root", ["feed", "rdf", "rss"])
def test_a_feed_is_known_by_its_root(content: str, root: str) -> None:
    if root == "feed":
        body = f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><content>{content}</content><link href='/a'/></entry></feed>"
    elif root == "rss":
        body = _rss(_item(f"<description>{content}</description><link>/a</link>")).decode()
    else:
        body = ("<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
                f"<item><description>{content}</description><link>/a</link></item></rdf:RDF>")  # fmt: skip
    assert len(parse_feed(body.encode(), URL).announcements) == 1


@pytest.mark.parametrize(
    ("links", "path"),
    [
        ("<link hreflang='en' href='/a'/><link hreflang='fr' href='/fr'/>", "/a"),
        ("<link hreflang='fr' href='/fr'/><link href='/a'/>", "/a"),
        ("<link href='/a'/><link rel='alternate' hreflang='fr' href='/fr'/>", "/a"),
        ("<link type='application/json' href='/a.json'/><link type='text/html' href='/a'/>", "/a"),
        ("<link rel='replies' href='/c'/><link rel='enclosure' href='/m'/><link href='/a'/>", "/a"),
        ("<link rel='self' href='/s'/><id>https://herald.example/a</id>", "/a"),
    ],
)  # fmt: skip
def test_the_link_of_an_entry_is_its_own_page(links: str, path: str) -> None:
    body = f"<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en'><entry>{links}</entry></feed>"
    (entry,) = parse_feed(body.encode(), URL).announcements
    assert entry.url == f"https://herald.example{path}"


@pytest.mark.parametrize(
    ("written", "path"),
    [("/a?id=1&cat=2", "/a?id=1&cat=2"), ("/a?id=1&lang=en&copy=2", "/a?id=1&lang=en&copy=2"),
     ("/terms-&-rules", "/terms-&-rules"), ("/a?id=1&amp;cat=2", "/a?id=1&cat=2"),
     ("/a?id=1&amp;amp;cat=2", "/a?id=1&cat=2"), ("/caf&eacute;", "/caf%C3%A9"),
     ("<![CDATA[/a?x=1&amp;y=2]]>", "/a?x=1&y=2"), ("/a&#38;b", "/a&b")],
)  # fmt: skip
def test_bare_ampersands_are_part_of_a_link(written: str, path: str) -> None:
    (entry,) = parse_feed(_rss(_item(f"<link>{written}</link>")), URL).announcements
    assert entry.url.replace("é", "%C3%A9") == f"https://herald.example{path}"


@pytest.mark.parametrize(
    ("written", "title"),
    [("How &lt;script&gt; works", "How <script> works"), ("1 &lt; 2 &gt; 0", "1 < 2 > 0"),
     ("&lt;b&gt;Bold&lt;/b&gt; &amp;amp; free", "Bold & free"), ("<![CDATA[A<br>B]]>", "A B"),
     ("<![CDATA[x<script>alert(1)</script>y]]>", "xy"), ("A<b>B</b>", "AB"), ("&nbsp;A&hellip;", "A…")],
)  # fmt: skip
def test_words_in_angle_brackets_stay_in_titles(written: str, title: str) -> None:
    (entry,) = parse_feed(
        _rss(_item(f"<title>{written}</title><link>/a</link>")), URL
    ).announcements
    assert entry.hints["headline"] == title


def test_fields_of_extensions_are_not_the_entrys() -> None:
    media = ("<media:group xmlns:media='http://search.yahoo.com/mrss/'><media:title>A dog</media:title>"
             "</media:group><media:title xmlns:media='http://search.yahoo.com/mrss/'>A cat</media:title>")  # fmt: skip
    body = _rss(
        _item(f"{media}<title>Own</title><link>/a</link><guid isPermaLink='false'>7</guid>")
    )
    (entry,) = parse_feed(body, URL).announcements
    assert entry.hints == {"guid": "7", "headline": "Own"}


@pytest.mark.parametrize(
    ("channel", "base", "url"),
    [("<link>https://paper.example/</link>", "", "https://paper.example/n/1"),
     ("<link>https://herald.example/x/</link>", "", "https://herald.example/n/1"),
     ("", " xml:base='https://other.example/deep/'", "https://other.example/n/1"), ("", "", "https://herald.example/n/1")],
)  # fmt: skip
def test_what_a_relative_link_is_relative_to(channel: str, base: str, url: str) -> None:
    body = _rss(_item("<link>/n/1</link>"), channel).replace(b"<rss", b"<rss" + base.encode())
    assert parse_feed(body, URL).announcements[0].url == url


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    declared = f"<?xml version='1.0' encoding='{encoding.removesuffix('-sig')}'?>"
    body = (declared + _rss(_item("<title>Brücke</title><link>/a</link>")).decode()).encode(
        encoding
    )
    assert parse_feed(body, URL).announcements[0].hints["headline"] == "Brücke"


@pytest.mark.parametrize(
    "inside", ["<a/>" * 120_000, "<a " + " ".join(f"a{i}='>'" for i in range(9000)) + "/>", "&x;" * 310_000, "< " * 310_000,
               "x" * 5_000_000, "<a>" * 5_000, "<!-- -->" * 510_000, "<![CDATA[" * 90_000],
    ids=["elements", "attributes", "references", "signs", "text", "deep", "comments", "unclosed"],
)  # fmt: skip
def test_bombs_are_cut_and_said(inside: str) -> None:
    feed = parse_feed(_rss(_item("<link>/a</link>") + _item(inside)), URL)
    assert feed.announcements[0].url == "https://herald.example/a"
    assert feed.cut is not None or "<a>" in inside or "CDATA" in inside


@settings(max_examples=examples(150))
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda t: RSS_2.replace(
    "Herald", t).encode("utf-8", "surrogatepass"))))  # fmt: skip
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        parse_feed(body, URL)
    except DiscoveryError:
        return


@pytest.mark.parametrize(
    "label", ["hex", "rot13", "idna", "punycode", "undefined", "cp037", "utf-16"]
)
def test_a_label_that_is_no_encoding_of_the_web_costs_nothing(label: str) -> None:
    body = f"<?xml version='1.0' encoding='{label}'?>" + _rss(_item("<link>/ü</link>")).decode()
    assert len(parse_feed(body.encode(), URL, f"text/xml; charset={label}").announcements) == 1
    latin = _rss(_item("<link>/b</link><title>ü</title>")).decode().encode("latin-1")
    (entry,) = parse_feed(latin, URL, f"text/xml; charset={label}").announcements
    assert entry.hints["headline"] == "ü"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("before", ["", "\n", "<?xml version='1.0'?>"])
def test_wide_encodings_without_a_mark(encoding: str, before: str) -> None:
    body = (before + _rss(_item("<link>/a</link>")).decode()).encode(encoding)
    assert len(parse_feed(body, URL).announcements) == 1
    assert len(parse_feed('{"items": [{"url": "/a"}]}'.encode(encoding), URL).announcements) == 1


@pytest.mark.parametrize(
    ("inside", "path"),
    [("<link>/a</link><title>I &lt;3 a < b <3</title>", "/a"),
     ("<link>/a</link><title>&#xD800;&#55296;&#0;&#x1F;&#9999999;</title>", "/a"),
     ("<link>&lt;![CDATA[/a]]&gt;</link>", "/a"), ("<link><a href='/x'>/a</a></link>", "/a"),
     ("<link>/a?x=1&amp;amp;y=2</link>", "/a?x=1&y=2"), ("<link rel='alternate nofollow' href='/a'/>", "/a"),
     ("<link href='/c.css' rel='alternate stylesheet'/><link>/a</link>", "/a"),
     ("<link xml:base='/deep/' href='a'/>", "/deep/a"), ("<link xml:base='javascript:x' href='/a'/>", "/a")],
)  # fmt: skip
def test_links_as_publishers_write_them(inside: str, path: str) -> None:
    found = parse_feed(_rss(_item(inside) + _item("<link>/z</link>")), URL).announcements
    assert [one.url.removeprefix("https://herald.example") for one in found] == [path, "/z"]


@pytest.mark.parametrize(
    "body", [b"<br />\n<b>Warning</b>: x in <b>/www/feed.php</b><br />\n<?xml version='1.0'?>"
             + _rss(_item("<link>/a</link>")), b'{"items": [{"title": "a\tb\x01", "url": "/a"}]}\n<!-- cached -->']
)  # fmt: skip
def test_what_servers_put_around_a_feed(body: bytes) -> None:
    assert len(parse_feed(body, URL).announcements) == 1


def test_a_feed_whose_damage_costs_all_entries_says_so() -> None:
    body = _rss(_item("<link>/a</link>")).replace(b"<channel", b"<channel a=b")
    found = parse_feed(body, URL)
    assert found.announcements or "malformed" in (found.cut or "")
