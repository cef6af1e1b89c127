"""Restores the Content-Encoding headers that captures of older Dateline versions lost.

Their records hold the encoded body, and their rows the digest of the decoded body. The encoding
that leads from one to the other is the one that the server sent.
"""

from __future__ import annotations

import hashlib
from itertools import product
from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.captures import content_encoding, warc
from storage.captures.care import rewrite
from storage.captures.files import OPEN_SUFFIX, codec_of, current_path
from storage.errors import BodyTooLarge
from storage.models import Capture

if TYPE_CHECKING:
    from storage.database.handle import Database

_HEADER = "Content-Encoding"
_MOST = 2


def find_encodings(body: bytes, digest: str) -> str | None:
    """Find the encoding, or two of them, with which ``body`` decodes to the SHA-256 ``digest``."""
    for count in range(1, _MOST + 1):
        for names in product(content_encoding.CODINGS, repeat=count):
            if _leads(body, names, digest):
                return ", ".join(names)
    return None


def _leads(body: bytes, names: tuple[str, ...], digest: str) -> bool:
    try:
        for name in reversed(names):
            undone = content_encoding.decode_strictly(body, name)
            if undone is None:
                return False
            body = undone
    except BodyTooLarge:
        return False
    return hashlib.sha256(body).hexdigest() == digest


def restore_encodings(database: Database) -> int:
    """Rewrite the records that lost the header; return their number.

    Revisits of the same bytes lost it too.

    Raises:
        CaptureUnreadable: a file to rewrite is damaged; files before it are repaired.
        FolderNotWritable: the disk is full.
    """
    with database.reading() as session:
        files = list(session.scalars(select(Capture.file).distinct().order_by(Capture.file)))
    lost: dict[str, dict[str, str]] = {}
    payloads: dict[str, str] = {}
    revisits: list[tuple[str, str, str]] = []
    for file in files:
        _look(database, file, lost, payloads, revisits)
    for file, record_id, payload in revisits:
        if payload in payloads:
            lost.setdefault(file, {})[record_id] = payloads[payload]
    for file, named in lost.items():
        rewrite.rewrite(
            database,
            file,
            (),
            headers={record_id: (_HEADER, coding) for record_id, coding in named.items()},
        )
    return sum(map(len, lost.values()))


def _look(
    database: Database,
    file: str,
    lost: dict[str, dict[str, str]],
    payloads: dict[str, str],
    revisits: list[tuple[str, str, str]],
) -> None:
    """Find what the records of one file lost; skip a missing or growing file."""
    path = current_path(database.location.captures, file)
    if not path.exists() or path.name.endswith(OPEN_SUFFIX):
        return
    with database.reading() as session:
        rows = dict(
            session.execute(
                select(Capture.record_id, Capture.digest).where(Capture.file == file)
            ).all()
        )
    for record in warc.intact_records(path, codec_of(path.parent, path.name)):
        if record.kind == "metadata" and content_encoding.UNDECLARED.encode() in record.block:
            # The server sent no encoding: nothing was lost.
            lost.get(file, {}).pop(record.headers.get("warc-concurrent-to", ""), None)
        digest = rows.get(record.record_id)
        payload = record.headers.get("warc-payload-digest", "")
        if digest is None:
            continue
        _, headers, body = record.http()
        if record.kind == "revisit":
            if not _names_coding(headers):
                revisits.append((file, record.record_id, payload))
        elif record.kind == "response" and _is_lost(headers, body, digest):
            coding = find_encodings(body, digest)
            if coding is not None and record.damage() is None:
                lost.setdefault(file, {})[record.record_id] = coding
                payloads[payload] = coding


def _names_coding(headers: list[tuple[str, str]]) -> bool:
    return any(name.lower() == _HEADER.lower() for name, _ in headers)


def _is_lost(headers: list[tuple[str, str]], body: bytes, digest: str) -> bool:
    if hashlib.sha256(body).hexdigest() == digest:
        return False
    try:
        return (
            not _names_coding(headers)
            or content_encoding.decode_verified(headers, body, digest) is None
        )
    except BodyTooLarge:
        return False
