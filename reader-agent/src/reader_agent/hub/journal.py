"""The hub's memory on its disk: each decision before it is answered, each passage before another gate learns of it.

No number of a card or a code is in it: a tap is remembered by a keyed digest, a ticket by its fingerprint.
"""

import secrets
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from reader_agent.durable_files import DurableFile, open_file
from reader_agent.failures import BadSetup
from reader_agent.hub.wire import MOST_PASSAGES, HubDecision, Passage

_LAYOUT = 1
_SCHEMA = (
    "CREATE TABLE journal (name TEXT NOT NULL)",
    """CREATE TABLE passage (sequence INTEGER PRIMARY KEY AUTOINCREMENT, device_id TEXT NOT NULL,
        scan_id TEXT NOT NULL, content TEXT NOT NULL, UNIQUE (device_id, scan_id))""",
    """CREATE TABLE decision (device_id TEXT NOT NULL, scan_id TEXT NOT NULL, digest BLOB NOT NULL,
        answer TEXT NOT NULL, PRIMARY KEY (device_id, scan_id)) WITHOUT ROWID""",
)


@dataclass(frozen=True)
class Remembered:
    """A decision that was made before, and the digest of the tap that it answered."""

    digest: bytes
    answer: HubDecision


class Journal(DurableFile):
    """The file of one hub. Safe for several threads."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        # Notified with each new passage, and at the end.
        self._grew = threading.Condition(self._lock)
        self._ends = False
        try:
            self._db = open_file(path)
            # A flipped bit in a text must not keep the other rows from being read.
            self._db.text_factory = lambda stored: stored.decode(errors="replace")
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise BadSetup(
                f"the hub's journal {path} cannot be used: {error}. If the disk is full, free some space; if the file "
                "is damaged, move it aside and start again"
            ) from None
        self.name: str = self._db.execute("SELECT name FROM journal").fetchone()[0]

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        # FULL syncs the log at each commit: an answer that a gate has shown survives a power cut.
        self._db.execute("PRAGMA synchronous = FULL")
        with self._transaction() as db:
            layout = db.execute("PRAGMA user_version").fetchone()[0]
            if layout == 0:
                for statement in _SCHEMA:
                    db.execute(statement)
                db.execute("INSERT INTO journal VALUES (?)", (secrets.token_hex(8),))
                db.execute(f"PRAGMA user_version = {_LAYOUT}")
            elif layout != _LAYOUT:
                raise BadSetup(
                    f"the hub's journal {self.path} was written by another version of the agent (layout {layout}, "
                    f"this one knows {_LAYOUT}); run the version that wrote it"
                )

    def remembered(self, device_id: str, scan_id: str) -> Remembered | None:
        """Return the answer that this tap of a device had before."""
        with self._lock:
            row = self._db.execute(
                "SELECT digest, answer FROM decision WHERE device_id = ? AND scan_id = ?", (device_id, scan_id)
            ).fetchone()
        try:
            return Remembered(row[0], HubDecision.model_validate_json(row[1])) if row else None
        except ValidationError:
            return None  # a damaged row: it is decided again, by what is known of this tap's own passage

    def record(self, device_id: str, digest: bytes, answer: HubDecision) -> None:
        """Put a decision on the disk. Raises `sqlite3.Error` where it cannot."""
        text = answer.model_dump_json(exclude_none=True)
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO decision VALUES (?, ?, ?, ?)", (device_id, answer.scan_id, digest, text))
            if answer.passage:
                self._add(answer.passage)

    def note(self, passages: Sequence[Passage]) -> list[Passage]:
        """Put passages that others decided on the disk; return those that are new. Raises `sqlite3.Error`."""
        with self._transaction():
            return [passage for passage in passages if self._add(passage)]

    def _add(self, passage: Passage) -> bool:
        added = self._db.execute(
            "INSERT INTO passage (device_id, scan_id, content) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (passage.device_id, passage.scan_id, passage.model_dump_json(exclude_none=True)),
        ).rowcount
        # Its waiters read after the commit: they need this lock.
        self._grew.notify_all()
        return bool(added)

    def after(self, sequence: int, *, most: int = MOST_PASSAGES) -> tuple[int, list[Passage]]:
        """Return the passages after a number, and the number of the last of them; damaged rows are left out."""
        with self._lock:
            rows = self._db.execute(
                "SELECT sequence, content FROM passage WHERE sequence > ? ORDER BY sequence LIMIT ?", (sequence, most)
            ).fetchall()
        passages = []
        for _, content in rows:
            with suppress(ValidationError):
                passages.append(Passage.model_validate_json(content))
        return (rows[-1][0] if rows else sequence), passages

    def decided_here(self, passages: Sequence[Passage]) -> set[tuple[str, str]]:
        """Return which of these passages this hub decided, by device and scan; the others were reported to it."""
        query = "SELECT 1 FROM decision WHERE device_id = ? AND scan_id = ?"
        names = [(passage.device_id, passage.scan_id) for passage in passages]
        with self._lock:
            return {name for name in names if self._db.execute(query, name).fetchone()}

    def wait_for_news(self, sequence: int, seconds: float) -> None:
        """Return when there is a passage after this number, or after `seconds`."""
        with self._grew:
            self._grew.wait_for(lambda: self._ends or self.last() > sequence, seconds)

    def end_waiting(self) -> None:
        """End every wait for news, also later ones: the hub stops."""
        with self._grew:
            self._ends = True
            self._grew.notify_all()

    def last(self) -> int:
        """Return the number of the last passage."""
        with self._lock:
            return int(self._db.execute("SELECT coalesce(max(sequence), 0) FROM passage").fetchone()[0])

    def decisions(self) -> int:
        """Return how many taps were decided."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM decision").fetchone()[0])
