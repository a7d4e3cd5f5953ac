"""`gatehouse-reader outbox`: the taps on this device, of the present enrolment and of earlier ones.

Listing and exporting only read, so they work on a disk that cannot be written.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from reader_agent import enrolments, logs
from reader_agent.backlog import Backlog
from reader_agent.clock import Clock, write_time
from reader_agent.failures import BadSetup
from reader_agent.identity import Identity, outbox_path
from reader_agent.logs import mask
from reader_agent.outbox import Entry, Outbox
from reader_agent.pace import Pace
from reader_agent.sending import Sender
from reader_agent.server import Server
from reader_agent.settings import read_settings
from reader_agent.standing import Standing
from reader_agent.state_lock import only_one
from reader_agent.terminal import AsJson, State, say, write_json

DONE, KEPT = 0, 2
_LOOK_SECONDS = 0.1

outbox_app = typer.Typer(help="List, export and send the taps on this device.", no_args_is_help=True)


class OutboxState(StrEnum):
    """Which taps to show."""

    PENDING = "pending"
    DEAD = "dead"
    DONE = "done"


Enrolment = Annotated[
    str | None,
    typer.Option("--enrolment", help="The device id of an earlier enrolment.", show_default="the present one"),
]
Everything = Annotated[bool, typer.Option("--all", help="The taps of every enrolment on this device.")]


def _device_ids(state_dir: Path, enrolment: str | None, everything: bool) -> list[str]:
    """Return the enrolments that a command is about."""
    identity = Identity.load(state_dir)
    if everything:
        return [identity.device_id, *(each.device_id for each in enrolments.earlier(state_dir, identity))]
    return [enrolments.known(state_dir, enrolment) if enrolment else identity.device_id]


def _entries(state_dir: Path, device_id: str, only: OutboxState | None, limit: int) -> list[Entry]:
    path = outbox_path(state_dir, device_id)
    if not path.exists():
        return []
    with Outbox.reading(path, secret=enrolments.secret_of(state_dir, device_id)) as outbox:
        return outbox.entries(only.value if only else None, limit=limit)


@outbox_app.command("list")
def outbox_list(
    only: Annotated[OutboxState | None, typer.Option("--only", help="Only taps in this state.")] = None,
    limit: Annotated[int, typer.Option(help="The most taps to list.", min=1)] = 100,
    enrolment: Enrolment = None,
    everything: Everything = False,
    state: State = None,
    as_json: AsJson = False,
) -> int:
    """List taps with their outcomes, oldest first, card numbers masked."""
    folder = read_settings(state_dir=state).state_dir
    rows = [
        {"device_id": device_id, **_row(entry, mask)}
        for device_id in _device_ids(folder, enrolment, everything)
        for entry in _entries(folder, device_id, only, limit)
    ][:limit]
    if as_json:
        write_json(rows)
        return DONE
    for row in rows:
        words = [f"{row['sequence']:>6}", row["scanned_at"], row["scan_id"], _shown(row), row["state"]]
        say("  ".join([*words, _said(row)]).rstrip(), soft_wrap=True)
    return DONE


@outbox_app.command("export")
def outbox_export(
    to: Annotated[Path | None, typer.Option("--to", help="A file; standard output if not given.")] = None,
    enrolment: Enrolment = None,
    everything: Everything = False,
    state: State = None,
) -> int:
    """Write every tap as a JSON line, with whole card numbers, for an administrator to load elsewhere."""
    folder = read_settings(state_dir=state).state_dir
    lines = "".join(
        json.dumps({"device_id": device_id, **_row(entry, str)}) + "\n"
        for device_id in _device_ids(folder, enrolment, everything)
        for entry in _entries(folder, device_id, None, -1)
    )
    if to is None:
        sys.stdout.write(lines)
        return DONE
    try:
        to.touch(mode=0o600, exist_ok=False)
        to.write_text(lines)
    except FileExistsError:
        raise BadSetup(f"{to} exists already; name another file") from None
    except OSError as error:
        raise BadSetup(f"{to} cannot be written: {error.strerror}") from None
    return DONE


@outbox_app.command("enrolments")
def outbox_enrolments(state: State = None, as_json: AsJson = False) -> int:
    """List the enrolments of this device with their counts of taps."""
    folder = read_settings(state_dir=state).state_dir
    identity = Identity.load(folder)
    found = [enrolments.present(folder, identity), *enrolments.earlier(folder, identity)]
    if as_json:
        write_json([vars(each) for each in found])
        return DONE
    for each in found:
        key = "present" if each.is_present else "earlier" if each.can_send else "earlier, without its key"
        counts = f"{each.taps} taps, {each.unsent} unsent, {each.dead} dead letters"
        say(f"{each.device_id}  {key}: {each.trouble or counts}")
    return DONE


@outbox_app.command("retry")
def outbox_retry(
    scan_id: Annotated[list[str] | None, typer.Argument(help="Dead letters to send again; all if not given.")] = None,
    enrolment: Enrolment = None,
    state: State = None,
) -> int:
    """Make dead letters pending again; a running agent sends them within seconds."""
    folder = read_settings(state_dir=state).state_dir
    [device_id] = _device_ids(folder, enrolment, everything=False)
    with Outbox(outbox_path(folder, device_id)) as outbox:
        count = outbox.retry(scan_id, at=Clock().wall())
    say(f"{count} to be sent again")
    if scan_id and count < len(set(scan_id)):
        raise BadSetup(f"{len(set(scan_id)) - count} of these are not dead letters; see `outbox list --only dead`")
    return DONE


@outbox_app.command("send")
def outbox_send(
    enrolment: Enrolment = None,
    seconds: Annotated[float, typer.Option(help="How long to try.", min=1, max=3600)] = 60.0,
    state: State = None,
) -> int:
    """Send the unsent taps of an enrolment without a reader. Exit: 0 all sent, 2 some kept."""
    settings = read_settings(state_dir=state)
    logs.configure("error")
    folder = settings.state_dir
    identity = enrolments.identity_of(folder, enrolment)
    is_present = identity.device_id == Identity.load(folder).device_id
    # A running agent sends the present enrolment's taps itself; earlier ones are nobody else's.
    with (
        only_one(folder) if is_present else nullcontext(),
        Outbox(identity.outbox_path(folder), secret=identity.storage_secret()) as outbox,
    ):
        before = outbox.depth()
        why = _send(outbox, identity, Pace(sync_seconds=settings.sync_seconds), seconds)
        kept, dead = outbox.depth(), outbox.dead()
    if not is_present and kept + dead == 0:
        identity.forget_earlier(folder)
    say(f"{identity.device_id}: {before - kept} sent, {kept} kept, {dead} dead letters")
    if kept:
        say(
            f"the kept taps are on this device: {why or 'no answer in time'}. If it stays so, run `gatehouse-reader "
            f"outbox export --enrolment {identity.device_id}`, and give the file to an administrator",
            style="yellow",
        )
    return KEPT if kept else DONE


def _send(outbox: Outbox, identity: Identity, pace: Pace, seconds: float) -> str | None:
    """Send until nothing is left, the platform refuses the device, or the time is over; return the last error."""
    standing = Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None)
    until = time.monotonic() + seconds
    with Server(identity.server, clock=Clock(), identity=identity) as server:
        sender = Sender(outbox, server, standing, log=logs.logger())
        backlog = Backlog(sender, pace=pace, log=logs.logger(), on_late=lambda _tap, _outcome: None)
        backlog.start()
        try:
            while outbox.depth() and not standing.locked_out and time.monotonic() < until:
                time.sleep(_LOOK_SECONDS)
        finally:
            backlog.stop()
    return standing.locked_out or sender.last_error


def _row(entry: Entry, shown: Callable[[str], str]) -> dict[str, Any]:
    tap = entry.tap
    return {
        "sequence": entry.sequence,
        "scan_id": tap.scan_id,
        "scanned_at": write_time(tap.scanned_at),
        "kind": tap.kind,
        "delta": tap.delta,
        "gate": tap.gate,
        "uid": shown(tap.uid) if tap.uid else None,
        # The text of a code is a ticket: an administrator needs it to load the tap, a list does not.
        "qr": tap.qr if tap.qr and shown is str else bool(tap.qr),
        "sun": tap.sun.model_dump() if tap.sun and shown is str else bool(tap.sun),
        "direction": tap.direction,
        "boot_id": tap.boot_id,
        "monotonic_ns": tap.monotonic_ns,
        "clock_offset_ms": tap.clock_offset_ms,
        "sent_as": write_time(entry.sent_as) if entry.sent_as else None,
        "decided_at": write_time(entry.decided_at) if entry.decided_at else None,
        "damaged": entry.is_damaged,
        "offline": vars(entry.at_gate) if entry.at_gate else None,
        "state": entry.state,
        "status": entry.status,
        "detail": entry.detail,
    }


def _shown(row: dict[str, Any]) -> str:
    """Return what was shown at the gate in short."""
    if row["kind"] == "count":
        return f"{row['delta']:+} people"
    if row["damaged"]:
        # A wipe takes the cards of taps that are done; on the disk it looks as damage does.
        return "wiped or damaged" if row["state"] == "done" else "damaged, cannot be read"
    return str(row["uid"] or "QR code")


def _said(row: dict[str, Any]) -> str:
    """Return the server's answer to a tap in short."""
    if row["state"] != "done":
        return str(row["detail"])
    try:
        decision = json.loads(row["detail"])
    except ValueError:
        return "done; its answer is damaged on this disk"
    conflict, error = decision.get("conflict") or {}, decision.get("error") or {}
    words = (decision.get("result"), decision.get("reason"), conflict.get("kind"), error.get("code"))
    return ", ".join(word for word in words if word)
