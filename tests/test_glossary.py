"""The words of docs/glossary.md are the only ones: no text for people uses a synonym."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from fastapi import FastAPI

from dateline.cli import _COMMANDS, cli

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
GLOSSARY = ROOT / "docs" / "glossary.md"
DOCUMENTS = [ROOT / "README.md", *sorted({*(ROOT / "docs").glob("*.md")} - {GLOSSARY})]


@cache
def _tables() -> tuple[dict[str, str], tuple[str, ...]]:
    """(term of each synonym, allowed phrases) of the glossary."""
    synonyms: dict[str, str] = {}
    allowed: list[str] = []
    text, _, uses = GLOSSARY.read_text(encoding="utf-8").partition("## Allowed uses")
    for term, _, column in _rows(text):
        synonyms |= {word.strip(): term for word in column.split(",") if word.strip()}
    allowed = [row[0] for row in _rows(uses)]
    return synonyms, tuple(sorted(allowed, key=len, reverse=True))


def _rows(text: str) -> Iterator[list[str]]:
    """The cells of the rows of all tables, without their heads."""
    lines = text.splitlines()
    for above, line in zip(["", *lines], lines, strict=False):
        is_head = line.startswith(("|---", "| term", "| use ", "| phrase"))
        if line.startswith("|") and not is_head and above.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def synonyms_in(text: str) -> list[str]:
    """The synonyms that a text uses, each with its place and the term to use in place of it."""
    synonyms, allowed = _tables()
    plain = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    plain = re.sub(r"\s+", " ", plain)
    for phrase in allowed:
        plain = re.sub(rf"\b{re.escape(phrase)}\b", " ", plain, flags=re.IGNORECASE)
    pattern = "|".join(re.escape(one) for one in sorted(synonyms, key=len, reverse=True))
    return [
        f"…{plain[max(0, m.start() - 40) : m.end() + 30]}…: write "
        f"{synonyms[m[0] if m[0] in synonyms else m[0].lower()]!r}"
        for m in re.finditer(rf"(?<![\w-])(?:{pattern})(?![\w-])", plain, re.IGNORECASE)
        if m[0] in synonyms or m[0].lower() in synonyms
    ]


def _help(command: click.Command, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, terminal_width=200)
    yield command.get_help(context)
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            assert found is not None
            yield from _help(found, f"{name} {sub}")


@pytest.mark.parametrize("name", list(_COMMANDS))
def test_help_uses_the_terms(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert not [one for text in _help(command, name) for one in synonyms_in(text)]


def test_the_list_of_commands_uses_the_terms() -> None:
    assert not synonyms_in(cli.get_help(click.Context(cli, terminal_width=200)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key in ("description", "summary", "title") and isinstance(one, str):
                yield one
            else:
                yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def test_the_openapi_document_uses_the_terms() -> None:
    from dateline.web import app as web
    from dateline.web.api import routes

    app = FastAPI(title="Dateline", description=web._DESCRIPTION)
    app.include_router(routes.router)
    document = json.loads(json.dumps(web._openapi(app)))
    texts = list(_texts(document))
    assert len(texts) > 100
    assert not [one for text in texts for one in synonyms_in(text)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_use_the_terms(path: Path) -> None:
    assert not synonyms_in(path.read_text(encoding="utf-8"))


def test_the_newest_section_of_the_changelog_uses_the_terms() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.split(r"^## ", text, flags=re.MULTILINE)[1]
    assert not synonyms_in(newest)


def test_the_settings_template_uses_the_terms() -> None:
    from storage.config import CONFIG_TEMPLATE

    assert not synonyms_in(CONFIG_TEMPLATE)


def test_a_synonym_is_found_and_an_allowed_use_is_not() -> None:
    assert len(synonyms_in("The address of a\nmoment")) == 2
    assert synonyms_in("An e-mail address, an IP address, `address`, re-drawn") == []
    assert "'backfill'" in synonyms_in("Fetch the past")[0]


def test_each_synonym_belongs_to_one_term() -> None:
    text = GLOSSARY.read_text(encoding="utf-8").partition("## Allowed uses")[0]
    rows = list(_rows(text))
    words = [word.strip() for row in rows for word in row[2].split(",") if word.strip()]
    terms = [row[0] for row in rows]
    assert len(rows) > 60
    assert len(set(words)) == len(words)
    assert len(set(terms)) == len(terms)
    assert not set(words) & set(terms)
