"""What ``_walk.pyx`` offers."""

from crawler.extraction import walk

VERSION: int

class Walker(walk.Walker): ...

def words_of(text: str) -> list[str]: ...
