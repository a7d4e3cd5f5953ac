"""Items of the running totals of attendance: what is counted as what, the totals, and small copies for live views.

Totals are numbers under short names (`domain/campus/analytics/counted_as.py`), which the classes do not declare: an
attribute for each hour, status and flag exists only where it is not zero.
"""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.table.items.jobs import Job
from chalicelib.vocabulary.campus import AttendanceStatus, VerificationStatus


class CountedAttendance(Item, discriminator="counted_attendance"):
    """What a record is counted as; it changes in the transaction that moves the totals, and only there."""

    counted_as = UnicodeAttribute()


class CountedCampusEvent(Item, discriminator="counted_campus_event"):
    """What an event is counted as, as CountedAttendance."""

    counted_as = UnicodeAttribute()


class CountedListing(Item, discriminator="counted_listing"):
    """What a person's place on a roster is counted as, as CountedAttendance."""

    counted_as = UnicodeAttribute()


class AttendanceTotals(Item, discriminator="attendance_totals"):
    """Numbers of an event, of an hour of it, or of a day of a person, an organizer, a campus or all."""

    event_id = UnicodeAttribute(null=True)
    title = UnicodeAttribute(null=True)
    # Of an event's row: who is expected, and when it ends (counted_as.Expects).
    expects: JSONAttribute = JSONAttribute(null=True)
    department = UnicodeAttribute(null=True)
    timezone = UnicodeAttribute(null=True)
    campus_id = UnicodeAttribute(null=True)
    # Of a student's row, which is of one record.
    attendance_id = UnicodeAttribute(null=True)
    # Of the whole day of a campus: its last move, until the figures of all campuses have it
    # (domain/campus/analytics/figures_of_all.py). While it is there, the second index lists the row.
    moved = UnicodeAttribute(null=True)


class EventAttendanceTotals(AttendanceTotals, discriminator="event_attendance_totals"):
    """The numbers of an event; a kind of its own, since live updates follow it and not the others."""


class EventsOfRule(AttendanceTotals, discriminator="events_of_rule"):
    """The events of a month that expect people by one rule: a text for each event, which no class declares.

    Of many events each part has some; the first part counts those of every part.
    """


class FiguresOfAll(Item, discriminator="figures_of_all"):
    """The version of the figures of all campuses: each transaction that writes them raises it."""

    version = IntegerAttribute(default=0)


class RecentAttendance(Item, discriminator="recent_attendance"):
    """One of the newest submissions, with the person's name; gone after a day, or with the person's erasure."""

    attendance_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    title = UnicodeAttribute()
    first_name = UnicodeAttribute()
    last_name = UnicodeAttribute()
    submitted_at = MomentAttribute()
    status = EnumAttribute(AttendanceStatus)
    verification_status = EnumAttribute(VerificationStatus)


class FlaggedAttendance(Item, discriminator="flagged_attendance"):
    """A record with a flag that the search for anomalies groups, with the evidence of its flags."""

    attendance_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    campus_id = UnicodeAttribute()
    submitted_at = MomentAttribute()
    # Of its event; without it, in rows of earlier releases, UTC.
    timezone = UnicodeAttribute(null=True)
    flags: JSONAttribute = JSONAttribute()


class AttendanceRecount(Job, discriminator="attendance_recount"):
    """The job that counts the records of an event again; `position` is the last one counted."""

    event_id = UnicodeAttribute()
    position = UnicodeAttribute(null=True)
