"""Devices at the staff's desk: moving, renaming and wiping them."""

from collections.abc import Mapping
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.access import devices, lock_outs
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.lists import follower
from chalicelib.errors import InvalidState, NotFound, Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Device
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.devices import DeviceStatus


def change(device_id: str, given: Mapping[str, Any]) -> Device:
    """Move a device to another gate of its event, rename it, or have it wiped; return it.

    The device learns of `wipe` by `revoked_before` in its next heartbeat's answer. A token names the gate, so a move
    ends the present one within REFRESH_SECONDS. Raises NotFound, InvalidState (revoked), ValidationFailed (the gate),
    Unavailable.
    """
    for _ in retries.attempts():
        device = get(device_id)
        if device.status == DeviceStatus.REVOKED:
            raise InvalidState("This device is revoked. Provision a new one.")
        now = clock.now()
        gate = given.get("gate", device.gate)
        if gate != device.gate:
            devices.require_gate(device.event_id, gate)
        wanted = {"gate": gate, "name": given.get("name", device.name)}
        before = {name: getattr(device, name) for name in wanted if getattr(device, name) != wanted[name]}
        after: dict[str, Any] = {name: wanted[name] for name in before}
        actions: list[Action] = [getattr(Device, name).set(value) for name, value in after.items()]
        if "gate" in before:
            actions += [Device.moved_at.set(now), Device.moved_from.set(before["gate"])]
        if given.get("wipe"):
            actions.append(Device.wipe_before.set(now))
            after["wipe"] = clock.to_text(now)
        if not actions:
            return device
        if _commit_change(device, actions, before=before, after=after):
            changed = get(device_id)
            follower.write([changed])
            return changed
    raise Unavailable("This device is being changed by others. Try again.", retry_after=1)


def _commit_change(
    device: Device, actions: list[Action], *, before: Mapping[str, Any], after: Mapping[str, Any]
) -> bool:
    """Write a change of the device as it was read; return whether nobody had changed it meanwhile."""
    # An agent's token carries the gate, so a move ends it: the agent asks for another. An usher's carries none.
    is_moved = "gate" in after and not device.is_phone
    moved = lock_outs.revocations(Portal.DEVICE, device.device_id, event_ids=[device.event_id]) if is_moved else []
    subject = AuditSubject("device", device.device_id, before=before or None, after=after)
    as_read = (Device.status == device.status) & (Device.gate == device.gate) & (Device.name == device.name)
    try:
        acts.commit(operations.change(device.place, actions, as_read), *moved, subject=subject)
    except operations.ConditionFailed:
        return False
    if is_moved:
        lock_outs.forget()
    return True


def get(device_id: str) -> Device:
    """Return a device. Raises NotFound."""
    device = operations.get(keys.access.device(device_id))
    if device is None:
        raise NotFound("There is no such device.")
    return device
