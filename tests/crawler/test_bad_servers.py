"""Servers of every bad manner: each page or feed ends in time, with its cause, and harms no other."""

from __future__ import annotations

import contextlib
import gzip
import os
import resource
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import brotli
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select, update

from storage.archive import open_archive
from storage.clock import utc_now
from storage.models import Article, Candidate, CrawlRun, Endpoint, Item, Revision
from tests.crawler.forking import ROOT
from tests.pages import LocalSite, article_page, sentences

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.crawler.commands import Commands

GOOD = article_page("A good story of the quay", sentences(1)).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
# Longer than Scrapy lets pass, unless told otherwise; it told nobody, and crawls waited for ever.
LONG = "/good-story-of-the-quay-" + "a" * 2_200
# Seconds that a request may take here; the product's own limit is longer.
TIMEOUT = 8


def _slowly(connection: socket.socket, data: bytes) -> None:
    for n in range(len(data)):
        connection.sendall(data[n : n + 1])
        time.sleep(0.3)


def _for_ever(connection: socket.socket, start: bytes, more: bytes) -> None:
    connection.sendall(start)
    while True:
        connection.sendall(more)


def _whole(head: bytes, body: bytes) -> bytes:
    return HEAD + head + b"Content-Length: %d\r\n\r\n" % len(body) + body


@cache
def _bomb() -> bytes:
    return gzip.compress(b"<p>" + b"a" * 300_000_000)


@cache
def _brotli_bomb() -> bytes:
    packer = brotli.Compressor(quality=1)
    block = b"a" * 10_000_000
    return b"".join(packer.process(block) for _ in range(30)) + packer.finish()


