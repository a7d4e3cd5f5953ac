"""The list of campus events."""

from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import CampusEvent

CAMPUS_EVENTS = ListOf(
    name="campus_events",
    item=CampusEvent,
    id_name="event_id",
    only=lambda event: event.deleted_at is None,
    orderings={"starts_at": Ordering(lambda event: event.starts_at, shown_as="start_datetime")},
    filters={
        "campus_id": Filter(lambda event: event.campus_id),
        "organizer_id": Filter(lambda event: event.organizer_id),
        "is_active": Filter(lambda event: event.is_active, bool),
    },
    indexes=(("campus_id",), ("organizer_id",), ("is_active",), ("campus_id", "is_active")),
    texts=lambda event: (event.title, event.location),
)
