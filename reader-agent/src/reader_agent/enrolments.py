"""The enrolments in a state folder: each has its outbox, and an earlier one its kept identity while taps are unsent."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reader_agent.clock import write_time
from reader_agent.failures import BadSetup, NotEnrolled
from reader_agent.identity import Identity, outbox_path
from reader_agent.outbox import Outbox


@dataclass(frozen=True)
class Enrolment:
    """One enrolment with the counts of its outbox; `can_send`: its identity is still here.

    `trouble` says why the outbox of an earlier one cannot be read.
    """

    device_id: str
    is_present: bool
    can_send: bool
    taps: int
    unsent: int
    dead: int
    oldest_unsent_at: str | None
    trouble: str | None = None


def present(state_dir: Path, identity: Identity) -> Enrolment:
    """Return the present enrolment."""
    return _look(state_dir, identity.device_id, is_present=True, can_send=True)


def earlier(state_dir: Path, identity: Identity) -> list[Enrolment]:
    """Return the earlier enrolments, by device id."""
    others = [device_id for device_id in sorted(_device_ids(state_dir)) if device_id != identity.device_id]
    return [_earlier(state_dir, device_id) for device_id in others]


def _earlier(state_dir: Path, device_id: str) -> Enrolment:
    can_send = _find_identity(state_dir, device_id) is not None
    try:
        return _look(state_dir, device_id, is_present=False, can_send=can_send)
    except BadSetup as error:  # a file of last year must not keep today's gate closed
        return Enrolment(
            device_id, is_present=False, can_send=can_send, taps=0, unsent=0, dead=0, oldest_unsent_at=None,
            trouble=str(error),
        )  # fmt: skip


def identity_of(state_dir: Path, device_id: str | None) -> Identity:
    """Return the identity of an enrolment, the present one without `device_id`. Raises BadSetup."""
    identity = Identity.load(state_dir)
    if device_id in (None, identity.device_id):
        return identity
    found = _find_identity(state_dir, known(state_dir, str(device_id)))
    if found is None:
        raise BadSetup(
            f"the key of {device_id} is not on this device any more, so its taps cannot be sent from here; they are "
            f"kept: run `gatehouse-reader outbox export --enrolment {device_id}`, and give the file to an administrator"
        )
    return found


def known(state_dir: Path, device_id: str) -> str:
    """Return the id where this folder has an outbox of it. Raises BadSetup."""
    names = sorted(_device_ids(state_dir))
    if device_id not in names:
        raise BadSetup(f"{state_dir} has no outbox of {device_id}; it has those of {', '.join(names) or 'no device'}")
    return device_id


def secret_of(state_dir: Path, device_id: str) -> bytes | None:
    """Return the secret that opens the outbox of an enrolment, or None where its key is not here any more."""
    present = Identity.load(state_dir)
    found = present if device_id == present.device_id else _find_identity(state_dir, device_id)
    return found.storage_secret() if found else None


def _device_ids(state_dir: Path) -> Iterator[str]:
    for path in state_dir.glob("outbox-*.sqlite3"):
        yield path.stem.removeprefix("outbox-")


def _find_identity(state_dir: Path, device_id: str) -> Identity | None:
    try:
        return Identity.load_earlier(state_dir, device_id)
    except (NotEnrolled, BadSetup):
        return None


def _look(state_dir: Path, device_id: str, *, is_present: bool, can_send: bool) -> Enrolment:
    path = outbox_path(state_dir, device_id)
    if not path.exists():
        return Enrolment(device_id, is_present, can_send, taps=0, unsent=0, dead=0, oldest_unsent_at=None)
    with Outbox.reading(path) as outbox:
        oldest = outbox.pending(1)
        return Enrolment(
            device_id,
            is_present,
            can_send,
            taps=outbox.total(),
            unsent=outbox.depth(),
            dead=outbox.dead(),
            oldest_unsent_at=write_time(oldest[0].tap.scanned_at) if oldest else None,
        )
