"""Searching: the same answers on both databases, marked snippets, no query that breaks it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unicodedata import category

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from storage.crawl.frontier import next_tasks
from storage.errors import BadQuery, UnknownSource
from storage.models import Article
from storage.text.tokens import PrefixWordFinder, fold, tokenize, word_spans
from storage.types.content import StatedTimestamp
from storage.types.endpoints import Announcement
from tests.profiles import examples
from tests.storage.values import NOW, article, new_source, stored, task_for

if TYPE_CHECKING:
    from storage.archive import Archive

TEXTS = {
    "hospital": ("L'hôpital ouvre", "L’e-santé à l'hôpital : un décret paraît.", 3),
    "ferry": ("The ferry bell", "The bell of the ferry rang; ferries need bells.", 2),
    "tokyo": ("東京の港", "港は朝から開いている。東京湾の船が着いた。", 1),
    "russia": ("Новости порта", "В порту открыли новый причал, сообщает ведомство.", 4),
}


def _filled(archive: Archive) -> None:
    source_id = new_source(archive)
    outcomes = []
    for name, (headline, text, day) in TEXTS.items():
        task = task_for(archive, source_id, f"https://herald.example/{name}")
        moment = StatedTimestamp(datetime(2026, 3, day, 8, 0, tzinfo=UTC))
        outcomes.append(stored(task, article(headline, text, published=moment)))
    archive.record(source_id, None, outcomes, NOW)


def _found(archive: Archive, query: str, **how: object) -> list[str]:
    hits = archive.search(query, **how)  # type: ignore[arg-type]
    return [hit.url.rpartition("/")[2] for hit in hits]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("hôpital", {"hospital"}), ("HOPITAL", {"hospital"}), ("l'hôpital", {"hospital"}),
        ("e-santé", {"hospital"}), ("esanté", {"hospital"}), ("esant", set()), ("decret hopital", {"hospital"}),
        ('"bell of the ferry"', {"ferry"}), ('"ferry of the bell"', set()),
        ("ferr*", {"ferry"}), ("bell -rang", set()), ("bell -hopital", {"ferry"}),
        ("東京", {"tokyo"}), ("東湾", set()), ("причал", {"russia"}), ("ПРИЧАЛ", {"russia"}),
    ],
)  # fmt: skip
def test_both_databases_answer_alike(archive: Archive, query: str, names: set[str]) -> None:
    _filled(archive)
    assert set(_found(archive, query)) == names


def test_newest_first_and_limits_of_time(archive: Archive) -> None:
    _filled(archive)
    everything = "ferry* "
    assert _found(archive, everything, sort="newest") == ["ferry"]
    assert _found(archive, "bell", since=datetime(2026, 3, 3, tzinfo=UTC)) == []
    assert _found(archive, "bell", until=datetime(2026, 3, 3, tzinfo=UTC)) == ["ferry"]
    assert _found(archive, "bell", source="herald") == ["ferry"]
    with pytest.raises(UnknownSource, match="did you mean herald"):
        _found(archive, "bell", source="heral")


def test_a_headline_weighs_more_than_the_text(archive: Archive) -> None:
    source_id = new_source(archive)
    filler = "Many other words stand here about the market and the school and the river."
    pages = {
        "in-text": article("Another thing", f"{filler} The lantern hangs there. {filler}"),
        "in-headline": article(
            "The lantern",
            "Some words of its own say where it came from, "
            "who lit it first, and why nobody looked up at it for years.",
        ),
    }
    archive.record(
        source_id, None,
        [stored(task_for(archive, source_id, f"https://herald.example/{name}"), content)
         for name, content in pages.items()], NOW,
    )  # fmt: skip
    assert _found(archive, "lantern") == ["in-headline", "in-text"]


def test_the_snippet_shows_the_words_and_marks_them(archive: Archive) -> None:
    _filled(archive)
    (hit,) = archive.search("decret")
    assert [hit.snippet[start:end] for start, end in hit.marks] == ["décret"]


NAUGHTY = ["NEAR(", "a AND", "OR", "col:x", "^a", "a^b", "'; DROP TABLE items; --", "{x}", "*",
           "a*b*", "!a", "a & | b", ":*", "<->", "\\", "%", "a\x00b", "\ud800x", "ﬁn", "İ"]  # fmt: skip


@pytest.mark.parametrize("query", NAUGHTY)
def test_no_query_reaches_the_database_as_syntax(archive: Archive, query: str) -> None:
    _filled(archive)
    try:
        list(archive.search(query))
    except BadQuery:
        return


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=40))
def test_any_text_is_searched_or_refused(archive: Archive, query: str) -> None:
    try:
        list(archive.search(query))
    except BadQuery:
        return


@given(st.text())
def test_tokens_are_letters_digits_and_their_marks_only(text: str) -> None:
    for token in tokenize(text):
        assert token[0].isalnum() or category(token[0])[0] == "M"
        assert all(c.isalnum() or category(c)[0] == "M" for c in token)


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_of_duplicates_one_is_shown_and_the_others_on_request(archive: Archive) -> None:
    """The leading one where it is found too; counted by source."""
    herald = new_source(archive)
    mirror = new_source(archive, "mirror", "https://mirror.example/")
    text = " ".join(f"word{n}" for n in range(80))
    early = StatedTimestamp(datetime(2026, 3, 1, 8, 0, tzinfo=UTC))
    ids = {}
    for name, source, content in (
        ("copy", herald, article("The lantern lantern lantern", f"{text} lantern lantern")),
        ("first", mirror, article("A lamp", f"{text} lantern", published=early)),
        ("other", herald, article("Of another lantern", "Something else of a lantern. " * 10)),
    ):
        home = "https://herald.example" if source == herald else "https://mirror.example"
        task = task_for(archive, source, f"{home}/{name}")
        ids[name] = archive.record(source, None, [stored(task, content)], NOW)[0].item_id
    shown = list(archive.search("lantern"))
    assert sorted(hit.id for hit in shown) == sorted([ids["first"], ids["other"]])
    leading = next(hit for hit in shown if hit.id == ids["first"])
    assert (leading.copies, leading.leading) == (("herald",), ids["first"])
    every = list(archive.search("lantern", duplicates=True))
    assert len(every) == 3
    # Where the leading one is not among those looked for, another stands for the cluster.
    (alone, _) = archive.search("lantern", source="herald")
    assert alone.id in (ids["copy"], ids["other"])
    assert len(list(archive.search("lantern", limit=1))) == 1


@given(
    st.text(
        alphabet=st.sampled_from("ab AÉé-'_東京x1\n.æÆœạаб×\u0301\u00ad한क\u093e"), max_size=60
    ),
    st.frozensets(
        st.sampled_from(
            ["a", "b", "e", "東", "1", "x", "б", "аб", "ae", "ab", "oe", "ea", "1x", "xx"]
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_words_beginning_so_are_the_tokens_of_a_text_that_do(
    text: str, beginnings: frozenset[str]
) -> None:
    found = list(PrefixWordFinder(beginnings)(text))
    every = {tuple(place): fold(word) for word, *place in word_spans(text) if fold(word)}
    assert all(text[start:end] == word and (start, end) in every for word, start, end in found)
    wanted = tuple(beginnings)
    assert [place for _, *place in found if every[tuple(place)].startswith(wanted)] == [
        list(place) for place, token in every.items() if token.startswith(wanted)
    ]


def test_any_number_of_articles_may_be_of_one_second(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where only days are known: thousands at midnight. So few fill several looks here.
    monkeypatch.setattr("storage.search.index.store._SECONDS_PER_LOOK", 1)
    monkeypatch.setattr("storage.search.index.keys.SLOTS", 16)
    source = new_source(archive)
    moment = StatedTimestamp(datetime(2026, 3, 9, tzinfo=UTC), day_only=True)
    for first in range(0, 300, 50):
        archive.add_announcements(
            source, [Announcement(f"https://herald.example/{n}") for n in range(first, first + 50)], NOW
        )  # fmt: skip
        with archive.reading() as session:
            tasks = next_tasks(session, source, NOW, count=50)
        archive.record(
            source, None,
            [stored(task, article(f"Story {task.url}", published=moment)) for task in tasks], NOW,
        )  # fmt: skip
    with archive.reading() as session:
        keys = list(session.scalars(select(Article.search_key)))
    assert len(set(keys)) == len(keys) == 300
    assert archive.search("story").total() == 300
