"""One record of a scan, as devices and ushers' phones send it, and the verdict on it: docs/offline.md."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from msgspec import Struct
from pydantic import (
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic_core import core_schema

from chalicelib import scanned_text
from chalicelib.identifiers import parse_uid
from chalicelib.schemas import messages
from chalicelib.schemas.texts import Name
from chalicelib.schemas.usher.scans import CardName, Code, SunIn
from chalicelib.schemas.wire import Id, In, Instant, Moment, Out, ScanId, Scanned
from chalicelib.vocabulary.gate import ConflictKind, Direction, RecordStatus, ScanKind, ScanResult

# JSON's safe integers (RFC 8259, section 6).
_MOST = 2**53 - 1
# People in one count; a longer press of a button is a mistake.
_MOST_PEOPLE = 50
Milliseconds = Annotated[int, Field(ge=0, le=_MOST)]
BootId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
# The reason of a record whose device can no longer read what was presented.
_DAMAGED = "damaged"
# The longest id of a faulty record that its verdict repeats.
_LONGEST_ID = 64


class OfflineIn(In):
    """What the gate showed, decided without the network."""

    result: ScanResult
    reason: Annotated[str, StringConstraints(max_length=40)] | None = None


class RecordIn(In):
    """One record: a card, a QR code or a ticket id, exactly one of them; or a count of people without a ticket.

    `offline` is what the gate showed. Without it the platform decides. A numbered record of which the device can no
    longer read what was presented has none of the three, and `damaged` as the reason in `offline`.
    """

    scan_id: ScanId
    kind: ScanKind = ScanKind.SCAN
    uid: Annotated[str, StringConstraints(max_length=40), Scanned(scanned_text.card_name)] | None = None
    card_id: CardName | None = None
    qr: Code | None = None
    ticket_id: Id | None = None
    sun: SunIn | None = None
    event_id: Id | None = None
    direction: Direction = Direction.ENTRY
    delta: Annotated[int, Field(ge=-_MOST_PEOPLE, le=_MOST_PEOPLE)] | None = Field(
        default=None, description="Only of a count: how many people went in without a ticket; out, below zero."
    )
    gate: Name | None = None
    scanned_at: Instant
    seq: Annotated[int, Field(ge=1, le=_MOST)] | None = None
    boot_id: BootId | None = None
    mono_ms: Milliseconds | None = None
    snapshot_cursor: Annotated[str, StringConstraints(max_length=400)] | None = None
    offline: OfflineIn | None = None
    via: Id | None = None

    @property
    def is_damaged(self) -> bool:
        """Whether the device says that it lost what was presented; without a number nothing could be missing."""
        return self.seq is not None and self.offline is not None and self.offline.reason == _DAMAGED

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        by_card = (self.uid is not None) + (self.card_id is not None)
        by_card = by_card or self.sun is not None
        shown = by_card + (self.qr is not None) + (self.ticket_id is not None)
        if self.kind is ScanKind.COUNT:
            if shown or not self.delta:
                raise ValueError("a count has a delta other than 0, and no card, code or ticket")
            return self
        if self.delta is not None:
            raise ValueError("only a count has a delta")
        if not shown and self.is_damaged:
            return self
        if shown != 1:
            raise ValueError("send exactly one of uid or card_id (or sun), qr and ticket_id")
        if self.uid is not None and parse_uid(self.uid) is None:
            raise ValueError("uid must be hex of 4, 7, 8 or 10 bytes")
        return self


class FaultyRecord(Struct, frozen=True):
    """A record among others that cannot be read: its scan_id, if it has one, and what is wrong with it."""

    scan_id: str | None
    message: str


class _KeepsFaults:
    """Reads a record, or what is wrong with it, so that the others of its batch are taken."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:  # pydantic's signature

        def read(value: Any, read_record: ValidatorFunctionWrapHandler) -> RecordIn | FaultyRecord:
            try:
                record: RecordIn = read_record(value)
            except ValidationError as error:
                return _faulty(value, error)
            return record

        return core_schema.no_info_wrap_validator_function(read, handler.generate_schema(RecordIn))


def _faulty(value: Any, error: ValidationError) -> FaultyRecord:
    said = messages.sentences(messages.problems(error, RecordIn))
    given = value.get("scan_id") if isinstance(value, dict) else None
    return FaultyRecord(given[:_LONGEST_ID] if isinstance(given, str) else None, said)


# A record in a batch: a faulty one does not refuse the others.
SentRecord = Annotated[RecordIn | FaultyRecord, _KeepsFaults()]


class SenderIn(In):
    """The clocks of the sender at the time of sending, which correct the times of its records."""

    device_time: Instant
    boot_id: BootId | None = None
    mono_ms: Milliseconds | None = None


class CollidesWithOut(Out):
    """The admission that a record contradicts."""

    scan_id: str
    gate: str | None
    scanned_at: Moment
    by: str | None


class ConflictOut(Out):
    """What a record contradicts; `with` is the admission of a double one."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    kind: ConflictKind
    collides_with: CollidesWithOut | None = Field(alias="with", description="The admission of a double one.")


class RecordErrorOut(Out):
    """Why a record was rejected."""

    code: str
    message: str


class VerdictOut(Out):
    """What became of one record."""

    index: int = Field(description="The place of the record in the request, from 0.")
    scan_id: str | None = Field(description="Null where the record has none that can be read.")
    status: RecordStatus
    result: ScanResult
    reason: str | None
    corrected_at: Moment | None = Field(description="When it was made, by the platform's clock.")
    conflict: ConflictOut | None
    error: RecordErrorOut | None


class VerdictsOut(Out):
    """One verdict for each record, in their order."""

    results: Sequence[VerdictOut]
    accepted: int
    replayed: int
    conflicts: int
    rejected: int
