"""Articles that may be none: found by ``is:doubtful``, counted by ``status``, kept in JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from storage.ingest.decide.revisions import changed_fields
from storage.monitoring.status import archive_status
from storage.types.content import article_from_json, to_json
from tests.storage.values import article, new_source, publish

if TYPE_CHECKING:
    from storage.archive import Archive

HOME = "https://herald.example"


@pytest.fixture
def held(archive: Archive) -> Archive:
    source = new_source(archive)
    publish(archive, source, f"{HOME}/sure", article("Sure lantern"))
    looks = {"doubtful": "looks like a forum (0.55)"}
    publish(archive, source, f"{HOME}/thread",
            replace(article("Doubtful lantern"), doubtful=True, provenance=looks))  # fmt: skip
    return archive


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("is:doubtful", ["Doubtful"]),
        ("lantern est:douteux", ["Doubtful"]),
        ("lantern NOT is:doubtful", ["Sure"]),
        ("is:doubtful OR sure", ["Doubtful", "Sure"]),
    ],
)
def test_doubtful_articles_can_be_searched_for(held: Archive, query: str, found: list[str]) -> None:
    assert sorted(hit.headline.split()[0] for hit in held.search(query)) == found


def test_each_hit_says_whether_it_is_doubtful(held: Archive) -> None:
    assert {hit.headline.split()[0]: hit.doubtful for hit in held.search("lantern")} == {
        "Sure": False, "Doubtful": True,
    }  # fmt: skip


def test_status_counts_them(held: Archive) -> None:
    assert archive_status(held, datetime.now(UTC))["doubtful"] == 1


def test_the_mark_is_kept_in_json() -> None:
    one = replace(article("Lantern"), doubtful=True)
    assert article_from_json(json.loads(json.dumps(to_json(one)))).doubtful
    assert not article_from_json(to_json(article("Lantern"))).doubtful


def test_extracting_again_changes_the_mark_and_a_visit_does_not() -> None:
    sure, doubtful = article("Lantern"), replace(article("Lantern"), doubtful=True)
    before, now = to_json(sure), to_json(doubtful)
    before.pop("doubtful", None)
    assert changed_fields(before, now, "reextraction") == ["doubtful"]
    assert changed_fields(before, to_json(sure), "reextraction") == []
    assert changed_fields(before, now) == []
