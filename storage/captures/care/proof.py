"""Verifies captures and media against their digests and rows, wherever the bytes are stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from sqlalchemy import func, select

from storage.captures import warc
from storage.captures.care import lost_encodings
from storage.captures.content_encoding import decode_verified
from storage.errors import CaptureUnreadable
from storage.models import ArticleMedia, Capture, Item, Media

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

_PIECE = 1 << 20


@dataclass(slots=True)
class VerifyResult:
    """The result of a verification; ``loose`` records belong to no row, after a kill."""

    files: int = 0
    records: int = 0
    bytes: int = 0
    loose: int = 0
    media: int = 0
    problems: list[str] = field(default_factory=list)


def verify_file(
    session: Session | Connection,
    name: str,
    stream: BinaryIO,
    codec: warc.Codec,
    found: VerifyResult,
    *,
    growing: bool = False,
) -> None:
    """Verify each record of the capture file ``name`` against its digests and its row.

    A torn end of a ``growing`` file is not a problem: its writer repairs it.
    """
    rows = {
        offset: (number, record_id, digest, kind)
        for number, offset, record_id, digest, kind in session.execute(
            select(
                Capture.id, Capture.offset, Capture.record_id, Capture.digest, Capture.kind
            ).where(Capture.file == name)
        )
    }
    try:
        for offset, _, record in warc.records_in(stream, name, codec):
            found.records += 1
            row = rows.pop(offset, None)
            wrong = record.damage()
            if wrong is None and row is not None:
                unlike = _unlike(record, row)
                wrong = None if unlike is None else f"capture {row[0]} {unlike}"
            elif wrong is None and record.is_capture:
                found.loose += 1
            if wrong is not None:
                found.problems.append(f"{name}, byte {offset}: {wrong}")
    except CaptureUnreadable as error:
        if not growing or rows:
            found.problems.append(error.message)
        if not growing:
            rows = {}
    for number, *_ in rows.values():
        found.problems.append(f"{name} holds no record of capture {number}")


def _unlike(record: warc.Record, row: tuple[int, str, str, str]) -> str | None:
    _, record_id, digest, kind = row
    if record.record_id != record_id:
        return "is another record there"
    if kind == "revisit":
        return None if record.kind == "revisit" else "is no revisit there"
    _, headers, body = record.http()
    try:
        if decode_verified(headers, body, digest) is not None:
            return None
    except CaptureUnreadable as error:
        return f"cannot be decoded: {error}"
    lost = lost_encodings.find_encodings(body, digest)
    if lost is not None:
        return f"lost its Content-Encoding ({lost}); run `dateline captures repair`"
    return "does not match its digest"


def verify_media(
    session: Session | Connection,
    opened: Callable[[str], BinaryIO],
    found: VerifyResult,
    source_id: int | None = None,
) -> None:
    """Verify each stored picture and attachment; ``opened`` returns the bytes at a path.

    A file of several rows is read once.
    """
    query = (
        select(Media.path, Media.digest, func.min(Media.id))
        .where(Media.state == "stored")
        .group_by(Media.path, Media.digest)
        .order_by(Media.path)
    )
    if source_id is not None:
        query = query.where(
            Media.id.in_(
                select(ArticleMedia.media_id)
                .join(Item, Item.id == ArticleMedia.item_id)
                .where(Item.source_id == source_id)
            )
        )
    for path, digest, number in session.execute(query).all():
        found.media += 1
        try:
            with opened(path or "") as stream:
                same = _digest(stream, found) == digest
        except OSError as error:
            reason = error.strerror or str(error)
            found.problems.append(f"media {number}: {path} cannot be read: {reason}")
            continue
        if not same:
            found.problems.append(f"media {number}: {path} does not match its digest")


def _digest(stream: BinaryIO, found: VerifyResult) -> str:
    digest = hashlib.sha256()
    while data := stream.read(_PIECE):
        digest.update(data)
        found.bytes += len(data)
    return digest.hexdigest()
