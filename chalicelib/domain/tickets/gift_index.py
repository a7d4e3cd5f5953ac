"""Re-keying of pending gifts, after the key of the number index was replaced.

A gift's MAC gets a further layer, so its number need not be known. Each gift moves in a transaction with its ticket.
So the work may be killed, repeated and run twice at once. A gift that was claimed or cancelled meanwhile is passed.
"""

import copy
from collections.abc import Iterator

from chalicelib.clients.secrets import NUMBERS
from chalicelib.domain.access import numbers
from chalicelib.table import keys, operations
from chalicelib.table.items import Gift, Ticket


def rekey() -> Iterator[str]:
    """Re-key the pending gifts of all older keys, and yield the id of each. Raises Unavailable."""
    present = numbers.index_version()
    for key in NUMBERS.ring().keys:
        if key.version < present:
            for partition in keys.tickets.gift_partitions(key.version):
                yield from _rekey_all(partition)


def _rekey_all(partition: str) -> Iterator[str]:
    for place in operations.places_of(Gift, operations.query(partition, index="gsi2")):
        gift = operations.get(place)
        if gift is not None and _rekey(gift):
            yield gift.gift_id


def _rekey(gift: Gift) -> bool:
    """Move one gift and its ticket's pledge to the present MAC; False if the gift ended or moved meanwhile."""
    present = numbers.index_version()
    ticket = operations.get(keys.tickets.ticket(gift.ticket_id))
    if ticket is None or ticket.pledged_to is None or gift.number_version is None:
        return False
    mac = numbers.rekeyed(ticket.pledged_to, version=gift.number_version)
    if keys.tickets.gift(ticket.pledged_to, gift.gift_id) != gift.place:
        return False
    moved = copy.deepcopy(gift)
    moved.pk, moved.sk = keys.tickets.gift(mac, gift.gift_id)
    moved.put_in_gsi2(keys.tickets.gifts_by_version(present, gift.gift_id))
    moved.number_version = present
    is_pledged = (Ticket.pledge == gift.gift_id) & (Ticket.pledged_to == ticket.pledged_to)
    try:
        operations.commit(
            operations.remove(gift.place, Gift.pk.exists()),
            operations.put(moved, Gift.pk.does_not_exist()),
            operations.change(keys.tickets.ticket(gift.ticket_id), [Ticket.pledged_to.set(mac)], is_pledged),
        )
    except operations.ConditionFailed:
        return False
    return True
