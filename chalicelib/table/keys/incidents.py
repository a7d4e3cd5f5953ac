"""Keys of incidents and of conflicts."""

from chalicelib.table.items.incidents import ConflictAddress, Incident, OpenConflicts
from chalicelib.table.places import Key, Place, joined


def incident(incident_id: str) -> Place[Incident]:
    """Question 147."""
    return Place(Incident, joined("INCIDENT", incident_id), "INCIDENT")


def conflict_address(log_id: str) -> Place[ConflictAddress]:
    """Question 148."""
    return Place(ConflictAddress, joined("CONFLICT_ADDRESS", log_id), "CONFLICT_ADDRESS")


def open_conflicts(event_id: str) -> Place[OpenConflicts]:
    """Question 207."""
    return Place(OpenConflicts, joined("CONFLICTS", event_id), "OPEN_CONFLICTS")


def listed_as_open(event_id: str, log_id: str = "") -> Key:
    """Question 208."""
    return Key(joined("CONFLICTS", event_id, "OPEN"), log_id)


def listed_as_closed(event_id: str, log_id: str = "") -> Key:
    """Question 208."""
    return Key(joined("CONFLICTS", event_id, "CLOSED"), log_id)
