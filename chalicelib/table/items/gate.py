"""The items of scans, the check-in log and the running totals of an event."""

from typing import Any

from pynamodb.attributes import BooleanAttribute, MapAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary import Direction, Reason, ScanResult, ScanSource


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


class CheckinDay(Item, discriminator="checkin_day"):
    """Who came in, by hour of a day that the event's counters hold no more; the hours' names are made by totals.py."""

    event_id = UnicodeAttribute()
    day = UnicodeAttribute()


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
