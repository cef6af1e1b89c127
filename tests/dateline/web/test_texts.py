"""Blocks become HTML that keeps what they are."""

from __future__ import annotations

from dateline.web.markup.texts import grouped


def test_lists_are_nested_and_tables_keep_cells() -> None:
    blocks = [
        {"kind": "list_item", "text": "a", "level": 1, "ordered": True},
        {"kind": "list_item", "text": "b & c", "level": 2},
        {"kind": "list_item", "text": "d", "level": 1, "ordered": True},
        {"kind": "table", "text": "H | 1", "level": 1,
         "cells": [{"start": 0, "end": 1, "header": True, "columns": 2}, {"start": 4, "end": 5}]},
        {"kind": "table", "text": "N | 2", "cells": [{"start": 0, "end": 1}, {"start": 4, "end": 5}]},
        {"kind": "table", "text": "old"},
        {"kind": "term", "text": "T"}, {"kind": "definition", "text": "D"},
    ]  # fmt: skip
    mention = {"block": 4, "start": 0, "end": 1, "full_name": None, "expansion": None, "item": 7}
    a_list, grid, old, definitions = grouped(blocks, [mention])
    assert a_list["html"] == "<ol><li>a<ul><li>b &amp; c</li></ul></li><li>d</li></ol>"
    assert grid["kind"] == "grid"
    assert grid["items"][0]["cells"][0] == {"html": "H", "header": True, "spans": ' colspan="2"'}
    assert grid["items"][1]["cells"][0]["html"] == '<a class="mention" href="/item/7">N</a>'
    assert old["kind"] == "table"
    assert [one["kind"] for one in definitions["items"]] == ["term", "definition"]
