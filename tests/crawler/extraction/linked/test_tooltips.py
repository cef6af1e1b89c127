"""Cards of linked names leave the tree and are remembered; other links stay as they are."""

from __future__ import annotations

import pytest
from lxml import etree

from crawler.extraction.linked.tooltips import separate
from crawler.extraction.page.parse import parse_html

URL = "https://agency.example/news/1/a"


def separated(markup: str) -> tuple[str, list[tuple[str, str | None]]]:
    """(the paragraph's text, (full name, expansion) of each name) of ``<p>markup</p>``."""
    page = parse_html(f"<body><p>{markup}</p></body>".encode(), URL)
    names = separate(page.root, page.base_url)
    found = [(n.full_name, n.expansion) for n in names._by_anchor.values()]
    return "".join(page.root.find("body/p").itertext()), found


@pytest.mark.parametrize(
    ("markup", "text", "names"),
    [
        ('the <a href="/annuaire/anne">Anne Morel<span class="tooltip">Anne Morel</span></a>, who',
         "the Anne Morel, who", [("Anne Morel", None)]),
        ('the <a href="/annuaire/pn">PQN<span>Port du quai nord</span></a>.',
         "the PQN.", [("Port du quai nord", "Port du quai nord")]),
        ('<a href="/lexique/pme">PME<b class="infobulle">Petite Entreprise</b></a> and',
         "PME and", [("PME", "Petite Entreprise")]),
        ('an <abbr title="Petite Entreprise">PME</abbr> here', "an PME here", [("PME", "Petite Entreprise")]),
        ('<a href="/annuaire/anne"><span class="sr-only">Fiche</span>Anne Morel</a> said',
         "Anne Morel said", [("Anne Morel", None)]),
        ('<a href="/annuaire/anne">Anne Morel</a> said', "Anne Morel said", [("Anne Morel", None)]),
    ],
)  # fmt: skip
def test_a_card_goes_and_its_words_are_kept(
    markup: str, text: str, names: list[tuple[str, str | None]]
) -> None:
    assert separated(markup) == (text, names)


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="/news/2/b"><span class="sr-only">Read</span> the <em>whole</em> story</a>',
        '<a href="/news/2/b">The quay<span class="tooltip">Opens in a new window</span></a>',
        '<a href="/annuaire/anne"><figure><img src="/a.jpg" alt="Anne"></figure>Anne Morel</a>',
        '<a class="author-card" href="/authors/anne"><div><h3>Anne</h3></div>Anne</a>',
        '<a href="/annuaire/port">the <em>Port</em> of the north</a>',
    ],
)
def test_other_links_stay_as_they_are(markup: str) -> None:
    page = parse_html(f"<body><div>{markup}</div></body>".encode(), URL)
    before = etree.tostring(page.root)
    separate(page.root, page.base_url)
    assert etree.tostring(page.root) == before
