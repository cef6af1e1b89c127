"""Takedown: nothing of what was erased is left in any file, and nothing brings it back."""

from __future__ import annotations

import dataclasses
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, insert, select, text

from storage.captures.care import repack
from storage.crawl.sources import add_source
from storage.database.engine import IN_CHUNK
from storage.errors import ArchiveError, SourceExists, UnknownItem
from storage.ingest.media import FetchedMedia, keep
from storage.maintenance import takedown
from storage.maintenance.backup import backup, restore
from storage.maintenance.integrity import check_archive
from storage.models import (
    Address,
    ArticleMedia,
    Candidate,
    Capture,
    Item,
    Source,
    Takedown,
    Tombstone,
)
from storage.models import Media as MediaRow
from storage.queries import items
from storage.types.content import Link, Media
from storage.types.endpoints import Announcement
from storage.types.pages import PageStored, Task
from tests.storage.values import (
    NOW,
    article,
    later,
    new_source,
    page_of,
    publish,
    real_capture,
    task_for,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from storage.archive import Archive

HOME = "https://herald.example"
URL = f"{HOME}/zyzzyva-affair"
# Words that stand nowhere else; the folded form is what the search index holds.
SECRETS = (b"Zyzzyva", b"zyzzyva", b"Qwghlm", b"qwghlm", b"Xochimilco")


def secret_article(**fields: Any) -> Any:
    text_ = "The Zyzzyva affair of Qwghlm went on and on, said those who saw it at Xochimilco. " * 9
    return article("The Zyzzyva affair", text_, "A second paragraph about Qwghlm.", **fields)


@pytest.fixture
def held(archive: Archive) -> Archive:
    """Three articles: the one to go, with a history and a picture; one that links to it; another."""
    source = new_source(archive)
    body = b"\x89PNG Xochimilco"
    picture = Media(f"{HOME}/zyzzyva.png", caption="The Zyzzyva")
    item = publish(archive, source, URL, secret_article(media=(picture,)))
    task = dataclasses.replace(
        task_for(archive, source, f"{HOME}/t"), candidate_id=None, item_id=item
    )
    publish(archive, source, URL, secret_article(standfirst="Qwghlm again", media=(picture,)),
            later(days=1), task=task)  # fmt: skip
    link = Link(URL, "related", "The Zyzzyva affair", "What Qwghlm did")
    other = article("Another story", "It has words of its own. " * 20, links=(link,))
    publish(archive, source, f"{HOME}/other", other)
    publish(archive, source, f"{HOME}/third", article("A third", "Nothing to do with it. " * 20))
    digest, path = keep(archive.location.media, body, ".png")
    with archive.reading() as session:
        number = session.scalar(select(MediaRow.id))
    fetched = FetchedMedia(number or 0, digest, path, len(body), "image/png")
    archive.record_media([fetched], NOW)
    archive.add_announcements(
        source, [Announcement(f"{URL}?page=2", hints={"headline": "Zyzzyva"})], NOW
    )
    return archive


def _left_in(folder: Path) -> list[str]:
    return [
        f"{path.name}: {secret!r}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for secret in SECRETS
        if secret in _unpacked(path)
    ]


def _unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        import gzip

        return data + gzip.decompress(data)
    if path.suffix == ".zst" and "dictionaries" in path.parts:
        from storage.captures.warc import zstandard

        return data + bytes(zstandard().decompress(data))
    return data


def _rows_with(archive: Archive, secret: str) -> list[str]:
    """Tables of any database that hold a word, read as text."""
    with archive.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        else:
            names = connection.execute(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            )
        tables = [name for (name,) in names]
        return [
            name for name in tables
            if secret.lower() in repr(connection.execute(text(f'SELECT * FROM "{name}"')).all()).lower()  # noqa: S608
        ]  # fmt: skip


def test_nothing_of_it_is_left(held: Archive) -> None:
    item = items.find_item(held, URL)
    assert _left_in(held.location.captures)
    done = takedown.erase_items(held, [item], "the person asked", NOW)
    assert (done["items"], done["captures"], done["media"]) == (1, 2, 1)
    # The candidate of its second page is another address: it is erased by its own name.
    assert _rows_with(held, "Qwghlm") == []
    assert _rows_with(held, "Xochimilco") == []
    assert _left_in(held.location.captures) == []
    assert _left_in(held.location.media) == []
    with pytest.raises(UnknownItem):
        items.find_item(held, URL)
    assert list(held.search("qwghlm")) == []
    assert check_archive(held) == []
    other = items.read_item(held, items.find_item(held, f"{HOME}/other"))
    assert (other["headline"], other["links"]) == ("Another story", [])
    (told,) = takedown.list_takedowns(held)
    assert (told["why"], told["what"], told["state"]) == ("the person asked", "1 item(s)", "done")


def test_no_file_of_the_archive_holds_its_words(held: Archive) -> None:
    """Free pages, the index's segments and the log of SQLite among them."""
    if held.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps its files itself; its rows are looked at above")

    def settle(session: Any) -> None:
        session.query(Candidate).filter(Candidate.url.contains("zyzzyva")).delete()

    held.write(settle)
    assert _left_in(held.location.folder)
    takedown.erase_items(held, [items.find_item(held, URL)], "asked", NOW)
    assert _left_in(held.location.folder) == []


def test_a_dictionary_made_of_its_page_goes_too(held: Archive) -> None:
    with held.reading() as session:
        source = session.query(Source).one().id
    repack.repack(held, source, "zstd", NOW)
    assert _left_in(held.location.captures / "dictionaries")
    takedown.erase_items(held, [items.find_item(held, URL)], "asked", NOW)
    assert _left_in(held.location.captures) == []
    assert check_archive(held) == []


def _back(held: Archive, source: int, url: str, content: Any) -> str:
    capture = real_capture(held, url, page_of(content), later(days=3))
    outcome = PageStored(Task(url, "article", 0), (url,), capture, content, "test-1")
    (done,) = held.record(source, None, [outcome], later(days=3))
    return f"{done.verdict} {done.cause}"


def test_nothing_brings_it_back(held: Archive) -> None:
    """Not its address, not another address of its text; nor an announcement, nor a link to it."""
    with held.reading() as session:
        source = session.query(Source).one().id
    takedown.erase_items(held, [items.find_item(held, URL)], "asked", NOW)
    assert held.add_announcements(source, [Announcement(f"{URL}?utm_source=rss")], NOW) == 0
    assert _back(held, source, URL, secret_article()) == "skipped forgotten"
    assert _back(held, source, f"{HOME}/moved", secret_article()) == "skipped forgotten"
    link = Link(URL, "related", "The affair")
    other = article("Something else", "Words never here before, at length. " * 9, links=(link,))
    assert _back(held, source, f"{HOME}/fine", other) == "new None"
    assert _left_in(held.location.captures)
    assert takedown.sweep_erased(held) == 2
    assert _left_in(held.location.captures) == []
    with held.reading() as session:
        assert not session.query(Capture).filter(Capture.kind == "forgotten").count()
        assert not session.query(Item).filter(Item.url == URL).count()
    assert check_archive(held) == []


def test_a_takedown_cut_short_goes_on(held: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    item = items.find_item(held, URL)
    with monkeypatch.context() as patch:
        patch.setattr(takedown.rewrite, "rewrite", kill)
        with pytest.raises(Killed):
            takedown.erase_items(held, [item], "asked", NOW)
    assert any("cut short" in problem for problem in check_archive(held))
    assert takedown.resume_takedowns(held) == 1
    assert _left_in(held.location.captures) == []
    assert check_archive(held) == []
    assert takedown.resume_takedowns(held) == 0


def test_what_lost_its_capture_file_can_be_erased_all_the_same(held: Archive) -> None:
    item = items.find_item(held, URL)
    with held.reading() as session:
        file = session.scalar(select(Capture.file).where(Capture.url == URL).limit(1))
    (held.location.captures / (file or "")).unlink()
    takedown.erase_items(held, [item], "asked for", NOW)
    assert _left_in(held.location.captures) == []
    assert _rows_with(held, "Qwghlm") == []
    with held.reading() as session:
        gone = session.scalar(select(func.count()).select_from(Capture).where(Capture.file == file))
        assert gone == 0


def test_a_source_goes_whole_and_is_not_followed_again(held: Archive) -> None:
    with held.reading() as session:
        source = session.query(Source).one().id
    done = takedown.erase_source(held, source, "the publisher asked", NOW)
    assert (done["items"], done["captures"]) == (3, 4)
    for table in (Source, Item, Capture, Candidate):
        with held.reading() as session:
            assert not session.scalar(select(func.count()).select_from(table)), table
    assert not list(held.location.captures.glob("*.warc*"))
    with pytest.raises(SourceExists, match="erased by request"):
        held.write(lambda s: add_source(s, name="h", home_url=f"{HOME}/", now=NOW))
    takedown.revoke_takedown(held, 1)
    held.write(lambda s: add_source(s, name="h", home_url=f"{HOME}/", now=NOW))
    with held.reading() as session:
        assert not session.query(Tombstone).count()
        assert not session.query(Takedown).count()


def test_a_source_of_more_items_than_a_statement_takes_values_goes_whole(held: Archive) -> None:
    if not held.location.is_sqlite:
        pytest.skip("PostgreSQL's limit cannot be lowered; what is asked is the same on SQLite")
    # Not 32,766: a source so large takes too long to make.
    event.listen(
        held.engine, "connect",
        lambda raw, _: raw.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, IN_CHUNK + 100),
    )  # fmt: skip
    held.engine.dispose()
    source = new_source(held, "large", "https://large.example/")
    pointing = article(links=(Link("https://large.example/7", "related", "A large affair"),))
    with held.reading() as session:
        other = session.scalars(select(Source.id).where(Source.name != "large")).one()
    publish(held, other, f"{HOME}/pointing", pointing)
    many = range(IN_CHUNK + 200)

    def fill(session: Session) -> None:
        first = (session.scalar(select(func.max(Item.id))) or 0) + 1
        shown = (session.scalar(select(func.max(MediaRow.id))) or 0) + 1
        session.execute(insert(Item), [
            {"id": first + n, "source_id": source, "kind": "article", "state": "stub",
             "identity": f"url:large.example/{n}", "url": f"https://large.example/{n}",
             "first_seen_at": NOW, "last_seen_at": NOW} for n in many
        ])  # fmt: skip
        session.execute(insert(Address), [
            {"source_id": source, "key": f"large.example/{n}", "url": f"https://large.example/{n}",
             "item_id": first + n, "first_seen_at": NOW} for n in many
        ])  # fmt: skip
        session.execute(insert(MediaRow), [
            {"id": shown + n, "url": f"https://large.example/{n}.png", "kind": "picture",
             "state": "stored", "digest": f"{n:064}", "path": f"00/{n:064}"} for n in many
        ])  # fmt: skip
        session.execute(insert(ArticleMedia), [
            {"item_id": first + n, "media_id": shown + n, "position": 0} for n in many
        ])  # fmt: skip

    held.write(fill)
    done = takedown.erase_source(held, source, "the publisher asked", NOW)
    assert done["items"] == len(many)
    with held.reading() as session:
        assert session.scalars(select(Source.name)).all() == ["herald"]
        assert not session.scalar(
            select(func.count()).where(MediaRow.url.contains("large.example"))
        )


def test_a_backup_made_before_does_not_bring_it_back(held: Archive, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    backup(held, file)
    takedown.erase_items(held, [items.find_item(held, URL)], "asked", NOW)
    with restore(file, tmp_path / "restored") as restored:
        assert items.find_item(restored, URL)
        assert takedown.apply_takedowns_of(restored, held, NOW) == 1
        assert _left_in(restored.location.captures) == []
        with pytest.raises(UnknownItem):
            items.find_item(restored, URL)
        with restored.reading() as session:
            source = session.query(Source).one().id
        assert restored.add_announcements(source, [Announcement(URL)], NOW) == 0
        assert check_archive(restored) == []


def test_a_file_that_a_crawl_is_writing_to_is_named(held: Archive) -> None:
    from storage.captures.warc import Exchange
    from storage.captures.writer import CaptureWriter

    with held.reading() as session:
        source = session.query(Source).one().id
    writer = CaptureWriter(held.location.captures, "live", "Dateline/test")
    place = writer.append(Exchange(f"{HOME}/l", "GET", (), 200, (), b"<p>Live</p>", NOW))
    task = task_for(held, source, f"{HOME}/l")
    record = dataclasses.replace(
        real_capture(held, f"{HOME}/l", b"<p>Live</p>"), file=place.file, offset=place.offset,
        length=place.length, record_id=place.record_id,
    )  # fmt: skip
    content = article("Live", "It is being told as it goes on, at some length. " * 5)
    (done,) = held.record(source, None, [PageStored(task, (task.url,), record, content, "t")], NOW)
    with pytest.raises(ArchiveError, match="a crawl is writing"):
        takedown.erase_items(held, [done.item_id or 0], "asked", NOW)
    writer.close()
    assert takedown.resume_takedowns(held) == 1


NEW_URL = f"{HOME}/2026/qwghlm-revisited"
ANNOUNCED = {
    "guid": Announcement(NEW_URL, hints={"guid": "tag:herald.example,2026:77"}),
    "permalink": Announcement(NEW_URL, hints={"guid": URL, "headline": "Zyzzyva"}),
    "headline": Announcement(NEW_URL, hints={"headline": "THE ZYZZYVA AFFAIR!"}),
}


@pytest.mark.parametrize("by", [*ANNOUNCED, "page"])
def test_an_erased_article_at_a_new_address_leaves_nothing(archive: Archive, by: str) -> None:
    """Announced by its feed under the same id or headline, or met by its page alone."""
    source = new_source(archive)
    hints = {"guid": "tag:herald.example,2026:77", "headline": "The Zyzzyva affair"}
    item = publish(archive, source, URL, secret_article(),
                   task=task_for(archive, source, URL, hints=hints))  # fmt: skip
    takedown.erase_items(archive, [item], "asked", NOW)
    if by == "page":
        link = Link(NEW_URL, "related", "Zyzzyva", "What Qwghlm did")
        other = article("Another story", "It has words of its own. " * 20, links=(link,))
        publish(archive, source, f"{HOME}/other", other)
        task = task_for(archive, source, NEW_URL, hints={"headline": "Zyzzyva"})
        capture = real_capture(archive, NEW_URL, page_of(secret_article()))
        changed = secret_article(standfirst="Changed since")
        (done,) = archive.record(
            source, None, [PageStored(task, (NEW_URL,), capture, changed, "t")], NOW
        )
        assert (done.verdict, done.cause) == ("skipped", "forgotten")
        assert takedown.sweep_erased(archive) == 1
    announced = ANNOUNCED.get(by, Announcement(NEW_URL, hints={"headline": "Zyzzyva"}))
    assert archive.add_announcements(source, [announced], NOW) == 0
    archive.add_announcements(
        source, [Announcement(f"{HOME}/new", hints={"headline": "Quite another story"})], NOW
    )
    assert _rows_with(archive, "Quite another story") == ["candidates"]
    for secret in ("zyzzyva", "qwghlm", "xochimilco", "herald.example,2026:77"):
        assert _rows_with(archive, secret) == []


def test_a_headline_that_others_have_too_is_not_remembered(archive: Archive) -> None:
    source = new_source(archive)
    column = "Letters to the editor"
    ids = [
        publish(archive, source, f"{HOME}/letters-{n}", article(column, f"Of week {n}. " * 30))
        for n in range(2)
    ]
    takedown.erase_items(archive, ids[:1], "asked", NOW)
    said = Announcement(f"{HOME}/letters-3", hints={"headline": column})
    assert archive.add_announcements(source, [said], NOW) == 1
