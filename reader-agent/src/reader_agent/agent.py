"""The agent: composes reader, gate, delivery, heartbeat and health for one state folder."""

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog

from reader_agent import __version__, watchdog
from reader_agent.clock import Clock, write_time
from reader_agent.delivery import Delivery
from reader_agent.display import Display
from reader_agent.gate import Gate
from reader_agent.health import Health
from reader_agent.heartbeat import Heartbeat
from reader_agent.hub.making import make_hub
from reader_agent.identity import Identity, write_privately
from reader_agent.local_gate import LocalGate
from reader_agent.offline import Offline
from reader_agent.outbox import Outbox
from reader_agent.outcomes import Outcome
from reader_agent.pace import Pace
from reader_agent.readers import Reader, Readers, Reading, make_reader
from reader_agent.readers import split as split_paths
from reader_agent.server import Server
from reader_agent.settings import Settings
from reader_agent.signals import Signals
from reader_agent.snapshot.store import SnapshotStore, store_path
from reader_agent.snapshot.sync import SnapshotSync
from reader_agent.standing import Standing
from reader_agent.tap import Way
from reader_agent.trusted_time import TrustedTime
from reader_agent.wire import DeviceConfig, HeartbeatAnswer

RUNTIME = "runtime.json"
# Another process asks for a snapshot by this file.
SYNC_REQUEST = "sync.request"
# More taps than a gate makes between two looks at its outbox, half a minute apart.
_LAST_NUMBER, _MOST_BETWEEN_LOOKS = "last number", 1000
_WIPED, _FORGOTTEN = "wiped at the wish of", "cards forgotten at the wish of"
_WIPED_FOR_NOW = "this device was wiped: it fetches no snapshot before a restart or `sync now`"
# nfcpy returns to the loop several times a second; a reader that hangs in its driver does not.
_LOOP_DEAD_SECONDS = 20.0
_LOOK_SECONDS, REPORT_SECONDS = 1.0, 15.0
# When a report was made, by the clock of the boot.
REPORTED_NS = "reported_ns"
# When the last fetch that is over began, by the same clock.
FETCHED_NS = "fetched_ns"


