"""Ushers' phones: an installation of the app that logs in at an event is a device of that event.

The app's `installation_id` is not stored: a phone's id is made from it and the event, so the same installation is the
same phone at each log-in. Another usher's log-in takes the phone over (D-OFF-40).
"""

import copy

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.access import heartbeats
from chalicelib.domain.access.heartbeats import DeviceHeartbeat
from chalicelib.domain.access.tokens import Principal
from chalicelib.errors import Forbidden, Unavailable, ValidationFailed
from chalicelib.identifiers import id_of_fact
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Device, UsherPhones
from chalicelib.vocabulary.devices import DeviceKind, DeviceStatus

# Of one usher at one event. With one more, the phone of the earliest log-in is removed: nobody is locked out.
MOST_PHONES = 5
_NAME = "Phone"
_REVOKED = "This phone was revoked by the event's staff. Ask them, or use another phone."


def phone_id_of(event_id: str, installation_id: str) -> str:
    """Return the id of an installation's phone at an event."""
    return id_of_fact("phn", f"phone/{event_id}/{installation_id}")


def register(usher_id: str, event_id: str, phone_id: str) -> None:
    """Make an installation a phone of this usher at an event; one write where it is already. Raises Forbidden."""
    place = keys.access.device(phone_id)
    is_mine = (Device.usher_id == usher_id) & (Device.status == DeviceStatus.ENROLLED)
    found: Device | None = None
    try:
        operations.record(operations.change(place, [Device.enrolled_at.set(clock.now())], is_mine))
    except operations.ConditionFailed as failure:
        found = failure.found(Device)
    else:
        return
    for _ in retries.attempts():
        if found is not None and found.status == DeviceStatus.REVOKED:
            raise Forbidden(_REVOKED)
        known = operations.get(keys.access.usher_phones(usher_id, event_id))
        try:
            operations.commit(
                _taking(found, usher_id=usher_id, event_id=event_id, phone_id=phone_id),
                *_listing(known, usher_id=usher_id, event_id=event_id, phone_id=phone_id),
            )
        except operations.ConditionFailed:
            found = operations.get(place)
            continue
        _remove_oldest(known, usher_id=usher_id, phone_id=phone_id)
        return
    raise Unavailable(retry_after=1)


def _taking(found: Device | None, *, usher_id: str, event_id: str, phone_id: str) -> operations.Write:
    """Return the write that makes a phone this usher's."""
    place, now = keys.access.device(phone_id), clock.now()
    if found is not None:
        as_read = (Device.usher_id == found.usher_id) & (Device.status == DeviceStatus.ENROLLED)
        taken: list[Action] = [Device.usher_id.set(usher_id), Device.enrolled_at.set(now)]
        if found.usher_id != usher_id:
            # The gate of the former usher says nothing of the next.
            taken.append(Device.gate.set(""))
        return operations.change(place, taken, as_read)
    phone = Device(
        *place,
        gsi2=keys.access.event_devices(event_id, phone_id),
        device_id=phone_id,
        device_kind=DeviceKind.PHONE,
        event_id=event_id,
        usher_id=usher_id,
        gate="",
        name=_NAME,
        status=DeviceStatus.ENROLLED,
        created_at=now,
        created_by=usher_id,
        enrolled_at=now,
    )
    return operations.put(phone, Device.pk.does_not_exist())


def _listing(known: UsherPhones | None, *, usher_id: str, event_id: str, phone_id: str) -> list[operations.Write]:
    """Return the write that makes a phone the latest of its usher's."""
    phone_ids = [*_others(known, phone_id), phone_id][-MOST_PHONES:]
    registry = copy.deepcopy(known) if known else UsherPhones(*keys.access.usher_phones(usher_id, event_id))
    registry.phone_ids = phone_ids
    as_read = UsherPhones.phone_ids == known.phone_ids if known else UsherPhones.pk.does_not_exist()
    return [operations.put(registry, as_read)]


def _others(known: UsherPhones | None, phone_id: str) -> list[str]:
    return [str(each) for each in known.phone_ids if each != phone_id] if known else []


def _remove_oldest(known: UsherPhones | None, *, usher_id: str, phone_id: str) -> None:
    """Remove the phones that an usher has no room for, except revoked ones and those that another usher has by now."""
    is_mine = (Device.usher_id == usher_id) & (Device.status == DeviceStatus.ENROLLED)
    for removed in _others(known, phone_id)[: -(MOST_PHONES - 1)]:
        try:
            operations.record(operations.remove(keys.access.device(removed), is_mine))
        except operations.ConditionFailed:
            continue


def require_phone_id(caller: Principal, installation_id: str | None) -> str:
    """Return the phone of the caller's log-in, or of this installation. Raises ValidationFailed for none, or two."""
    named = phone_id_of(caller.event_id, installation_id) if installation_id else None
    logged_in = caller.phone_id
    if named is not None and logged_in is not None and named != logged_in:
        raise _problem("is another one than at log-in; log in with it")
    phone_id = logged_in or named
    if phone_id is None:
        raise _problem("is required where it was not sent with log-in")
    return phone_id


def _problem(message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": "installation_id", "message": message}])


def heartbeat(caller: Principal, phone_id: str, beat: DeviceHeartbeat, *, gate: str | None) -> Device:
    """Store a heartbeat of an usher's phone, which becomes one where it is not yet. Raises Forbidden (revoked).

    Without a gate it stays at the one that it was at.
    """
    is_mine = (Device.usher_id == caller.id) & (Device.status == DeviceStatus.ENROLLED)
    for _ in retries.attempts():
        try:
            return heartbeats.store(phone_id, beat, is_mine, *([Device.gate.set(gate)] if gate else []))
        except operations.ConditionFailed:
            # A new installation, one that was removed, or one that another usher took over: it is this caller's now.
            register(caller.id, caller.event_id, phone_id)
    raise Unavailable(retry_after=1)
