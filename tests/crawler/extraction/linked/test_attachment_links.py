"""Files below the text are the article's; those of the site are not."""

from __future__ import annotations

import pytest

from crawler.extraction.article import extract
from tests.pages import article_page, sentences

URL = "https://herald.example/news/the-quay-is-open"


@pytest.mark.parametrize(
    ("extra", "footer", "found"),
    [
        ('<div class="downloads"><h3>Downloads</h3><ul><li><a href="/f/report.pdf">Report</a></li>'
         '<li><a href="/download?id=77">Annex</a></li></ul></div>', "",
         ["/f/report.pdf", "/download?id=77"]),
        ('<aside class="box"><a href="/f/report.pdf">Report</a></aside>',
         '<a href="/privacy.pdf">Privacy</a>', ["/f/report.pdf"]),
        ('<a href="/get.php?file=plan.docx&x=1">Plan</a> <a href="/media/12/download">Map</a>'
         '<a href="/downloads/">All downloads</a>', "",
         ["/get.php?file=plan.docx&x=1", "/media/12/download"]),
        ('<nav><a href="/kit.pdf">Media kit of ours</a></nav>', "", []),
    ],
)  # fmt: skip
def test_files_below_the_text(extra: str, footer: str, found: list[str]) -> None:
    html = article_page("The quay is open again", sentences(3, 6), extra=extra)
    article = extract(html.replace("<footer>", f"<footer>{footer}").encode(), URL).article
    assert article is not None
    files = [one.url.partition(".example")[2] for one in article.media if one.kind == "attachment"]
    assert files == found
