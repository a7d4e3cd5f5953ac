BEGIN TRANSACTION;
CREATE TABLE boot (
    boot_id TEXT PRIMARY KEY,
    server_minus_boot_ms INTEGER NOT NULL
);
INSERT INTO "boot" VALUES('boot-1',1795000000000);
CREATE TABLE decision (
    sequence INTEGER PRIMARY KEY REFERENCES tap (sequence),
    decided_at TEXT NOT NULL,
    result TEXT NOT NULL,
    reason TEXT,
    cursor TEXT,
    via TEXT
);
CREATE TABLE failure (
    sequence INTEGER PRIMARY KEY REFERENCES "tap_1" (sequence),
    failed_at TEXT NOT NULL,
    reason TEXT NOT NULL
);
INSERT INTO "failure" VALUES(2,'2026-11-21T12:00:00.000Z','no answer');
CREATE TABLE open (
    sequence INTEGER PRIMARY KEY REFERENCES "tap_1" (sequence),
    dead INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "open" VALUES(2,0);
INSERT INTO "open" VALUES(3,0);
INSERT INTO "open" VALUES(4,1);
INSERT INTO "open" VALUES(5,0);
INSERT INTO "open" VALUES(6,0);
CREATE TABLE outcome (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sequence INTEGER NOT NULL REFERENCES "tap_1" (sequence),
    recorded_at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('decided', 'dead', 'retried')),
    status INTEGER,
    detail TEXT NOT NULL
);
INSERT INTO "outcome" VALUES(1,1,'2026-11-21T12:00:00.000Z','decided',200,'{"scan_id":"scn_01KAJ2Q5G00000000000000001","result":"valid","log_id":"log_1"}');
INSERT INTO "outcome" VALUES(2,4,'2026-11-21T12:00:00.000Z','dead',422,'IDEMPOTENCY_MISMATCH: other body');
INSERT INTO "outcome" VALUES(3,5,'2026-11-21T12:00:00.000Z','dead',404,'NOT_FOUND: no such route');
INSERT INTO "outcome" VALUES(4,5,'2026-11-21T12:00:00.000Z','retried',NULL,'');
CREATE TABLE passage (
    sequence INTEGER PRIMARY KEY REFERENCES tap (sequence),
    ticket INTEGER NOT NULL,
    presence TEXT NOT NULL CHECK (presence IN ('inside', 'outside')),
    passed_at TEXT NOT NULL
);
CREATE TABLE sent_as (
    sequence INTEGER PRIMARY KEY REFERENCES tap (sequence),
    scanned_at TEXT NOT NULL
);
CREATE TABLE storage (only INTEGER PRIMARY KEY CHECK (only = 1), salt BLOB NOT NULL);
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
INSERT INTO "tap" VALUES(1,'scn_01KAJ2Q5G00000000000000001','scan','2026-11-21T12:00:01.000Z','boot-1',1000000000,-250,NULL,NULL,NULL,'04A1B2C3D4E5F6',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "tap" VALUES(2,'scn_01KAJ2Q5G00000000000000002','scan','2026-11-21T12:00:02.000Z','boot-1',2000000000,-250,NULL,NULL,NULL,'04A1B2C3D4E5F7',NULL,'00000000000000000000000000000000','1111111111111111',NULL,NULL);
INSERT INTO "tap" VALUES(3,'scn_01KAJ2Q5G00000000000000003','scan','2026-11-21T12:00:03.000Z','boot-1',3000000000,-250,'entry',NULL,NULL,NULL,'GH1.A-CODE',NULL,NULL,NULL,NULL);
INSERT INTO "tap" VALUES(4,'scn_01KAJ2Q5G00000000000000004','scan','2026-11-21T12:00:04.000Z','boot-1',4000000000,-250,NULL,NULL,NULL,'04A1B2C3D4E5F8',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "tap" VALUES(5,'scn_01KAJ2Q5G00000000000000005','scan','2026-11-21T12:00:05.000Z','boot-1',5000000000,-250,'exit',NULL,NULL,'04A1B2C3D4E5F6',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "tap" VALUES(6,'scn_01KAJ2Q5G00000000000000006','scan','2026-11-21T12:00:06.000Z','boot-1',6000000000,-250,NULL,NULL,NULL,'04A1B2C3D4E5F9',NULL,NULL,NULL,NULL,NULL);
CREATE INDEX outcome_by_tap ON outcome (sequence);
CREATE INDEX open_by_state ON open (dead, sequence);
CREATE TRIGGER outcome_is_kept BEFORE DELETE ON outcome
    BEGIN SELECT RAISE(ABORT, 'outcomes are never deleted'); END;
CREATE TRIGGER outcome_is_final BEFORE UPDATE ON outcome
    BEGIN SELECT RAISE(ABORT, 'outcomes are never changed'); END;
CREATE INDEX tap_by_card ON tap (card) WHERE card IS NOT NULL;
CREATE TRIGGER tap_is_kept BEFORE DELETE ON tap BEGIN SELECT RAISE(ABORT, 'taps are never deleted'); END;
CREATE TRIGGER tap_is_final BEFORE UPDATE ON tap BEGIN SELECT RAISE(ABORT, 'taps are never changed'); END;
CREATE TRIGGER decision_is_kept BEFORE DELETE ON decision
    BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END;
CREATE TRIGGER decision_is_final BEFORE UPDATE ON decision
    BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END;
CREATE INDEX tap_by_uid ON tap (uid) WHERE uid IS NOT NULL;
CREATE INDEX tap_by_qr ON tap (qr) WHERE qr IS NOT NULL;
CREATE INDEX passage_by_ticket ON passage (ticket);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outcome',4);
INSERT INTO "sqlite_sequence" VALUES('tap',6);
COMMIT;
PRAGMA user_version = 2;
