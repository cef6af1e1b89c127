"""A small archive of many shapes, told twice: as articles stored, and as the reference reads them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from storage.types.content import Link, Media, Mention, StatedTimestamp
from tests.storage.search.reference import Told
from tests.storage.values import NOW, article, new_source, stored, task_for

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.types.content import Article

WORDS = (
    "hôpital hôpitaux santé e-santé esanté numérique plan centre hospitalier soin soins soignants"
    " port harbour harbours lantern lanterns ferry ferries bell council budget budgets C.H.U. CHU"
    " l'hôpital d'eau qu'elle Ærø Łódź naïve straße 2021 12 co-operate cooperate aide-soignante"
    " aides-soignantes infirmière infirmières étudié étudiée étudier running runs ran news new"
).split()
AUTHORS = ("Jean Dupont", "Marie Curie", "Anne-Marie O'Neil", "AFP")
SECTIONS = ("Santé publique", "Politique", "Harbour news", None)
TAGS = ("e-santé", "budget 2021", "hôpital", "port")
KINDS = ("dépêche", "brief", "analysis", None)
HOSTS = ("www.herald.example", "herald.example", "news.herald.example.org")
LANGUAGES = ("fr", "en", "fr-CA", "de", None)


def _sentence(chance: random.Random, count: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(count))


def _moment(chance: random.Random, number: int) -> StatedTimestamp:
    zone = chance.choice([UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=7))])
    at = datetime(2021, chance.randint(8, 12), chance.randint(1, 28), tzinfo=zone)
    at += timedelta(hours=chance.choice([0, 0, 1, 8, 23]))
    day_only = at.hour == 0 and chance.random() < 0.7
    return StatedTimestamp(at, zoned=chance.random() < 0.5, day_only=day_only)


def _article(chance: random.Random, number: int) -> Article:
    texts = [_sentence(chance, chance.randint(3, 25)) for _ in range(chance.randint(1, 3))]
    media = []
    if chance.random() < 0.3:
        media.append(Media(f"https://herald.example/{number}.png", "picture"))
    if chance.random() < 0.2:
        media.append(Media(f"https://herald.example/{number}.pdf", "attachment"))
    links = []
    if chance.random() < 0.1:
        links.append(Link(f"https://herald.example/a{number}.pdf", "attachment"))
    # A number in each text keeps it from being another's duplicate.
    texts[0] += f" n{number}"
    return article(
        _sentence(chance, chance.randint(1, 6)), *texts,
        standfirst=_sentence(chance, 6) if chance.random() < 0.5 else None,
        byline=tuple(chance.sample(AUTHORS, chance.randint(0, 2))),
        section=chance.choice(SECTIONS), kind=chance.choice(KINDS),
        tags=tuple(chance.sample(TAGS, chance.randint(0, 3))),
        number=str(679000 + number) if chance.random() < 0.5 else None,
        language=chance.choice(LANGUAGES), access=chance.choice(["full", "full", "teaser"]),
        media=tuple(media), links=tuple(links), published=_moment(chance, number),
        mentions=_mentions(chance, texts[0]),
    )  # fmt: skip


def _mentions(chance: random.Random, text: str) -> tuple[Mention, ...]:
    if chance.random() < 0.7:
        return ()
    name = chance.choice(["Agnès Buzyn", "HAS"])
    word = text.split(maxsplit=1)[0]
    return (
        Mention(word, 0, 0, len(word), f"https://herald.example/dir/{name[:2]}", full_name=name),
    )


def told_archive(archive: Archive, count: int = 120, seed: int = 7) -> list[Told]:
    """Fill an archive with ``count`` articles of two sources; returns them as the reference."""
    chance = random.Random(seed)
    sources = {
        "herald": new_source(archive),
        "courier": new_source(archive, "courier", "https://courier.example/"),
    }
    found: list[Told] = []
    outcomes: dict[str, list[Any]] = {"herald": [], "courier": []}
    for number in range(count):
        source = chance.choice(list(sources))
        content = _article(chance, number)
        url = f"https://{chance.choice(HOSTS)}/story/{number}"
        task = task_for(archive, sources[source], url)
        outcomes[source].append(stored(task, content))
        assert content.published is not None
        found.append(Told(
            str(number), content, url, source, content.published.at.date(), content.published.at,
            entries=frozenset(m.full_name for m in content.mentions if m.full_name),
        ))  # fmt: skip
    for source, some in outcomes.items():
        for at in range(0, len(some), 25):
            archive.record(sources[source], None, some[at : at + 25], NOW)
    return found
