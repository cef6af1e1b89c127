"""Saved pages as browsers and extensions write them: where they come from, and when."""

from __future__ import annotations

import base64
import gzip
import plistlib
import quopri
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from crawler.batch.found import SkippedEntry, SourcePage
from crawler.batch.readers import detect_format, pages
from storage.errors import ArchiveError
from tests.pages import article_page, sentences

if TYPE_CHECKING:
    from pathlib import Path

HOME = "https://paper.example"
PAGE = article_page("A saved page", sentences(1))


def _with_head(head: str) -> str:
    return PAGE.replace("<title>", f"{head}<title>", 1)


def _read(tmp_path: Path, name: str, data: bytes | str) -> SourcePage | SkippedEntry:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    assert detect_format(path) == "html"
    ((_, page),) = pages(path, "html")
    return page


@pytest.mark.parametrize(
    ("page", "address"),
    [
        (_with_head(f'<meta content="{HOME}/a" property="og:url">'), "/a"),
        (_with_head(f"<META NAME='og:url' CONTENT='{HOME}/a?x=1&amp;y=2'>"), "/a?x=1&y=2"),
        (_with_head(f'<base href="{HOME}/deep/"><link href="../a" rel="canonical">'), "/a"),
        (_with_head(f'<link rel="shortlink canonical" href={HOME}/a>'), "/a"),
        # A relative canonical tells no host by itself.
        (_with_head(f'<link rel="canonical" href="/a"><meta property="og:url" content="{HOME}/b">'),
         "/b"),
        (_with_head(f'<link rel="canonical" href="/a"><meta property="og:url" content="{HOME}">'),
         "/a"),
        (_with_head(f'<base href="http://[::1"><link rel=canonical href="http://[::1/x">'
                    f'<meta property="og:url" content="{HOME}/a">'), "/a"),
        (_with_head('<script type="application/ld+json">{"@graph": [{"@type": "WebSite", "url": '
                    f'"{HOME}/"}}, {{"@type": "NewsArticle", "mainEntityOfPage": "{HOME}/a"}}]}}'
                    "</script>"), "/a"),
        (_with_head('<script type="application/ld+json">[{"@type": ["Article"], "mainEntityOfPage":'
                    f' {{"@type": "WebPage", "@id": "{HOME}/a"}}}}]</script>'), "/a"),
        (_with_head('<script type="application/ld+json">{"@type": "NewsArticle", "url": '
                    f'"{HOME}/a"}}</script>'), "/a"),
        (f"<!-- saved from url=(0022){HOME}/a -->\r\n" + _with_head(
            f'<link rel="canonical" href="{HOME}/b">'), "/a"),
    ],
)  # fmt: skip
def test_where_a_page_comes_from(tmp_path: Path, page: str, address: str) -> None:
    found = _read(tmp_path, "p.html", page)
    assert isinstance(found, SourcePage)
    assert found.url == HOME + address


@pytest.mark.parametrize(
    "note",
    [
        f"\n Page saved with SingleFile \n url: {HOME}/a \n saved date: Sat Mar 14 2026 09:30:00"
        " GMT+0100 (Central European Standard Time)\n",
        f"\r\n Page saved with SingleFile\r\n url: {HOME}/a\r\n saved date: Sat Mar 14 2026 08:30:00"
        " GMT+0000\r\n",
        f" Saved from {HOME}/a at 2026-03-14T08:30:00Z using monolith v2.8.1 ",
    ],
)
def test_what_saved_it_notes_where_and_when(tmp_path: Path, note: str) -> None:
    page = PAGE.replace(">", f"><!--{note}-->", 2)
    found = _read(tmp_path, "p.html", _and_canonical(page))
    assert isinstance(found, SourcePage)
    assert (found.url, found.fetched_at) == (f"{HOME}/a", datetime(2026, 3, 14, 8, 30, tzinfo=UTC))


def test_notes_in_wide_encodings_and_members_of_gzip(tmp_path: Path) -> None:
    page = f"\ufeff<!-- saved from url=(0022){HOME}/a -->{PAGE}".encode("utf-16-le")
    packed = gzip.compress(page[:40]) + gzip.compress(page[40:])
    for name, data in (("p.html", page), ("p.html.gz", packed)):
        found = _read(tmp_path, name, data)
        assert isinstance(found, SourcePage)
        assert found.url == f"{HOME}/a"


def test_an_encoded_word_as_address(tmp_path: Path) -> None:
    head = f"Snapshot-Content-Location: =?utf-8?Q?{HOME}/a?=\r\n"
    found = _read(tmp_path, "p.mhtml", _mhtml(head, "Content-Type: text/html\r\n", PAGE.encode()))
    assert isinstance(found, SourcePage)
    assert found.url == f"{HOME}/a"


def _and_canonical(page: str) -> str:
    return page.replace("<title>", f'<link rel="canonical" href="{HOME}/other"><title>', 1)


def test_a_mirror_of_httrack(tmp_path: Path) -> None:
    note = ("<!-- Mirrored from paper.example/a by HTTrack Website Copier/3.x [XR&CO'2014], "
            "Sat, 14 Mar 2026 08:30:00 GMT -->")  # fmt: skip
    found = _read(tmp_path, "p.html", note + PAGE)
    assert isinstance(found, SourcePage)
    assert (found.url, found.fetched_at.hour) == ("http://paper.example/a", 8)


ACCENTED = PAGE.replace("A saved page", "Über eine gespeicherte Seite, die so lang ist = wie nötig")


