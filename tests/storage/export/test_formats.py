"""Each format read back by another's reader."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import json
import re
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
import rispy
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pybtex.database import parse_string
from warcio.archiveiterator import ArchiveIterator

from storage.crawl.endpoints import add_endpoints
from storage.errors import BadQuery, UnknownSource
from storage.export import corpora, references, tables
from storage.export.articles import ExportedArticle
from storage.export.formats import export
from storage.export.names import FORMATS
from storage.models import Article, Capture
from storage.search.results.compiled_search import Filter
from storage.types.content import Block, Cell, StatedTimestamp, to_json
from storage.types.endpoints import FoundEndpoint
from tests.storage.values import NOW, article, new_source, publish

if TYPE_CHECKING:
    from storage.archive import Archive

HOME = "https://herald.example"
PARIS = timezone(timedelta(hours=2))
PUBLISHED = StatedTimestamp(datetime(2026, 3, 9, 8, 30, tzinfo=PARIS))
# Tokens that break what is careless: markup, quotes, formulas, TeX, stars, other scripts.
HEADLINE = '=SUM(A1) & <b>"l\'été"</b> {100 %} _€_ \\ 東京'


@pytest.fixture
def held(archive: Archive) -> Archive:
    source = new_source(archive)
    archive.write(lambda s: add_endpoints(
        s, source, [FoundEndpoint(f"{HOME}/rss?a=1&b=2", "feed", "All & more")], NOW))  # fmt: skip
    blocks = (
        Block("heading", "A heading", 2), Block("paragraph", "**** First, <i>with signs</i> & more."),
        Block("list_item", "One", 1), Block("list_item", "Two", 1), Block("quote", "« Said »"),
        Block("figure", "A picture", media=f"{HOME}/p.png"), Block("paragraph", "*second* text"),
    )  # fmt: skip
    first = article(
        HEADLINE, standfirst="What it is about", byline=("Anne Morel", "Zoë O'Hara"),
        section="Économie", tags=("port", "électricité"), language="fr", published=PUBLISHED,
        dateline_place="Brest", number="42", kind="Dépêche",
    )  # fmt: skip

    publish(archive, source, f"{HOME}/a?x=1&y={{2}}", dataclasses.replace(first, blocks=blocks))
    publish(archive, source, f"{HOME}/b", article("Plain", "Nothing of note, at some length."))
    return archive


def _written(archive: Archive, form: str, query: str = "", **where: Any) -> bytes:
    out = io.BytesIO()
    done = export(archive, form, query, Filter(**where), out)
    assert done.count > 0
    return out.getvalue()


def test_json_lines(held: Archive) -> None:
    first, second = (json.loads(line) for line in _written(held, "jsonl").splitlines())
    assert (first["headline"], second["headline"]) == (HEADLINE, "Plain")
    assert first["published"] == "2026-03-09T08:30:00+02:00"
    assert [b["kind"] for b in first["blocks"]][:2] == ["heading", "paragraph"]
    assert (first["number"], first["tags"]) == ("42", ["port", "électricité"])


def test_csv_is_read_back_and_no_cell_is_a_formula(held: Archive) -> None:
    rows = list(csv.DictReader(io.StringIO(_written(held, "csv").decode("utf-8-sig"))))
    assert rows[0]["headline"] == f"'{HEADLINE}"
    assert rows[0]["byline"] == "Anne Morel; Zoë O'Hara"
    assert rows[1]["url"] == f"{HOME}/b"


@given(st.text(max_size=20))
def test_no_cell_begins_as_a_formula_does(value: str) -> None:
    cell = tables._cell(value)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'") == value.removeprefix("'") or cell == value


def test_parquet(held: Archive) -> None:
    table = pq.read_table(io.BytesIO(_written(held, "parquet")))
    rows = table.to_pylist()
    assert rows[0]["byline"] == ["Anne Morel", "Zoë O'Hara"]
    assert rows[0]["published"] == PUBLISHED.at
    assert str(table.schema.field("published").type) == "timestamp[us, tz=UTC]"


def test_ris(held: Archive) -> None:
    first, second = rispy.loads(_written(held, "ris").decode())
    assert first["title"] == HEADLINE
    assert first["authors"] == ["Anne Morel", "Zoë O'Hara"]
    assert (first["type_of_reference"], first["year"], first["date"]) == (
        "NEWS", "2026", "2026/03/09",
    )  # fmt: skip
    assert first["keywords"] == ["port", "électricité"]
    assert second["urls"] == [f"{HOME}/b"]


def test_bibtex(held: Archive) -> None:
    found = parse_string(_written(held, "bibtex").decode(), "bibtex")
    first = found.entries["dateline-1"]
    assert first.fields["year"] == "2026"
    assert r"\{100 \%\} \_€\_ \textbackslash{} 東京" in first.fields["title"]
    assert [str(p) for p in first.persons["author"]] == ["{Anne Morel}", "{Zoë O'Hara}"]
    assert first.fields["url"] == f"{HOME}/a?x=1&y=%7B2%7D"


_SIGNS = st.text(alphabet=st.sampled_from("aé {}%&#_$~^\\\"'@,=\n\x00"), max_size=30)


@given(_SIGNS, st.lists(_SIGNS.filter(lambda name: name.split("\x00") and name.strip(" \n\x00")),
                        max_size=3))  # fmt: skip
def test_any_text_goes_through_bibtex_and_ris(value: str, names: list[str]) -> None:
    one = dataclasses.replace(next(_many(1)), headline=f"a{value}", byline=names, tags=[])
    said = [" ".join(text.replace("\x00", " ").split()) for text in (f"a{value}", *names)]
    out = io.BytesIO()
    references.write_bibtex([one], out)
    (entry,) = parse_string(out.getvalue().decode(), "bibtex").entries.values()
    # Tokens that stand for others must not be read twice: those with letters first.
    back = re.compile(r"\\text[a-z]+\{\}|\\(.)")
    signs = {tex: sign for sign, tex in {**references._SPECIAL}.items()}
    signs |= {tex: sign for sign, tex in references._LONE.items()}
    read = [entry.fields["title"], *(str(name) for name in entry.persons.get("author", ()))]
    assert [back.sub(lambda m: signs[m[0]], text[1:-1]) for text in read] == said
    out = io.BytesIO()
    references.write_ris([one], out)
    (entry,) = rispy.loads(out.getvalue().decode())
    assert [entry["title"], *entry.get("authors", ())] == said


def test_iramuteq(held: Archive) -> None:
    texts = _written(held, "iramuteq").decode().split("**** ")[1:]
    assert len(texts) == 2
    stars, *lines = texts[0].splitlines()
    assert stars == ("*id_1 *source_herald *date_2026-03-09 *year_2026 *month_2026-03 "
                     "*language_fr *section_Economie *kind_Depeche")  # fmt: skip
    assert "First, <i>with signs</i> & more." in lines


def test_txm(held: Archive) -> None:
    with zipfile.ZipFile(io.BytesIO(_written(held, "txm"))) as packed:
        assert packed.namelist() == ["dateline-1.xml", "dateline-2.xml", "metadata.csv"]
        root = etree.fromstring(packed.read("dateline-1.xml"))
        assert (root.tag, root.get("title"), root.get("date")) == ("text", HEADLINE, "2026-03-09")
        rows = list(csv.DictReader(io.StringIO(packed.read("metadata.csv").decode())))
        assert [row["id"] for row in rows] == ["dateline-1", "dateline-2"]


def test_tei_is_valid(held: Archive) -> None:
    from tests.storage.export.tei_schema import SCHEMA

    root = etree.fromstring(_written(held, "tei"))
    schema = etree.RelaxNG(etree.fromstring(SCHEMA))
    schema.assertValid(root)
    names = {"t": "http://www.tei-c.org/ns/1.0"}
    assert root.xpath("//t:TEI[1]//t:titleStmt/t:title/text()", namespaces=names) == [HEADLINE]
    assert root.xpath("//t:TEI[1]//t:item/text()", namespaces=names) == ["One", "Two"]


def test_tei_holds_rows_definitions_and_sources() -> None:
    from storage.export.corpora import _tei_blocks

    row = Block("table", "A | 1", level=1, cells=(Cell(0, 1, header=True, rows=2), Cell(4, 5)))
    at = StatedTimestamp(datetime(2026, 3, 5, 9, 30, tzinfo=UTC))
    blocks = (row, dataclasses.replace(row, level=0), row, Block("term", "T"), Block("definition", "D"),
              Block("quote", "Q", source="https://post.example/1"), Block("list_item", "L", 1, at=at))  # fmt: skip
    cells = '<row><cell role="label" rows="2">A</cell><cell>1</cell></row>'
    assert _tei_blocks(to_json(blocks)).split("\n") == [
        f"<table>{cells * 2}</table>", f"<table>{cells}</table>",
        "<list><item>T</item><item>D</item></list>",
        '<quote source="https://post.example/1">Q</quote>',
        '<p rend="entry">2026-03-05T09:30:00+00:00</p>', "<list><item>L</item></list>",
    ]  # fmt: skip


def test_a_corpus_of_nothing_is_valid_too(held: Archive) -> None:
    from tests.storage.export.tei_schema import SCHEMA

    out = io.BytesIO()
    assert export(held, "tei", "nowhere", Filter(), out).count == 0
    etree.RelaxNG(etree.fromstring(SCHEMA)).assertValid(etree.fromstring(out.getvalue()))


def test_ninjs(held: Archive) -> None:
    first, _ = json.loads(_written(held, "ninjs"))
    assert first["headlines"] == [{"value": HEADLINE}]
    assert first["firstcreated"] == "2026-03-09T08:30:00+02:00"
    assert first["by"] == "Anne Morel, Zoë O'Hara"
    assert first["standard"] == {"name": "ninjs", "version": "2.1"}


def test_warc(held: Archive) -> None:
    records = [
        (r.rec_type, r.rec_headers.get_header("WARC-Target-URI"), r.content_stream().read())
        for r in ArchiveIterator(io.BytesIO(_written(held, "warc")), check_digests="raise")
    ]
    kinds = [kind for kind, _, _ in records]
    assert kinds == ["warcinfo", *["response", "request", "metadata"] * 2]
    bodies = {url: body for kind, url, body in records if kind == "response"}
    assert b"Nothing of note" in bodies[f"{HOME}/b"]


def test_wacz(held: Archive) -> None:
    with zipfile.ZipFile(io.BytesIO(_written(held, "wacz"))) as packed:
        package = json.loads(packed.read("datapackage.json"))
        assert {r["path"] for r in package["resources"]} == {
            "archive/data.warc.gz", "indexes/index.cdx.gz", "indexes/index.idx",
            "pages/pages.jsonl",
        }  # fmt: skip
        warc = packed.read("archive/data.warc.gz")
        index = packed.read("indexes/index.cdx.gz")
        _, lookup = packed.read("indexes/index.idx").decode().splitlines()
        place = json.loads(lookup.split(" ", 2)[2])
        assert (place["offset"], place["length"]) == (0, len(index))
        for line in gzip.decompress(index).decode().splitlines():
            key, moment, fields = line.split(" ", 2)
            row = json.loads(fields)
            assert key.startswith("example,herald)/")
            assert moment == "20260310120000"
            start, length = int(row["offset"]), int(row["length"])
            (record,) = ArchiveIterator(io.BytesIO(warc[start : start + length]))
            assert record.rec_headers.get_header("WARC-Target-URI") == row["url"]
        pages = packed.read("pages/pages.jsonl").decode().splitlines()
        assert json.loads(pages[0])["hasText"] is True
        said = {page["url"]: page for page in map(json.loads, pages[1:])}
        assert said[f"{HOME}/b"]["title"] == "Plain"
        assert said[f"{HOME}/b"]["text"] == "Nothing of note, at some length."
        assert said[f"{HOME}/b"]["ts"] == "2026-03-10T12:00:00Z"


def test_a_warc_says_who_made_it(held: Archive) -> None:
    first = next(iter(ArchiveIterator(io.BytesIO(_written(held, "warc")))))
    said = dict(line.split(": ", 1) for line in first.content_stream().read().decode().splitlines())
    assert set(said) == {"software", "format", "conformsTo", "robots", "hostname", "operator"}
    assert said["format"] == "WARC File Format 1.1"


@pytest.fixture
def bare(archive: Archive) -> Archive:
    """One article without a date, first captured on 10 March 2026."""
    source = new_source(archive)
    publish(archive, source, f"{HOME}/bare", article("Bare", published=None))
    return archive


def test_a_reference_without_a_date_has_no_date(bare: Archive) -> None:
    (ris,) = rispy.loads(_written(bare, "ris").decode())
    assert not {"year", "date", "publication_year"} & set(ris)
    assert ris["access_date"] == "2026/03/10"
    fields = parse_string(_written(bare, "bibtex").decode(), "bibtex").entries["dateline-1"].fields
    assert fields["year"] == "n.d."
    assert fields["urldate"] == "2026-03-10"
    assert not {"date", "month"} & set(fields)


def test_a_text_without_a_date_has_no_date(bare: Archive) -> None:
    stars = _written(bare, "iramuteq").decode().splitlines()[0]
    assert "*archived_2026-03-10" in stars
    assert not any(f"*{name}_" in stars for name in ("date", "year", "month"))
    with zipfile.ZipFile(io.BytesIO(_written(bare, "txm"))) as packed:
        (row,) = csv.DictReader(io.StringIO(packed.read("metadata.csv").decode()))
    assert (row["date"], row["year"], row["archived"]) == ("n.d.", "n.d.", "2026-03-10")
    names = {"t": "http://www.tei-c.org/ns/1.0"}
    (tei,) = etree.fromstring(_written(bare, "tei")).xpath(
        "//t:publicationStmt/t:date", namespaces=names
    )
    assert (tei.text, tei.get("when")) == ("n.d.", None)
    (ninjs,) = json.loads(_written(bare, "ninjs"))
    assert "firstcreated" not in ninjs
    for form in ("jsonl", "csv"):
        assert b"2026-03-10T12:00:00+00:00" in _written(bare, form)
    assert json.loads(_written(bare, "jsonl"))["published"] is None
    assert export(bare, "jsonl", "", Filter(since=NOW - timedelta(days=9)), io.BytesIO()).count == 0


@pytest.mark.parametrize("form", ["warc", "wacz"])
@pytest.mark.parametrize("rights", [{"robots": ["noarchive"]}, {"robots": ["noindex"]}, {"tdm": 1}])
def test_captures_that_are_reserved_are_left_out_and_counted(
    held: Archive, form: str, rights: dict[str, Any]
) -> None:
    def reserve(session: Any) -> None:
        session.query(Capture).filter(Capture.url == f"{HOME}/b").update({"rights": rights})

    held.write(reserve)
    out = io.BytesIO()
    done = export(held, form, "", Filter(), out)
    assert (done.count, done.reserved) == (1, 1)
    assert export(held, form, "", Filter(), io.BytesIO(), reserved=True).count == 2


def test_opml(held: Archive) -> None:
    (outline,) = etree.fromstring(_written(held, "opml")).iter("outline")
    assert outline.get("xmlUrl") == f"{HOME}/rss?a=1&b=2"
    assert outline.get("text") == "All & more"


@pytest.mark.parametrize("form", [f for f in FORMATS if f != "opml"])
def test_a_query_and_its_limits_choose(held: Archive, form: str) -> None:
    out = io.BytesIO()
    assert export(held, form, "note", Filter(source="herald"), out).count == 1
    assert export(held, form, "", Filter(until=NOW - timedelta(days=9)), io.BytesIO()).count == 0
    with pytest.raises(UnknownSource):
        export(held, form, "", Filter(source="no"), io.BytesIO())
    with pytest.raises(BadQuery):
        export(held, form, '"open', Filter(), io.BytesIO())


def test_what_is_reserved_is_left_out_unless_asked_for(held: Archive) -> None:
    def reserve(session: Any) -> None:
        session.query(Article).filter(Article.item_id == 2).update({"rights": ["tdm-reserved"]})

    held.write(reserve)
    done = export(held, "jsonl", "", Filter(), io.BytesIO())
    assert (done.count, done.reserved) == (1, 1)
    assert export(held, "jsonl", "", Filter(), io.BytesIO(), reserved=True).count == 2


def _many(count: int) -> Any:
    for number in range(count):
        yield ExportedArticle(
            id=number, source="herald", source_title="Herald", url=f"{HOME}/{number}", number=None,
            headline="A headline", standfirst=None, byline=["A B"], dateline_place=None, kind=None,
            section=None, tags=[], language="en", published=PUBLISHED, modified=None, access="full",
            notices=[], rights=[], text="Some text. " * 50, word_count=100, revision=1,
            blocks=[{"kind": "paragraph", "text": "Some text. " * 50}], leading=None,
            state="stored", first_fetched_at=NOW, sort_at=NOW,
        )  # fmt: skip


class _Nowhere(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


@pytest.mark.parametrize("write", [tables.write_jsonl, tables.write_csv, corpora.write_tei,
                                   corpora.write_ninjs, corpora.write_iramuteq])  # fmt: skip
def test_memory_does_not_grow_with_the_articles(write: Any) -> None:
    peaks = []
    for count in (200, 4_000):
        tracemalloc.start()
        write(_many(count), _Nowhere())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5 + 100_000
