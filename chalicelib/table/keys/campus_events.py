"""Keys of campus events and their rosters."""

from chalicelib.table.items.campus_events import CampusEvent, RosterEntry
from chalicelib.table.places import Key, Place, joined


def event(event_id: str) -> Place[CampusEvent]:
    """Question 220."""
    return Place(CampusEvent, joined("CAMPUS_EVENT", event_id), "CAMPUS_EVENT")


def roster_entry(event_id: str, user_id: str = "") -> Place[RosterEntry]:
    """Question 221; without a person the prefix of all."""
    return Place(RosterEntry, joined("ROSTER", event_id), user_id)


def listed_at(user_id: str, event_id: str = "") -> Key:
    """Question 223: the roster entries of a person, in the first index."""
    return Key(joined("LISTED_AT", user_id), event_id)
