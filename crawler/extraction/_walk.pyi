"""What ``_walk.pyx`` offers."""

from collections.abc import Container, Iterable
from typing import Any

from crawler.extraction import walk

VERSION: int

class Walker(walk.Walker): ...

def words_of(text: str) -> list[str]: ...
def found(root: Any, tags: Iterable[str], told: Container[str]) -> dict[str, list[Any]]: ...
def is_clean(data: bytes) -> bool: ...
