"""Extracts the messages of the reading room: ``make translations`` runs this module.

Messages come from the templates, from marked strings of the code, and from the errors that a page
can show, which the archive raises as English sentences. Writes ``locale/messages.pot``, updates
every ``messages.po`` and reports what has no translation.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from dateline.web.i18n.catalogue import (
    ERROR_COMMENT,
    LANGUAGES,
    LOCALE,
    SOURCE,
    read_catalogue,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

WEB = Path(__file__).parents[1]
ROOT = WEB.parents[1]
_KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "N_": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "NP_": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# Where errors come from that a page can show, and texts that the archive keeps for its readers.
_RAISE = ("dateline/web", "storage/search", "storage/users", "storage/queries", "storage/errors.py",
          "storage/crawl/sources.py", "storage/export/formats.py")  # fmt: skip
# Answered to programs only, or before a page is chosen.
_NEVER_SHOWN = ("dateline/web/api/", "dateline/web/safety.py")
_SAY = ("storage/monitoring/alarms.py", "storage/monitoring/status.py")
_ERROR = re.compile(
    r"ArchiveError|HTTPException|Problem|NameTaken|QueryTooSlow|NotFound|super\(\).__init__"
    r"|(?:Bad|Unknown)[A-Z]\w+|\w+(?:Exists|Unreadable|Unreachable)"
)
_SPOKEN = re.compile(r"[^\W\d_]{2}")


def extract() -> Catalog:
    """All messages of the sources, without translations."""
    catalogue = Catalog(project="Dateline", charset="utf-8", header_comment="# Dateline's words.")
    methods = [("templates/**.html", "jinja2"), ("**.py", "python")]
    options = {
        "templates/**.html": {"trimmed": "true", "silent": "false", "newstyle_gettext": "true"}
    }
    found = extract_from_dir(str(WEB), methods, options, _KEYWORDS, comment_tags=("Translators:",))
    for name, _, message, comments, context in sorted(found, key=lambda one: (one[0], one[1])):
        plain = message if isinstance(message, tuple) else (message,)
        if plain[0]:
            catalogue.add(
                message, locations=[(f"dateline/web/{name}", 0)], auto_comments=comments,
                context=context,
            )  # fmt: skip
    for path, message in _errors():
        # Without line numbers: a catalogue changes when messages change, not when code moves.
        catalogue.add(message, locations=[(path, 0)], auto_comments=[ERROR_COMMENT])
    return catalogue


def _errors() -> Iterator[tuple[str, str]]:
    for place in (*_RAISE, *_SAY):
        top = ROOT / place
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top]:
            if path.relative_to(ROOT).as_posix().startswith(_NEVER_SHOWN):
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            texts = _returned(tree) if place in _SAY else _raised(tree)
            for message in texts:
                yield path.relative_to(ROOT).as_posix(), message


def _raised(tree: ast.AST) -> Iterator[str]:
    """The texts given to errors, and those given to variables called ``hint``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _ERROR.fullmatch(ast.unparse(node.func)):
            given = [*node.args, *(one.value for one in node.keywords if one.arg != "media_type")]
            for one in given:
                yield from _messages(one)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "hint":
            yield from _messages(node.value)


def _returned(tree: ast.AST) -> Iterator[str]:
    """Texts that functions return, yield in a mapping, or append to a list."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and node.value is not None:
            yield from _messages(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".append"):
            yield from (message for one in node.args for message in _messages(one))


def _messages(node: ast.expr) -> Iterator[str]:
    """The messages that an expression may be: both sides of a choice, the values of a mapping."""
    if isinstance(node, ast.IfExp):
        yield from _messages(node.body)
        yield from _messages(node.orelse)
    elif isinstance(node, ast.DictComp):
        yield from _messages(node.value)
    elif isinstance(node, (ast.Constant, ast.JoinedStr)):
        message = _template(node)
        if message is not None and _SPOKEN.search(re.sub(r"%\(\w+\)s", "", message)):
            yield message


def _template(node: ast.Constant | ast.JoinedStr) -> str | None:
    """A string with ``%(name)s`` where an f-string has a value."""
    if isinstance(node, ast.Constant):
        return node.value.replace("%", "%%") if isinstance(node.value, str) else None
    parts: list[str] = []
    used: dict[str, int] = {}
    for piece in node.values:
        if isinstance(piece, ast.FormattedValue):
            name = _name(piece.value)
            used[name] = used.get(name, 0) + 1
            parts.append(f"%({name}{used[name] if used[name] > 1 else ''})s")
        else:
            parts.append(str(ast.literal_eval(piece)).replace("%", "%%"))
    return "".join(parts)


def _name(node: ast.expr) -> str:
    """What a value of an f-string is called in the message."""
    names = [one for one in re.findall(r"[A-Za-z_]+", ast.unparse(node)) if one != "_"]
    return names[-1].strip("_").lower() if names else "value"


def missing(catalogue: Catalog) -> list[str]:
    """The messages of a catalogue that have no translation, or a doubtful one."""
    return [
        str(one.id)
        for one in catalogue
        if one.id
        and (one.fuzzy or not all(one.string if isinstance(one.string, tuple) else [one.string]))
    ]


def main() -> int:
    """Write the template, update the catalogues, say what lacks."""
    template = extract()
    _write(LOCALE / "messages.pot", template)
    lacking = 0
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        catalogue = read_catalogue(language)
        template.creation_date = catalogue.creation_date
        catalogue.update(template)
        _write(LOCALE / language / "LC_MESSAGES" / "messages.po", catalogue)
        untranslated = missing(catalogue)
        lacking += len(untranslated)
        for message in untranslated:
            print(f"{language}: not translated: {message}")
        print(f"{language}: {len(catalogue)} messages, {len(untranslated)} without translation")
    return 1 if lacking else 0


def _write(path: Path, catalogue: Catalog) -> None:
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, ignore_obsolete=True, include_lineno=False,
                 omit_header=path.suffix == ".pot")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
