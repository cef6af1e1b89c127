"""Deciding needs no database: known state and outcomes go in, the intended change comes out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storage.ingest.change import IngestBatch
from storage.ingest.decide.outcomes import decide
from storage.ingest.decide.plan import Plan
from storage.ingest.known import Known
from storage.ingest.page import StoredPage
from storage.types.content import Link
from storage.types.pages import Task
from tests.pages import sentences
from tests.storage.values import NOW, article, stored

HOME = "https://herald.example"
# (URL, text, linked URL, relation) of pages that nothing is known of.
PAGES = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(0, 5),
        st.integers(0, 8),
        st.sampled_from(["related", "further", "entry"]),
    ),
    max_size=8,
)


def url(number: int) -> str:
    return f"{HOME}/news/{number}/a-story-of-some-kind"


def page(address: int, text: int, linked: int, relation: str) -> StoredPage:
    content = article(
        f"Headline {text}",
        *sentences(text, 4),
        links=(Link(url(linked), relation, f"Story {linked}"),),  # type: ignore[arg-type]
    )
    return StoredPage.of(stored(Task(url(address), "article", 0), content))


def planned(pages: list[tuple[int, int, int, str]]) -> tuple[Plan, list[str]]:
    plan = Plan(Known(), IngestBatch(1, None, NOW))
    return plan, [decide(plan, page(*one)).verdict for one in pages]


@given(pages=PAGES)
def test_a_change_refers_only_to_what_is_known_or_made(
    pages: list[tuple[int, int, int, str]],
) -> None:
    plan, _ = planned(pages)
    change = plan.change
    made = set(change.created) | set(change.absorbed)
    assert len({(item.kind, item.identity) for item in change.created.values()}) == len(
        change.created
    )
    assert len({row["key"] for row in change.addresses}) == len(change.addresses)
    assert {row["item_id"] for row in change.addresses} <= made
    assert set(change.articles) <= set(change.created)
    captures = {row["number"] for row in change.captures}
    assert {row["capture_id"] for row in change.revisions} <= captures
    for pointers in change.pointers.values():
        assert {row["target_id"] for row in pointers.links} - {None} <= made


@given(pages=PAGES)
def test_a_second_time_nothing_is_new(pages: list[tuple[int, int, int, str]]) -> None:
    # Each URL says the same both times.
    once = list({one[0]: one for one in pages}.values())
    plan, _ = planned(once)
    made, revisions = len(plan.change.created), len(plan.change.revisions)
    again = [decide(plan, page(*one)).verdict for one in once]
    assert set(again) <= {"unchanged", "duplicate"}
    assert (len(plan.change.created), len(plan.change.revisions)) == (made, revisions)


def test_a_link_leads_to_a_later_page_of_its_batch() -> None:
    plan, verdicts = planned([(0, 0, 1, "related"), (1, 1, 2, "further")])
    assert verdicts == ["new", "new"]
    target = plan.known.at["herald.example/news/1/a-story-of-some-kind"]
    assert target.state == "stored"
    first = plan.change.pointers[plan.known.at["herald.example/news/0/a-story-of-some-kind"].id]
    assert first.links[0]["target_id"] == target.id
