"""Teasers over fuller texts: an article that was free first and is metered later.

The fullest text that was met stays the one that is read, searched and exported; that only a teaser
was to be seen later is an event of the item's history (``teaser``), and so is the end of it
(``full``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select, update

from storage.database.engine import chunked
from storage.ingest import history
from storage.ingest.batch import Made, Writing
from storage.ingest.rows import write
from storage.models import Article, Event, Item, Revision
from storage.text.normalize import normalized_words
from storage.types.content import Article as ArticleContent
from storage.types.content import article_from_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.text.json_delta import Content

# A page that only may have a wall shows a teaser if it has less than this share of the words that
# are held, and nearly all of its own are among those. Else its publisher shortened it.
_SHORTENED = 0.6
_CONTAINED = 0.8
# A teaser that shares less of its text, under another headline, is another article.
_RELATED = 0.2
# So few words say nothing of what they belong to.
_FEW_WORDS = 20

_LAST = (
    select(Event.kind, Event.detail)
    .where(Event.item_id == bindparam("item"), Event.kind.in_(("teaser", "full")))
    .order_by(Event.at.desc(), Event.id.desc())
    .limit(1)
)


def held_over(connection: Connection, item_id: int, made: Made) -> tuple[int, Content] | None:
    """The revision (number, content) that ``made`` is only a teaser of; ``None`` where it is not.

    ``made`` is a page of the item as it shows now.
    """
    if not isinstance(made.content, ArticleContent) or not _may_have_a_wall(made.content):
        return None
    last = history.last_content(connection, item_id)
    if last is None or "name" in last[1]:
        return None
    return last if is_teaser_of(made.content, last[1]) else None


def is_fuller(connection: Connection, item_id: int, content: ArticleContent) -> bool:
    """Whether ``content`` is the full text of an article of which only a teaser is held."""
    last = history.last_content(connection, item_id) if content.access == "full" else None
    if last is None or last[1].get("access") != "teaser":
        return False
    return len(normalized_words(content.text)) > len(normalized_words(_text(last[1])))


def is_teaser_of(content: ArticleContent, held: Content) -> bool:
    """Whether a page shows less of an article than what is ``held``, because of a wall."""
    if not _may_have_a_wall(content):
        return False
    own, other = normalized_words(content.text), normalized_words(_text(held))
    if len(own) >= len(other):
        return False
    if content.access == "full":
        return len(own) < _SHORTENED * len(other) and _share(own, other) >= _CONTAINED
    if held.get("access") == "teaser":
        return _share(own, other) >= _CONTAINED
    same = normalized_words(content.headline) == normalized_words(held["headline"])
    return same or len(own) < _FEW_WORDS or _share(own, other) >= _RELATED


def note_teaser(writing: Writing, item_id: int, made: Made, held: tuple[int, Content]) -> None:
    """Keep that only a teaser is to be seen: once, and again where its headline changes."""
    number, content = held
    detail = f"revision {number} keeps the fuller text"
    headline = made.article.headline
    if normalized_words(headline) != normalized_words(content["headline"]):
        detail += f"; headline now: {headline}"
    last = writing.connection.execute(_LAST, {"item": item_id}).first()
    if last is None or tuple(last) != ("teaser", detail[:500]):
        history.note(writing.connection, item_id, "teaser", made.fetched_at or writing.now,
                     writing.run_id, detail)  # fmt: skip


def note_full(writing: Writing, item_id: int, made: Made) -> None:
    """Keep that the whole text is to be seen again, where only a teaser was."""
    last = writing.connection.execute(_LAST, {"item": item_id}).first()
    if last is not None and last.kind == "teaser":
        history.note(writing.connection, item_id, "full", made.fetched_at or writing.now,
                     writing.run_id, "the whole text is shown again")  # fmt: skip


def mend(writing: Writing, item_id: int) -> bool:
    """Make the fullest text of an item what it is, where newer revisions are teasers of it.

    These become an event; their captures stay. Returns whether there were any.
    """
    connection = writing.connection
    known = history.contents(connection, item_id)
    held = _fullest(known)
    if held is None:
        return False
    after = connection.execute(
        select(Revision.number, Revision.seen_at, Revision.extractor)
        .where(Revision.item_id == item_id, Revision.number > held).order_by(Revision.number)
    ).all()  # fmt: skip
    made_of = connection.execute(
        select(Revision.extractor, Revision.origin, Revision.seen_at, Revision.capture_id)
        .where(Revision.item_id == item_id, Revision.number == held)
    ).one()  # fmt: skip
    row = connection.execute(
        select(Article.rights, Article.capture_id, Article.first_fetched_at)
        .where(Article.item_id == item_id)
    ).first()  # fmt: skip
    if row is None:
        return False
    connection.execute(delete(Revision).where(Revision.item_id == item_id, Revision.number > held))
    made = Made(article_from_json(known[held]), made_of.extractor, made_of.origin,
                tuple(row.rights or ()))  # fmt: skip
    teaser = Made(article_from_json(known[after[-1].number]), after[-1].extractor,
                  fetched_at=after[0].seen_at)  # fmt: skip
    note_teaser(writing, item_id, teaser, (held, known[held]))
    write(writing, item_id, made, row.capture_id or made_of.capture_id, held,
                   row.first_fetched_at, again=True)  # fmt: skip
    connection.execute(update(Item).where(Item.id == item_id).values(title=made.article.headline))
    return True


def mend_all(connection: Connection, now: datetime) -> int:
    """Mend the items whose newest revision is a teaser of an earlier one; returns how many."""
    # Only those whose access changed, or whose page spoke of a wall, can be such.
    rows = connection.execute(
        select(Item.source_id, Item.id).join(Article, Article.item_id == Item.id)
        .where(Article.revision > 1).order_by(Item.source_id, Item.id)
    ).all()  # fmt: skip
    by_source: dict[int, list[int]] = {}
    for source_id, item_id in rows:
        by_source.setdefault(source_id, []).append(item_id)
    mended = 0
    for source_id, ids in by_source.items():
        for some in chunked(ids):
            writing = Writing(connection, source_id, None, now)
            mended += sum(mend(writing, item_id) for item_id in some)
            writing.finish()
    return mended


def _fullest(known: dict[int, Content]) -> int | None:
    """The revision that all newer ones are teasers of; ``None`` where the newest is none."""
    numbers = sorted(known)
    if not numbers or "name" in known[numbers[-1]]:
        return None
    parsed = {number: article_from_json(known[number]) for number in numbers}
    newest = parsed[numbers[-1]]
    for at in range(len(numbers) - 2, -1, -1):
        held = known[numbers[at]]
        if is_teaser_of(newest, held) and all(
            is_teaser_of(parsed[number], held) for number in numbers[at + 1 :]
        ):
            # An even fuller one may come before it.
            earlier = _fullest({n: known[n] for n in numbers[: at + 1]})
            return numbers[at] if earlier is None else earlier
    return None


def _may_have_a_wall(content: ArticleContent) -> bool:
    return content.access == "teaser" or "access" in content.provenance


def _text(content: Content) -> str:
    blocks: Iterable[dict[str, Any]] = content.get("blocks", ())
    return "\n".join(block["text"] for block in blocks if block["kind"] != "figure")


def _share(own: Sequence[str], other: Sequence[str]) -> float:
    """The share of the sequences of three words of ``own`` that ``other`` has too."""
    first, second = (
        {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} for words in (own, other)
    )
    return len(first & second) / len(first)
