"""The items of the gate: events, tickets, cards, scans, those who log in, and readers."""

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary import (
    AccountStatus,
    CardStatus,
    CardType,
    DeviceStatus,
    Direction,
    EventStatus,
    Portal,
    Presence,
    Reason,
    ScanResult,
    ScanSource,
    TicketStatus,
)


class Venue(MapAttribute[str, Any]):
    """Where an event is held, as it stood when the event was last saved."""

    id = UnicodeAttribute(null=True)
    name = UnicodeAttribute()
    city = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    latitude = UnicodeAttribute(null=True)
    longitude = UnicodeAttribute(null=True)


class Event(Item, discriminator="event"):
    """A show, with what its gates must know."""

    event_id = UnicodeAttribute()
    title = UnicodeAttribute()
    description = UnicodeAttribute(null=True)
    category = UnicodeAttribute(null=True)
    organizer_id = UnicodeAttribute(null=True)
    organizer_name = UnicodeAttribute(null=True)
    image_url = UnicodeAttribute(null=True)
    featured = BooleanAttribute(default=False)
    refunds_until = MomentAttribute(null=True)
    status = EnumAttribute(EventStatus)
    starts_at = MomentAttribute()
    ends_at = MomentAttribute()
    timezone = UnicodeAttribute(default="UTC")
    scanning_opens_at = MomentAttribute(null=True)
    scanning_closes_at = MomentAttribute(null=True)
    scanning_enabled = BooleanAttribute(default=True)
    re_entry_allowed = BooleanAttribute(default=False)
    children_enabled = BooleanAttribute(default=False)
    venue = Venue(null=True)
    # Counts its changes, so that whoever decides on what they saw knows whether it still stands.
    version = IntegerAttribute(default=0)
    gates: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    # Whose totals count it, and whether as one of those that were ever on show.
    counted_for = UnicodeAttribute(null=True)
    counted_as_shown = BooleanAttribute(null=True)


class EventRevocation(Item, discriminator="event_revocation"):
    """A principal or session that lost its access to an event less than a token's life ago."""

    principal_id = UnicodeAttribute()
    revoked_at = MomentAttribute()


class StaffRevocation(Item, discriminator="staff_revocation"):
    """A member of staff or session that was locked out less than a token's life ago."""

    principal_id = UnicodeAttribute()
    revoked_at = MomentAttribute()


class Counters(Item, discriminator="counters"):
    """The running totals of an event, kept by the stream worker.

    Beside these attributes it holds, under names that totals.py makes, who came in by hour of `day` and what each gate
    answered: a scan changes this one item anyway, and another would cost it two write units more.
    """

    # Sold by orders, as the stock was last summed up; `sold` is what was issued otherwise.
    sold = IntegerAttribute(default=0)
    sold_online = IntegerAttribute(default=0)
    admitted = IntegerAttribute(default=0)
    inside = IntegerAttribute(default=0)
    on_leave = IntegerAttribute(default=0)
    scans = IntegerAttribute(default=0)
    result_valid = IntegerAttribute(default=0)
    result_invalid = IntegerAttribute(default=0)
    result_already_scanned = IntegerAttribute(default=0)
    result_not_found = IntegerAttribute(default=0)
    last_scan_at = MomentAttribute(null=True)
    # The day, in the event's time zone, whose hours it holds; earlier ones have been put aside.
    day = UnicodeAttribute(null=True)


class Passage(MapAttribute[str, Any]):
    """One passing of a gate, as the ticket remembers it; enough to give the first answer again.

    It is kept small: a ticket with its admission stays under 1 KB, which is one write unit.
    """

    scan_id = UnicodeAttribute()
    caller_id = UnicodeAttribute()
    caller_name = UnicodeAttribute(null=True)
    # What was presented; only where it was not the ticket itself.
    subject = UnicodeAttribute(null=True)
    log_id = UnicodeAttribute()
    decided_at = MomentAttribute()
    # Only where it differs from decided_at.
    scanned_at = MomentAttribute(null=True)
    # Only where it is not "entry", not "online".
    direction = EnumAttribute(Direction, null=True)
    source = EnumAttribute(ScanSource, null=True)
    gate = UnicodeAttribute(null=True)
    remaining = IntegerAttribute(null=True)


class Ticket(Item, discriminator="ticket"):
    """The one authority on whether somebody may pass."""

    ticket_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    number = UnicodeAttribute()
    tier = UnicodeAttribute(null=True)
    category_id = UnicodeAttribute(null=True)
    customer_id = UnicodeAttribute(null=True)
    dependent_id = UnicodeAttribute(null=True)
    holder_name = UnicodeAttribute()
    photo_url = UnicodeAttribute(null=True)
    labels: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    status = EnumAttribute(TicketStatus)
    credential = IntegerAttribute(default=1)
    card_uid = UnicodeAttribute(null=True)
    issued_at = MomentAttribute()
    order_id = UnicodeAttribute(null=True)
    # What was paid for it, in minor units.
    price = IntegerAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    # Until when a reserved ticket is held; over that moment it is nobody's, whenever it is removed.
    reserved_until = MomentAttribute(null=True)
    # A gift or a wish for a refund that is open: until it is closed, the ticket goes nowhere else.
    pledge = UnicodeAttribute(null=True)
    # The number that an open gift waits for, as its MAC.
    pledged_to = UnicodeAttribute(null=True)
    presence = EnumAttribute(Presence, null=True)
    admission = Passage(null=True)
    passage = Passage(null=True)
    # An earlier scan of this ticket was refused, or its bearer has left: from now on it passes only in one
    # transaction with the scan's own record, so that a scan that was answered is never answered anew.
    contested = BooleanAttribute(null=True)


