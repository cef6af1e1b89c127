"""Backup and restore: the whole archive in one tar file with a manifest of digests.

The database is copied first, as one consistent state, and the files after it: a file was on disk
before its row was committed, and capture files only grow. The copy is always a SQLite file, so that
a backup of a PostgreSQL archive restores to either database, and vice versa.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from sqlalchemy import insert, select, text

from storage import config as places
from storage.archive import Archive, create_archive, load_url_rules
from storage.captures.care.proof import VerifyResult, verify_file, verify_media
from storage.captures.files import DICTIONARIES, OPEN_SUFFIX, codec_of, current_path
from storage.captures.recovery import recover_files
from storage.database import migrations
from storage.database.engine import make_engine
from storage.duplicates import lsh
from storage.errors import ArchiveError, CaptureUnreadable, FolderNotWritable
from storage.jobs.upgrade import apply_current_rules
from storage.models import BandFilter, Base, Capture, SignatureBand
from storage.search.index import store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

_MANIFEST = "MANIFEST.json"
_TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class BackupResult:
    """How much was written or verified, and which captures and media are unreadable."""

    files: int
    bytes: int
    problems: tuple[str, ...] = ()


def backup(archive: Archive, file: Path) -> BackupResult:
    """Write the archive to ``file``, which appears once it is complete.

    Raises:
        FolderNotWritable: the disk is full.
        ArchiveError: a file vanished meanwhile (captures were being pruned): try again.
    """
    partial = file.with_name(f".{file.name}.part")
    manifest: dict[str, dict[str, Any]] = {}
    try:
        with (
            tempfile.TemporaryDirectory(prefix=".dateline-backup-", dir=file.parent) as name,
            tarfile.open(partial, "w") as tar,
        ):
            snapshot = Path(name) / places.DATABASE_NAME
            _snapshot(archive, snapshot)
            _add(tar, manifest, snapshot, places.DATABASE_NAME)
            for path, inside in _files(archive, snapshot):
                _add(tar, manifest, path, inside)
            data = json.dumps({"version": migrations.HEAD, "files": manifest}, indent=1).encode()
            info = tarfile.TarInfo(_MANIFEST)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(file)
    except FileNotFoundError as error:
        partial.unlink(missing_ok=True)
        raise ArchiveError(
            f"{error.filename} vanished during the backup",
            "wait for the pruning to end and try again",
        ) from error
    except (OSError, sqlite3.OperationalError) as error:
        partial.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise FolderNotWritable(
            f"cannot write {file}: {reason}", "free disk space or choose another folder"
        ) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return BackupResult(len(manifest), sum(entry["bytes"] for entry in manifest.values()))


def verify(file: Path) -> BackupResult:
    """Verify a backup by its manifest, and its captures and media by their rows.

    Raises:
        ArchiveError: a byte has changed.
    """
    done = _walk(file, None)
    with (
        tempfile.TemporaryDirectory(prefix=".dateline-verify-", dir=file.parent) as name,
        tarfile.open(file) as tar,
    ):
        return replace(done, problems=tuple(_Packed(tar, Path(name)).problems()))


def restore(file: Path, folder: Path, database: str | None = None) -> Archive:
    """Restore a backup to ``folder`` and open the archive.

    Raises:
        ArchiveError: the backup is damaged, or ``folder`` or the database holds an archive.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ArchiveError(f"{folder} is not empty", "choose a new folder")
    try:
        _walk(file, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    snapshot = folder / places.DATABASE_NAME
    url = places.locate(str(folder), database).database_url
    recover_files(folder / places.CAPTURES_NAME)
    if url.startswith("sqlite"):
        # An older snapshot is upgraded, and its index rebuilt.
        archive = create_archive(str(folder), database)
    else:
        engine = make_engine(f"sqlite:///{snapshot}")
        migrations.upgrade(engine, after=apply_current_rules())
        archive = create_archive(str(folder), database)
        with engine.connect() as source:
            _copy_into(archive, source)
        engine.dispose()
        for path in folder.glob(f"{places.DATABASE_NAME}*"):
            path.unlink()
    _index_again(archive)
    load_url_rules(archive)
    return archive


def _snapshot(archive: Archive, target: Path) -> None:
    """Copy one state of the database to a SQLite file, without blocking writers."""
    if archive.engine.dialect.name == "sqlite":
        database = sqlite3.connect(str(archive.engine.url.database))
        try:
            database.execute("VACUUM INTO ?", (str(target),))
        finally:
            database.close()
        return
    engine = make_engine(f"sqlite:///{target}")
    migrations.upgrade(engine, after=apply_current_rules())
    with (
        archive.engine.connect().execution_options(isolation_level="REPEATABLE READ") as source,
        engine.execution_options(dateline_write=True).begin() as copy,
    ):
        copy.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        _copy_rows(source, copy)
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.execute("PRAGMA journal_mode = DELETE")
    engine.dispose()


def _copy_rows(source: Connection, target: Connection) -> None:
    """Copy all rows of one database to an empty one of the other kind."""
    for table in Base.metadata.sorted_tables:
        if table is BandFilter.__table__:
            continue  # only SQLite has filters, and makes them of the bands that are there
        rows = (
            source.execution_options(yield_per=_TOGETHER)
            .execute(select(table).order_by(*table.primary_key))
            .mappings()
        )
        for part in rows.partitions():
            copied = [dict(row) for row in part]
            if table is SignatureBand.__table__:
                copied = [
                    {**row, "generation": lsh.portable_generation(row["generation"])}
                    for row in copied
                ]
            target.execute(insert(table), copied)


def _copy_into(archive: Archive, source: Connection) -> None:
    """Copy the rows of a snapshot to an empty PostgreSQL database."""
    with archive.engine.begin() as target:
        if target.execute(text("SELECT 1 FROM sources LIMIT 1")).first() is not None:
            raise ArchiveError("the database holds an archive already", "choose an empty database")
        _copy_rows(source, target)
        for table in Base.metadata.sorted_tables:
            if "id" in table.columns and table.columns["id"].autoincrement:
                # The tables' names are ours.
                target.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'),"  # noqa: S608
                        f" coalesce((SELECT max(id) FROM {table.name}), 0) + 1, false)"
                    )
                )


