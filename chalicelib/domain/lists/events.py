"""The lists of events and of their edit requests."""

from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import EditRequest, Event
from chalicelib.vocabulary.events import EditRequestStatus, EventStatus

EVENTS = ListOf(
    name="events",
    item=Event,
    id_name="event_id",
    orderings={
        "starts_at": Ordering(lambda event: event.starts_at),
        "title": Ordering(lambda event: event.title, str),
    },
    filters={
        "status": Filter(lambda event: event.status, EventStatus),
        "organizer_id": Filter(lambda event: event.organizer_id),
        "venue_id": Filter(lambda event: event.venue.id if event.venue else None),
        "category": Filter(lambda event: event.category, folded=True),
        "city": Filter(lambda event: event.venue.city if event.venue else None, folded=True),
        "featured": Filter(lambda event: event.featured, bool),
    },
    indexes=(("status",), ("organizer_id",), ("venue_id",), ("category",), ("city",), ("featured",)),
    texts=lambda event: (event.title, event.organizer_name, event.venue.name if event.venue else None),
    columns=("organizer_name", "review", "ends_at", "timezone", "image_url"),
    has_people=False,
)

EDIT_REQUESTS = ListOf(
    name="edit_requests",
    item=EditRequest,
    id_name="request_id",
    orderings={"created_at": Ordering(lambda request: request.created_at)},
    filters={
        "status": Filter(lambda request: request.status, EditRequestStatus),
        "event_id": Filter(lambda request: request.event_id),
        "organizer_id": Filter(lambda request: request.organizer_id),
    },
    indexes=(("status",), ("event_id",), ("organizer_id",)),
    texts=lambda request: (request.reason,),
    columns=("reason", "decided_at", "decided_by", "note"),
    has_people=False,
)
