"""The arrows of the design, and that what is written down is what there is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {
    "storage": {"crawler", "dateline", "scrapy", "twisted"},
    "crawler": {"dateline"},
    "crawler/extraction": {"dateline", "scrapy", "twisted", "sqlalchemy"},
    "crawler/discovery": {"dateline", "scrapy", "twisted", "sqlalchemy"},
    "crawler/sites": {"dateline", "scrapy", "twisted", "sqlalchemy"},
}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_arrows_point_one_way(folder: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in _imports(path)
        if name.split(".")[0] in FORBIDDEN[folder]
    }
    assert not wrong


def test_the_pure_parts_of_the_crawler_use_only_the_values_of_storage() -> None:
    allowed = {
        "storage.types.content",
        "storage.types.pages",
        "storage.text.urls",
        "storage.text.url_rules",
    }
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in ("crawler/extraction", "crawler/discovery", "crawler/sites")
        for path in (ROOT / folder).rglob("*.py")
        for name in _imports(path)
        if name.startswith("storage") and name not in allowed
    }
    assert not wrong


def test_only_storage_writes_sql() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for folder in ("crawler", "dateline")
        for path in (ROOT / folder).rglob("*.py")
        if any(name == "sqlalchemy" or name.startswith("sqlalchemy.") for name in _imports(path))
        and path.name != "archive.py"
    ]
    assert not wrong


def test_no_alembic_package_hides_the_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_every_verb_and_setting_is_documented() -> None:
    from dateline.cli import _HELP, _VERBS
    from storage.config import CONFIG_TEMPLATE

    assert set(_HELP) == set(_VERBS)
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    missing = [verb for verb in _VERBS if f"dateline {verb}" not in guide]
    assert not missing
    for setting in ("contact", "database", "delay", "concurrency"):
        assert setting in CONFIG_TEMPLATE
        assert f"`{setting}`" in guide
    for variable in ("DATELINE_ARCHIVE", "DATELINE_DATABASE", "DATELINE_CONTACT",
                     "DATELINE_ALLOW_PRIVATE"):  # fmt: skip
        assert variable in guide


def test_no_source_file_grows_out_of_its_subject() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {count}"
        for folder in ("crawler", "storage", "dateline")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 480
    ]
    assert not long
