"""The usher's JSON: contract/usher.md."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib.schemas.wire import (
    BetweenIn,
    Cursor,
    Filter,
    Id,
    In,
    Instant,
    Moment,
    Name,
    Out,
    PageSize,
    Password,
    ScanId,
    TokensOut,
)
from chalicelib.vocabulary import (
    BloodType,
    CardStatus,
    CardType,
    Direction,
    EventStatus,
    Reason,
    ScanResult,
    ScanSource,
    UsherRole,
)

CardName = Annotated[
    str,
    StringConstraints(min_length=8, max_length=40),
    Field(description="The card's id, or its UID in hex, with or without colons, in either case."),
]
Code = Annotated[
    str, StringConstraints(min_length=1, max_length=512), Field(description="The text that was read from a QR code.")
]


class LoginIn(In):
    """An usher's log-in at one event."""

    event_id: Id
    username: Name
    password: Password


class UsherOut(Out):
    """Who the usher is."""

    id: str
    username: str
    name: str
    roles: list[UsherRole]


class VenueOut(Out):
    """Where an event is held."""

    id: str | None = None
    name: str
    city: str | None = None
    address: str | None = None


class EventOut(Out):
    """An event as its ushers see it."""

    id: str
    title: str
    description: str | None
    category: str | None
    status: EventStatus
    starts_at: Moment
    ends_at: Moment
    timezone: str
    scanning_opens_at: Moment
    scanning_closes_at: Moment
    scanning_enabled: bool
    re_entry_allowed: bool
    children_enabled: bool
    venue: VenueOut | None
    gates: list[str]


class LoginOut(TokensOut):
    """Tokens, and what they are good for."""

    usher: UsherOut
    event: EventOut


class AssignmentOut(Out):
    """Whether the usher works at this event."""

    assigned: bool
    role: UsherRole | None
    scanning_enabled: bool


class StatusOut(Out):
    """The live status of an event."""

    active: bool
    scanning_enabled: bool
    starts_at: Moment
    ends_at: Moment
    tickets_sold: int
    admitted: int
    on_leave: int
    inside: int
    last_scan_at: Moment | None
    server_time: Moment


class SunIn(In):
    """A Secure Unique NFC message of an NTAG 424 DNA card, both parts in hex."""

    picc_data: Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{2,96}$")]
    cmac: Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{2,32}$")]


class VerifyCardIn(In):
    """The card to look at."""

    card_id: CardName


class VerifyCardOut(Out):
    """Whether a card is known and may be used."""

    known: bool
    usable: bool
    status: CardStatus | Literal["unknown"]
    reason: Reason | None = None


class CardOut(Out):
    """A card as an usher sees it."""

    id: str
    uid: str
    type: CardType
    status: CardStatus
    assigned_at: Moment | None
    has_ticket: bool


class ValidateIn(In):
    """The event to judge the card for; the usher's own where it is left out."""

    event_id: Id | None = None


class ScanIn(In):
    """One scan: a card, a QR code or a ticket id, exactly one of them."""

    scan_id: ScanId
    card_id: CardName | None = None
    qr: Code | None = None
    ticket_id: Id | None = None
    sun: SunIn | None = None
    event_id: Id | None = None
    gate: Name | None = None
    scanned_at: Instant | None = None
    direction: Direction = Direction.ENTRY

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        by_card = self.card_id is not None or self.sun is not None
        if sum((by_card, self.qr is not None, self.ticket_id is not None)) != 1:
            raise ValueError("send exactly one of card_id (or sun), qr and ticket_id")
        return self


class AttendeeShownOut(Out):
    """What a gate's display shows of a person."""

    name: str
    photo_url: str | None
    labels: list[str]


class TicketShownOut(Out):
    """What a gate's display shows of a ticket."""

    id: str
    number: str
    tier: str | None


class FirstScanOut(Out):
    """When, where and by whom the ticket was admitted."""

    scanned_at: Moment
    gate: str | None
    by: str | None


class DecisionOut(Out):
    """The answer to one scan."""

    scan_id: str
    result: ScanResult
    reason: Reason | None
    attendee: AttendeeShownOut | None
    ticket: TicketShownOut | None
    first_scan: FirstScanOut | None
    remaining: int | None = Field(description="How many of the card's tickets for this event are left.")
    log_id: str | None
    decided_at: Moment


class PreviewOut(Out):
    """The decision that a scan would get now; nothing was changed."""

    result: ScanResult
    reason: Reason | None
    attendee: AttendeeShownOut | None
    ticket: TicketShownOut | None
    first_scan: FirstScanOut | None


class ChildOut(Out):
    """A dependent on the holder's card."""

    name: str
    ticket_id: str | None
    scan_status: Literal["not_scanned", "previously_scanned"]


class EmergencyContactOut(Out):
    """Whom to call if something happens to the attendee."""

    name: str
    mobile_number: str


class AttendeeOut(Out):
    """An attendee, found by card."""

    name: str
    photo_url: str | None
    card_id: str
    ticket_id: str | None
    ticket_status: Literal["valid", "invalid", "none"]
    ticket_tier: str | None
    scan_status: Literal["not_scanned", "previously_scanned"]
    scanned_at: Moment | None
    emergency_contact: EmergencyContactOut | None = None
    blood_type: BloodType | None = None
    labels: list[str]
    children: list[ChildOut]


class UsherShownOut(Out):
    """Who scanned, where it was an usher."""

    id: str
    username: str | None


class LogEntryOut(Out):
    """One entry of the check-in log."""

    id: str
    scan_id: str
    event_id: str
    card_id: str | None
    ticket_id: str | None
    attendee_name: str | None
    result: ScanResult
    reason: Reason | None
    direction: Direction
    gate: str | None
    usher: UsherShownOut | None
    device_id: str | None
    source: ScanSource
    conflict: Literal["double_admission"] | None = None
    scanned_at: Moment
    received_at: Moment


def log_entry(entry: Any) -> dict[str, Any]:
    """Return the fields of an entry of the log: a scan, with the name of its attendee."""
    scan = entry.scan
    by_device = scan.principal_id.startswith("dev_")
    return {
        **{name: getattr(scan, name) for name in LogEntryOut.model_fields if hasattr(scan, name)},
        "id": scan.log_id,
        "card_id": scan.card_uid,
        "attendee_name": entry.attendee_name,
        "usher": None if by_device else {"id": scan.principal_id, "username": scan.principal_name},
        "device_id": scan.principal_id if by_device else None,
        "received_at": scan.decided_at,
    }


class LogsIn(In):
    """A page of the log: by number (10 a page), or by cursor."""

    page: Annotated[int, Field(ge=1, le=10_000)] | None = None
    page_size: PageSize = 10
    cursor: Cursor | None = None


class LogSearchIn(LogsIn, BetweenIn):
    """What to find in the log; dates are days in UTC or moments."""

    card_id: CardName | None = None
    username: Name | None = None
    result: Filter[ScanResult] | None = None
    attendee: Name | None = Field(default=None, description="What a word of the attendee's name begins with.")
    event_id: Id | None = None
