"""Items of campus events: the event, who is expected."""

from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item


class CampusEvent(Item, discriminator="campus_event"):
    """An event whose attendance is taken.

    `qr_epoch` rises with every refresh of the code: codes of earlier epochs are void. `expected` is the rule of who is
    expected: {"department"?, "year_level"?, "campus_id"?}; `roster_size` counts the listed people.
    `retention` has the days of each kind of evidence. Coordinates are WGS 84 degrees, `location_radius` is in metres.
    """

    event_id = UnicodeAttribute()
    title = UnicodeAttribute()
    description = UnicodeAttribute(null=True)
    location = UnicodeAttribute()
    latitude = NumberAttribute()
    longitude = NumberAttribute()
    location_radius = IntegerAttribute()
    starts_at = MomentAttribute()
    ends_at = MomentAttribute()
    late_until = MomentAttribute(null=True)
    closes_at = MomentAttribute(null=True)
    second_window: JSONAttribute = JSONAttribute(null=True)
    campus_id = UnicodeAttribute()
    organizer_id = UnicodeAttribute()
    timezone = UnicodeAttribute()
    is_active = BooleanAttribute(default=True)
    # Of an event that is not active: since when.
    switched_off_at = MomentAttribute(null=True)
    require_photos = BooleanAttribute(default=False)
    require_signature = BooleanAttribute(default=False)
    require_location = BooleanAttribute(default=True)
    retention: JSONAttribute = JSONAttribute(default=dict)
    expected: JSONAttribute = JSONAttribute(null=True)
    roster_size = IntegerAttribute(default=0)
    # Counts the changes of the roster, for their optimistic lock.
    roster_version = IntegerAttribute(default=0)
    qr_epoch = IntegerAttribute(default=1)
    created_at = MomentAttribute()
    deleted_at = MomentAttribute(null=True)
    # Counts the changes, for their optimistic lock.
    version = IntegerAttribute(default=1)

    @property
    def rule_of_expected(self) -> dict[str, Any] | None:
        """The rule by which people are expected without being listed; None where there is none."""
        return dict(self.expected) if self.expected else None


class RosterEntry(Item, discriminator="roster_entry"):
    """A person who is listed as expected at an event."""

    event_id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    added_at = MomentAttribute()
