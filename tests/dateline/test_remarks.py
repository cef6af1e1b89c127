"""Remarks on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dateline.cli.options import say

if TYPE_CHECKING:
    import pytest


def test_a_remark_shortens_what_it_quotes_at_length(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"{'x' * 10_000!r} is no number; take one from `dateline search`")
    said = capsys.readouterr().err
    assert len(said) < 250
    assert said.endswith("is no number; take one from `dateline search`\n")
    say("the address https://a.example/" + "y" * 800)
    assert "y" * 800 in capsys.readouterr().err
