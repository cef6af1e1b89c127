"""The settings file: what is wrong in it is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage.config import CONFIG_TEMPLATE, read_settings
from storage.errors import ArchiveError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('contakt = "x"', "unknown setting 'contakt'; did you mean 'contact'?"),
        ("[crawl]\nconcurency = 3", "did you mean 'crawl.concurrency'?"),
        ("[crawl]\nconcurrency = 2.7", "crawl.concurrency = 2.7 is not a whole number"),
        ('[crawl]\ndelay = "fast"', 'crawl.delay = "fast" is not a number of seconds'),
        ("[crawl]\ndelay = nan", "crawl.delay = NaN is not a number of seconds"),
        ("[crawl]\ndelay = -1", "crawl.delay = -1 is not a number of seconds"),
        ("[crawl]\nconcurrency = true", "crawl.concurrency = true is not a whole number"),
        ("contact = 5", "contact = 5 is not a text in quotes"),
        ("contact = 2026-01-01", 'contact = "2026-01-01" is not a text in quotes'),
        ("crawl = 5", "crawl is a section"),
        ("[[mail]]\nhost = 'x'", "mail is a section"),
        ("[mail]\nport = 70000", "mail.port = 70000 is not a port"),
        ("[mail.host]\na = 1", "unknown setting 'mail.host.a'"),
        ("contact = ", "Invalid value"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "dateline.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ArchiveError) as raised:
        read_settings(file)
    assert says in str(raised.value)


def test_the_settings_that_init_writes_are_known(tmp_path: Path) -> None:
    file = tmp_path / "dateline.toml"
    lines = [line.removeprefix("# ") if " = " in line or line.startswith("# [") else line
             for line in CONFIG_TEMPLATE.splitlines()]  # fmt: skip
    file.write_text("\n".join(lines), encoding="utf-8")
    assert read_settings(file)["crawl.concurrency"] == 2
