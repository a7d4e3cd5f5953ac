"""Items of the platform's running totals, and its newest acts of staff."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.table.items.attributes import IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item


class PlatformCounts(Item, discriminator="platform_counts"):
    """Numbers of the whole platform, one of several shards: as they are now, or of one day, week or month.

    Numbers of a period are what began in it: registrations, cards, admissions.
    """

    customers = IntegerAttribute(default=0)
    organizers = IntegerAttribute(default=0)
    merchants = IntegerAttribute(default=0)
    ushers = IntegerAttribute(default=0)
    admins = IntegerAttribute(default=0)
    cards_stock = IntegerAttribute(default=0)
    cards_held = IntegerAttribute(default=0)
    cards_active = IntegerAttribute(default=0)
    cards_blocked = IntegerAttribute(default=0)
    cards_lost = IntegerAttribute(default=0)
    cards_replaced = IntegerAttribute(default=0)
    cards_registered = IntegerAttribute(default=0)
    events_draft = IntegerAttribute(default=0)
    events_published = IntegerAttribute(default=0)
    events_live = IntegerAttribute(default=0)
    events_ended = IntegerAttribute(default=0)
    events_cancelled = IntegerAttribute(default=0)
    events_archived = IntegerAttribute(default=0)
    pending_refunds = IntegerAttribute(default=0)
    pending_edit_requests = IntegerAttribute(default=0)
    pending_payouts = IntegerAttribute(default=0)
    pending_card_requests = IntegerAttribute(default=0)
    pending_conflicts = IntegerAttribute(default=0)
    check_ins = IntegerAttribute(default=0)


class PlatformSales(Item, discriminator="platform_sales"):
    """Sales of the whole platform in one currency, one of several shards: in all, or of one day, week or month.

    With a category they are those of its events, and `events` counts these.
    """

    currency = UnicodeAttribute(null=True)
    category = UnicodeAttribute(null=True)
    orders = IntegerAttribute(default=0)
    tickets = IntegerAttribute(default=0)
    revenue = IntegerAttribute(default=0)
    refunded_tickets = IntegerAttribute(default=0)
    refunded = IntegerAttribute(default=0)
    fees = IntegerAttribute(default=0)
    events = IntegerAttribute(default=0)


class RecentAct(Item, discriminator="recent_act"):
    """One of the newest acts of staff; the audit log has the whole of it."""

    entry_id = UnicodeAttribute()
    at = MomentAttribute()
    actor_id = UnicodeAttribute()
    action = UnicodeAttribute()
    entity_type = UnicodeAttribute()
    entity_id = UnicodeAttribute()
