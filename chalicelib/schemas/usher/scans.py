"""Bodies of the ushers' portal: cards, scans and attendees."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib import scanned_text
from chalicelib.schemas.texts import Name
from chalicelib.schemas.wire import Id, In, Instant, Moment, Out, ScanId, Scanned
from chalicelib.vocabulary.cards import CardStatus, CardType
from chalicelib.vocabulary.customers import BloodType
from chalicelib.vocabulary.gate import Direction, Reason, ScanResult

CardName = Annotated[
    str,
    StringConstraints(min_length=8, max_length=40),
    Scanned(scanned_text.card_name),
    Field(description="The card's id, or its UID in hex, with or without colons, in either case."),
]
Code = Annotated[
    str,
    # A code of 147 characters takes 441 percent-encoded once, and 735 encoded twice; NUL padding fills buffers of 1 KB.
    StringConstraints(min_length=1, max_length=2_048),
    Field(description="The text of a QR code as the scanner sent it: also with a prefix, in a URL, percent-encoded."),
]
_Hex = Scanned(scanned_text.hexadecimal)


class SunIn(In):
    """A Secure Unique NFC message of an NTAG 424 DNA card, both parts in hex."""

    picc_data: Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{2,96}$"), _Hex]
    cmac: Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{2,32}$"), _Hex]


class VerifyCardIn(In):
    """The card to check."""

    card_id: CardName


class VerifyCardOut(Out):
    """Whether a card is known and may be used."""

    known: bool
    usable: bool
    status: CardStatus | Literal["unknown"]
    reason: Reason | None


class CardOut(Out):
    """A card as an usher sees it."""

    id: str
    uid: str
    type: CardType
    status: CardStatus
    assigned_at: Moment | None
    has_ticket: bool


class ValidateIn(In):
    """The event to check the card for; by default the usher's own."""

    event_id: Id | None = None


class ShownIn(In):
    """What was shown at a gate: a card, a QR code or a ticket id, exactly one of them."""

    scan_id: ScanId
    card_id: CardName | None = None
    qr: Code | None = None
    ticket_id: Id | None = None
    sun: SunIn | None = None
    event_id: Id | None = None
    gate: Name | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        by_card = self.card_id is not None or self.sun is not None
        if sum((by_card, self.qr is not None, self.ticket_id is not None)) != 1:
            raise ValueError("send exactly one of card_id (or sun), qr and ticket_id")
        return self


class ScanIn(ShownIn):
    """One scan: a card, a QR code or a ticket id, exactly one of them."""

    scanned_at: Instant | None = None
    direction: Direction = Direction.ENTRY


class AttendeeShownOut(Out):
    """The attendee on a gate's display."""

    name: str
    photo_url: str | None
    labels: list[str]


class TicketShownOut(Out):
    """The ticket on a gate's display."""

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
    remaining: int | None = Field(description="The card's tickets for this event that are not admitted yet.")
    log_id: str | None
    decided_at: Moment
    repeat: bool = Field(
        description="A second reading of a card by the same caller within 2 s of its admission; it admits nobody else."
    )


class PreviewOut(Out):
    """The decision that a scan would get now; nothing changed."""

    result: ScanResult
    reason: Reason | None
    attendee: AttendeeShownOut | None
    ticket: TicketShownOut | None
    first_scan: FirstScanOut | None
    repeat: bool


class ChildOut(Out):
    """A dependent of the holder, with a ticket on this card."""

    name: str
    ticket_id: str | None
    scan_status: Literal["not_scanned", "previously_scanned"]


class OtherTicketOut(Out):
    """Another ticket on the card, such as a guest's."""

    ticket_id: str
    name: str
    tier: str | None
    scan_status: Literal["not_scanned", "previously_scanned"]


class EmergencyContactOut(Out):
    """The attendee's emergency contact."""

    name: str
    mobile_number: str


class AttendeeIn(In):
    """What to show of an attendee."""

    health: bool = Field(
        default=True,
        description="Whether to show emergency contact and blood type, which an usher may see of 60 people an hour.",
    )


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
    emergency_contact: EmergencyContactOut | None
    blood_type: BloodType | None
    labels: list[str]
    children: list[ChildOut] = Field(description="The holder's dependents on this card, where the event enables them.")
    more: list[OtherTicketOut] = Field(description="The other tickets on this card.")
