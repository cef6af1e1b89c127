"""Lines inside a text that do not belong to it: advert slots, and links to other articles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.extraction.blocks.block import RawBlock

# What stands alone where an advert would be shown, and what a template left unfilled.
_ADVERT = re.compile(
    r"\W*(?:advertisements?|story continues below(?: (?:this )?ad\w*)?|article continues (?:after|below) ad\w*"
    r"|anzeige|werbung|publicit[ée]|publicidad|pubblicità|publicidade|advertentie|annons|annonse?|annonce|reklam[ae]?"
    r"|mainos|реклама|広告|广告|廣告|광고|إعلان|פרסומת)\W*|\$\$\w+\$\$|\{\{[^}]*\}\}|\[\[[^\]]*\]\]",
    re.IGNORECASE,
)
# "Read also: …", where what follows is a link.
_ALSO = re.compile(
    r"\W*(?:read (?:more|also|next|this)|see also|also read|related(?: (?:story|article|news))?|more on this"
    r"|don['’]?t miss|recommended|lire (?:aussi|également|plus)|à lire(?: aussi)?|voir aussi|sur le même sujet"
    r"|lesen sie (?:auch|mehr)|mehr (?:dazu|zum thema)|auch interessant|passend dazu|lesetipp|leer (?:más|también)"
    r"|lea (?:también|además)|te puede interesar|le puede interesar|leggi anche|leia (?:também|mais)|veja também"
    r"|lees ook|meer lezen|läs (?:också|även|mer)|les også|læs også|lue myös|czytaj (?:też|także|również)"
    r"|zobacz (?:też|także)|přečtěte si(?: také)?|čtěte také|olvassa el|baca juga|читайте (?:также|ещё)|по теме"
    r"|читайте також|diğer haber|ilgili haber|関連記事|あわせて読みたい|相关阅读|相关新闻|관련 ?기사|اقرأ أيضا)",
    re.IGNORECASE,
)
_LONGEST = 300


def is_filler(block: RawBlock) -> bool:
    """Return whether a block holds the place of an advert, or only leads to another article."""
    if len(block.text) > _LONGEST:
        return False
    if len(block.words) <= 5 and _ADVERT.fullmatch(block.text):
        return True
    if _ALSO.fullmatch(block.text.rstrip(" :\u00a0")):
        return True
    return 2 * block.linked > len(block.text) and without_label(block.text) != block.text


def without_label(anchor: str) -> str:
    """The words of a link without the "Read also" before them."""
    label = _ALSO.match(anchor)
    return anchor[label.end() :].lstrip(" :–—-|>»\u00a0") or anchor if label else anchor
