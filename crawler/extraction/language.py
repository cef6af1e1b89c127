"""The language of a text: as declared, where the text does not speak against it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.content import Block

# Shorter texts are told apart by luck.
_ENOUGH = 200
_SURE = 0.99
_LOOKED_AT = 220


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def language_of(declared: str | None, blocks: Sequence[Block]) -> tuple[str, str] | None:
    """A BCP 47 tag in lower case, and where it came from."""
    text = " ".join(b.text for b in blocks if b.kind != "figure")[:_LOOKED_AT]
    if len(text) < _ENOUGH:
        return (declared, "meta") if declared else None
    found, probability = _identifier().classify(text)
    if declared and (declared.split("-")[0] == found or probability < _SURE):
        return declared, "meta"
    return (str(found), "text") if probability >= _SURE else None


def warm_up() -> None:
    """Load the model now rather than with the first page."""
    _identifier()
