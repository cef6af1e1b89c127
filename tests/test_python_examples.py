"""The examples of docs/python.md run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.dateline.web.rooms import furnished

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = (Path(__file__).parent.parent / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^## (.+?)$.*?```python\n(.*?)```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with furnished(tmp_path_factory.mktemp("python") / "archive") as (archive, _):
        yield str(archive.location.folder)


@pytest.mark.parametrize(("name", "code"), EXAMPLES)
def test_an_example_runs(
    folder: str, name: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(code, f"docs/python.md: {name}", "exec"), {"FOLDER": folder})  # noqa: S102
    assert capsys.readouterr().out.strip(), name