def _index_again(archive: Archive) -> None:
    """Rebuild the search index where a snapshot has none."""
    from storage.search.index import indexer

    with archive.engine.connect() as connection:
        if not store.is_empty(connection):
            return
    archive.write(lambda session: indexer.clear_index(session.connection()))
    indexer.index_missing(archive)


def _files(archive: Archive, snapshot: Path) -> Iterator[tuple[Path, str]]:
    """Yield (file, name in the backup) of all files of the snapshot's rows, and the settings."""
    folder = archive.location.folder
    config = folder / places.CONFIG_NAME
    if config.is_file():
        yield config, places.CONFIG_NAME
    engine = make_engine(f"sqlite:///{snapshot}")
    with engine.connect() as connection:
        named = list(connection.scalars(select(Capture.file).distinct().order_by(Capture.file)))
    engine.dispose()
    captures = archive.location.captures
    for file in named:
        path = current_path(captures, file)
        yield path, f"{places.CAPTURES_NAME}/{path.name}"
    dictionaries = captures / DICTIONARIES
    if dictionaries.is_dir():
        for path in sorted(dictionaries.glob("*.zst")):
            yield path, f"{places.CAPTURES_NAME}/{DICTIONARIES}/{path.name}"
    media = archive.location.media
    if media.is_dir():
        for path in sorted(p for p in media.rglob("*") if p.is_file()):
            yield path, f"{places.MEDIA_NAME}/{path.relative_to(media)}"


