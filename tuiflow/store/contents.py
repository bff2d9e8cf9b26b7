"""Texts that many runs have in common, such as patches and package lists: kept once by hash."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from dataclasses import dataclass

from tuiflow.errors import NotFound, StoreError
from tuiflow.store import runs
from tuiflow.store.connection import Database

_LEVEL = 6


@dataclass(frozen=True, slots=True)
class ContentInfo:
    """One content of a run: `sha256` in hex and `size` in bytes, both before compression."""

    kind: str
    name: str
    sha256: str
    size: int


class Contents:
    """The contents of runs, addressed by run id, kind and name (a path, or empty)."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, run_id: str, kind: str, name: str, data: bytes) -> None:
        """Keep `data` with a run, in place of what it had under that kind and name.

        The bytes are stored once, however many runs have them. Raises NotFound for an unknown
        run, InvalidState for a deleted one.
        """
        digest = hashlib.sha256(data).digest()
        with self._db.read() as conn:
            known = _content_key(conn, digest)
        packed = b"" if known else zlib.compress(data, _LEVEL)  # outside of the transaction
        with self._db.write() as conn:
            run = runs.writable_key(conn, run_id)
            content = _content_key(conn, digest)
            if content is None:
                content = conn.execute(
                    "INSERT INTO contents (sha256, size, data) VALUES (?, ?, ?) RETURNING id",
                    (digest, len(data), packed or zlib.compress(data, _LEVEL)),
                ).fetchone()[0]
            conn.execute(
                "INSERT INTO run_contents (run, kind, name, content) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (run, kind, name) DO UPDATE SET content = excluded.content",
                (run, kind, name, content),
            )

    def get(self, run_id: str, kind: str, name: str = "") -> bytes:
        """Raises NotFound where the run has no such content, StoreError where it is damaged."""
        with self._db.read() as conn:
            row = conn.execute(
                "SELECT sha256, size, data FROM run_contents"
                " JOIN contents ON contents.id = content WHERE run = ? AND kind = ? AND name = ?",
                (runs.row_key(conn, run_id), kind, name),
            ).fetchone()
        if row is None:
            what = f"{kind} {name!r}" if name else kind
            raise NotFound(f"Run {run_id} has no {what}.")
        digest, size, packed = row
        try:
            data = zlib.decompressobj().decompress(packed, size + 1)
        except zlib.error:
            data = b""
        if hashlib.sha256(data).digest() != digest:
            raise StoreError(f"The {kind} of run {run_id} is damaged in the store.")
        return data

    def list(self, run_id: str) -> list[ContentInfo]:
        """What is kept with a run, by kind and name. Raises NotFound for an unknown run."""
        with self._db.read() as conn:
            rows = conn.execute(
                "SELECT kind, name, sha256, size FROM run_contents"
                " JOIN contents ON contents.id = content WHERE run = ? ORDER BY kind, name",
                (runs.row_key(conn, run_id),),
            ).fetchall()
        return [ContentInfo(kind, name, digest.hex(), size) for kind, name, digest, size in rows]


def _content_key(conn: sqlite3.Connection, digest: bytes) -> int | None:
    row = conn.execute("SELECT id FROM contents WHERE sha256 = ?", (digest,)).fetchone()
    return None if row is None else int(row[0])