class Agent:
    """A running reader agent."""

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        *,
        display: Display,
        log: structlog.stdlib.BoundLogger,
        signals: Signals | None = None,
    ) -> None:
        self.identity = self._stored = identity
        self.stop = threading.Event()
        self._settings = settings
        self._display = display
        self._signals = signals or Signals(log=log)
        self._log = log
        self.outbox = Outbox(identity.outbox_path(settings.state_dir), secret=identity.storage_secret())
        self.outbox.check_whole()
        self.server = Server(identity.server, clock=Clock(), identity=identity)
        self.standing = Standing(on_alarm=self._alarm, on_all_clear=self._all_clear)
        self._is_wiped = False
        self.offline = self._make_offline()
        self.sync = self._make_sync()
        self.hub = make_hub(settings, identity, self.offline.gate, self.outbox, log=log)
        self.offline.hub = self.hub
        display.show_times_of(identity.config.timezone)
        self.delivery = self._make_delivery()
        self.gate = self._make_gate()
        self.readers = self._make_readers()
        self.heartbeat = self._make_heartbeat()
        self.health = Health(settings.health_port, self.snapshot) if settings.health_port else None

    def _make_offline(self) -> Offline:
        trusted = TrustedTime(self.server)
        gate = LocalGate(
            trusted,
            keys=self.identity.platform_keys(),
            expired_policy=self._settings.expired_policy,
            secure_policy=self._settings.secure_offline,
        )
        return Offline(gate, trusted)

    def _make_sync(self) -> SnapshotSync:
        path = store_path(self._settings.state_dir, self.identity.device_id)
        sync = SnapshotSync(
            self.server,
            SnapshotStore(path, secret=self.identity.storage_secret()),
            self.offline,
            self.identity,
            log=self._log,
            seconds=self._settings.snapshot_seconds,
        )
        sync.why_not_fetch = lambda: _WIPED_FOR_NOW if self._is_wiped else self.standing.locked_out
        sync.load()
        # An outbox that was lost or moved aside: some numbers are left out, and so are seen to be missing.
        last = int(sync.store.fact(_LAST_NUMBER) or 0)
        if last > self.outbox.last():
            self.outbox.begin_after(last + _MOST_BETWEEN_LOOKS)
        self.offline.remember(self.outbox)
        return sync

    def _make_delivery(self) -> Delivery:
        config = self.identity.config
        pace = Pace(
            online_seconds=self._settings.online_seconds or config.online_timeout_ms / 1000,
            sync_seconds=self._settings.sync_seconds,
            batch_size=config.batch_size,
        )
        delivery = Delivery(
            self.outbox,
            self.server,
            pace=pace,
            log=self._log,
            on_late=lambda entry, outcome: self.gate.decided_late(entry.tap, outcome, entry.at_gate),
            standing=self.standing,
        )
        delivery.decide_by(self.offline)
        return delivery

    def _alarm(self, message: str) -> None:
        self._log.error("locked out", error=message, queue_depth=self.outbox.depth())
        self._display.alarm(message)

    def _all_clear(self) -> None:
        self._log.info("accepted again")
        self._display.all_clear()

    def _make_gate(self) -> Gate:
        return Gate(
            self.delivery,
            self._display,
            clock=self.server.clock,
            log=self._log,
            way=Way(self._settings.direction, self._settings.kind),
            clock_offset_ms=self._clock_offset_ms,
        )

    def _make_readers(self) -> Readers:
        settings = self._settings
        debounce = settings.debounce_seconds
        if debounce is None:
            debounce = self.identity.config.debounce_ms / 1000
        readers = Readers(
            [
                make_reader(path, air_seconds=settings.air_seconds, log=self._log, debounce_seconds=debounce)
                for path in split_paths(settings.reader)
            ],
            log=self._log,
        )
        readers.on_change(self._show_reader)
        return readers

    def _show_reader(self, reader: Reader) -> None:
        """Say that a reader was lost, or is back."""
        if not reader.is_open:
            heading = "READER LOST" if reader.tally["opened"] else "NO READER"
            self._display.say(f"{heading}: {reader.last_error or reader.path}; it is tried again", "yellow")
        elif reader.tally["lost"]:
            self._display.say(f"reader {reader.path} is back", "green")

    def _make_heartbeat(self) -> Heartbeat:
        return Heartbeat(
            self.server,
            config=self.identity.config,
            log=self._log,
            state=self.snapshot,
            on_answer=self._heard,
            standing=self.standing,
        )

    def _clock_offset_ms(self) -> int | None:
        offset = self.server.clock_offset_seconds
        return None if offset is None else round(offset * 1000)

    def _heard(self, answer: HeartbeatAnswer) -> None:
        """Take over what a heartbeat's answer changes."""
        if answer.config != self.identity.config:
            self._configure(answer.config)
        if answer.gate and answer.gate != self.identity.gate:
            self._move(answer.gate)
        if answer.server_public_keys and answer.server_public_keys != self.identity.server_public_keys:
            self._trust(answer.server_public_keys)
        self._keep_identity()

    def _keep_identity(self) -> None:
        """Store the identity where it changed. Where the disk takes nothing, the next heartbeat's answer is a retry."""
        if self.identity == self._stored:
            return
        try:
            self.identity.store(self._settings.state_dir)
        except OSError as error:
            self._log.warning("identity not stored", error=str(error))
        else:
            self._stored = self.identity

    def _configure(self, config: DeviceConfig) -> None:
        """Apply a new configuration at once; settings of this machine take precedence."""
        self.delivery.pace.batch_size = config.batch_size
        if self._settings.online_seconds is None:
            self.delivery.pace.online_seconds = config.online_timeout_ms / 1000
        if self._settings.debounce_seconds is None:
            self.readers.debounce(config.debounce_ms / 1000)
        self._display.show_times_of(config.timezone)
        self.identity = self.identity.model_copy(update={"config": config})
        self._log.info("configured", **config.model_dump())

    def _move(self, gate: str) -> None:
        """Be at another gate of the event: staff moved this device."""
        self.identity = self.identity.model_copy(update={"gate": gate})
        self._log.info("moved", gate=gate)
        self._display.say(f"this device is at {gate} now", "yellow")

    def _trust(self, keys: tuple[str, ...]) -> None:
        """Check codes and snapshots by the platform's present keys."""
        identity = self.identity.model_copy(update={"server_public_keys": keys})
        if not identity.platform_keys():
            self._log.warning("unreadable keys of the platform", count=len(keys))
            return
        self.identity = self.sync.identity = identity
        self.offline.gate.check_by(identity.platform_keys())
        self._log.info("platform keys", names=sorted(identity.platform_keys()))
        self.sync.wake()

    def snapshot(self) -> dict[str, Any]:
        """Return the agent's state, without data of cards or persons."""
        readers, delivery, answer = self.readers, self.delivery, self.heartbeat.last_answer
        return {
            "app_version": __version__,
            "pid": os.getpid(),
            "boot_id": self.server.clock.boot_id,
            "device_id": self.identity.device_id,
            "reader_path": readers.path,
            "reader_model": readers.model,
            "reader_open": readers.is_open,
            "loop_alive": time.monotonic() - readers.alive_at < _LOOP_DEAD_SECONDS,
            "readers": readers.facts(),
            "queue_depth": self.outbox.depth(),
            "dead_letters": self.outbox.dead(),
            "last_sequence": self.outbox.last(),
            # Before the state: a fetch that ends meanwhile is in the state.
            FETCHED_NS: self.sync.tried_ns,
            "snapshot": self.sync.state(),
            "conflicts": delivery.tally.conflicts,
            "rejected": delivery.tally.rejected,
            "decided_here": delivery.tally.decided_here,
            "decided_by_hub": delivery.tally.decided_by_hub,
            "hub": self.hub.facts(),
            "shown": dict(self.gate.shown),
            "card_errors": readers.errors,
            "failed_attempts": delivery.tally.failed_attempts,
            "clock_offset_ms": self._clock_offset_ms(),
            "last_heartbeat_at": answer.time if answer else None,
            "revoked_before": answer.revoked_before if answer else None,
            "alarm": self.standing.locked_out,
            "threads_alive": self._threads_alive(),
            "why_not_ready": self._why_not_ready(),
            "screen_error": self._display.trouble,
            "signal_errors": self._signals.troubles(),
            "last_error": self.standing.locked_out or self.outbox.trouble or readers.last_error or delivery.last_error,
        }

    def _threads_alive(self) -> bool:
        return self.delivery.backlog.is_alive and self.heartbeat.is_alive and self.sync.is_alive

    def _why_not_ready(self) -> list[str]:
        """Return why this gate must not be relied on; empty where it reads, records and sends."""
        reasons = {
            "the reader's loop hangs": time.monotonic() - self.readers.alive_at >= _LOOP_DEAD_SECONDS,
            "a thread is dead or hangs": not self._threads_alive(),
            "the platform refuses this device": self.standing.locked_out is not None,
            "taps cannot be recorded": self.outbox.trouble is not None,
            "the hub does not serve or record": self._settings.hub and not self.hub.is_up,
            "the snapshot has expired": bool(self.sync.state().get("is_expired")),
            "the server does not answer": not self.heartbeat.is_answered,
            "kept taps are not sent": self.delivery.backlog.is_stuck(),
        }
        closed = [f"the reader {path} is not open" for path in self.readers.closed()]
        return closed + [reason for reason, holds in reasons.items() if holds]

    def run(self, on_outcome: Callable[[Reading, Outcome | None], None] = lambda _reading, _outcome: None) -> None:
        """Run until `stop` is set."""

        def on_reading(reading: Reading) -> None:
            outcome = self.gate.tapped(reading)
            self._signals.decided(outcome, shown=reading.key)
            on_outcome(reading, outcome)

        reporter = threading.Thread(target=self._report, name="report", daemon=True)
        self.delivery.start()
        # The first heartbeat says where the hub is.
        self.hub.start()
        self.heartbeat.start()
        self.sync.start()
        if self.health:
            self.health.start()
        watchdog.notify("READY=1")
        reporter.start()
        try:
            self.readers.run(on_reading, self.stop, self.gate.repeated)
        finally:
            self.stop.set()
            watchdog.notify("STOPPING=1")
            reporter.join(timeout=2.0)
            self.close()

    def close(self) -> None:
        """Close everything; taps in the outbox stay there.

        No answer is waited for: a tap whose answer is on its way is sent again at the next start, and answered alike.
        """
        for thread in (self.delivery.backlog, self.heartbeat, self.sync):
            thread.end()
        self.server.close()
        self.delivery.stop()
        self.heartbeat.stop()
        self.sync.stop()
        self.hub.stop()
        if self.health:
            self.health.stop()
        self._signals.close()
        self.sync.store.close()
        self.outbox.close()
        (self._settings.state_dir / RUNTIME).unlink(missing_ok=True)

    def _report(self) -> None:
        """Watch the other threads, notify systemd while they live, and update the file that `status` reads."""
        reported: dict[str, Any] = {}
        reported_at = 0.0
        while not self.stop.is_set():
            self._look_after()
            try:
                state = self.snapshot()
                is_stale = bool(state["snapshot"].get("is_expired"))
                self._signals.rest(is_degraded=is_stale or bool(state["why_not_ready"]))
                # A thread that hangs cannot be started again: systemd then restarts the agent.
                if state["loop_alive"] and state["threads_alive"]:
                    watchdog.notify("WATCHDOG=1")
                # What changes by itself is no news: a file each second would wear out a card.
                steady = {**state, "clock_offset_ms": None, "snapshot": {**state["snapshot"], "age_s": None}}
                if steady != reported or time.monotonic() - reported_at > REPORT_SECONDS:
                    reported, reported_at = steady, time.monotonic()
                    self._write_report(state)
            except Exception as error:  # noqa: BLE001  # without this thread systemd would end a gate that works
                self._log.exception("status not reported", error=str(error))
            self.stop.wait(_LOOK_SECONDS)

    def _look_after(self) -> None:
        """Start threads again that died, and try a disk that failed."""
        threads = (self.delivery.backlog, self.heartbeat, self.sync, self.hub)
        asked = (self._wipe_if_asked, self._fetch_if_asked)
        duties = (self._check_files, *asked, self._note_time_and_number, self._try_disk)
        # A disk that fails at one of them must keep from no other, nor from the report.
        for duty in (*(thread.ensure for thread in threads), *duties):
            try:
                duty()
            except Exception as error:  # noqa: BLE001  # logged in full; it is done again in a second
                self._log.exception("not looked after", duty=duty.__qualname__, error=str(error))

    def _check_files(self) -> None:
        """Write files again that were removed: the kept taps, and the key that opens them."""
        with contextlib.suppress(sqlite3.Error):  # it is in the status, and tried again
            self.outbox.check_there()
        if not self.identity.is_stored(self._settings.state_dir):
            with contextlib.suppress(OSError):
                self.identity.store(self._settings.state_dir)
                self._log.error("identity was removed while in use, and is written again")

    def _fetch_if_asked(self) -> None:
        request = self._settings.state_dir / SYNC_REQUEST
        if request.exists():
            request.unlink(missing_ok=True)
            self._is_wiped = False
            self.sync.wake()

    def _note_time_and_number(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self.sync.mark_time():
                self.sync.store.set_fact(_LAST_NUMBER, str(self.outbox.last()))

    def _try_disk(self) -> None:
        if self.outbox.trouble:
            with contextlib.suppress(sqlite3.Error, OSError):
                self.outbox.check_writable()

    def _wipe_if_asked(self) -> None:
        """Delete what is known of attendees and cards, where staff asked for it and every tap was sent.

        A dead letter may never be taken: it keeps the numbers of cards readable, and not the names and the snapshot.
        """
        answer = self.heartbeat.last_answer
        asked, store = (answer.revoked_before if answer else None), self.sync.store
        if asked is None or store.fact(_FORGOTTEN) == asked or self.outbox.depth():
            return
        if store.fact(_WIPED) != asked:
            self._is_wiped = True
            self.sync.wipe()
            store.set_fact(_WIPED, asked)
            self._log.warning("wiped", asked_at=asked, dead_letters=self.outbox.dead())
            self._display.say(_WIPED_FOR_NOW, "red")
        if self.outbox.forget_cards():
            store.set_fact(_FORGOTTEN, asked)

    def _write_report(self, state: dict[str, Any]) -> None:
        clock = Clock()
        moment = {"reported_at": write_time(clock.wall()), REPORTED_NS: clock.monotonic_ns()}
        body = json.dumps({**state, **moment}, indent=2)
        try:
            write_privately(self._settings.state_dir / RUNTIME, body.encode(), durably=False)
        except OSError as error:
            self._log.warning("status not written", error=str(error))
