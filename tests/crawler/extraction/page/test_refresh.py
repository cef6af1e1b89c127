"""Refreshes in all their spellings, and pages that only reload themselves."""

from __future__ import annotations

import pytest

from crawler.extraction.page.refresh import read_refresh, refresh_target
from tests.pages import article_page, sentences

PAGE = "https://herald.example/news/a"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("0; url=/b", (0, "/b")), ("0;URL='/b'", (0, "/b")), ('0;url="/b" x', (0, "/b")),
        (" 3 , Url = /b ", (3, "/b")), ("0;/b", (0, "/b")), ("0 /b", (0, "/b")),
        ("1.5; url=/b", (1, "/b")), ("0;url='/b", (0, "/b")), ("0\n;\turl\n=\n/b", (0, "/b")),
        ("0;url=/b?a=1;b=2", (0, "/b?a=1;b=2")), (".5;url=/b", (0, "/b")),
        ("0; url=u", (0, "u")), ("0;urls", (0, "urls")),
        ("300", None), ("", None), ("0;", None), ("0;url=", None), ("0;url=''", None),
        ("url=/b", None), ("0x;/b", None), ("²;url=/b", None), ("9" * 5000, None),
    ],
)  # fmt: skip
def test_a_refresh_is_read_as_browsers_do(value: str, found: tuple[float, str] | None) -> None:
    assert read_refresh(value) == found


def _meta(content: str, name: str = "refresh") -> str:
    return f'<meta http-equiv="{name}" content="{content}">'


@pytest.mark.parametrize(
    "html",
    [
        _meta("0; url=/b"), _meta("0;URL=HTTPS://HERALD.EXAMPLE/b", "REFRESH"),
        f"<body><noscript>{_meta('5;b/../../b')}</noscript><script>go()</script>",
        f"<base href='/x/y/'><title>Moving</title>{_meta('0;url=../../b')}<p>Click <a href=/b>here</a>",
        f"{_meta('300')}{_meta('0;url=/b')}",
    ],
)  # fmt: skip
def test_a_page_without_text_leads_on(html: str) -> None:
    found = refresh_target(html.encode(), PAGE, "text/html", None)
    assert found is not None
    assert found[1].lower() == "https://herald.example/b"


def test_a_header_leads_on_where_the_page_is_empty() -> None:
    assert refresh_target(b"", PAGE, "", "0;/b") == (0, "https://herald.example/b")
    assert refresh_target(b"<p>Moved", PAGE, "", "2; url=/b") == (2, "https://herald.example/b")


@pytest.mark.parametrize(
    "extra",
    [_meta("300"), _meta("300;url=/b"), _meta("6;url=/b"), f"<noscript>{_meta('0;url=/b')}</noscript>",
     _meta("0;url=javascript:go()"), f"<!-- {_meta('0;url=/b')} -->"],
)  # fmt: skip
def test_a_page_of_its_own_stays(extra: str) -> None:
    page = article_page("The quay is open", sentences(1)).replace("</head>", f"{extra}</head>")
    assert refresh_target(page.encode(), PAGE, "text/html", None) is None
