"""No page, feed or attachment keeps the others from being stored, whatever it says."""

from __future__ import annotations

import dataclasses
import random
import sqlite3
from itertools import count
from typing import TYPE_CHECKING

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError, DataError, OperationalError, StatementError

from crawler.extraction.clean import clean_content
from storage.crawl.endpoints import add_endpoints
from storage.database.handle import is_data_error
from storage.ingest.media import FetchedMedia
from storage.maintenance.integrity import check_archive
from storage.models import Candidate, Capture, Endpoint
from storage.models import Media as MediaRow
from storage.text.urls import resolve_url
from storage.types.content import Article, Block, Entry, Link, Media, Mention, Span, StatedTimestamp
from storage.types.endpoints import Announcement, EndpointRead, FoundEndpoint, PollingHints
from storage.types.pages import PageStored
from tests.profiles import examples
from tests.storage.values import NOW, article, new_source, real_capture, stored, task_for

if TYPE_CHECKING:
    from storage.archive import Archive

HOME = "https://herald.example/"
URL = f"{HOME}2026/03/09/a-story-of-the-harbour"


def _noise(seed: int, length: int, alphabet: str) -> str:
    """Characters that no database can pack."""
    chance = random.Random(seed)
    return "".join(chance.choices(alphabet, k=length))


_LATIN = "abcdefghijklmnopqrstuvwxyz0123456789"
_HAN = "".join(map(chr, range(0x4E00, 0x9FA0)))
_lengths = st.tuples(st.integers(0, 9), st.sampled_from([90, 900, 6_000]))
said = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=st.characters(), max_size=20).map(lambda text: f"a\x00{text}\ud800"),
    _lengths.map(lambda given: _noise(*given, _LATIN)),
    _lengths.map(lambda given: _noise(*given, _HAN)),
)
maybe = st.none() | said
addresses = said.map(lambda text: resolve_url(URL, f"/{text}")).filter(bool)
spans = st.builds(Span, st.integers(0, 5), st.integers(6, 9), st.just("link"), addresses)
blocks = st.builds(
    Block, st.sampled_from(["paragraph", "heading", "preformatted"]), said,
    spans=st.lists(spans, max_size=2).map(tuple),
)  # fmt: skip
links = st.builds(
    Link, addresses, st.sampled_from(["related", "further", "entry", "attachment"]),
    anchor=maybe, teaser=maybe, kind=maybe, number=maybe,
)  # fmt: skip
shown = st.builds(Media, addresses, st.sampled_from(["picture", "attachment"]), maybe, maybe, maybe)
mentions = st.builds(
    Mention, said, st.just(0), st.just(0), st.just(3), url=st.none() | addresses,
    full_name=maybe, expansion=maybe, kind=st.sampled_from(["person", "organisation"]),
)  # fmt: skip