def _mhtml(head: str, part: str, body: bytes, more: str = "") -> bytes:
    header = f'{head}MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\tboundary="b-=_1"{more}\r\n\r\n'
    parts = f"--b-=_1\r\n{part}\r\n".encode() + body
    picture = (f"\r\n--b-=_1\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
               f"Content-ID: <pic@x>\r\nContent-Location: {HOME}/p.png\r\n\r\niVBORw0KGgo=\r\n")  # fmt: skip
    return header.encode() + b"\r\n" + parts + picture.encode() + b"--b-=_1--\r\n"


def test_mhtml_of_chromium(tmp_path: Path) -> None:
    body = quopri.encodestring(ACCENTED.replace("</body>", '<img src="cid:pic@x"></body>').encode())
    data = _mhtml(
        f"From: <Saved by Blink>\r\nSnapshot-Content-Location: {HOME}/a\r\n"
        "Subject: =?utf-8?Q?=C3=9Cber?=\r\nDate: Sat, 14 Mar 2026 08:30:00 +0000\r\n",
        "Content-Type: text/html\r\nContent-ID: <frame-1@mhtml.blink>\r\n"
        f"Content-Transfer-Encoding: quoted-printable\r\nContent-Location: {HOME}/a\r\n",
        body,
    )  # fmt: skip
    found = _read(tmp_path, "p.mhtml", data)
    assert isinstance(found, SourcePage)
    assert (found.url, found.content_type) == (f"{HOME}/a", "text/html; charset=utf-8")
    assert found.fetched_at == datetime(2026, 3, 14, 8, 30, tzinfo=UTC)
    assert "Über eine gespeicherte Seite, die so lang ist = wie nötig" in found.body.decode()
    assert f'src="{HOME}/p.png"'.encode() in found.body


def test_mhtml_of_others(tmp_path: Path) -> None:
    # Base64 in a charset of its own, the page not first but named, its address folded.
    start = "Content-Type: text/html; charset=iso-8859-1\r\nContent-ID: <root>\r\n"
    data = _mhtml(
        'From: "Saved by UnMHT"\r\n',
        "Content-Type: text/html\r\nContent-Location: https://ads.example/frame\r\n\r\n<p>Ad\r\n"
        f"--b-=_1\r\n{start}Content-Transfer-Encoding: base64\r\nContent-Location:\r\n {HOME}/a\r\n",
        base64.encodebytes(ACCENTED.encode("latin-1")), more=';\r\n\tstart="<root>"',
    )  # fmt: skip
    found = _read(tmp_path, "named-otherwise.txt", data)
    assert isinstance(found, SourcePage)
    assert (found.url, found.content_type) == (f"{HOME}/a", "text/html; charset=iso-8859-1")
    assert "Über" in found.body.decode("latin-1")
    single = (f"From: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
              f"Content-Location: {HOME}/b\r\n\r\n{PAGE}")  # fmt: skip
    found = _read(tmp_path, "p.mht", single)
    assert isinstance(found, SourcePage)
    assert found.url == f"{HOME}/b"


@pytest.mark.parametrize("form", [plistlib.FMT_BINARY, plistlib.FMT_XML])
def test_safari_archives(tmp_path: Path, form: plistlib.PlistFormat) -> None:
    data = plistlib.dumps({"WebMainResource": {
        "WebResourceData": PAGE.encode(), "WebResourceMIMEType": "text/html",
        "WebResourceTextEncodingName": "UTF-8", "WebResourceURL": f"{HOME}/a",
    }}, fmt=form)  # fmt: skip
    found = _read(tmp_path, "p.webarchive", data)
    assert isinstance(found, SourcePage)
    assert (found.url, found.content_type) == (f"{HOME}/a", "text/html; charset=UTF-8")


@pytest.mark.parametrize(
    ("name", "data", "cause"),
    [
        ("p.mht", b"", "no-page"),
        ("p.mhtml", b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n", "no-page"),
        ("p.webarchive", b"bplist00", "damaged"),
        ("p.webarchive", b"<plist><array/></plist>", "damaged"),
        (
            "p.webarchive",
            plistlib.dumps({"WebMainResource": {"WebResourceData": 2**40}}),
            "damaged",
        ),
        ("p.html", b"", "no-address"),
        ("p.html", b"<!-- -->", "no-address"),
        ("p.html.gz", b"\x1f\x8b\x08junk", "damaged"),
        ("p.html", b"<html><head><link rel=canonical href=/a></head>", "no-address"),
        ("p.html", b"<html><!-- saved from url=(0014)about:internet -->", "no-address"),
    ],
)
def test_what_is_no_page_is_left_by_name(
    tmp_path: Path, name: str, data: bytes, cause: str
) -> None:
    (tmp_path / name).write_bytes(data)
    ((_, left),) = pages(tmp_path, "html")
    assert isinstance(left, SkippedEntry)
    assert left.cause == cause
    assert name in left.what


def test_archives_of_firefox_are_named(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "p.maff"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("1/index.rdf", "<RDF/>")
    with pytest.raises(ArchiveError, match="MAFF"):
        detect_format(path)
    ((_, left),) = pages(tmp_path, "html")
    assert isinstance(left, SkippedEntry)
    assert left.cause == "maff-not-supported"


def test_notes_are_read_behind_comments_of_any_number(tmp_path: Path) -> None:
    note = f"<!-- saved from url=(0022){HOME}/a -->"
    found = _read(tmp_path, "p.html", "<!-- x -->" * 5000 + note + "<!--" * 50_000)
    assert isinstance(found, SourcePage)
    assert found.url == f"{HOME}/a"
