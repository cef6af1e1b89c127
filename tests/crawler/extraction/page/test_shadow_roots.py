"""Shadow roots that stand in the page are read as a browser shows them."""

from __future__ import annotations

import pytest

from crawler.extraction.blocks.walk import Walk
from crawler.extraction.page.parse import parse_html

URL = "https://paper.example/news/lock-gate"


def shown(inner: str) -> list[str]:
    page = parse_html(f"<html><body>{inner}</body></html>".encode(), URL)
    return [block.text for block in Walk(page.root, URL).blocks]


@pytest.mark.parametrize(
    ("inner", "texts"),
    [
        ('<x-a><template shadowrootmode="open"><p>One.</p></template></x-a>', ["One."]),
        ("<x-a><template shadowroot=closed><p>One.</p></template></x-a>", ["One."]),
        # Light children are shown where a slot takes them in, and only there.
        ("<x-a><p>Lost.</p><template shadowrootmode=open><p>One.</p></template></x-a>", ["One."]),
        (
            "<x-a><template shadowrootmode=open><h2><slot name=t>No title</slot></h2><slot></slot>"
            "<p>End.</p></template><p>Two.</p><span slot=t>Title</span><p>Three.</p></x-a>",
            ["Title", "Two.", "Three.", "End."],
        ),
        (
            "<x-a><template shadowrootmode=open><h2><slot name=t>No title</slot></h2></template></x-a>",
            ["No title"],
        ),
        # A paragraph's words may be the light text of a component inside it.
        (
            "<p>The <x-b><template shadowrootmode=open>[<slot></slot>]</template>gate</x-b> shut.</p>",
            ["The", "[gate]", "shut."],
        ),
        # A slot handed on to a component inside.
        (
            "<x-a><template shadowrootmode=open><x-b><template shadowrootmode=open><p>In.</p><slot></slot>"
            "</template><slot></slot></x-b></template><p>Out.</p></x-a>",
            ["In.", "Out."],
        ),
        ("<template><p>Hidden.</p></template><p>Shown.</p>", ["Shown."]),
    ],
)
def test_a_shadow_root_is_shown(inner: str, texts: list[str]) -> None:
    assert shown(inner) == texts
