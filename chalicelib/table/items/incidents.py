"""Items of incidents, and where the conflicts of the check-in log are."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary.gate import ConflictResolution, IncidentStatus, IncidentType


class Incident(Item, discriminator="incident"):
    """Something that an usher reported at an event."""

    incident_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    type = EnumAttribute(IncidentType)
    status = EnumAttribute(IncidentStatus)
    note = UnicodeAttribute()
    card_uid = UnicodeAttribute(null=True)
    ticket_id = UnicodeAttribute(null=True)
    photo_key = UnicodeAttribute(null=True)
    reported_by = UnicodeAttribute()
    created_at = MomentAttribute()
    answer = UnicodeAttribute(null=True)
    answered_by = UnicodeAttribute(null=True)
    answered_at = MomentAttribute(null=True)
    version = IntegerAttribute(default=0)


class ConflictAddress(Item, discriminator="conflict_address"):
    """The scan of a conflict, found by the id of its log entry alone; it is open until it has a resolution."""

    event_id = UnicodeAttribute()
    scan_pk = UnicodeAttribute()
    scan_sk = UnicodeAttribute()
    resolution = EnumAttribute(ConflictResolution, null=True)
    # A record that arrived later showed that it is none.
    withdrawn = BooleanAttribute(null=True)
    # What the platform's totals count it as, and whether its event's count has it.
    tallied = UnicodeAttribute(null=True)
    counted = BooleanAttribute(null=True)

    @property
    def is_open(self) -> bool:
        """Whether staff have to close it."""
        return self.resolution is None and not self.withdrawn


class OpenConflicts(Item, discriminator="open_conflicts"):
    """How many conflicts of an event are open, as the stream counted them."""

    open = IntegerAttribute(default=0)
