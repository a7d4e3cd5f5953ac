"""The lists of settlements and payouts."""

from datetime import date

from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import Payout, Settlement
from chalicelib.vocabulary.payouts import PayoutStatus

SETTLEMENTS = ListOf(
    name="settlements",
    item=Settlement,
    id_name="event_id",
    orderings={"closed_at": Ordering(lambda settlement: settlement.closed_at)},
    filters={
        "event_id": Filter(lambda settlement: settlement.event_id),
        "organizer_id": Filter(lambda settlement: settlement.organizer_id),
    },
    indexes=(("event_id",), ("organizer_id",)),
    texts=lambda settlement: (settlement.event_title,),
    columns=("event_title", "payout_id", "closed_by", "reversed_at"),
    amounts=("gross", "refunds", "platform_fee", "net", "taken_back"),
    has_people=False,
)
PAYOUTS = ListOf(
    name="payouts",
    item=Payout,
    id_name="payout_id",
    orderings={
        "created_at": Ordering(lambda payout: payout.created_at),
        "scheduled_for": Ordering(lambda payout: date.fromisoformat(payout.scheduled_for), date),
    },
    filters={
        "status": Filter(lambda payout: payout.status, PayoutStatus),
        "organizer_id": Filter(lambda payout: payout.organizer_id),
        "event_id": Filter(lambda payout: payout.event_id),
    },
    indexes=(("status",), ("organizer_id",), ("event_id",)),
    texts=lambda payout: (payout.event_title, payout.invoice_number),
    columns=("event_title", "invoice_number", "paid_at", "reference", "asked_by", "approved_by", "approved_at"),
    amounts=("gross", "refunds", "platform_fee", "net", "taken_back"),
    has_people=False,
)
