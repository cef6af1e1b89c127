"""OPML as feed readers write it: often no XML, with addresses that tell what to do with them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from crawler.batch.found import FollowedFeed, SkippedEntry
from crawler.batch.opml import read_opml, web_url
from storage.errors import ArchiveError

if TYPE_CHECKING:
    from pathlib import Path

A = "https://a.example/rss"


def _read(tmp_path: Path, body: str, encoding: str = "utf-8") -> list[FollowedFeed | SkippedEntry]:
    path = tmp_path / "f.opml"
    path.write_bytes(f'<?xml version="1.0"?><opml><body>{body}</body></opml>'.encode(encoding))
    return list(read_opml(path))


@pytest.mark.parametrize(
    ("said", "title", "url"),
    [
        (f'text="News & more" xmlUrl="{A}?x=1&y=2&lang=en&copy=3"', "News & more",
         f"{A}?x=1&y=2&lang=en&copy=3"),
        (f'text="Caf&eacute; &mdash; &quot;x&quot; &#8364;" xmlUrl="{A}"', 'Café — "x" €', A),
        (f'text="a &unknown; b" xmlUrl="{A}?a&amp;b"', "a &unknown; b", f"{A}?a&b"),
        (f'text="t" xmlUrl="feed:{A}"', "t", A),
        ('text="t" xmlUrl="feed://a.example/rss"', "t", "http://a.example/rss"),
        ('TEXT="t" XMLURL="//a.example/rss"', "t", A),
        (f'title="t" type="rss" url="{A}"', "t", A),
    ],
)  # fmt: skip
def test_a_source(tmp_path: Path, said: str, title: str, url: str) -> None:
    (one,) = _read(tmp_path, f"<outline {said}/>")
    assert isinstance(one, FollowedFeed)
    assert (one.title, one.feed_url) == (title, url)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("feed:http://a.example/x", "http://a.example/x"), ("FEED://a.example", "http://a.example"),
        ("feeds://a.example/x", "https://a.example/x"), ("feed:https:a", "https:a"),
        ("https://a.example/feed:x", "https://a.example/feed:x"),
        ("feed://https://a.example/x", "https://a.example/x"),
    ],
)  # fmt: skip
def test_schemes_that_say_what_to_do(address: str, url: str) -> None:
    assert web_url(address) == url


def test_one_bad_line_costs_that_line(tmp_path: Path) -> None:
    found = _read(tmp_path, f"""
        <outline text="Folder"><outline text="Deeper"><outline text="Kept" xmlUrl="{A}"/></outline>
        <outline text="Mail" xmlUrl="mailto:x@a.example"/></outline>
        <outline text="A page" type="link" url="https://a.example/"/><outline/>""")  # fmt: skip
    assert [one.title for one in found if isinstance(one, FollowedFeed)] == ["Kept"]
    assert [(one.cause, one.what.split(":")[0]) for one in found if isinstance(one, SkippedEntry)] == [
        ("no-web-address", "Mail"), ("no-feed", "A page"), ("no-feed", "?"),
    ]  # fmt: skip


def test_a_list_that_breaks_off_gives_what_is_before(tmp_path: Path) -> None:
    path = tmp_path / "f.opml"
    path.write_text(f'<opml><body><outline text="x" xmlUrl="{A}"/><outline text="y" xml')
    found = list(read_opml(path))
    assert A in [one.feed_url for one in found if isinstance(one, FollowedFeed)]
    assert "damaged" in [one.cause for one in found if isinstance(one, SkippedEntry)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    (one,) = _read(tmp_path, f'<outline text="Café" xmlUrl="{A}"/>', encoding)
    assert isinstance(one, FollowedFeed)
    assert one.title == "Café"


@pytest.mark.parametrize("label", ["undefined", "punycode", "cp037", "utf-16", "hex"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32"])
def test_any_declaration_of_the_encoding(tmp_path: Path, label: str, encoding: str) -> None:
    path = tmp_path / "list.opml"
    text = (
        f"<?xml version='1.0' encoding='{label}'?><opml><body>"
        "<outline text='&#xD800;' xmlUrl='https://a.example/f'/></body></opml>"
    )
    for data in (text.encode(encoding), gzip.compress(text.encode(encoding))):
        path.write_bytes(data)
        (found,) = read_opml(path)
        assert isinstance(found, FollowedFeed)


@pytest.mark.parametrize("packed", [True, False])
def test_a_list_of_millions_is_refused(tmp_path: Path, packed: bool) -> None:
    data = b"<opml><body>" + b"<outline xmlUrl='https://a.example/f'/>" * 250_000
    path = tmp_path / "list.opml"
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    with pytest.raises(ArchiveError, match="too large"):
        list(read_opml(path))
