"""Items of scans, the check-in log and an event's running totals."""

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MapPart, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary.gate import (
    ConflictResolution,
    Correction,
    Direction,
    Reason,
    ScanKind,
    ScanResult,
    ScanSource,
)


class Counters(Item, discriminator="counters"):
    """The running totals of an event, updated by the stream worker.

    It also holds the check-ins by hour of `day` and each gate's results, in attributes named by checkin_buckets.py.
    A counted scan updates this item anyway; a second item would cost two more write units.
    """

    # `sold_online` is sold by orders, as of the last sum of the stock; `sold` was issued otherwise.
    sold = IntegerAttribute(default=0)
    sold_online = IntegerAttribute(default=0)
    admitted = IntegerAttribute(default=0)
    inside = IntegerAttribute(default=0)
    on_leave = IntegerAttribute(default=0)
    # The sum of all counts of people without a ticket, in any order; it may be below zero for a moment.
    counted_sum = IntegerAttribute(default=0)
    scans = IntegerAttribute(default=0)
    result_valid = IntegerAttribute(default=0)
    result_invalid = IntegerAttribute(default=0)
    result_already_scanned = IntegerAttribute(default=0)
    result_not_found = IntegerAttribute(default=0)
    last_scan_at = MomentAttribute(null=True)
    # The day, in the event's time zone, whose hours it holds; earlier days are CheckinDay items.
    day = UnicodeAttribute(null=True)

    @property
    def counted_without_ticket(self) -> int:
        """How many people without a ticket are inside."""
        return max(0, self.counted_sum)

    @property
    def people_inside(self) -> int:
        """How many people are inside, with and without a ticket."""
        return int(self.inside) + self.counted_without_ticket


class AttendeeWord(Item, discriminator="attendee_word"):
    """A ticket under a later word of its holder's name. Its key says all; the ticket decides whether it still holds."""


class CheckinDay(Item, discriminator="checkin_day"):
    """The check-ins by hour of a day that the counters no longer hold; checkin_buckets.py names the attributes."""

    event_id = UnicodeAttribute()
    day = UnicodeAttribute()


class FirstScan(MapPart):
    """The earlier admission that the answer to a refused scan shows."""

    scanned_at = MomentAttribute()
    gate = UnicodeAttribute(null=True)
    by = UnicodeAttribute(null=True)


class Scan(Item, discriminator="scan"):
    """A scan and its first answer: an entry of the check-in log. The attendee's name is only on the ticket."""

    scan_id = UnicodeAttribute()
    log_id = UnicodeAttribute()
    subject = UnicodeAttribute()
    event_id = UnicodeAttribute()
    ticket_id = UnicodeAttribute(null=True)
    card_uid = UnicodeAttribute(null=True)
    result = EnumAttribute(ScanResult)
    reason = EnumAttribute(Reason, null=True)
    direction = EnumAttribute(Direction)
    # Absent for an ordinary scan.
    scan_kind = EnumAttribute(ScanKind, null=True)
    # How many people a count adds.
    delta = IntegerAttribute(null=True)
    # A second reading within the window of repeats: it is answered with an admission that another scan made.
    repeat = BooleanAttribute(null=True)
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
    # The totals count it at no gate of the event: it named one that the event did not have then.
    elsewhere = BooleanAttribute(null=True)
    # Nobody is counted for it, although it is valid: a double admission, or a leave of somebody who was not inside.
    idle = BooleanAttribute(null=True)
    # How often its part in the ticket's history changed, and up to which of these changes the totals count it.
    revision = IntegerAttribute(null=True)
    counted_revision = IntegerAttribute(null=True)
    # The totals count it as it is now; removed by each change of its part, so that the stream brings that change.
    projected = BooleanAttribute(null=True)
    # Only of records made without the network: what the gate showed, how the time was corrected, the device's number.
    shown = EnumAttribute(ScanResult, null=True)
    correction = EnumAttribute(Correction, null=True)
    seq = IntegerAttribute(null=True)
    via = UnicodeAttribute(null=True)
    # Sent after the device was revoked, and made before.
    late = BooleanAttribute(null=True)
    # The code of a refusal: the record is kept, and counts nobody.
    error = UnicodeAttribute(null=True)
    # Why an offline scan contradicts another, and how staff closed that; an open conflict has no resolution.
    conflict = UnicodeAttribute(null=True)
    resolution = EnumAttribute(ConflictResolution, null=True)


class LogPage(Item, discriminator="log_page"):
    """Rows of the check-in log that were counted together; log_pages.py packs and reads them."""

    event_id = UnicodeAttribute()
    rows = BinaryAttribute(legacy_encoding=False)


class ReceivedNumbers(Item, discriminator="received_numbers"):
    """The numbers of records that arrived from a device or phone: the highest, and the gaps below it as text."""

    highest = IntegerAttribute(default=0)
    gaps = UnicodeAttribute(null=True)
    # Gaps were joined, so that their sum is an upper bound.
    is_bound = BooleanAttribute(null=True)
    # Counts the writes, for the optimistic lock.
    version = IntegerAttribute(default=0)


class Leave(Item, discriminator="leave"):
    """A leave from an event with re-entry: who passed its bearer out, and back in after the return.

    It is written with the passage itself. While the bearer is out it has a key in the first index.
    """

    log_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    ticket_id = UnicodeAttribute()
    left_at = MomentAttribute()
    left_gate = UnicodeAttribute(null=True)
    left_by = UnicodeAttribute()
    left_by_name = UnicodeAttribute(null=True)
    # What the usher noted.
    reason = UnicodeAttribute(null=True)
    returned_at = MomentAttribute(null=True)
    returned_gate = UnicodeAttribute(null=True)
    returned_by = UnicodeAttribute(null=True)
    returned_by_name = UnicodeAttribute(null=True)
    return_log_id = UnicodeAttribute(null=True)


class ScanReceipt(Item, discriminator="scan_receipt"):
    """The first arrival of a record made without the network: what it says, and its corrected time.

    The time is corrected once, so that a record sent again has the same place in the order of claims.
    """

    # A digest of what the record says.
    content = UnicodeAttribute()
    at = MomentAttribute()
    correction = EnumAttribute(Correction)
    ttl = IntegerAttribute()
