"""The durable outbox: every tap is on disk before it is sent, and is never deleted.

`tap` and `outcome` are a journal; triggers make it append-only. `open` is an index over it: the taps that are still to
be sent (`dead` = 0), and those that failed alone and are retried slowly (`dead` = 1). `failure` says why a tap that
is not done failed last. `boot` holds the server's clock minus the boot clock, for each boot of this device. `decision`
is what this device decided by itself, `passage` who passed. A tap's `sequence` is the `seq` of its record on the wire.

With the device's secret, card numbers and codes are sealed. Taps that were sealed before a wipe have none any more.
"""

import json
import os
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from reader_agent import outbox_layout
from reader_agent.clock import write_time
from reader_agent.durable_files import DurableFile, copy_file, open_file
from reader_agent.failures import BadSetup
from reader_agent.outbox_entries import (
    ENTRIES,
    WHERE,
    DecidedAtGate,
    Entry,
    Passage,
    State,
    is_readable,
    made_at,
    moment,
    passage_of,
)
from reader_agent.tap import Tap
from reader_agent.vault import SALT_BYTES, Unreadable, Vault
from reader_agent.wire import Decision, Sun

__all__ = ["DecidedAtGate", "Entry", "Outbox", "Passage"]

_MOST_PASSAGES = 200_000
# A family's card, handed back a few times; more of them would make the person wait.
_MOST_ALONG, _MOST_TICKETS = 10, 50


