"""Items of the campus portal's people: profiles, campuses, log-ins, and who claims a student number or a card."""

from datetime import datetime

from pynamodb.attributes import BooleanAttribute, JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item


class Campus(Item, discriminator="campus"):
    """A campus; days and hours of its reports are in its time zone."""

    campus_id = UnicodeAttribute()
    name = UnicodeAttribute()
    timezone = UnicodeAttribute()
    created_at = MomentAttribute()


class CampusProfile(Item, discriminator="campus_profile"):
    """What a campus account has beside its log-in; the role is in the account."""

    user_id = UnicodeAttribute()
    username = UnicodeAttribute()
    email = UnicodeAttribute()
    first_name = UnicodeAttribute()
    last_name = UnicodeAttribute()
    # The student number as the campus writes it; proven only once `is_verified`.
    student_id = UnicodeAttribute(null=True)
    department = UnicodeAttribute()
    campus_id = UnicodeAttribute()
    year_level = UnicodeAttribute(null=True)
    # As in the account, for lists.
    role = UnicodeAttribute()
    is_verified = BooleanAttribute(default=False)
    # As in the account, for lists.
    is_active = BooleanAttribute(default=True)
    # Since when the person has no access, deactivated or erased: no rule expects them at later events.
    left_at = MomentAttribute(null=True)
    # The NFC card that marks attendance; its own item names this account.
    card_uid = UnicodeAttribute(null=True)
    photo_key = UnicodeAttribute(null=True)
    created_at = MomentAttribute()
    # Counts the changes, for their optimistic lock.
    version = IntegerAttribute(default=1)
    # The group that its student is counted in (people/student_counts.py); absent before, and for staff.
    counted_in = UnicodeAttribute(null=True)
    # The newest groups before the present one, in order of time (people/student_groups.py).
    former_groups: JSONAttribute = JSONAttribute(null=True)

    @property
    def moved_at(self) -> datetime | None:
        """When the person changed their group or lost their access last; None where the first group is the present."""
        moves = [datetime.fromisoformat(each["until"]) for each in self.former_groups or ()]
        return max([*moves, *([self.left_at] if self.left_at else [])], default=None)


class StudentCount(Item, discriminator="student_count"):
    """How many students of a campus are in one department and year; texts are folded, "" is no year."""

    department = UnicodeAttribute()
    year_level = UnicodeAttribute()
    number = IntegerAttribute()


class StudentNumberClaim(Item, discriminator="student_number_claim"):
    """An account that says it has this student number; at most one claim is verified (its sort key is fixed)."""

    user_id = UnicodeAttribute()


class CampusCard(Item, discriminator="campus_card"):
    """Whose NFC card this is, for attendance marked by card."""

    user_id = UnicodeAttribute()


class CampusLogIn(Item, discriminator="campus_log_in"):
    """A tried log-in of a campus account; it is removed by its TTL."""

    log_in_id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    at = MomentAttribute()
    result = UnicodeAttribute()
    # The family of the client, and the network: never the whole address.
    device = UnicodeAttribute(null=True)
    address_hint = UnicodeAttribute(null=True)
