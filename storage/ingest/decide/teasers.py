"""Keeps the full text of an article that later shows only a teaser. Pure.

Readers, searches and exports use the fullest text. A later teaser becomes an event of the item's
history (``teaser``), and so does the return of the full text (``full``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage.ingest.decide.rows import put_content
from storage.ingest.page import ExtractedPage
from storage.text.normalize import normalized_words
from storage.types.content import Article, article_from_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from storage.ingest.decide.plan import Plan
    from storage.ingest.known import KnownItem
    from storage.text.json_delta import Content

# A page that only may have a wall shows a teaser if it has less than this share of the words that
# are held, and nearly all of its own are among those. Else its publisher shortened it.
_SHORTENED = 0.6
_CONTAINED = 0.8
# A teaser that shares less of its text, under another headline, is another article.
_RELATED = 0.2
# So few words say nothing of what they belong to.
_FEW_WORDS = 20


def held_over(item: KnownItem, page: ExtractedPage) -> tuple[int, Content] | None:
    """Return the revision (number, content) of which a page is only a teaser, if any."""
    if not isinstance(page.content, Article) or not _may_have_a_wall(page.content):
        return None
    last = item.history.last()
    if last is None or "name" in last[1]:
        return None
    return last if is_teaser_of(page.content, last[1]) else None


def is_fuller(item: KnownItem, content: Article) -> bool:
    """Return whether ``content`` is the full text of an article stored as a teaser."""
    last = item.history.last() if content.access == "full" else None
    if last is None or last[1].get("access") != "teaser":
        return False
    return len(normalized_words(content.text)) > len(normalized_words(text_of(last[1])))


def is_teaser_of(content: Article, held: Content) -> bool:
    """Return whether a page shows less of an article than ``held``, because of a wall."""
    if not _may_have_a_wall(content):
        return False
    own, other = normalized_words(content.text), normalized_words(text_of(held))
    if len(own) >= len(other):
        return False
    if content.access == "full":
        return len(own) < _SHORTENED * len(other) and _share(own, other) >= _CONTAINED
    if held.get("access") == "teaser":
        return _share(own, other) >= _CONTAINED
    same = normalized_words(content.headline) == normalized_words(held["headline"])
    return same or len(own) < _FEW_WORDS or _share(own, other) >= _RELATED


def note_teaser(
    plan: Plan, item: KnownItem, page: ExtractedPage, held: tuple[int, Content]
) -> None:
    """Add a teaser event: once, and again if the headline changes."""
    number, content = held
    detail = f"revision {number} keeps the fuller text"
    headline = page.article.headline
    if normalized_words(headline) != normalized_words(content["headline"]):
        detail += f"; headline now: {headline}"
    if item.wall is None or (item.wall.kind, item.wall.detail) != ("teaser", detail[:500]):
        plan.note(item, "teaser", detail, page.fetched_at)


def note_full(plan: Plan, item: KnownItem, page: ExtractedPage) -> None:
    """Add an event for the return of the full text, if the last one was a teaser."""
    if item.wall is not None and item.wall.kind == "teaser":
        plan.note(item, "full", "the whole text is shown again", page.fetched_at)


def fuller_content(item: KnownItem) -> Article | None:
    """Return the content of which all newer revisions are teasers; ``None`` if there is none."""
    contents = item.history.contents()
    held = None if item.article is None else _fullest(contents)
    return None if held is None else article_from_json(contents[held])


def restore_fuller(plan: Plan, item: KnownItem) -> bool:
    """Make the fullest text of an item current again, if all newer revisions are teasers of it.

    The teasers become an event; their captures stay. Returns whether there were any.
    """
    contents, article = item.history.contents(), item.article
    held = _fullest(contents)
    if held is None or article is None:
        return False
    by_number = {one.number: one for one in item.history.revisions}
    after = [one for one in item.history.revisions if one.number > held]
    made_of = by_number[held]
    page = ExtractedPage(
        article_from_json(contents[held]), made_of.extractor, made_of.origin, article.rights
    )
    teaser = ExtractedPage(
        article_from_json(contents[after[-1].number]),
        after[-1].extractor,
        fetched_at=after[0].seen_at,
    )
    plan.cut_history(item, held)
    note_teaser(plan, item, teaser, (held, contents[held]))
    capture_id = article.capture_id or made_of.capture_id
    put_content(plan, item, page, capture_id, held, article.first_fetched_at)
    item.title = page.article.headline
    plan.changed(item)
    return True


def _fullest(known: dict[int, Content]) -> int | None:
    """Return the revision of which all newer ones are teasers, or ``None``."""
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


def _may_have_a_wall(content: Article) -> bool:
    return content.access == "teaser" or "access" in content.provenance


def text_of(content: Content) -> str:
    """Return the text of a content in JSON form."""
    blocks: Iterable[dict[str, Any]] = content.get("blocks", ())
    return "\n".join(block["text"] for block in blocks if block["kind"] != "figure")


def _share(own: Sequence[str], other: Sequence[str]) -> float:
    """Return the share of 3-word shingles of ``own`` that ``other`` contains."""
    first, second = (
        {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} for words in (own, other)
    )
    return len(first & second) / len(first)
