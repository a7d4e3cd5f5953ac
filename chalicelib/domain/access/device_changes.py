"""Devices at the staff's desk: moving, renaming and wiping them."""

from collections.abc import Mapping
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.access import devices, lock_outs
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.lists import follower
from chalicelib.errors import InvalidState, NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Device
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.devices import DeviceStatus


def change(device_id: str, given: Mapping[str, Any]) -> Device:
    """Move a device to another gate of its event, rename it, or have it wiped; return it.

    The device learns of `wipe` by `revoked_before` in its next heartbeat's answer. A token names the gate, so a move
    ends the present one within REFRESH_SECONDS. Raises NotFound, InvalidState (revoked), ValidationFailed (the gate).
    """
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
    if given.get("wipe"):
        actions.append(Device.wipe_before.set(now))
        after["wipe"] = clock.to_text(now)
    if actions:
        _commit_change(device, actions, before=before, after=after)
        follower.write([get(device_id)])
    return get(device_id)


def _commit_change(
    device: Device, actions: list[Action], *, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    # An agent's token carries the gate, so a move ends it: the agent asks for another. An usher's carries none.
    is_moved = "gate" in after and not device.is_phone
    moved = lock_outs.revocations(Portal.DEVICE, device.device_id, event_ids=[device.event_id]) if is_moved else []
    subject = AuditSubject("device", device.device_id, before=before or None, after=after)
    try:
        acts.commit(
            operations.change(device.place, actions, Device.status == device.status),
            *moved,
            subject=subject,
        )
    except operations.ConditionFailed as failure:
        raise InvalidState("This device was enrolled or revoked meanwhile. Read it again.") from failure
    if is_moved:
        lock_outs.forget()


def get(device_id: str) -> Device:
    """Return a device. Raises NotFound."""
    device = operations.get(keys.access.device(device_id))
    if device is None:
        raise NotFound("There is no such device.")
    return device
