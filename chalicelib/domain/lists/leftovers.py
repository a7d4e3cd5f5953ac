"""The list of leftover money."""

from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import Leftover
from chalicelib.vocabulary.cards import LeftoverKind

LEFTOVERS = ListOf(
    name="unclaimed",
    item=Leftover,
    id_name="leftover_id",
    orderings={"since": Ordering(lambda left: left.since), "amount": Ordering(lambda left: left.amount, int)},
    filters={
        "kind": Filter(lambda left: left.leftover_kind, LeftoverKind),
        "customer_id": Filter(lambda left: left.customer_id),
        "event_id": Filter(lambda left: left.event_ids),
    },
    indexes=(("kind",),),
    texts=lambda left: (left.card_uid, left.payment_id),
    columns=("card_id", "payment_id", "asked_by", "asked_for"),
    amounts=("amount",),
    usual="since",
    only=lambda left: left.amount > 0,
    # Every card that is paid with has one.
    shards=3,
)
