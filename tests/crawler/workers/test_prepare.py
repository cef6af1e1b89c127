"""What a worker hands over: clean, with what the archive derives of it, and of nothing else."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.article import Extraction
from crawler.extraction.clean import clean_article
from crawler.pipelines.clean import CleanPipeline
from crawler.workers.prepare import PreparedExtraction, prepare_extraction
from storage.ingest.derived import Deriving
from storage.types.content import Article, Block, Entry
from storage.types.pages import PageStored, Task
from tests.pages import sentences
from tests.storage.values import capture

URL = "https://herald.example/news/1/a-story"


def page(made: PreparedExtraction, content: Article | None = None) -> PageStored:
    found = content or made.article or made.entry
    assert found is not None
    return PageStored(
        Task(URL, "article", 0), (URL,), capture(URL), found, "test-1", derived=made.derived
    )


def over_there(made: PreparedExtraction) -> PreparedExtraction:
    """As it comes out of a worker."""
    again: PreparedExtraction = pickle.loads(pickle.dumps(made))  # noqa: S301
    return again


@given(
    st.text(max_size=30), st.lists(st.text(max_size=80), max_size=4), st.none() | st.text(max_size=20),
    st.sampled_from([None, "fr", "en", "ja", "xx"]),
)  # fmt: skip
def test_what_a_worker_derives_is_what_the_archive_would(
    headline: str, texts: list[str], standfirst: str | None, language: str | None
) -> None:
    long = tuple(Block("paragraph", text) for text in (*texts, *sentences(len(texts), 3)))
    article = Article(headline, long, standfirst=standfirst, language=language)
    made = over_there(prepare_extraction(Extraction("article", article=article)))
    assert made.article == clean_article(article)
    assert made.derived is not None
    assert made.article is not None
    here, there = Deriving(made.article), Deriving(made.article, made.derived)
    assert (there.word_count, there.digest, there.texts) == (
        here.word_count, here.digest, here.texts,
    )  # fmt: skip
    assert here.signed is not None
    assert there.signed is not None
    assert there.signed.signature == here.signed.signature
    assert there.signed.bands == here.signed.bands
    assert np.array_equal(there.signed.hashes, here.signed.hashes)


def test_what_was_derived_holds_until_the_content_is_another() -> None:
    article = Article("The bell", (Block("paragraph", "It rang  twice."),), language="en")
    made = over_there(prepare_extraction(Extraction("article", article=article)))
    assert made.article is not None
    outcome = page(made)
    assert outcome.is_derived
    assert CleanPipeline().process_item(outcome) is outcome
    known = page(made, dataclasses.replace(made.article, canonical_url=None, tags=("a",)))
    assert not known.is_derived
    assert made.derived is not None
    assert made.derived.holds_of(known.content)
    changed = page(made, dataclasses.replace(made.article, headline="The  horn"))
    assert not changed.is_derived
    cleaned = CleanPipeline().process_item(changed)
    assert cleaned.content.headline == "The horn"
    assert Deriving(cleaned.content, cleaned.derived).texts.headline == "the horn"


def test_entries_and_what_is_no_item_are_handed_over_too() -> None:
    entry = prepare_extraction(Extraction("entry", entry=Entry(" Ann  Lee ", "person")))
    assert entry.entry is not None
    assert entry.entry.name == "Ann Lee"
    assert entry.derived is not None
    assert entry.derived.texts is None
    assert prepare_extraction(Extraction("listing", "it lists")).derived is None
