"""The arrows of the design, and that what is written down is what there is."""

from __future__ import annotations

import ast
import re
import runpy
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
    allowed = ("storage.types.", "storage.text.")
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in ("crawler/extraction", "crawler/discovery", "crawler/sites")
        for path in (ROOT / folder).rglob("*.py")
        for name in _imports(path)
        if name.startswith("storage") and not name.startswith(allowed)
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


def test_every_command_and_setting_is_documented() -> None:
    from dateline.cli import _COMMANDS, _HELP
    from storage.config import CONFIG_TEMPLATE

    assert set(_HELP) == set(_COMMANDS)
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    missing = [name for name in _COMMANDS if f"dateline {name}" not in guide]
    assert not missing
    for setting in ("contact", "database", "delay", "concurrency"):
        assert setting in CONFIG_TEMPLATE
        assert f"`{setting}`" in guide
    for variable in ("DATELINE_ARCHIVE", "DATELINE_DATABASE", "DATELINE_CONTACT",
                     "DATELINE_ALLOW_PRIVATE"):  # fmt: skip
        assert variable in guide


TOP_FOLDERS = ("crawler/", "storage/", "dateline/", "tests/", "benchmarks/", "docs/", "alembic/")
PATH_IN_TEXT = re.compile(r"[\w./-]+(?:/|\.(?:py|pyx|md|svg|toml|txt|json))")


def _paths_named_in(document: Path) -> set[str]:
    """The paths of the repository that a document names in code style or links to."""
    text = document.read_text(encoding="utf-8")
    code = re.findall(r"`([^`\n]+)`", text)
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    named = {one for one in code if one.startswith(TOP_FOLDERS) and PATH_IN_TEXT.fullmatch(one)}
    linked = {(document.parent / link).resolve().relative_to(ROOT) for link in links}
    return named | {str(path) for path in linked}


@pytest.mark.parametrize(
    "document",
    [*(ROOT / "docs").glob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md"))],
    ids=lambda path: path.name,
)
def test_every_path_in_the_documents_exists(document: Path) -> None:
    if not document.is_file():
        pytest.skip(f"{document.name} is not written yet")
    # A site file of an example is named for the reader to write.
    missing = {one for one in _paths_named_in(document) if not (ROOT / one).exists()
               and "NAME" not in one}  # fmt: skip
    assert not missing


def _modules() -> dict[str, Path]:
    found = {}
    for top in ("crawler", "storage", "dateline"):
        for path in (ROOT / top).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def _graph() -> dict[str, set[str]]:
    """Which of our modules imports which, type-only and lazy imports counted."""
    modules = _modules()
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        if path.name == "__init__.py":
            continue
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    found.add(whole if whole in modules else node.module)
        graph[name] = {one for one in found if one in modules and one != name}
    return graph


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = _graph()
    left = dict(graph)
    # What imports nothing that is left is no part of a circle.
    while free := [name for name, to in left.items() if not any(one in left for one in to)]:
        for name in free:
            del left[name]
    # What nothing that is left imports is none either.
    while free := [name for name in left if not any(name in to for to in left.values())]:
        for name in free:
            del left[name]
    assert not left, f"modules in import circles: {sorted(left)}"


MAX_MODULES = 12
# Folders that hold more, each with the reason that CONTRIBUTING.md gives too.
LARGE_FOLDERS = {"dateline/cli": "one module per command"}


def test_no_folder_holds_more_modules_than_contributing_allows() -> None:
    counts: dict[str, int] = {}
    for path in _modules().values():
        if path.name != "__init__.py":
            folder = str(path.parent.relative_to(ROOT))
            counts[folder] = counts.get(folder, 0) + 1
    assert {folder for folder, n in counts.items() if n > MAX_MODULES} == set(LARGE_FOLDERS)
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    missing = {f for f, why in LARGE_FOLDERS.items() if f not in contributing
               or why not in contributing}  # fmt: skip
    assert not missing


def test_no_source_file_grows_out_of_its_subject() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {count}"
        for folder in ("crawler", "storage", "dateline")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 480
    ]
    assert not long


def test_the_picture_of_the_layers_is_drawn_from_the_contracts() -> None:
    draw = runpy.run_path(str(ROOT / "docs" / "draw_layers.py"))
    contracts = draw["layers_of"]((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    picture = (ROOT / "docs" / "layers.svg").read_text(encoding="utf-8")
    assert draw["svg"](contracts) == picture, "run python docs/draw_layers.py"
