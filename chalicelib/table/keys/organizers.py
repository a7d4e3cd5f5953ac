"""Keys of organizers: profiles, totals and edit requests."""

from chalicelib.table.items.organizers import EditRequest, OrganizerDay, OrganizerProfile, OrganizerTotals, PendingEdits
from chalicelib.table.keys import access
from chalicelib.table.places import Key, Place, joined


def organizer_events(organizer_id: str, starts_at: str = "", event_id: str = "") -> Key:
    """Question 56; `starts_at` is RFC 3339 in UTC."""
    return Key(joined("ORGANIZER_EVENTS", organizer_id), joined(starts_at, event_id))


def edit_request(event_id: str, request_id: str = "") -> Place[EditRequest]:
    """Question 59."""
    return Place(EditRequest, joined("EVENT_EDITS", event_id), joined("EDIT_REQUEST", request_id))


def pending_edits(event_id: str) -> Place[PendingEdits]:
    """Question 59: how many of them are pending."""
    return Place(PendingEdits, edit_request(event_id).pk, "PENDING")


def edit_requests(status: str, request_id: str = "") -> Key:
    """Question 60."""
    return Key(joined("EDIT_REQUESTS", status), request_id)


def profile(organizer_id: str) -> Place[OrganizerProfile]:
    """Question 58: an organizer's profile."""
    return Place(OrganizerProfile, access.account(organizer_id).pk, "PROFILE")


def totals(organizer_id: str) -> Place[OrganizerTotals]:
    """Question 58: the running totals."""
    return Place(OrganizerTotals, access.account(organizer_id).pk, "TOTALS")


def day(organizer_id: str, date: str = "") -> Place[OrganizerDay]:
    """Question 58: an organizer's sales on one day."""
    return Place(OrganizerDay, access.account(organizer_id).pk, joined("DAY", date))
