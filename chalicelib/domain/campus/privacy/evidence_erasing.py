"""What an erasure makes of each item of evidence; every function is idempotent."""

from contextlib import suppress

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.campus.attendance import evidence_traces, offered_uploads, picture_index
from chalicelib.table import keys, operations
from chalicelib.table.items import (
    AttendanceDraft,
    AttendancePhoto,
    AttendanceRecord,
    AttendanceSignature,
)
from chalicelib.table.places import Place
from chalicelib.vocabulary.campus import ErasedKind

_MACS = {
    ErasedKind.POSITION: (AttendanceRecord.position_mac, AttendanceDraft.position_mac),
    ErasedKind.DEVICE: (AttendanceRecord.device_mac, AttendanceDraft.device_mac),
}


def photo(place: Place[AttendancePhoto], *, campus_id: str) -> None:
    """Erase a photo: its files with all versions, and what the index of pictures has of it. Its findings stay.

    `campus_id` is the event's, for photos that do not say in which index they are.
    """
    item = operations.get(place)
    if item is None:
        return
    picture_index.forget(item, campus_id=item.indexed_in or campus_id)
    for key in (item.key, *(each.key for each in offered_uploads.of(item))):
        if key is not None:
            files.delete(key)
    gone: list[Action] = [
        AttendancePhoto.key.remove(),
        AttendancePhoto.upload_key.remove(),
        AttendancePhoto.upload_nonce.remove(),
        AttendancePhoto.earlier_uploads.remove(),
        AttendancePhoto.taken_upload.remove(),
        AttendancePhoto.sha256.remove(),
        AttendancePhoto.picture_hash.remove(),
        AttendancePhoto.erased_at.set(clock.now()),
        AttendancePhoto.revision.set(item.revision + 1),
        *AttendancePhoto.in_gsi1(None),
        *AttendancePhoto.in_gsi2(None),
    ]
    # One that changed meanwhile is found again, since it is still listed.
    with suppress(operations.ConditionFailed):
        operations.record(operations.change(place, gone, AttendancePhoto.revision == item.revision))


def signature(place: Place[AttendanceSignature]) -> None:
    """Erase a signature: its file with all versions."""
    item = operations.get(place)
    if item is None:
        return
    if item.key is not None:
        files.delete(item.key)
    gone: list[Action] = [
        AttendanceSignature.key.remove(),
        AttendanceSignature.erased_at.set(clock.now()),
        *AttendanceSignature.in_gsi1(None),
        *AttendanceSignature.in_gsi2(None),
    ]
    as_read = AttendanceSignature.key == item.key if item.key else AttendanceSignature.key.does_not_exist()
    with suppress(operations.ConditionFailed):
        operations.record(operations.change(place, gone, as_read & AttendanceSignature.pk.exists()))


def of_record(record: AttendanceRecord, kind: ErasedKind) -> None:
    """Erase what a record and its submission say of position or device: coordinates, keyed hashes, traces."""
    macs = _macs_of(record, kind)
    # The traces before the hashes that name them.
    operations.remove_many([keys.attendance.trace(record.event_id, kind.value, mac) for mac in sorted(macs)])
    _forget(record, kind)


def of_person(record: AttendanceRecord, kind: ErasedKind) -> None:
    """Erase the same of one person, who stays a nameless one in the traces: they count for the others there."""
    for mac in sorted(_macs_of(record, kind)):
        evidence_traces.leave(keys.attendance.trace(record.event_id, kind.value, mac), record.user_id)
    _forget(record, kind)


def _macs_of(record: AttendanceRecord, kind: ErasedKind) -> set[str]:
    name = str(_MACS[kind][0].attr_name)
    draft = operations.get(keys.attendance.draft(record.attendance_id))
    return {getattr(item, name) for item in (record, draft) if item is not None} - {None}


def _forget(record: AttendanceRecord, kind: ErasedKind) -> None:
    of_record_mac, of_draft_mac = _MACS[kind]
    draft = keys.attendance.draft(record.attendance_id)
    if kind is ErasedKind.POSITION:
        operations.record(operations.remove(keys.attendance.position(record.attendance_id)))
    with suppress(operations.ConditionFailed):  # gone by its TTL
        operations.record(operations.change(draft, [of_draft_mac.remove()], AttendanceDraft.pk.exists()))
    if getattr(record, str(of_record_mac.attr_name)) is not None:
        operations.record(operations.change(record.place, [of_record_mac.remove()], AttendanceRecord.pk.exists()))