class Card(Item, discriminator="card"):
    """An NFC card and, per event, the tickets it opens: the holder's first, then the dependents'."""

    card_id = UnicodeAttribute()
    uid = UnicodeAttribute()
    type = EnumAttribute(CardType)
    status = EnumAttribute(CardStatus)
    customer_id = UnicodeAttribute(null=True)
    merchant_id = UnicodeAttribute(null=True)
    assigned_at = MomentAttribute(null=True)
    blocked_at = MomentAttribute(null=True)
    block_reason = UnicodeAttribute(null=True)
    # The assignment that holds it, and until when; over that moment it is in stock, whatever its status says.
    held_by = UnicodeAttribute(null=True)
    held_until = MomentAttribute(null=True)
    # Which merchant's totals count it, and in which status.
    counted_for = UnicodeAttribute(null=True)
    counted_as = EnumAttribute(CardStatus, null=True)
    tickets: JSONAttribute = JSONAttribute(default=dict)
    # Tickets that are known to have been admitted, with the scan that did it: a hint by which a family's
    # next tap goes straight to the next ticket. Only the ticket decides.
    admitted: JSONAttribute = JSONAttribute(default=dict)
    # Events where it was refused: a scan by it may be a repeat there, whatever it opens by then.
    refused_at = UnicodeSetAttribute(null=True)
    sun_counter = IntegerAttribute(default=-1)
    sun_scan_key = UnicodeAttribute(null=True)


class UnknownCard(Item, discriminator="unknown_card"):
    """The events where a card was refused before anybody had registered it."""

    refused_at = UnicodeSetAttribute()


class FirstScan(MapAttribute[str, Any]):
    """The admission that a refused scan was told of."""

    scanned_at = MomentAttribute()
    gate = UnicodeAttribute(null=True)
    by = UnicodeAttribute(null=True)


class Scan(Item, discriminator="scan"):
    """A scan and its first answer: the check-in log's entry. Its attendee's name stays with the ticket."""

    scan_id = UnicodeAttribute()
    log_id = UnicodeAttribute()
    subject = UnicodeAttribute()
    event_id = UnicodeAttribute()
    ticket_id = UnicodeAttribute(null=True)
    card_uid = UnicodeAttribute(null=True)
    result = EnumAttribute(ScanResult)
    reason = EnumAttribute(Reason, null=True)
    direction = EnumAttribute(Direction)
    source = EnumAttribute(ScanSource)
    gate = UnicodeAttribute(null=True)
    principal_id = UnicodeAttribute()
    principal_name = UnicodeAttribute(null=True)
    first_scan = FirstScan(null=True)
    remaining = IntegerAttribute(null=True)
    first_entry = BooleanAttribute(null=True)
    scanned_at = MomentAttribute()
    decided_at = MomentAttribute()
    counted = BooleanAttribute(null=True)


class Login(Item, discriminator="login"):
    """A name that one account of a portal logs in with."""

    account_id = UnicodeAttribute()


class Account(Item, discriminator="account"):
    """A person who logs in; `claims` are what the portal's tokens carry of it."""

    account_id = UnicodeAttribute()
    portal = EnumAttribute(Portal)
    login = UnicodeAttribute()
    name = UnicodeAttribute()
    status = EnumAttribute(AccountStatus)
    password_hash = UnicodeAttribute()
    totp_secret = UnicodeAttribute(null=True)
    # The time step (RFC 6238) of the last code that was taken.
    totp_step = IntegerAttribute(null=True)
    # The phone number, where the portal's people have one (E.164).
    mobile_number = UnicodeAttribute(null=True)
    labels: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    role = UnicodeAttribute(null=True)
    roles: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    event_ids: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    organization_id = UnicodeAttribute(null=True)
    sessions_end_before = MomentAttribute(null=True)
    # The session that changed the password, which goes on.
    kept_session_id = UnicodeAttribute(null=True)
    created_at = MomentAttribute()


class Session(Item, discriminator="session"):
    """One log-in; its refresh token is kept only as a hash and changes at each use."""

    session_id = UnicodeAttribute()
    portal = EnumAttribute(Portal)
    account_id = UnicodeAttribute()
    event_id = UnicodeAttribute(null=True)
    generation = IntegerAttribute()
    token_hash = UnicodeAttribute()
    rotated_at = MomentAttribute()
    started_at = MomentAttribute()
    expires_at = MomentAttribute()
    ended_at = MomentAttribute(null=True)
    in_cookie = BooleanAttribute(default=False)


class Device(Item, discriminator="device"):
    """A reader agent at a gate."""

    device_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    gate = UnicodeAttribute()
    name = UnicodeAttribute()
    status = EnumAttribute(DeviceStatus)
    public_key = UnicodeAttribute(null=True)
    created_at = MomentAttribute()
    created_by = UnicodeAttribute()
    enrolled_at = MomentAttribute(null=True)
    revoked_at = MomentAttribute(null=True)
    last_seen_at = MomentAttribute(null=True)
    silent_since = MomentAttribute(null=True)
    queue_depth = IntegerAttribute(null=True)
    clock_offset_ms = IntegerAttribute(null=True)
    reader_path = UnicodeAttribute(null=True)
    reader_model = UnicodeAttribute(null=True)
    app_version = UnicodeAttribute(null=True)
    last_error = UnicodeAttribute(null=True)


class Enrolment(Item, discriminator="enrolment"):
    """A one-time code, by its MAC, that makes a program into a device."""

    device_id = UnicodeAttribute()
    expires_at = MomentAttribute()
    used_by_key = UnicodeAttribute(null=True)


class Throttle(Item, discriminator="throttle"):
    """How often something was tried in one window of time, or the moments of the last tries, each marked."""

    tries = IntegerAttribute(default=0)
    moments: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    # How often the moments were written.
    version = IntegerAttribute(null=True)
