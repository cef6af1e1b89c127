"""Tables of data as rows of cells; layout tables are left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from storage.types.content import Block, Cell, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks.block import Place
    from crawler.extraction.blocks.walk import Walk

BETWEEN = " | "
_LONGEST_CELL = 250
_MOST_CELLS = 20_000
_WIDEST = 1_000


def with_rows(
    walk: Walk, chosen: Sequence[int], typed: Sequence[Block]
) -> tuple[list[int], list[Block]]:
    """The chosen blocks and their indexes, with one block for each row of a table of data.

    The first row of a table has level 1. Cells of tables for layout are paragraphs.
    """
    rows: list[tuple[int, Block]] = []
    known: dict[int, bool] = {}
    last_row = last_table = None
    for i, block in zip(chosen, typed, strict=True):
        cell = _above(walk.blocks[i].place, ("td", "th"))
        row = _above(cell, ("tr",)) if cell is not None else None
        table = _above(row, ("table",)) if row is not None else None
        if row is None or table is None:
            rows.append((i, block))
            continue
        if table.order not in known:
            known[table.order] = _is_data(table.element)
        if not known[table.order]:
            rows.append((i, replace(block, kind="paragraph") if block.kind == "table" else block))
        elif row is not last_row:
            first = table is not last_table
            made = _row(walk, i, row, first=first)
            rows.append((i, made if made is not None else block))
            last_row, last_table = row, table
    return [i for i, _ in rows], [block for _, block in rows]


def _above(place: Place | None, tags: tuple[str, ...]) -> Place | None:
    while place is not None and place.tag not in tags:
        place = place.parent
    return place


def _is_data(table: Any) -> bool:
    """Return whether a table has data in it: header cells, or several rows of short cells."""
    if table.get("role") in ("presentation", "none") or next(table.iter("h1"), None) is not None:
        return False
    rows = cells = long = 0
    for element in table.iter("tr", "td", "th", "caption", "table"):
        if element.tag == "table" and element is not table:
            return False
        if element.tag in ("th", "caption"):
            return True
        rows += element.tag == "tr"
        if element.tag == "td":
            cells += 1
            long += sum(map(len, element.itertext())) > _LONGEST_CELL
        if cells > _MOST_CELLS:
            break
    return rows > 1 and cells >= 2 * rows and 5 * long < cells


def _row(walk: Walk, i: int, row: Place, *, first: bool) -> Block | None:
    """The row that block ``i`` stands in, with all its cells."""
    from crawler.extraction.blocks.typed import spans_of

    start = end = i
    while start and walk.blocks[start - 1].place.lies_in(row):
        start -= 1
    while end < len(walk.blocks) and walk.blocks[end].place.lies_in(row):
        end += 1
    inside: dict[Any, list[int]] = {}
    for k in range(start, end):
        cell = _above(walk.blocks[k].place, ("td", "th"))
        if cell is not None:
            inside.setdefault(cell.element, []).append(k)
    text = ""
    cells: list[Cell] = []
    spans: list[Span] = []
    for element in row.element.iterchildren("td", "th"):
        text += BETWEEN if cells else ""
        begun = len(text)
        for n, k in enumerate(inside.get(element, ())):
            text += " " if n else ""
            spans += [Span(s.start + len(text), s.end + len(text), s.kind, s.url)
                      for s in spans_of(walk, walk.blocks[k])]  # fmt: skip
            text += walk.blocks[k].text
        cells.append(Cell(begun, len(text), element.tag == "th",
                          _count(element, "colspan"), _count(element, "rowspan")))  # fmt: skip
    if not cells:
        return None
    return Block("table", text, level=int(first), spans=tuple(spans), cells=tuple(cells))


def _count(element: Any, name: str) -> int:
    said = (element.get(name) or "").strip()
    return min(int(said), _WIDEST) if said.isascii() and said.isdigit() and said != "0" else 1