def _some(values: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(values, max_size=3).map(tuple)


articles = st.builds(
    Article, said, _some(blocks), standfirst=maybe, byline=_some(said), dateline_place=maybe,
    number=maybe, kind=maybe, section=maybe, tags=_some(said), language=maybe,
    notices=_some(said), canonical_url=st.none() | addresses, mentions=_some(mentions),
    links=_some(links), media=_some(shown), published=st.just(StatedTimestamp(NOW)),
)  # fmt: skip
entries = st.builds(
    Entry, said, st.sampled_from(["person", "term"]), number=maybe, expansion=maybe,
    aliases=_some(said), blocks=_some(blocks), canonical_url=st.none() | addresses,
    links=_some(links), media=_some(shown),
)  # fmt: skip


def test_whatever_a_page_says_is_stored_and_leaves_the_archive_sound(archive: Archive) -> None:
    source_id = new_source(archive)
    numbers = count()

    @given(content=articles | entries)
    @settings(max_examples=examples(60), phases=(Phase.explicit, Phase.reuse, Phase.generate))
    def each(content: Article | Entry) -> None:
        task = task_for(archive, source_id, f"{HOME}2026/{next(numbers)}")
        kept = real_capture(archive, task.url, task.url.encode())
        page = PageStored(task, (task.url,), kept, clean_content(content), "test-1")
        (made,) = archive.record(source_id, None, [page], NOW)
        assert made.cause != "not-storable"

    each()
    assert check_archive(archive) == []


def test_a_refused_page_is_skipped_with_its_capture_and_the_others_are_stored(
    archive: Archive,
) -> None:
    source_id = new_source(archive)
    pages = [
        stored(task_for(archive, source_id, f"{HOME}2026/{n}"), article(f"Story {n}"))
        for n in range(5)
    ]
    broken = article("Half a pair \ud800")
    pages[2] = PageStored(pages[2].task, pages[2].urls, pages[2].capture, broken, "test-1")
    made = archive.record(source_id, None, pages, NOW)
    assert [one.verdict for one in made] == ["new", "new", "skipped", "new", "new"]
    assert made[2].cause == "not-storable"
    with archive.reading() as session:
        row = session.scalars(select(Candidate).where(Candidate.url == f"{HOME}2026/2")).one()
        assert (row.state, row.cause) == ("skipped", "not-storable")
        kept = session.scalars(select(Capture.url).order_by(Capture.url)).all()
    assert kept == [f"{HOME}2026/{n}" for n in range(5)]


def test_a_page_whose_capture_is_refused_too_fails(archive: Archive) -> None:
    source_id = new_source(archive)
    page = stored(task_for(archive, source_id, URL), article("Half a pair \ud800"))
    page = dataclasses.replace(
        page, capture=dataclasses.replace(page.capture, content_type="text/\ud800")
    )
    made = archive.record(source_id, None, [page], NOW)
    assert (made[0].verdict, made[0].cause) == ("failed", "not-storable")


def test_a_refused_feed_is_said_to_be_that(archive: Archive) -> None:
    source_id = new_source(archive)
    found = [FoundEndpoint(f"{HOME}feed", "feed")]
    archive.write(lambda s: add_endpoints(s, source_id, found, NOW))
    with archive.reading() as session:
        number = session.scalars(select(Endpoint.id)).one()
    read = EndpointRead(number, 200, title="Half \ud800", announcements=(Announcement(URL),))
    result = archive.record_endpoint(
        source_id, dataclasses.replace(read, polling_hints=PollingHints()), NOW
    )
    assert result.announced == 0
    with archive.reading() as session:
        error = session.scalars(select(Endpoint.last_error)).one()
    assert error is not None
    assert "not-storable" in error


def test_the_first_part_of_a_report_of_thousands_of_pages_is_found(archive: Archive) -> None:
    source_id = new_source(archive)
    task = task_for(archive, source_id, URL)
    shown = Media(f"{HOME}report.pdf", "attachment")
    archive.record(source_id, None, [stored(task, article(media=(shown,)))], NOW)
    with archive.reading() as session:
        number = session.scalars(select(MediaRow.id)).one()
    words = " ".join(f"w{n}" for n in range(200_000))
    fetched = FetchedMedia(
        number, digest="0" * 64, path="00/00", size=1, content_type="application/pdf",
        text=f"Budget of the harbour \ud800\x00 {words}",
    )  # fmt: skip
    archive.record_media([fetched], NOW)
    for query in ("budget", '"of the harbour"', "w7", '"w8 w9"'):
        assert len(list(archive.search(query))) == 1, query
    with archive.reading() as session:
        row = session.scalars(select(MediaRow)).one()
    assert row.state == "stored"
    assert len(row.text or "") > 900_000


def test_what_is_refused_is_told_from_a_database_out_of_order() -> None:
    disk = OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
    broken = DatabaseError("INSERT", {}, sqlite3.DatabaseError("database disk image is malformed"))
    large = DataError("INSERT", {}, sqlite3.DataError("string or blob too big"))
    assert [is_data_error(one) for one in (disk, broken, large)] == [False, False, True]
    assert is_data_error(StatementError("bad", "INSERT", {}, ValueError("x")))
    assert is_data_error(OverflowError("Python int too large"))
    assert not is_data_error(KeyError("x"))