class Outbox(DurableFile):
    """The outbox of one enrolment. Safe for several threads; several processes may read it at once."""

    def __init__(self, path: Path, *, secret: bytes | None = None, reads_only: bool = False) -> None:
        """Open the file; `reads_only` reads a copy in memory, so it works on a disk that cannot be written.

        `secret` is the device's, with which card numbers are sealed and opened.
        """
        super().__init__(path)
        self._secret = secret
        self._vault: Vault | None = None
        try:
            self._db = copy_file(path) if reads_only else open_file(path)
        except (OSError, sqlite3.Error) as error:
            raise BadSetup(f"the outbox {path} cannot be opened: {error}; check the folder's owner and space") from None
        self._prepare_or_explain()

    @classmethod
    def reading(cls, path: Path, *, secret: bytes | None = None) -> Self:
        """Return an outbox that only reads. Raises BadSetup."""
        return cls(path, secret=secret, reads_only=True)

    def _prepare_or_explain(self) -> None:
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._db.close()
            raise BadSetup(
                f"the outbox {self.path} cannot be used: {error}. If the disk is full, free some space. "
                "If the file is damaged, "
                "move it aside (do not delete it: it holds unsent taps) and start again"
            ) from None
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        # A flipped bit in a text must not keep the other rows from being read.
        self._db.text_factory = lambda stored: stored.decode(errors="replace")
        self._db.execute("PRAGMA journal_mode = WAL")
        # FULL syncs the log at each commit: a tap that was shown survives a power cut.
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = OFF")
        self._db.execute("PRAGMA secure_delete = ON")
        with self._transaction() as db:
            version = outbox_layout.lay_out(db)
            if version != outbox_layout.VERSION:
                raise BadSetup(
                    f"the outbox {self.path} was written by another version of the agent (layout {version}, this one "
                    f"knows {outbox_layout.VERSION}); run the version that wrote it, or `outbox export` with it first"
                )
            self._vault = self._open_vault(db)
        self._db.execute("PRAGMA foreign_keys = ON")

    def _open_vault(self, db: sqlite3.Connection) -> Vault | None:
        if self._secret is None:
            return None
        db.execute("INSERT OR IGNORE INTO storage VALUES (1, ?)", (os.urandom(SALT_BYTES),))
        return Vault(self._secret, db.execute("SELECT salt FROM storage").fetchone()[0])

    def forget_cards(self) -> bool:
        """Make the card numbers and codes of all taps so far unreadable for ever; the taps stay.

        Return False, and change nothing, where a tap is still to be sent: nobody could read it any more.
        """
        with self._lock:
            with self._transaction() as db:
                if db.execute("SELECT 1 FROM open LIMIT 1").fetchone():
                    return False
                db.execute("UPDATE storage SET salt = ?", (os.urandom(SALT_BYTES),))
                vault = self._open_vault(db)
            self._vault = vault
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return True

    def record(self, tap: Tap) -> int:
        """Put a tap on the disk and return its place in the order. Raises `sqlite3.Error` where it cannot."""
        row = {
            "scan_id": tap.scan_id,
            "kind": tap.kind,
            "scanned_at": write_time(tap.scanned_at),
            "boot_id": tap.boot_id,
            "monotonic_ns": tap.monotonic_ns,
            "clock_offset_ms": tap.clock_offset_ms,
            "direction": tap.direction,
            "delta": tap.delta,
            "gate": tap.gate,
        }
        with self._transaction() as db:
            row |= self._content_of(tap)  # by the vault of this transaction: a wipe changes it
            names, places = ", ".join(row), ", ".join("?" * len(row))
            query = f"INSERT INTO tap ({names}) VALUES ({places})"  # noqa: S608 # nosec B608  # names of this function
            sequence = db.execute(query, tuple(row.values())).lastrowid
            db.execute("INSERT INTO open (sequence) VALUES (?)", (sequence,))
            if sequence is None:
                raise sqlite3.DatabaseError("the database named no row")
        return sequence

    def _content_of(self, tap: Tap) -> dict[str, Any]:
        if tap.kind == "count":
            return {}
        sun = tap.sun.model_dump() if tap.sun else {}
        if self._vault is None:
            return {"uid": tap.uid, "qr": tap.qr, **sun}
        plain = json.dumps({"uid": tap.uid, "qr": tap.qr, **sun}).encode()
        return {"sealed": self._vault.seal(plain, place=tap.scan_id), "card": self._name_of(tap)}

    def _name_of(self, tap: Tap) -> bytes | None:
        shown = tap.uid or tap.qr
        return self._vault.name(shown) if self._vault and shown else None

    def decided_here(
        self, sequence: int, decision: DecidedAtGate, *, at: datetime, passage: Passage | None = None
    ) -> None:
        """Put what this device decided by itself on the disk, before anybody is shown it. Raises `sqlite3.Error`.

        A tap that the platform answered meanwhile, on another road, is sent once more: it must hear what was shown.
        """
        with self._transaction() as db:
            db.execute(
                "INSERT INTO decision (sequence, decided_at, result, reason, cursor, via) VALUES (?, ?, ?, ?, ?, ?)",
                (sequence, write_time(at), decision.result, decision.reason, decision.cursor, decision.via),
            )
            db.execute("INSERT OR IGNORE INTO open (sequence) VALUES (?)", (sequence,))
            if passage is not None:
                self._add_passage(sequence, passage)

    def _add_passage(self, sequence: int, passage: Passage) -> None:
        self._db.execute(
            # The platform's time of a passage that was decided here is the right one.
            "INSERT INTO passage VALUES (?, ?, ?, ?) ON CONFLICT (sequence)"
            " DO UPDATE SET passed_at = excluded.passed_at WHERE ticket = excluded.ticket",
            (sequence, passage.ticket, passage.presence, write_time(passage.at)),
        )

    def passages(self) -> list[Passage]:
        """Return the passages at this gate in their order, the last ones where there are very many."""
        query = (
            "SELECT ticket, presence, passed_at, scan_id FROM passage JOIN tap USING (sequence)"
            " ORDER BY sequence DESC LIMIT ?"
        )
        with self._lock:
            rows = self._db.execute(query, (_MOST_PASSAGES,)).fetchall()
        return [passage_of(row) for row in reversed(rows)]

    def pending(self, limit: int, *, without: Collection[int] = ()) -> list[Entry]:
        """Return the taps that still have to be sent, oldest first; `without` these."""
        found = self.entries("pending", limit=limit + len(without))
        return [entry for entry in found if entry.sequence not in without][:limit]

    def entry(self, sequence: int) -> Entry | None:
        """Return a tap by its place, or None where there is none or it is done."""
        query = f"{ENTRIES} WHERE open.sequence = ?"
        with self._lock:
            row = self._db.execute(query, (sequence,)).fetchone()
        return self._entry(row) if row else None

    def of_card(self, tap: Tap, tickets: Sequence[int] = ()) -> list[Entry]:
        """Return the other taps of the same card or code that still have to be sent, dead ones too, oldest first.

        With them those of other cards and codes that passed one of these tickets; not more than one request takes.
        """
        marks = ", ".join("?" * len(tickets[:_MOST_TICKETS]))
        # Each part goes through an index of its own: after a long outage, thousands of taps are open.
        query = (
            f"{ENTRIES} WHERE open.dead IS NOT NULL AND scan_id <> ? AND tap.sequence IN ("  # noqa: S608 # nosec B608  # marks only
            "SELECT sequence FROM tap WHERE card = ? UNION SELECT sequence FROM tap WHERE uid = ?"
            " UNION SELECT sequence FROM tap WHERE qr = ?"
            f" UNION SELECT sequence FROM passage WHERE ticket IN ({marks})) ORDER BY tap.sequence LIMIT ?"
        )
        known = (tap.scan_id, self._name_of(tap), tap.uid, tap.qr, *tickets[:_MOST_TICKETS], _MOST_ALONG)
        with self._lock:
            rows = self._db.execute(query, known).fetchall()
        return [self._entry(row) for row in rows]

    def decided(
        self, decisions: Mapping[int, Decision], *, at: datetime, passages: Mapping[int, Passage] | None = None
    ) -> set[int]:
        """Record the server's answers by the taps' places, in one transaction; return those that were open.

        A second answer to the same tap changes nothing. `passages` are those that the answers mean.
        """
        settled: set[int] = set()
        with self._transaction() as db:
            for sequence, decision in decisions.items():
                if not db.execute("DELETE FROM open WHERE sequence = ?", (sequence,)).rowcount:
                    continue
                # The attendee's name is for the display only and must not be stored on a device at a gate.
                detail = decision.model_dump_json(exclude={"attendee", "ticket"}, exclude_none=True, by_alias=True)
                self._add_outcome(sequence, "decided", 200, detail, at)
                db.execute("DELETE FROM failure WHERE sequence = ?", (sequence,))
                if passages and sequence in passages:
                    self._add_passage(sequence, passages[sequence])
                settled.add(sequence)
        return settled

    def buried(self, sequence: int, *, status: int | None, detail: str, at: datetime) -> None:
        """Make a tap that fails alone a dead letter: an operator sees it, and it is retried slowly."""
        with self._transaction() as db:
            if db.execute("UPDATE open SET dead = 1 WHERE sequence = ? AND dead = 0", (sequence,)).rowcount:
                self._add_outcome(sequence, "dead", status, detail, at)

    def failed(self, sequence: int, reason: str, *, at: datetime) -> None:
        """Note why a tap that is still open failed last."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO failure VALUES (?, ?, ?)", (sequence, write_time(at), reason))

    def _add_outcome(self, sequence: int, kind: str, status: int | None, detail: str, at: datetime) -> None:
        self._db.execute(
            "INSERT INTO outcome (sequence, recorded_at, kind, status, detail) VALUES (?, ?, ?, ?, ?)",
            (sequence, write_time(at), kind, status, detail),
        )

    def fix_times(self, times: Mapping[int, datetime | None]) -> None:
        """Store the times that taps of earlier boots are sent with, for an export."""
        with self._transaction() as db:
            db.executemany("DELETE FROM sent_as WHERE sequence = ?", [(sequence,) for sequence in times])
            rows = [(sequence, write_time(moment)) for sequence, moment in times.items() if moment]
            db.executemany("INSERT INTO sent_as VALUES (?, ?)", rows)

    def begin_after(self, sequence: int) -> None:
        """Let the next number be a later one than this: a number is never used twice."""
        with self._transaction() as db:
            raised = db.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'tap'", (sequence,))
            if not raised.rowcount:
                db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('tap', ?)", (sequence,))

    def learn_boot(self, boot_id: str, server_minus_boot_ms: int) -> None:
        """Remember the server's clock minus the boot clock: it corrects this boot's taps in later boots."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO boot VALUES (?, ?)", (boot_id, server_minus_boot_ms))

    def boots(self) -> dict[str, int]:
        """Return the server's clock minus the boot clock, in milliseconds, for each boot where it is known."""
        with self._lock:
            return dict(self._db.execute("SELECT boot_id, server_minus_boot_ms FROM boot").fetchall())

    def retry(self, scan_ids: Sequence[str] | None, *, at: datetime) -> int:
        """Make dead letters (all, or these) pending again; return how many there were."""
        with self._transaction() as db:
            dead = db.execute("SELECT sequence, scan_id FROM open JOIN tap USING (sequence) WHERE dead = 1").fetchall()
            chosen = [sequence for sequence, scan_id in dead if scan_ids is None or scan_id in scan_ids]
            for sequence in chosen:
                db.execute("UPDATE open SET dead = 0 WHERE sequence = ?", (sequence,))
                db.execute(
                    "INSERT INTO outcome (sequence, recorded_at, kind, detail) VALUES (?, ?, 'retried', '')",
                    (sequence, write_time(at)),
                )
        return len(chosen)

    def depth(self) -> int:
        """Return how many taps are to be sent."""
        return self._count("SELECT count(*) FROM open WHERE dead = 0")

    def oldest(self) -> int | None:
        """Return the place of the oldest tap that is to be sent; None where there is none."""
        return self._count("SELECT coalesce(min(sequence), 0) FROM open WHERE dead = 0") or None

    def dead(self) -> int:
        """Return how many taps failed alone and are retried slowly."""
        return self._count("SELECT count(*) FROM open WHERE dead = 1")

    def last(self) -> int:
        """Return the number of the last tap that was ever made; 0 before the first."""
        return self._count("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'tap'")

    def total(self) -> int:
        """Return how many taps were ever made."""
        return self._count("SELECT count(*) FROM tap")

    def _count(self, query: str) -> int:
        with self._lock:
            return int(self._db.execute(query).fetchone()[0])

    def entries(self, state: State | None = None, *, limit: int = -1) -> list[Entry]:
        """Return the taps in this state, or all, in the order they were made."""
        query = f"{ENTRIES} {WHERE[state]} ORDER BY tap.sequence LIMIT ?"
        with self._lock:
            rows = self._db.execute(query, (limit,)).fetchall()
        return [self._entry(row) for row in rows]

    def _entry(self, row: Sequence[Any]) -> Entry:
        """Return a row as a tap. A damaged one must not hold up the others: what of it can be read is kept."""
        (sequence, scan_id, kind, scanned_at, boot_id, monotonic_ns, offset, direction, delta, gate) = row[:10]
        uid, qr, picc_data, cmac, sealed, result, reason, cursor, via, decided_at = row[10:20]
        is_done, is_dead, status, detail = row[20:24]
        if sealed is not None:
            uid, qr, picc_data, cmac = self._opened(sealed, scan_id)
        tap = Tap(
            scan_id=scan_id,
            scanned_at=moment(scanned_at) or made_at(scan_id),
            boot_id=boot_id,
            monotonic_ns=monotonic_ns,
            uid=uid,
            qr=qr,
            sun=Sun(picc_data=picc_data, cmac=cmac) if picc_data and cmac else None,
            direction=direction,
            clock_offset_ms=offset,
            kind=kind,
            delta=delta,
            gate=gate,
        )
        state: State = "done" if is_done else "dead" if is_dead else "pending"
        return Entry(
            sequence,
            tap,
            state,
            status=status,
            detail=detail,
            at_gate=DecidedAtGate(result, reason, cursor, via) if result else None,
            sent_as=moment(row[24]),
            decided_at=moment(decided_at),
            is_damaged=self._vault is not None and not is_readable(tap),
        )

    def _opened(self, sealed: bytes, scan_id: str) -> tuple[str | None, ...]:
        """Return a tap's card and code; nothing where they were wiped, damaged, or are another device's."""
        try:
            plain = json.loads(self._vault.open(sealed, place=scan_id)) if self._vault else {}
        except (Unreadable, ValueError, TypeError):
            plain = {}
        found = plain if isinstance(plain, dict) else {}
        return tuple(found.get(name) for name in ("uid", "qr", "picc_data", "cmac"))

    def check_whole(self) -> None:
        """Raise BadSetup where the file is damaged: otherwise the first person at the gate would find it."""
        with self._lock:
            try:
                found = " ".join(self._db.execute("PRAGMA quick_check(1)").fetchone()[0].split())
            except sqlite3.Error as error:
                found = str(error)
        if found != "ok":
            raise BadSetup(
                f"the outbox {self.path} is damaged ({found}): move it aside (do not delete it: it holds unsent taps) "
                "and start again"
            )

    def check_writable(self) -> None:
        """Raise `sqlite3.Error` or `OSError` where a tap could not be stored now."""
        # SQLite keeps small changes in memory until a commit; the probe finds a full disk now, not at the gate.
        probe = self.path.with_name(f".{self.path.name}.probe")
        try:
            with probe.open("wb") as file:
                file.write(bytes(256 * 1024))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self.trouble = str(error)
            raise
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)
        with self._transaction() as db:
            db.execute("UPDATE open SET dead = dead WHERE sequence = (SELECT min(sequence) FROM open)")
