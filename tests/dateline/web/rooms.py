"""Reading rooms for tests: an archive with everything in it, asked in this process or served."""

from __future__ import annotations

import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import uvicorn

from dateline.web.app import create_app
from storage.archive import create_archive
from storage.clock import utc_now
from storage.ingest.media import FetchedMedia, keep, wanted
from storage.types.content import Entry, Link, Media, Mention, StatedTimestamp
from storage.types.pages import Task
from storage.users import dossiers, saved_searches
from tests.storage.values import NOW, article, new_source, publish, stored, task_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.archive import Archive

HOME = "https://herald.example"
PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f"
    b"\x15\xc4\x89\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00"
    b"IEND\xaeB`\x82"
)


@dataclass
class Room:
    """A served reading room: its address and its archive."""

    base: str
    archive: Archive
    ids: dict[str, int]


def furnish(archive: Archive) -> dict[str, int]:
    """Fill an archive with a bit of everything; returns the ids by name."""
    herald = new_source(archive)
    courier = new_source(archive, "courier", "https://courier.example/")
    ids: dict[str, int] = {}
    moment = StatedTimestamp(datetime(2026, 3, 9, 8, 0, tzinfo=UTC))
    entry = Entry("Mara Quist", "person", expansion="Director of the port of Lowmoor")
    task = task_for(archive, herald, f"{HOME}/people/mara", kind="entry")
    (done,) = archive.record(herald, None, [stored(task, entry)], NOW)
    ids["entry"] = done.item_id or 0
    paragraphs = (
        "The port of Lowmoor buys three electric tugs, says Mara Quist.",
        "The harbour council voted for the budget after a debate of four hours.",
    )
    start = paragraphs[0].index("Mara Quist")
    content = article(
        "Lowmoor harbour buys electric tugs", *paragraphs,
        standfirst="Three tugs will be delivered in the spring.", byline=("Ana Lund", "Bo Frey"),
        section="Harbour", tags=("tugs", "budget"), number="4711", language="en", kind="news",
        published=moment,
        mentions=(Mention("Mara Quist", 0, start, start + 10, f"{HOME}/people/mara",
                          full_name="Mara Quist", kind="person"),
                  Mention("Lowmoor", 0, 12, 19, f"{HOME}/places/lowmoor", kind="organisation",
                          full_name="Port of Lowmoor")),
        links=(Link(f"{HOME}/story/1", "related", "An older story of the harbour"),
               Link("https://elsewhere.example/x", "outside", "Elsewhere")),
        media=(Media(f"{HOME}/tug.png", "picture", caption="A tug", credit="Ana Lund",
                     alternative_text="A small white tug"),),
    )  # fmt: skip
    ids["article"] = publish(archive, herald, f"{HOME}/story/0", content)
    for number in range(1, 31):
        source, home = (herald, HOME) if number % 3 else (courier, "https://courier.example")
        at = moment.at - timedelta(days=number * 3)
        ids[f"story{number}"] = publish(
            archive, source, f"{home}/story/{number}",
            article(
                f"Story {number} of the {'harbour' if number % 2 else 'market'}",
                f"At the {'quay' if number % 2 else 'square'} of Lowmoor the council met.",
                _told(number),
                language="en", section="Harbour" if number % 2 else "Market",
                byline=("Ana Lund",), published=StatedTimestamp(at),
            ),
        )  # fmt: skip
    changed = article(
        "Lowmoor harbour buys four electric tugs", paragraphs[0].replace("three", "seven"),
        paragraphs[1], "A third paragraph was added later.",
        standfirst="Four tugs will be delivered in the spring.", byline=("Ana Lund",),
        section="Harbour", language="en", published=moment, number="4711",
        mentions=content.mentions, media=content.media, links=content.links,
    )  # fmt: skip
    publish(archive, herald, f"{HOME}/story/0", changed, NOW + timedelta(days=1),
            task=Task(f"{HOME}/story/0", "article", 0, item_id=ids["article"]))  # fmt: skip
    _store_pictures(archive, herald)
    saved_searches.save_search(archive, "Tugs", "tugs", utc_now())
    ids["dossier"] = dossiers.add_dossier(
        archive, "The port", utc_now(), note="All of it.", query="title:harbour"
    )
    dossiers.add_articles(archive, ids["dossier"], [ids["article"]], utc_now())
    return ids


def _store_pictures(archive: Archive, source_id: int) -> None:
    """Fetch what is wanted, all of it the same pixel."""
    with archive.reading() as session:
        pictures = wanted(session, source_id, 100, utc_now())
    digest, path = keep(archive.location.media, PIXEL, ".png")
    done = [
        FetchedMedia(one.id, digest=digest, path=path, size=len(PIXEL), content_type="image/png")
        for one in pictures
    ]
    archive.record_media(done, NOW)


def _told(number: int) -> str:
    """Some sentences that no other story has."""
    chance = random.Random(number)
    words = (
        "council harbour ferry lantern market bridge school river budget winter bell captain"
        " engine garden library mayor museum night orchard painter quarter railway sailor theatre"
        " union village weather workshop yard arrives borrows carries decides explains finds gives"
        " holds improves joins keeps loses measures names opens paints quickly returns slowly"
    ).split()
    return " ".join(
        " ".join(chance.choice(words) for _ in range(chance.randint(6, 11))).capitalize() + "."
        for _ in range(5)
    )


@contextmanager
def served(archive: Archive, ids: dict[str, int]) -> Iterator[Room]:
    """The room of an archive at an address of this machine."""
    config = uvicorn.Config(create_app(archive), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Room(f"http://127.0.0.1:{port}", archive, ids)
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def furnished(
    folder: Path, database: str | None = None
) -> Iterator[tuple[Archive, dict[str, int]]]:
    """A furnished archive in ``folder``."""
    with create_archive(str(folder), database) as archive:
        yield archive, furnish(archive)
