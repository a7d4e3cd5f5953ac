"""What the check of a photo has found, as the photo's item stores it; only staff see the other records.

    same_bytes, same_as          an earlier photo had exactly these bytes: whose
    nearest, nearest_to          the smallest distance to an earlier photo's hash, in bits, and whose
    shows_other_code             a code of another event is readable in the picture
    shown_code_age               how old the youngest readable code of this event was when the photo arrived, in seconds
    is_screenshot                the picture was drawn by a computer
    copied_by                    later photos that are the same as this one

Who uploads a picture later has copied it. The earlier photo is only noted, so that an honest student is not flagged
for what another one did.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import AttendancePhoto
from chalicelib.vocabulary.campus import PhotoSide

# Copies that an earlier photo names.
MOST_COPIES = 10
Findings = dict[str, Any]


class KnownPhoto(Struct, frozen=True):
    """A photo in the index of pictures."""

    attendance_id: str
    side: PhotoSide
    uploaded_at: datetime

    @property
    def rank(self) -> tuple[datetime, str, str]:
        """What orders photos: by arrival, and then by name."""
        return (self.uploaded_at, self.attendance_id, self.side)

    def is_place_of(self, other: "KnownPhoto") -> bool:
        """Whether both are the photo of one side of one record, of which one replaced the other."""
        return (self.attendance_id, self.side) == (other.attendance_id, other.side)

    @property
    def name(self) -> dict[str, str]:
        """The photo as findings name it."""
        return {"attendance_id": self.attendance_id, "side": str(self.side)}


def known(photo: AttendancePhoto) -> KnownPhoto:
    """Return a photo as the index knows it."""
    return KnownPhoto(photo.attendance_id, photo.side, photo.uploaded_at)


def note_copy(later: KnownPhoto, earlier: KnownPhoto, *, bits: int | None) -> bool:
    """Write to two photos that the later one is the same as the earlier one; idempotent.

    `bits` is the distance of their hashes, None for equal bytes. Returns whether the later photo still exists.
    """

    def copies(findings: Findings) -> None:
        if bits is None:
            findings.update(same_bytes=True, same_as=findings.get("same_as") or earlier.name)
        elif bits < findings.get("nearest", bits + 1):
            findings.update(nearest=bits, nearest_to=earlier.name)

    def is_copied(findings: Findings) -> None:
        others = findings.setdefault("copied_by", [])
        if later.name not in others and len(others) < MOST_COPIES:
            others.append(later.name)

    update(earlier, is_copied)
    return update(later, copies)


def update(photo: KnownPhoto, change: Callable[[Findings], None], more: Callable[[], list[Action]] = list) -> bool:
    """Change the findings of a photo under its optimistic lock; return whether it is still the same photo."""
    place = keys.attendance.photo(photo.attendance_id, photo.side)
    for _ in retries.attempts():
        item = operations.get(place)
        if item is None or item.key is None or item.uploaded_at != photo.uploaded_at or item.erased_at is not None:
            return False  # replaced or erased meanwhile
        findings = _copy(item.findings or {})
        change(findings)
        actions = more()
        if findings == (item.findings or {}) and not actions:
            return True
        as_read: Condition = AttendancePhoto.revision == item.revision
        actions += [AttendancePhoto.findings.set(findings), AttendancePhoto.revision.set(item.revision + 1)]
        try:
            operations.record(operations.change(place, actions, as_read))
        except operations.ConditionFailed:
            continue  # another check wrote at the same moment
        return True
    raise Unavailable(retry_after=1)


def _copy(findings: Mapping[str, Any]) -> Findings:
    return {name: list(value) if isinstance(value, list) else value for name, value in findings.items()}