class _Packed:
    """The archive in a backup, whose captures and media are read in place."""

    def __init__(self, tar: tarfile.TarFile, folder: Path) -> None:
        self._tar = tar
        self._folder = folder
        self._members = {member.name: member for member in tar.getmembers()}

    def problems(self) -> list[str]:
        """Return one line per file that is unreadable or does not match its row."""
        for name in self._members:
            if name == places.DATABASE_NAME or (name.endswith(".zst") and DICTIONARIES in name):
                target = self._folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with self._open(name) as stream, target.open("wb") as out:
                    shutil.copyfileobj(stream, out)
        engine = make_engine(f"sqlite:///{self._folder / places.DATABASE_NAME}")
        found = VerifyResult()
        try:
            migrations.upgrade(engine)
            with engine.connect() as connection:
                named = select(Capture.file).distinct().order_by(Capture.file)
                for file in list(connection.scalars(named)):
                    self._prove(connection, file, found)
                verify_media(
                    connection, lambda path: self._open(f"{places.MEDIA_NAME}/{path}"), found
                )
        finally:
            engine.dispose()
        return found.problems

    def _open(self, name: str) -> Any:
        member = self._members.get(name)
        stream = None if member is None else self._tar.extractfile(member)
        if stream is None:
            raise FileNotFoundError(errno.ENOENT, "it is not in the backup", name)
        return stream

    def _prove(self, connection: Connection, file: str, found: VerifyResult) -> None:
        inside = f"{places.CAPTURES_NAME}/{file}"
        growing = inside not in self._members
        try:
            codec = codec_of(self._folder / places.CAPTURES_NAME, file)
            with self._open(inside + OPEN_SUFFIX if growing else inside) as stream:
                verify_file(connection, file, stream, codec, found, growing=growing)
        except OSError as error:
            found.problems.append(f"{file} cannot be read: {error.strerror}")
        except CaptureUnreadable as error:
            found.problems.append(error.message)


class _Digesting:
    """Reads a file and computes its digest."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes."""
        data = self._stream.read(size)
        self.digest.update(data)
        return data


def _add(
    tar: tarfile.TarFile, manifest: dict[str, dict[str, Any]], path: Path, inside: str
) -> None:
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        # Closed between the look and the opening.
        stream = path.with_name(path.name.removesuffix(OPEN_SUFFIX)).open("rb")
    with stream:
        info = tar.gettarinfo(arcname=inside, fileobj=stream)
        # A growing file is kept as long as it is now; its torn end, if any, is mended later.
        reader = _Digesting(stream)
        tar.addfile(info, reader)
        manifest[inside] = {"sha256": reader.digest.hexdigest(), "bytes": info.size}


def _walk(file: Path, folder: Path | None) -> BackupResult:
    """Read a backup through and verify its files; write them to ``folder``, if given."""
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    try:
        with tarfile.open(file) as tar:
            for member in tar:
                stream = tar.extractfile(member)
                if stream is None:
                    continue
                if member.name == _MANIFEST:
                    manifest = json.load(stream)
                    continue
                found[member.name] = _take(stream, member.name, folder)
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise ArchiveError(
            f"{file} is not a backup, or damaged: {error}", "use another backup"
        ) from error
    if manifest is None:
        raise ArchiveError(f"{file} has no manifest: the file is truncated", "use another backup")
    if manifest["version"] > migrations.HEAD:
        raise ArchiveError(f"{file} was made by a newer Dateline", "install that version")
    wrong = [name for name, said in manifest["files"].items() if found.get(name) != said]
    wrong += [name for name in found if name not in manifest["files"]]
    if wrong:
        raise ArchiveError(
            f"{file} is damaged: {', '.join(sorted(wrong)[:3])}", "use another backup"
        )
    return BackupResult(len(found), sum(entry["bytes"] for entry in found.values()))


def _take(stream: Any, name: str, folder: Path | None) -> dict[str, Any]:
    reader = _Digesting(stream)
    size = 0
    target = None
    if folder is not None:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ValueError(f"it names {name!r}")
        path.parent.mkdir(parents=True, exist_ok=True)
        target = path.open("xb")
    try:
        while data := reader.read(1 << 20):
            size += len(data)
            if target is not None:
                target.write(data)
        if target is not None:
            target.flush()
            os.fsync(target.fileno())
    finally:
        if target is not None:
            target.close()
    return {"sha256": reader.digest.hexdigest(), "bytes": size}
