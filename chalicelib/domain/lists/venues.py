"""The list of venues."""

from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import KnownVenue

VENUES = ListOf(
    name="venues",
    item=KnownVenue,
    id_name="venue_id",
    orderings={"name": Ordering(lambda venue: venue.name, str), "created_at": Ordering(lambda venue: venue.created_at)},
    filters={
        "city": Filter(lambda venue: venue.city, folded=True),
        "country": Filter(lambda venue: venue.country, folded=True),
    },
    indexes=(("city",), ("country",)),
    texts=lambda venue: (venue.name, venue.city),
    columns=("address", "latitude", "longitude", "capacity", "gates"),
    has_people=False,
)
