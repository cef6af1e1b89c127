"""Signatures of texts and their bands, by which near-duplicates are found
(storage.duplicates.clusters)."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class Signature(Base):
    """The MinHash signature of an article's text: little-endian 32-bit values."""

    __tablename__ = "signatures"

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"), unique=True)
    signature: Mapped[bytes]


class SignatureBand(Base):
    """One band of a signature. Signatures that share a band may be of like texts.

    Bands are scattered evenly, so an index over all of them is written all over. ``generation``
    comes first in the key: each few thousand signatures' stand together (below 0), until they
    become old (0) in the order of the bands (``storage.duplicates.lsh``).
    """

    __tablename__ = "signature_bands"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  # SQLAlchemy's form

    generation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    band: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    signature_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class BandFilter(Base):
    """Which bands may be held: by a part of generation 0, or (``part`` below 0) a generation.

    Some bits for each band, or one byte where all are to be asked for. ``version`` changes whenever
    ``bits`` do. Only SQLite has rows here (``storage.duplicates.lsh``).
    """

    __tablename__ = "band_filters"
    # Whether one has changed is asked for each batch, and the rows are large.
    __table_args__ = (Index("ix_band_filters_version", "version"),)

    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    bands: Mapped[int]
    bits: Mapped[bytes]
