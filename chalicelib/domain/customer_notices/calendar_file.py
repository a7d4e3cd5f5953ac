"""The calendar file of an event (iCalendar, RFC 5545, as in RFC 5546): one entry that later files move or cancel.

A calendar knows the entry by its UID. It takes the file with the highest SEQUENCE, and of these the latest DTSTAMP.
"""

from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.clients.messages import Attachment
from chalicelib.config import config
from chalicelib.domain import timezones
from chalicelib.domain.quotations import quote
from chalicelib.table.items import Event
from chalicelib.vocabulary.events import EventStatus

NAME = "event.ics"
# Longer than any title or address, so that none is shortened.
_LONGEST = 400
# Rules of a time zone that the entry can need.
_MARGIN = timedelta(days=2)


def of(event: Event) -> Attachment:
    """Return the file that adds an event to a calendar, moves it, or removes it where it is cancelled."""
    import icalendar  # heavy, and for workers only

    is_cancelled = event.status == EventStatus.CANCELLED
    starts_at, ends_at = _named(event)
    entry = icalendar.Event()
    entry.add("uid", f"{event.event_id}@gatehouse")
    entry.add("dtstamp", clock.now())
    # An edit raises the event's version. A cancellation comes after every edit.
    entry.add("sequence", event.version + is_cancelled)
    entry.add("summary", _plain(event.title))
    entry.add("dtstart", starts_at)
    entry.add("dtend", ends_at)
    entry.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    entry.add("organizer", f"mailto:{config().mail_from}", parameters={"CN": "Gatehouse"})
    place = event.venue
    if place is not None:
        whole = ", ".join(part for part in (place.name, place.address, place.city) if part)
        entry.add("location", _plain(whole, is_address=True))
    method = "CANCEL" if is_cancelled else "PUBLISH"
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Gatehouse//Tickets//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(entry)
    first, last = event.starts_at - _MARGIN, event.ends_at + _MARGIN
    calendar.add_missing_timezones(first_date=first.date(), last_date=last.date())
    return Attachment.of(NAME, f"text/calendar; charset=utf-8; method={method}", calendar.to_ical())


def _named(event: Event) -> tuple[datetime, datetime]:
    """Return start and end in the event's time zone; in UTC if the clocks of the zone change around the event.

    A local time of two equal hours names the first of them (RFC 5545, 3.3.5), and the rules that icalendar writes lack
    some changes, such as those around Ramadan in Morocco.
    """
    moments = (event.starts_at - _MARGIN, event.starts_at, event.ends_at, event.ends_at + _MARGIN)
    before, starts_at, ends_at, after = (timezones.local(moment, event.timezone) for moment in moments)
    is_steady = len({each.utcoffset() for each in (before, starts_at, ends_at, after)}) == 1
    return (starts_at, ends_at) if is_steady else (event.starts_at, event.ends_at)


def _plain(words: str, *, is_address: bool = False) -> str:
    """Return words that a person wrote without links and what cannot be seen, and without quotation marks."""
    return quote(words, longest=_LONGEST, is_address=is_address)[1:-1]
