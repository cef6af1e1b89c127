"""Remarks on stderr."""

from __future__ import annotations

import click
import pytest

from dateline.cli.options import say
from dateline.cli.sources import _home


def test_a_remark_shortens_what_it_quotes_at_length(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"{'x' * 10_000!r} is no number; take one from `dateline search`")
    said = capsys.readouterr().err
    assert len(said) < 250
    assert said.endswith("is no number; take one from `dateline search`\n")
    say("the address https://a.example/" + "y" * 800)
    assert "y" * 800 in capsys.readouterr().err


@pytest.mark.parametrize("url", [f"http://{'a' * 64}.example/", "http://[", "ftp://x", "a b"])
def test_what_is_no_web_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(click.UsageError, match="is not a web address"):
        _home(url)
