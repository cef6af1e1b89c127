"""Strings made to break things: each is answered or refused in words, none reaches a database raw."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

from storage.errors import ArchiveError, BadQuery
from tests.storage.search.corpus import told_archive

if TYPE_CHECKING:
    from storage.archive import Archive

# After minimaxir's Big List of Naughty Strings and the lists of injections that testers use.
PARTS = (
    "'", '"', "''", '"', "`", ";", "--", "/*", "*/", "#", "%", "_", "\\", "\x00", "\ufeff", "\u202e",
    "\u200b", "\ud800", "\U0001f469\u200d\U0001f469", "ﬁ", "İ", "ß", "Ω≈ç√", "田中さん", "表ポあA",
    "הָיְתָה", "الكل", "𝓣𝓱𝓮", "Ṱ̺̺̕o͞", "ﾟ･✿", "½", "²", "①", "１２３", "٠١٢", "NaN", "null", "undefined", "true",
    "1e309", "0x7f", "1/0", "-1", "99999999999999999999", "OR 1=1", "' OR '1'='1", "'; DROP TABLE items",
    "UNION SELECT", "1) OR (1", "{x}", "{{7*7}}", "${7*7}", "<script>", "javascript:", "../../etc",
    "%s%s%n", "$(ls)", "|", "||", "&", "&&", "!", "!!", "<->", ":*", "::text", "@@", "^", "~", "~*", "?",
    "NEAR", "NEAR(", "NEAR/", "NEAR/5", "NEAR/-1", "PRES/2", "AND", "OR", "NOT", "ET", "OU", "SAUF",
    "(", ")", "()", "((", "))", "-", "--", "-(", "*", "**", "a*", "ab*", '"a b"', '"a', "title:", "title::",
    ":", "::", "date:", "date:2021", "date:..", "date:0000", "date:9999-99", "date:2021-02-30", "since:",
    "since:99999d", "since:99999y", "since:0h", "until:x", "is:", "is:teaser", "is:x", "has:", "has:x",
    "who:", "who:1", "who:'", "source:", "source:*", "source:[", "lang:", "lang:fr", "lang:xx-yy-zz",
    "number:", "site:", "site:.", "site:a.b", "dossier:", "dossier:1", "foo:bar", "http://x/y?z=a:b", "\t",
    "\n", "\r\n", "\x0b", "\x85", "\u2028", "a" * 300, "é" * 100, "l'", "d'a", "qu'", "C.H.U.", "e-", "-e",
)  # fmt: skip
# The suite asks some; DATELINE_NAUGHTY=10000 asks them all.
COUNT = int(os.environ.get("DATELINE_NAUGHTY", "1500"))


def test_each_is_answered_or_refused(archive: Archive) -> None:
    told_archive(archive, 20)
    chance = random.Random(20261125)
    refused = 0
    for number in range(COUNT):
        if number < len(PARTS):
            query = PARTS[number]
        else:
            glue = chance.choice(["", " ", " "])
            query = glue.join(chance.choice(PARTS) for _ in range(chance.randint(1, 6)))
        try:
            page = archive.search(query, sort=chance.choice(["best", "newest"])).page(3)  # type: ignore[arg-type]
        except BadQuery:
            refused += 1
        except ArchiveError as error:
            raise AssertionError(query) from error
        else:
            assert len(page.hits) <= 3
    assert 0 < refused < COUNT
