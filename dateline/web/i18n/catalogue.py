"""Loads the gettext catalogues and translates with them. English is the source text."""

from __future__ import annotations

import gettext
import io
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

LOCALE = Path(__file__).parent.with_name("locale")
LANGUAGES = {"en": "English", "fr": "Français"}
SOURCE = "en"
# What the extractor writes beside a message that is raised as an error with its values filled in.
ERROR_COMMENT = "error message"
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def N_(message: str) -> str:
    """Mark a message for the extractor; it is translated where it is shown."""
    return message


def read_catalogue(language: str) -> Catalog:
    """The catalogue of ``language`` as Babel reads it.

    The ``.po`` file itself is loaded: wheels and editable installs need no build step for it.
    """
    from babel.messages.pofile import read_po

    with (LOCALE / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


class Words:
    """Translates messages into one language."""

    def __init__(self, language: str, catalogue: Catalog | None = None) -> None:
        self.language = language
        self._translations = gettext.NullTranslations()
        self._known: set[str] = set()
        self._errors: list[tuple[re.Pattern[str], str]] = []
        if catalogue is not None:
            from babel.messages.mofile import write_mo

            compiled = io.BytesIO()
            write_mo(compiled, catalogue)
            compiled.seek(0)
            self._translations = gettext.GNUTranslations(compiled)
            for one in catalogue:
                if not isinstance(one.id, str) or not one.id or one.context:
                    continue
                self._known.add(one.id)
                if ERROR_COMMENT in one.auto_comments and _PLACEHOLDER.search(one.id):
                    self._errors.append((error_pattern(one.id), one.id))
            # The longest fixed text first: it is the most specific.
            self._errors.sort(key=lambda pair: -len(_PLACEHOLDER.sub("", pair[1])))

    def gettext(self, message: str) -> str:
        """The translation of ``message``."""
        return self._translations.gettext(message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """The translation of a message with a count, in the plural form that ``n`` needs."""
        return self._translations.ngettext(singular, plural, n)

    def pgettext(self, context: str, message: str) -> str:
        """The translation of a message that means different things in different places."""
        return self._translations.pgettext(context, message)

    def npgettext(self, context: str, singular: str, plural: str, n: int) -> str:
        """:meth:`ngettext` with a context."""
        return self._translations.npgettext(context, singular, plural, n)

    def find_error(self, text: str) -> tuple[str, dict[str, str]] | None:
        """The message that ``text`` was made with, and the values that were filled into it.

        Errors are raised as English sentences; the catalogue has the f-string each is made with.
        """
        if text in self._known:
            return text, {}
        for pattern, message in self._errors:
            if found := pattern.fullmatch(text):
                return message, found.groupdict()
        return None


def error_pattern(message: str) -> re.Pattern[str]:
    """Matches the texts that filling in ``message`` makes."""
    pieces = _PLACEHOLDER.split(message)
    fixed = [re.escape(piece.replace("%%", "%")) for piece in pieces[::2]]
    named = [f"(?P<{name}>.*)" for name in pieces[1::2]]
    body = "".join(a + b for a, b in zip(fixed, [*named, ""], strict=True))
    return re.compile(body, re.DOTALL)


@lru_cache(maxsize=len(LANGUAGES))
def words_in(language: str) -> Words:
    """The translator for ``language``; its catalogue is read once per process, at first use."""
    return Words(language, None if language == SOURCE else read_catalogue(language))
