"""``import dateline`` offers what docs/python.md describes, and costs little until it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dateline


@pytest.mark.parametrize("name", dateline.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(dateline, name).__doc__ or name == "VERSION"


def test_public_names_are_those_that_resolve() -> None:
    assert sorted(dateline._HOME) == sorted(dateline.__all__) == sorted(dir(dateline))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'opened'"):
        _ = dateline.opened


def test_importing_the_package_imports_no_database() -> None:
    code = (
        "import sys, dateline; print(sorted({'sqlalchemy', 'lxml', 'scrapy'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
