"""Every site's fixtures: what its file makes of a saved page is what was looked at and kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.sites.fixtures import fixtures

if TYPE_CHECKING:
    from crawler.sites.fixtures import Fixture

FIXTURES = list(fixtures(Path(__file__).parent))


@pytest.mark.parametrize("fixture", FIXTURES, ids=[fixture.name for fixture in FIXTURES])
def test_a_page_gives_the_record_that_was_kept(fixture: Fixture) -> None:
    assert fixture.current() == fixture.expected
