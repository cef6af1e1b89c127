"""Explains errors, alarms and failures of the archive in the reader's language, as HTML.

The archive and its crawler write these texts in English. A text that the catalogue has no message
for (what a server or a library said) is shown as it is and marked as English.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from dateline.web.i18n.catalogue import SOURCE
from dateline.web.i18n.labels import LABELS, label

if TYPE_CHECKING:
    from collections.abc import Callable

    from dateline.web.i18n.catalogue import Words


def pair(words: Words, name: str, value: object) -> Markup:
    """A name and its value with a colon between them; French sets a space before it."""
    # Translators: a label and its value.
    return filled(words.gettext("%(name)s: %(value)s"), name=name, value=value)


def filled(message: str, /, **values: object) -> Markup:
    """A translated message with its values, escaped."""
    return escape(message) % values


def explained(words: Words, text: str) -> Markup:
    """An error message in the language of ``words``."""
    if isinstance(text, Markup):
        return text
    if words.language == SOURCE or not text:
        return escape(text)
    found = words.find_error(text)
    if found is None:
        return Markup('<span lang="en">{}</span>').format(text)
    message, values = found
    shown = {
        name: _VALUES[name](words, value) if name in _VALUES else value
        for name, value in values.items()
    }
    return filled(words.gettext(message), **shown)


def failure(words: Words, text: str | None) -> Markup:
    """Why a fetch failed: ``cause: detail`` as the crawler notes it."""
    cause, colon, detail = (text or "").partition(": ")
    if colon and (cause in LABELS["cause"] or cause.startswith("http-")):
        if cause.startswith("http-"):
            return escape(label(words, "cause", cause))
        return Markup("{} · {}").format(label(words, "cause", cause), explained(words, detail))
    return explained(words, text or "")


def trouble(words: Words, text: str) -> Markup:
    """Why a source is in trouble: an alarm (``kind: detail``) or a sentence."""
    kind, colon, detail = text.partition(": ")
    if colon and kind in LABELS["alarm"]:
        return Markup("{} · {}").format(label(words, "alarm", kind), explained(words, detail))
    return explained(words, text)


def _reason(words: Words, text: str) -> Markup:
    """Why a crawl ended: a code or a sentence."""
    if text in LABELS["run reason"]:
        return escape(label(words, "run reason", text))
    return explained(words, text)


def _cause(words: Words, text: str) -> Markup:
    """A cause of failures; some messages have a number of the same name."""
    return escape(label(words, "cause", text) if text in LABELS["cause"] else text)


def _named(group: str) -> Callable[[Words, str], Markup]:
    return lambda words, code: escape(label(words, group, code))


# Values of error messages that are messages or codes themselves.
_VALUES: dict[str, Callable[[Words, str], Markup]] = {
    "detail": explained,
    "hint": explained,
    "kind": _named("endpoint"),
    "last_error": failure,
    "message": explained,
    "most": _cause,
    "reason": _reason,
    "state": _named("run state"),
}


def run_reason(words: Words, state: str, reason: str | None) -> Markup:
    """Why a crawl ended, where its state does not say so already."""
    return Markup("") if not reason or reason == state else _reason(words, reason)