# What a server does with a connection once it has read the request's head, and the cause that a
# crawl gives for it.
MANNERS: dict[str, tuple[Callable[[socket.socket], None], str]] = {
    "slow-head": (lambda c: _slowly(c, HEAD * 9), "timeout"),
    "slow-body": (lambda c: _slowly(c, HEAD + b"Content-Length: 900\r\n\r\n" + GOOD), "timeout"),
    "no-answer": (lambda _: time.sleep(30), "timeout"),
    "hangs-up": (lambda _: None, "connection-failed"),
    "endless-body": (lambda c: _for_ever(c, HEAD + b"\r\n", b"<p>" + b"a" * 65_536), "too-large"),
    "endless-chunks": (
        lambda c: _for_ever(c, HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
                            b"10000\r\n" + b"a" * 65_536 + b"\r\n"), "too-large"),
    "endless-head": (lambda c: _for_ever(c, HEAD, b"X-A: " + b"a" * 60_000 + b"\r\n"), ""),
    "head-of-ten-megabytes": (
        lambda c: c.sendall(HEAD + b"X-A: " + b"a" * 10_000_000 + b"\r\n\r\n" + GOOD), ""),
    "gzip-bomb": (lambda c: c.sendall(_whole(b"Content-Encoding: gzip\r\n", _bomb())), "too-large"),
    "brotli-bomb": (
        lambda c: c.sendall(_whole(b"Content-Encoding: br\r\n", _brotli_bomb())), "too-large"),
    "says-too-much": (lambda c: c.sendall(HEAD + b"Content-Length: 99999\r\n\r\n" + GOOD), "truncated"),
    "says-99-gigabytes": (
        lambda c: c.sendall(HEAD + b"Content-Length: 99999999999\r\n\r\n" + GOOD), "too-large"),
    "cut-chunk": (
        lambda c: c.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n" + GOOD), "truncated"),
    "no-http": (lambda c: c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"), ""),
    "broken-gzip": (lambda c: c.sendall(_whole(b"Content-Encoding: gzip\r\n", b"no gzip")), ""),
    "wants-a-cookie": (
        lambda c: c.sendall(b"HTTP/1.1 302 Found\r\nSet-Cookie: seen=1\r\nContent-Length: 0\r\n"
                            b"Location: /bad-variants-of-servers-wants-a-cookie\r\n\r\n"), "redirect-loop"),
    "moves-to-no-address": (
        lambda c: c.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /"
                            + b"a" * 3_000 + b"\r\n\r\n"), "bad-url"),
}  # fmt: skip


def _path(manner: str) -> str:
    return f"/bad-variants-of-servers-{manner}"


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        head = b""
        self.request.settimeout(20)
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in head:
                part = self.request.recv(65_536)
                if not part:
                    return
                head += part
            path = head.split()[1].decode()
            manner = path.removeprefix("/bad-variants-of-servers-")
            if manner in MANNERS:
                MANNERS[manner][0](self.request)
            elif path == "/":
                self.request.sendall(
                    _whole(b"Connection: close\r\n", b"<html><title>B</title></html>")
                )
            elif path == "/feed":
                self.request.sendall(_whole(b"Connection: close\r\n", self.server.feed))  # type: ignore[attr-defined]
            elif path.startswith("/good"):
                self.request.sendall(_whole(b"Connection: close\r\n", GOOD))
            else:
                self.request.sendall(
                    b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64
    feed = b""

    def handle_error(self, *_: Any) -> None:
        """A crawl that gives up hangs up: nothing to print."""


@contextmanager
def _bad_server(tls: ssl.SSLContext | None = None) -> Iterator[str]:
    # Made before a crawl waits for them.
    _bomb(), _brotli_bomb()
    with _Server(("127.0.0.1", 0), _Handler) as server:
        base = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        paths = [*map(_path, MANNERS), "/good-story-of-the-quay-in-winter", LONG]
        items = "".join(f"<item><title>Of {p}</title><link>{base}{p}</link></item>" for p in paths)
        server.feed = (
            f"<rss version='2.0'><channel><title>B</title>{items}</channel></rss>".encode()
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield base
        server.shutdown()
        thread.join()


def _crawl(dateline: Commands, source: str, *settings: str) -> subprocess.CompletedProcess[str]:
    words = ["crawl", "news", "-a", f"source={source}", "-s", f"DOWNLOAD_TIMEOUT={TIMEOUT}",
             "-s", "RETRY_TIMES=0", "-s", "DOWNLOAD_DELAY=0"]  # fmt: skip
    for one in settings:
        words += ["-s", one]
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *words], env=dateline.environment, cwd=ROOT,
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip


def test_bad_pages_end_in_time_with_their_cause_and_harm_no_good_one(
    dateline_sqlite: Commands,
) -> None:
    dateline = dateline_sqlite
    with _bad_server() as base:
        _follow(dateline, "bad", base)
        begun = time.monotonic()
        done = _crawl(dateline, "bad", "CONCURRENT_REQUESTS_PER_DOMAIN=16")
        took = time.monotonic() - begun
    assert done.returncode == 0, done.stderr[-3_000:]
    with open_archive(str(dateline.folder)) as archive, archive.reading() as session:
        causes = dict(session.execute(select(Candidate.url, Candidate.cause)).all())
        headlines = list(session.scalars(select(Article.headline)))
        run = session.scalars(select(CrawlRun).order_by(CrawlRun.id.desc())).first()
    assert headlines == ["A good story of the quay"]
    for manner, (_, cause) in MANNERS.items():
        found = causes[f"{base}{_path(manner)}"]
        assert found == cause or (not cause and found), (manner, found)
    # One of the two was met first.
    assert {causes[base + LONG], causes[f"{base}/good-story-of-the-quay-in-winter"]} == {
        None,
        "duplicate",
    }
    assert run is not None
    assert run.state == "finished"
    assert run.counts["failed"] + run.counts.get("skipped", 0) == len(MANNERS)
    # All wait at the same time; what is beyond that is starting a process on a busy machine.
    assert took < 120
    # In kilobytes: of all the processes that this one has waited for, the largest.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1_500_000


def _follow(dateline: Commands, name: str, base: str) -> None:
    from storage.crawl.endpoints import add_endpoints
    from storage.crawl.sources import add_source
    from storage.types.endpoints import FoundEndpoint

    with open_archive(str(dateline.folder)) as archive:
        source = archive.write(
            lambda s: add_source(s, name=name, home_url=f"{base}/", now=utc_now()).id
        )
        feed = [FoundEndpoint(f"{base}/feed", "feed")]
        archive.write(lambda s: add_endpoints(s, source, feed, utc_now()))


@pytest.mark.parametrize("manner", ["endless-body", "gzip-bomb", "no-answer", "no-http"])
def test_a_bad_feed_is_said_and_the_other_sources_go_on(
    dateline_sqlite: Commands, site: LocalSite, manner: str
) -> None:
    dateline = dateline_sqlite
    _publish(site, [("a", None)])
    assert dateline("add", f"{site.base}/", "--name", "good").code == 0
    with _bad_server() as base:
        _follow(dateline, "bad", base)
        with open_archive(str(dateline.folder)) as archive:
            feed = f"{base}/feed"
            archive.write(lambda s: s.execute(
                update(Endpoint).where(Endpoint.url == feed).values(url=base + _path(manner))
            ))  # fmt: skip
        _crawl(dateline, "bad", "DOWNLOAD_MAXSIZE=9000000")
    assert dateline("crawl", "good").code == 0
    with open_archive(str(dateline.folder)) as archive, archive.reading() as session:
        row = session.scalars(select(Endpoint).where(Endpoint.url.contains("bad-variants"))).one()
        assert (row.failures, bool(row.last_error)) == (1, True)
        assert row.next_due_at is not None
        assert session.scalars(select(Article.headline)).all() == ["Story a of the quay"]


def test_a_server_that_speaks_no_tls_is_said(dateline_sqlite: Commands) -> None:
    dateline = dateline_sqlite
    with _bad_server() as base:
        _follow(dateline, "bad", base.replace("http:", "https:"))
        done = dateline("crawl", "bad")
    assert done.code in (1, 3)
    with open_archive(str(dateline.folder)) as archive, archive.reading() as session:
        error = session.scalars(select(Endpoint.last_error)).one()
    assert error is not None
    assert "connection-failed" in error


def _certificate(folder: Path) -> tuple[str, str]:
    """A certificate for this machine that nobody but itself vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        ).sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ))  # fmt: skip
    return str(paths[0]), str(paths[1])


def test_a_certificate_that_nobody_vouches_for_is_refused(
    dateline_sqlite: Commands, tmp_path: Path
) -> None:
    dateline = dateline_sqlite
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(tmp_path))
    with _bad_server(context) as base:
        _follow(dateline, "bad", base)
        done = dateline("crawl", "bad")
    assert done.code in (1, 3)
    with open_archive(str(dateline.folder)) as archive, archive.reading() as session:
        error = session.scalars(select(Endpoint.last_error)).one()
        assert session.scalars(select(Item.id)).all() == []
    assert error is not None
    assert "certificate" in error.lower()


def _publish(site: LocalSite, stories: list[tuple[str, str | None]], **more: Any) -> None:
    """A feed of stories (name, date), and their pages."""
    items = []
    for name, date in stories:
        path = f"/news/story-{name}-of-the-quay"
        site.set(path, article_page(f"Story {name} of the quay", sentences(len(name)), **more))
        when = f"<pubDate>{date}</pubDate>" if date else ""
        items.append(f"<item><title>{name}</title><link>{site.base}{path}</link>{when}"
                     f"<guid isPermaLink='false'>g-{name}</guid></item>")  # fmt: skip
    site.set("/feed.xml", f"<rss version='2.0'><channel><title>Q</title>{''.join(items)}</channel>"
             "</rss>", "application/rss+xml")  # fmt: skip
    site.set("/", '<html lang="en"><head><title>Quay</title><link rel="alternate" '
             'type="application/rss+xml" href="/feed.xml"/></head><body></body></html>')  # fmt: skip


def test_feeds_dated_in_1970_and_2099_lead_no_list_and_no_schedule_astray(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    dateline = dateline_sqlite
    dates = ["Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 31 Dec 2099 23:00:00 GMT", "no date", None]
    _publish(site, list(zip("abcd", dates, strict=True)), published=None)
    assert dateline("add", f"{site.base}/", "--name", "quay").code == 0
    assert dateline("crawl", "quay").code == 0
    now = datetime.now(UTC)
    with open_archive(str(dateline.folder)) as archive, archive.reading() as session:
        assert len(session.scalars(select(Article.item_id)).all()) == 4
        assert all(at <= now for at in session.scalars(select(Article.sort_at)))
        due = session.scalars(select(Endpoint.next_due_at)).one()
    assert due is not None
    assert now < due < now + timedelta(days=1, minutes=1)


def test_the_same_guid_with_new_content_is_a_revision_or_an_item_and_never_lost(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    dateline = dateline_sqlite
    _publish(site, [("a", None)])
    assert dateline("add", f"{site.base}/", "--name", "quay").code == 0
    assert dateline("crawl", "quay").code == 0
    changed = article_page("Story a of the quay, told anew", sentences(77))
    site.set("/news/story-a-of-the-quay", changed)
    assert dateline("crawl", "quay").code == 0
    with open_archive(str(dateline.folder)) as archive, archive.reading() as session:
        assert len(session.scalars(select(Item.id)).all()) == 1
        assert len(session.scalars(select(Revision.id)).all()) == 2


def test_articles_that_all_name_the_home_page_as_canonical_stay_apart(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    dateline = dateline_sqlite
    _publish(site, [(name, None) for name in ("a", "bb", "ccc")], canonical=f"{site.base}/")
    assert dateline("add", f"{site.base}/", "--name", "quay").code == 0
    assert dateline("crawl", "quay").code == 0
    with open_archive(str(dateline.folder)) as archive, archive.reading() as session:
        assert len(session.scalars(select(Article.item_id)).all()) == 3


def test_a_feed_of_entities_costs_nothing_and_reads_no_file(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    dateline = dateline_sqlite
    _publish(site, [("a", None)])
    secret = dateline.folder.parent / "secret.txt"
    secret.write_text("the-secret-of-the-quay")
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    site.set(
        "/feed.xml",
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{lol}'
        f'<!ENTITY x SYSTEM "file://{secret}">]><rss version="2.0"><channel><title>&x;&l8;</title>'
        f"<item><title>&x;</title><link>{site.base}/news/story-a-of-the-quay</link></item>"
        "</channel></rss>", "application/rss+xml",
    )  # fmt: skip
    dateline("add", f"{site.base}/", "--name", "quay")
    dateline("crawl", "quay")
    found = subprocess.run(
        ["grep", "-rc", "the-secret-of-the-quay", str(dateline.folder)], capture_output=True,
        text=True, check=False, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    assert all(line.endswith(":0") for line in found.stdout.splitlines())


def test_a_clock_that_jumped_ahead_and_back_stops_nothing_for_ever(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    dateline = dateline_sqlite
    _publish(site, [("a", None)])
    assert dateline("add", f"{site.base}/", "--name", "quay").code == 0
    assert dateline("crawl", "quay").code == 0
    ahead = utc_now() + timedelta(days=3_650)
    with open_archive(str(dateline.folder)) as archive:
        archive.write(lambda s: s.execute(
            update(Endpoint).values(next_due_at=ahead, fetched_at=ahead, changed_at=ahead)
        ))  # fmt: skip
        archive.write(lambda s: s.execute(update(CrawlRun).values(started_at=ahead)))
    _publish(site, [("a", None), ("bb", None)])
    assert dateline("run", "--once").code == 0
    with open_archive(str(dateline.folder)) as archive, archive.reading() as session:
        assert len(session.scalars(select(Article.item_id)).all()) == 2
        due = session.scalars(select(Endpoint.next_due_at)).one()
    assert due is not None
    assert due < utc_now() + timedelta(days=2)
