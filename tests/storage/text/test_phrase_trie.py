"""Names in plain text: the longest, whole words, case minded; ambiguous ones left alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import UnknownItem
from storage.jobs.name_mentions import link_names
from storage.queries import items
from storage.queries.directory import find_entries
from storage.text.phrase_trie import KnownName, NameTrie, resolve_entry
from storage.types.content import Entry, Link
from tests.storage.values import NOW, article, new_source, stored, task_for

if TYPE_CHECKING:
    from storage.archive import Archive

HOME = "https://herald.example"
KNOWN = (
    KnownName(1, 1, "Anne Morel"), KnownName(2, 1, "Port du Nord"), KnownName(3, 1, "Port du Nord Ouest"),
    KnownName(4, 1, "PNQ"), KnownName(5, 1, "Élan"), KnownName(6, 1, "le quai"),
    KnownName(7, 1, "Jean Le Goff"), KnownName(8, 1, "Jean Le Goff"), KnownName(9, 2, "Anne Morel"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Selon Anne Morel, tout va bien.", ["Anne Morel"]),
        ("Anne Morel parle.", ["Anne Morel"]),
        ("Le Port du Nord Ouest et le Port du Nord.", ["Port du Nord Ouest", "Port du Nord"]),
        ("au port du nord, on attend", []),
        ("Anne Morelle et Joanne Morel", []),
        ("Le PNQ et les PNQs", ["PNQ"]),
        # One word that begins a sentence is no name; within it, it is.
        ("Élan de générosité. Élan encore.", []),
        ("La revue Élan paraît", ["Élan"]),
        ("La revue Elan paraît", ["Elan"]),
        ("le quai est fermé", []),
    ],
)
def test_names_in_a_text(text: str, found: list[str]) -> None:
    assert [text[hit.start : hit.end] for hit in NameTrie(KNOWN).find(text)] == found


def test_a_name_of_several_entries_means_nobody_unless_the_source_has_one() -> None:
    names = NameTrie(KNOWN)
    (goff,) = names.find("Selon Jean Le Goff")
    assert resolve_entry(goff, 1) is None
    (anne,) = names.find("Selon Anne Morel")
    assert [(known := resolve_entry(anne, source)) and known.item_id for source in (1, 2, 3)] == [
        1,
        9,
        None,
    ]


@given(st.text(max_size=200))
def test_any_text_is_searched_and_no_hit_lies_over_another(text: str) -> None:
    last = 0
    for hit in NameTrie(KNOWN).find(f"{text} Anne Morel {text}"):
        assert last <= hit.start < hit.end
        last = hit.end


def test_articles_join_the_directory_by_name_whichever_comes_first(archive: Archive) -> None:
    source, other = new_source(archive), new_source(archive, "tribune", "https://tribune.example/")

    def put(where: int, url: str, content: object) -> None:
        task = task_for(archive, where, url)
        archive.record(where, None, [stored(task, content)], NOW)  # type: ignore[arg-type]

    early = f"{HOME}/news/1/an-early-story"
    put(source, early, article("Early", "Hier, selon Anne Morel, le quai a rouvert aux bateaux."))
    put(source, f"{HOME}/people/anne-morel", Entry("Anne Morel", "person", aliases=("A. Morel",)))
    late = "https://tribune.example/news/2/a-late-story"
    put(
        other, late, article("Late", "La directrice Anne Morel a parlé du quai à la presse locale.")
    )
    assert link_names(archive, source, NOW, 0) == (2, 0)
    assert link_names(archive, other, NOW, 0) == (0, 0)
    entry = find_entries(archive, "anne morel")[0]
    assert {a["title"] for a in entry["articles"]} == {"Early", "Late"}
    assert find_entries(archive, "MOREL")[0]["id"] == entry["id"]
    mention = items.read_item(archive, items.find_item(archive, early))["mentions"][0]
    assert (mention["anchor"], mention["kind"], mention["item"]) == (
        "Anne Morel",
        "person",
        entry["id"],
    )
    with pytest.raises(UnknownItem):
        find_entries(archive, "nobody at all")


def test_a_linked_name_is_not_joined_again(archive: Archive) -> None:
    source = new_source(archive)
    url = f"{HOME}/people/anne-morel"
    task = task_for(archive, source, f"{HOME}/news/3/a-story")
    content = article(
        "Story",
        "Hier, selon Anne Morel, le quai a rouvert.",
        links=(Link(url, "entry", "Anne Morel"),),
    )
    archive.record(source, None, [stored(task, content)], NOW)
    link_names(archive, source, NOW, 0)
    assert link_names(archive, source, NOW, 0) == (0, 0)
    assert [a["title"] for a in find_entries(archive, "Anne Morel")[0]["articles"]] == ["Story"]


def test_two_crawls_join_the_same_names_once(archive: Archive) -> None:
    """Both ends of a race write what one alone would: nothing twice, nothing failed."""
    source = new_source(archive)
    person = task_for(archive, source, f"{HOME}/people/morel", kind="entry")
    pages = [task_for(archive, source, f"{HOME}/{n}") for n in range(40)]
    archive.record(source, None, [stored(person, Entry("Anne Morel", "person"))], NOW)
    archive.record(
        source, None,
        [stored(page, article(f"Story {n}", f"On day {n}, Anne Morel spoke at the quay."))
         for n, page in enumerate(pages)],
        NOW,
    )  # fmt: skip
    gate = Barrier(4)

    def join() -> tuple[int, int]:
        gate.wait()
        return link_names(archive, source, NOW, 0)

    with ThreadPoolExecutor(4) as pool:
        done = [future.result() for future in [pool.submit(join) for _ in range(4)]]
    assert sum(added for added, _ in done) == 40
    (entry,) = find_entries(archive, "Anne Morel")
    assert len(entry["articles"]) == 40
