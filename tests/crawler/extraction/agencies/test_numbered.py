"""Header lines and lists of numbered items, in the forms that agencies write."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.agencies.numbered import numbered_items, parse_header, parse_meta
from crawler.extraction.blocks.walk import Walk
from crawler.extraction.page.parse import parse_html

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 10, 12, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("line", "place", "kind", "number", "published", "rest"),
    [
        ("Lyon - Publié le jeudi 5 mars 2026 à 14 h 35 - n° 4711 Le quai rouvre.",
         "Lyon", None, "4711", "2026-03-05T14:35:00+01:00", "Le quai rouvre."),
        ("Projet Publié le jeudi 5 mars 2026 à 11 h 17 - n° 4712 Le quai",
         None, "Projet", "4712", "2026-03-05T11:17:00+01:00", "Le quai"),
        ("Agence du Port - Brest - Actualité n°4713 - Publié le 05/03/2026 à 13:40",
         "Brest", "Actualité", "4713", "2026-03-05T13:40:00+01:00", ""),
        ("Publié le 5 mars 2026 à 9 h • n°\u00a04714", None, None, "4714", "2026-03-05T09:00:00+01:00", ""),
        ("Publié le 5 mars 2026 à 9 h Il y a 12 ans, tout était calme.",
         None, None, None, "2026-03-05T09:00:00+01:00", "Il y a 12 ans, tout était calme."),
    ],
)  # fmt: skip
def test_a_header(
    line: str, place: str | None, kind: str | None, number: str | None, published: str, rest: str
) -> None:
    header = parse_header(line, PARIS, NOW)
    assert header is not None
    assert header.published is not None
    assert (header.place, header.kind, header.number) == (place, kind, number)
    assert header.published.at.isoformat() == published
    assert line[header.end :] == rest


@pytest.mark.parametrize(
    "line",
    [
        "Le rapport publié par le conseil en mars 2026 dit le contraire de ce que la ville affirme.",
        "Publié par l'Agence du Port",
        "Le n° 4711 de la revue est paru.",
        "",
    ],
)
def test_a_sentence_is_no_header(line: str) -> None:
    assert parse_header(line, PARIS, NOW) is None


@pytest.mark.parametrize(
    ("line", "meta"),
    [
        ("Entretien n° 12 • 05/03/26 à 16:39", ("Entretien", "12", "2026-03-05T16:39:00+01:00")),
        ("n° 12 • 05/03/26 à 16:39", (None, "12", "2026-03-05T16:39:00+01:00")),
        ("Organisation n°\u00a0260 - 11/04/16 à 12:21", ("Organisation", "260", "2016-04-11T12:21:00+02:00")),
        ("Fiche n° 7", ("Fiche", "7", None)),
        ("Le n° 12 de la revue a paru hier et se vend bien.", None),
        ("Entretien n° 12 • à suivre", None),
        ("12 mars", None),
    ],
)  # fmt: skip
def test_a_line_of_number_and_moment(
    line: str, meta: tuple[str | None, str, str | None] | None
) -> None:
    found = parse_meta(line, PARIS, NOW)
    if found is None or meta is None:
        assert found is meta
        return
    kind, number, moment = found
    assert (kind, number, moment.at.isoformat() if moment else None) == meta


def test_items_of_a_list_have_title_teaser_and_line() -> None:
    page = parse_html(
        """<body><h1>Le quai</h1><p>Le texte de l'article, assez long pour en être un.</p><h2>Articles</h2>
        <div><a href="/1"><img src="/1.jpg"></a><h3><a href="/1">Un premier titre</a></h3><p>Ce qui s'est passé…</p>
        <p>Projet n° 1 • 05/03/26 à 8:00</p></div>
        <div><h3><a href="/2">Un second titre</a></h3><p>Projet n° 2 • 05/03/26 à 9:00</p></div>
        <p>La suite de l'article.</p></body>""".encode(), "https://a.example/x"
    )  # fmt: skip
    blocks = Walk(page.root, page.base_url).blocks
    items = numbered_items(blocks, 1, PARIS, NOW)
    assert [(i.title, i.href, i.teaser, i.number) for i in items] == [
        ("Un premier titre", "/1", "Ce qui s'est passé…", "1"),
        ("Un second titre", "/2", None, "2"),
    ]
    used = {i for item in items for i in item.blocks}
    left = [block.text for i, block in enumerate(blocks) if i not in used]
    assert left[-1] == "La suite de l'article."
    assert "Un premier titre" not in left


@given(st.text(max_size=300))
def test_any_line_is_read_or_refused(line: str) -> None:
    header = parse_header(line, PARIS, NOW)
    assert header is None or 0 <= header.end <= len(line)
    parse_meta(line, PARIS, NOW)


def test_lines_that_only_breaks_part_are_items_too() -> None:
    page = (
        "<body><p><a href='/a-1'>Ports : le quai rouvre</a><br>Les bateaux reviennent.<br>Entretien n° 12681 • 11/05/21 à 16:39"
        "<br><br><a href='/a-2'>Écluse : travaux finis</a><br>N° 12682 • 12/05/21 à 09:00<br><a href='/a-3'>Bac gratuit</a>"
        "<br>Dépêche n° 12683 - 13/05/21 à 10:15</p></body>"
    )  # fmt: skip
    url = "https://agency.example/list"
    blocks = Walk(parse_html(page.encode(), url).root, url).blocks
    items = numbered_items(blocks, 0, UTC)
    assert [(item.title, item.href, item.kind, item.number, item.teaser) for item in items] == [
        ("Ports : le quai rouvre", "/a-1", "Entretien", "12681", "Les bateaux reviennent."),
        ("Écluse : travaux finis", "/a-2", None, "12682", None),
        ("Bac gratuit", "/a-3", "Dépêche", "12683", None),
    ]
    assert all(item.moment is not None for item in items)
