"""What a phone keeps of its event: contract/usher.md, "Offline"."""

from typing import Literal

from pydantic import Field

from chalicelib.schemas.wire import Cursor, In, Moment, Out
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.gate import Presence
from chalicelib.vocabulary.tickets import TicketStatus


class SyncIn(In):
    """Where to go on: the `next` of a page, or the `cursor` of an earlier sync; without it, from the beginning."""

    since: Cursor | None = Field(default=None, description="A `next` or a `cursor` of this sync.")


class SyncedAttendeeOut(Out):
    """A ticket with what a gate shows of its holder."""

    ticket_id: str
    number: str
    name: str
    photo_url: str | None
    tier: str | None
    labels: list[str]
    status: TicketStatus
    credential: int = Field(description="The number that a QR code of this ticket must have.")
    disputed: bool = Field(description="The payment is disputed; the ticket still opens the gate.")
    scan_status: Literal["not_scanned", "previously_scanned"]
    presence: Presence | None
    scanned_at: Moment | None


class SyncedCardOut(Out):
    """A card that opens tickets of the event, by its fingerprint."""

    fingerprint: str = Field(
        description="The first 6 bytes of the HMAC-SHA-256 of `card`, a zero byte and the UID's bytes, in hex."
    )
    status: CardStatus
    secure: bool = Field(description="It must prove itself, which a phone cannot check: its UID alone is refused.")
    counter: int | None = Field(description="The highest accepted read counter of a secure card.")
    ticket_ids: list[str] = Field(description="The tickets that it opens, one a tap, in this order.")


class SyncPageOut(Out):
    """A page of a sync. After the last one, `cursor` gives what changed since."""

    next: str | None = Field(description="The next page; null on the last one.")
    cursor: str = Field(description="Send it as `since` once there is no next page: every change after it follows.")
    full: bool = Field(description="This is everything: what a phone had before is replaced.")
    deleted: list[str] = Field(description="What a phone must forget: ticket ids, or fingerprints of cards.")
    generated_at: Moment
    expires_at: Moment = Field(description="A phone may not decide by it after this time.")


class AttendeesOut(SyncPageOut):
    """A page of attendees."""

    results: list[SyncedAttendeeOut]


class CardsOut(SyncPageOut):
    """A page of cards; `fingerprint_key` is the event's secret key of fingerprints, in base64url."""

    fingerprint_key: str
    results: list[SyncedCardOut]
