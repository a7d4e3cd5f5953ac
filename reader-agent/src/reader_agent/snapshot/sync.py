"""Fetching snapshots: the whole at first, then the changes since, in a thread of its own.

A snapshot that must not be used changes nothing: the one in use stays, and the reason is shown.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import structlog

from reader_agent.clock import read_time, write_time
from reader_agent.failures import AgentError, Rejected, TryLater
from reader_agent.identity import Identity
from reader_agent.offline import InUse, Offline
from reader_agent.pace import Backoff
from reader_agent.server import Server
from reader_agent.snapshot.index import Snapshot
from reader_agent.snapshot.names import Name, open_names
from reader_agent.snapshot.package import Head, Package, SnapshotRefused
from reader_agent.snapshot.store import SnapshotStore

_ATTEMPT_SECONDS = 60.0
# A longer chain, or one that outgrew its beginning, is fetched as a whole again.
_MOST_DELTAS = 200
# Of the changes of one outage, which the platform gives in parts.
_MOST_PARTS = 50
_MARK_SECONDS = 30.0
_LONGEST_BACKOFF = 60.0
_HIGH_WATER, _LAST_ERROR, _ETAG = "high water", "last error", "etag of pieces"


@dataclass
class _Progress:
    """What a download has so far; `current` ends with the attempt, so that a late piece is dropped."""

    have: int
    etag: str | None
    total: int | None = None
    current: bool = True


class SnapshotSync:
    """Keeps the snapshot of one enrolment up to date."""

    def __init__(
        self,
        server: Server,
        store: SnapshotStore,
        offline: Offline,
        identity: Identity,
        *,
        log: structlog.stdlib.BoundLogger,
        seconds: float,
    ) -> None:
        self.store = store
        # Why the last fetch brought nothing; None after one that did.
        self.last_error: str | None = store.fact(_LAST_ERROR) or None
        self.tried_at: datetime | None = None
        # When the last attempt that is over began, by the clock of the boot.
        self.tried_ns = 0
        self._server, self._offline, self.identity, self._log = server, offline, identity, log
        self._seconds = seconds
        # Why it is of no use to ask the platform; None where it is.
        self.why_not_fetch: Callable[[], str | None] = lambda: None
        self._names: dict[int, Name] = {}
        self._lock, self._wake, self._stop = threading.Lock(), threading.Event(), threading.Event()
        # Held while a snapshot comes into use, or is wiped: of the two, the wipe has the last word.
        self._using = threading.Lock()
        self._marked_at = float("-inf")
        self._thread = self._make_thread()

    def _make_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name="snapshot", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start; the first fetch follows at once."""
        self._thread.start()

    def ensure(self) -> None:
        """Start the thread again where it died."""
        if self._thread.ident and not self._thread.is_alive() and not self._stop.is_set():
            self._log.error("thread died", thread="snapshot")
            self._thread = self._make_thread()
            self._thread.start()

    def wake(self) -> None:
        """Fetch now."""
        self._wake.set()

    def end(self) -> None:
        """Fetch nothing more; the thread ends by itself."""
        self._stop.set()
        self.wake()

    def stop(self) -> None:
        """Stop."""
        self.end()
        if self._thread.ident:
            self._thread.join(timeout=2.0)

    def load(self) -> None:
        """Use what is on the disk. Parts that are not what they were are left out, and fetched again."""
        mark = self.store.fact(_HIGH_WATER)
        if mark:
            self._offline.time.at_least(read_time(mark))
        snapshot: Snapshot | None = None
        try:
            for content in self.store.parts():
                package = self._read(content)
                snapshot = snapshot.with_delta(package) if snapshot else Snapshot.of(package)
                named = open_names(package.head, self.identity.signing_key())
                # An event that switched names off sends none: those of before are not shown any more either.
                self._names = {**self._names, **named} if package.head.names else {}
        except SnapshotRefused as error:
            self._refuse(f"the stored snapshot is not used: {error}")
            snapshot = None
        if snapshot is not None:
            self._offline.use(InUse(snapshot, dict(self._names)))

    def fetch(self) -> bool:
        """Fetch what is new; return whether a snapshot is in use that the platform just sent. Raises no AgentError."""
        with self._lock:
            began_ns = self._server.clock.monotonic_ns()
            why: str | None = "the fetch ended with an error of this program; see its log"
            try:
                self._fetch()
                why = None
            except AgentError as error:
                why = str(error)
            except sqlite3.Error as error:
                why = f"the snapshot could not be stored: {error}"
            finally:
                if why is None or not self._stop.is_set():  # a fetch that a stop broke off says nothing
                    self._ended(began_ns, why)
            return why is None

    def _ended(self, began_ns: int, why: str | None) -> None:
        """Note that an attempt is over, and why it brought nothing; `tried_ns` comes last, for who waits for it."""
        if why:
            self._refuse(why)
        else:
            self._set_error(None)
        self.tried_at = self._offline.time.now()
        self.tried_ns = began_ns

    def _fetch(self) -> None:
        snapshot, sizes = self._offline.gate.snapshot, self.store.sizes()
        since = snapshot.head.cursor if snapshot is not None and sizes else None
        is_long = len(sizes) > _MOST_DELTAS or sum(sizes[1:]) > sum(sizes[:1])
        # The next start could not prove what was signed with a key that was withdrawn since.
        is_withdrawn = snapshot is not None and snapshot.begun_with not in self.identity.platform_keys()
        if since is None:
            self._accept(self._download(None))
        elif not ((is_long or is_withdrawn) and self._fetch_whole_instead()):
            self._fetch_since(since)

    def _fetch_whole_instead(self) -> bool:
        """Replace many changes by one whole; return False where there is none yet that is newer: the changes go on."""
        try:
            self._accept(self._download(None))
        except (Rejected, SnapshotRefused) as error:
            self.store.drop_pieces()
            self._log.info("whole snapshot not used", error=str(error))
            return False
        except TryLater as error:
            if not error.is_reached or self.store.pieces()[0]:
                raise  # the rest of it is fetched next
            return False
        return True

    def _fetch_since(self, since: str) -> None:
        for _ in range(_MOST_PARTS):
            try:
                head = self._accept(self._download(since))
            except (Rejected, SnapshotRefused) as error:
                # The platform does not know the cursor any more, or its changes do not fit: the whole is needed.
                self.store.drop_pieces()
                self._log.warning("changes not used", error=str(error))
                head = self._accept(self._download(None))
            # A part without changes waits for a change that is still on its way.
            if not head.more or not head.sections.body_bytes or self._stop.is_set():
                return
            since = head.cursor

    def _download(self, since: str | None) -> bytes:
        """Return the bytes of a snapshot; an attempt that broke off is taken up where it ended."""
        while True:
            before, _ = self.store.pieces()
            broken: TryLater | None = None
            try:
                if self._attempt(since):
                    return self.store.pieces()[1]
            except TryLater as error:
                broken = error
            if self._stop.is_set() or self.store.pieces()[0] <= before:
                raise broken or TryLater("the platform sent nothing of the snapshot")

    def _attempt(self, since: str | None) -> bool:
        """Ask for what is missing; return whether nothing is."""
        wanted = f"{since or 'full'} "
        known = self.store.fact(_ETAG) or ""
        etag = known.removeprefix(wanted) if known.startswith(wanted) else None
        if etag is None:
            self.store.drop_pieces()
        progress = _Progress(have=self.store.pieces()[0], etag=etag)
        headers = {"Range": f"bytes={progress.have}-"}
        if progress.have and etag:
            headers["If-Range"] = etag

        def on_piece(status: int, answered: httpx.Headers, piece: bytes) -> None:
            if not progress.current or self.why_not_fetch():
                return
            try:
                self._take(progress, wanted, status, answered, piece)
            except sqlite3.Error as error:
                raise TryLater(f"the snapshot could not be stored: {error}") from None

        try:
            reply = self._server.snapshot(since=since, headers=headers, on_piece=on_piece, timeout=_ATTEMPT_SECONDS)
        finally:
            progress.current = False
        if reply.status == 416:
            self.store.drop_pieces()
            raise SnapshotRefused("the platform does not have the rest of the snapshot that was begun")
        return progress.total is None or progress.have >= progress.total

    def _take(self, progress: _Progress, wanted: str, status: int, answered: httpx.Headers, piece: bytes) -> None:
        if progress.total is None:
            start, progress.total = _extent(status, answered)
            if start == 0 and progress.have:  # it changed meanwhile, or is sent as a whole always
                self.store.drop_pieces()
                progress.have = 0
            if start and progress.etag and answered.get("ETag", progress.etag) != progress.etag:
                self.store.drop_pieces()
                raise TryLater("the snapshot changed while it was fetched")
            if start != progress.have:
                raise TryLater("the platform sent another part of the snapshot than was asked for")
            self.store.set_fact(_ETAG, wanted + answered.get("ETag", ""))
        self.store.add_piece(piece)
        progress.have += len(piece)

    def _accept(self, content: bytes) -> Head:
        """Use a snapshot, and store it; return its head. Raises SnapshotRefused."""
        package = self._read(content)
        with self._using:
            if self.why_not_fetch():
                self.store.drop_pieces()
                raise AgentError("this device must not have a snapshot any more")
            self._use(package, content)
        head = package.head
        self._log.info("snapshot", cursor=head.cursor, is_delta=head.since is not None, bytes=len(content))
        return head

    def wipe(self) -> None:
        """Forget the snapshot, in memory and on the disk; one that is on its way is not used."""
        with self._using:
            self._names = {}
            self._offline.use(None)
            self.store.wipe()

    def _use(self, package: Package, content: bytes) -> None:
        in_use, head = self._offline.gate.snapshot, package.head
        if head.expires_at <= self._offline.time.now():
            raise SnapshotRefused(f"the snapshot has expired, at {write_time(head.expires_at)}")
        names = open_names(head, self.identity.signing_key())
        if head.since is not None and in_use is not None:
            snapshot, names = in_use.with_delta(package), {**self._names, **names}
            self.store.append(content)
        else:
            snapshot = Snapshot.of(package)
            if in_use is not None and head.generated_at < in_use.head.generated_at:
                raise SnapshotRefused("the snapshot is older than the one in use")
            self.store.replace(content)
        self._names = names if head.names else {}
        self._offline.use(InUse(snapshot, dict(self._names)))

    def _read(self, content: bytes) -> Package:
        keys = self.identity.platform_keys()
        if not keys:
            raise SnapshotRefused("this device has no key of the platform to check it with; enrol it again")
        return Package.read(content, keys, event_id=self.identity.event_id, device_id=self.identity.device_id)

    def _refuse(self, why: str) -> None:
        self._log.warning("snapshot not fetched", error=why)
        self._set_error(why)

    def _set_error(self, why: str | None) -> None:
        self.last_error = why
        try:
            self.store.set_fact(_LAST_ERROR, why or "")
        except sqlite3.Error as error:
            self._log.warning("snapshot's state not stored", error=str(error))

    def mark_time(self) -> bool:
        """Store the latest time that is known to have been, each 30 s; return whether it was done now."""
        if time.monotonic() - self._marked_at <= _MARK_SECONDS:
            return False
        self._marked_at = time.monotonic()
        self.store.set_fact(_HIGH_WATER, write_time(self._offline.time.now()))
        return True

    def _run(self) -> None:
        backoff = Backoff()
        while not self._stop.is_set():
            self._wake.clear()
            pause = self._seconds
            try:
                if why_not := self.why_not_fetch():
                    self._ended(self._server.clock.monotonic_ns(), why_not)
                elif not self.fetch():
                    pause = min(self._seconds, backoff.next(_LONGEST_BACKOFF))
                else:
                    backoff.reset()
            except Exception as error:  # noqa: BLE001  # logged in full; the next fetch is a retry
                self._log.exception("snapshot not fetched", error=str(error))
            self._wake.wait(pause)

    def state(self) -> dict[str, Any]:
        """Return what an operator asks of the snapshot; no secret of it."""
        snapshot = self._offline.gate.snapshot
        facts: dict[str, Any] = {"cursor": None, "generated_at": None, "expires_at": None, "age_s": None}
        if snapshot is not None:
            now, head = self._offline.time.now(), snapshot.head
            facts = {
                "cursor": head.cursor,
                "generated_at": write_time(head.generated_at),
                "expires_at": write_time(head.expires_at),
                "age_s": round((now - head.generated_at).total_seconds()),
                "is_expired": now >= head.expires_at,
                "tickets": snapshot.ticket_count,
                "names": len(self._names),
                "hub": head.hub.device_id if head.hub else None,
            }
        tried = write_time(self.tried_at) if self.tried_at else None
        return {**facts, "tried_at": tried, "error": self.last_error}


def _extent(status: int, answered: httpx.Headers) -> tuple[int, int | None]:
    """Return where an answer's bytes begin, and how many there are in all, if it says so."""
    try:
        if status == 206:
            unit, _, extent = answered.get("Content-Range", "").partition(" ")
            place, _, total = extent.partition("/")
            return int(place.partition("-")[0]), (int(total) if unit == "bytes" and total != "*" else None)
        length = answered.get("Content-Length")
        return 0, int(length) if length else None
    except ValueError:
        raise TryLater("the platform's answer does not say which part of the snapshot it is") from None
