"""The layout of an outbox's file, and how files of earlier versions become it. Nothing in them is lost."""

import sqlite3
from collections.abc import Iterator

VERSION = 2
_TAP = """
CREATE TABLE tap (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    scan_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL DEFAULT 'scan' CHECK (kind IN ('scan', 'leave', 'return', 'count')),
    scanned_at TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    monotonic_ns INTEGER NOT NULL,
    clock_offset_ms INTEGER,
    direction TEXT,
    delta INTEGER,
    gate TEXT,
    uid TEXT,
    qr TEXT,
    picc_data TEXT,
    cmac TEXT,
    -- Since layout 2: uid, qr and the secure message, sealed, and the name of the card or code, to find its taps.
    sealed BLOB,
    card BLOB,
    CHECK ((kind = 'count') = (delta IS NOT NULL)),
    CHECK (kind = 'count' OR (uid IS NOT NULL) + (qr IS NOT NULL) + (sealed IS NOT NULL) = 1),
    CHECK ((picc_data IS NULL) = (cmac IS NULL))
);
"""
_JOURNAL = """
CREATE TABLE outcome (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sequence INTEGER NOT NULL REFERENCES tap (sequence),
    recorded_at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('decided', 'dead', 'retried')),
    status INTEGER,
    detail TEXT NOT NULL
);
CREATE INDEX outcome_by_tap ON outcome (sequence);
CREATE TABLE open (
    sequence INTEGER PRIMARY KEY REFERENCES tap (sequence),
    dead INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX open_by_state ON open (dead, sequence);
CREATE TRIGGER outcome_is_kept BEFORE DELETE ON outcome
    BEGIN SELECT RAISE(ABORT, 'outcomes are never deleted'); END;
CREATE TRIGGER outcome_is_final BEFORE UPDATE ON outcome
    BEGIN SELECT RAISE(ABORT, 'outcomes are never changed'); END;
"""
_TAP_IS_FINAL = """
CREATE TRIGGER tap_is_kept BEFORE DELETE ON tap BEGIN SELECT RAISE(ABORT, 'taps are never deleted'); END;
CREATE TRIGGER tap_is_final BEFORE UPDATE ON tap BEGIN SELECT RAISE(ABORT, 'taps are never changed'); END;
"""
# Added to files of every version.
_ADDED = """
CREATE INDEX IF NOT EXISTS tap_by_card ON tap (card) WHERE card IS NOT NULL;
CREATE TABLE IF NOT EXISTS failure (
    sequence INTEGER PRIMARY KEY REFERENCES tap (sequence),
    failed_at TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS boot (
    boot_id TEXT PRIMARY KEY,
    server_minus_boot_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS decision (
    sequence INTEGER PRIMARY KEY REFERENCES tap (sequence),
    decided_at TEXT NOT NULL,
    result TEXT NOT NULL,
    reason TEXT,
    cursor TEXT,
    via TEXT
);
CREATE TRIGGER IF NOT EXISTS decision_is_kept BEFORE DELETE ON decision
    BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END;
CREATE TRIGGER IF NOT EXISTS decision_is_final BEFORE UPDATE ON decision
    BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END;
CREATE TABLE IF NOT EXISTS passage (
    sequence INTEGER PRIMARY KEY REFERENCES tap (sequence),
    ticket INTEGER NOT NULL,
    presence TEXT NOT NULL CHECK (presence IN ('inside', 'outside')),
    passed_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS tap_by_uid ON tap (uid) WHERE uid IS NOT NULL;
CREATE INDEX IF NOT EXISTS tap_by_qr ON tap (qr) WHERE qr IS NOT NULL;
CREATE INDEX IF NOT EXISTS passage_by_ticket ON passage (ticket);
CREATE TABLE IF NOT EXISTS sent_as (
    sequence INTEGER PRIMARY KEY REFERENCES tap (sequence),
    scanned_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS storage (only INTEGER PRIMARY KEY CHECK (only = 1), salt BLOB NOT NULL);
"""
# SQLite adds no checks to a table, so the taps move to a new one. Their places stay, and the next one follows the last.
# The old table goes before the new one gets its name: SQLite rewrites the references of other tables with a name.
_NEXT_TAP = _TAP.replace("CREATE TABLE tap (", "CREATE TABLE tap_2 (")
_MOVE = """
DROP TRIGGER tap_is_kept;
DROP TRIGGER tap_is_final;
INSERT INTO tap_2 (sequence, scan_id, scanned_at, boot_id, monotonic_ns, clock_offset_ms, direction, uid, qr, picc_data,
        cmac)
    SELECT sequence, scan_id, scanned_at, boot_id, monotonic_ns, clock_offset_ms, direction, uid, qr, picc_data, cmac
    FROM tap ORDER BY sequence;
DROP TABLE tap;
ALTER TABLE tap_2 RENAME TO tap;
"""
# An earlier version moved the taps so that other tables refer to a table that is gone, and no tap can be stored. The
# taps get its name and then their own again, and the references follow.
_IS_ASTRAY = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND sql LIKE '%REFERENCES \"tap_1\"%'"
_BACK = """
ALTER TABLE tap RENAME TO tap_1;
ALTER TABLE tap_1 RENAME TO tap;
"""


def lay_out(db: sqlite3.Connection) -> int:
    """Bring a file to the present layout, inside the caller's transaction; return the version that it has now.

    A version that is not known stays as it is. The caller has switched foreign keys off.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    scripts = {
        0: (_TAP, _JOURNAL, _TAP_IS_FINAL, _ADDED),
        1: (_NEXT_TAP, _MOVE, _TAP_IS_FINAL, _ADDED),
        VERSION: (*((_BACK,) if db.execute(_IS_ASTRAY).fetchone() else ()), _ADDED),
    }.get(version)
    if scripts is None:
        return version
    for statement in _statements("".join(scripts)):
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {VERSION}")
    return VERSION


def _statements(script: str) -> Iterator[str]:
    """Return the statements of a script one by one; `executescript` would end the transaction around them."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
