"""Changes of contents: small, and each content comes back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from storage.text import json_delta

VALUES = st.one_of(
    st.text(max_size=5), st.integers(0, 3), st.none(),
    st.lists(st.one_of(st.text(max_size=2), st.integers(0, 2)), max_size=6),
    st.lists(st.dictionaries(st.sampled_from("kt"), st.text(max_size=3)), max_size=6),
)  # fmt: skip
CONTENTS = st.dictionaries(st.sampled_from("abcd"), VALUES)


@given(st.lists(CONTENTS, min_size=1, max_size=6))
def test_a_history_unfolds_to_its_last_content(history: list[dict[str, Any]]) -> None:
    rows: list[Any] = [(history[0], None)]
    rows += [(None, json_delta.make_delta(a, b)) for a, b in pairwise(history)]
    assert json_delta.replay_deltas(rows) == history[-1]


@given(CONTENTS)
def test_nothing_differs_from_itself(content: dict[str, Any]) -> None:
    assert json_delta.make_delta(content, content) == {}


def test_a_list_too_long_to_compare_is_told_whole_between_its_ends() -> None:
    old = {"blocks": ["head", *map(str, range(2_000)), "tail"]}
    new = {"blocks": ["head", *map(str, range(5_000, 8_000)), "tail"]}
    change = json_delta.make_delta(old, new)
    assert change["lists"]["blocks"][0] == [0, 1]
    assert json_delta.apply_delta(old, change) == new
