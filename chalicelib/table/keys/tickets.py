"""Keys of tickets, gifts and refund requests."""

from chalicelib.table.items.tickets import Gift, RefundAddress, RefundRequest, Ticket
from chalicelib.table.places import Key, Place, joined

GIFT_SHARDS = 4


def ticket(ticket_id: str) -> Place[Ticket]:
    """Question 3."""
    return Place(Ticket, joined("TICKET", ticket_id), "TICKET")


def customer_tickets(customer_id: str, ticket_id: str = "") -> Key:
    """Question 30."""
    return Key(joined("CUSTOMER_TICKETS", customer_id), ticket_id)


def gift(mac: str, gift_id: str = "") -> Place[Gift]:
    """Question 45; `mac` is the MAC of the number."""
    return Place(Gift, joined("GIFTS", mac), gift_id)


def gifts_by_version(version: int, gift_id: str) -> Key:
    """Question 91: a pending gift, by the version of the number's MAC in its key."""
    return Key(joined("GIFTS_BY_VERSION", str(version), str(ord(gift_id[-1]) % GIFT_SHARDS)), gift_id)


def gift_partitions(version: int) -> list[str]:
    """Question 91: the partitions of a version."""
    return [joined("GIFTS_BY_VERSION", str(version), str(shard)) for shard in range(GIFT_SHARDS)]


def refund_request(ticket_id: str, refund_id: str = "") -> Place[RefundRequest]:
    """Question 46."""
    return Place(RefundRequest, ticket(ticket_id).pk, joined("REFUND", refund_id))


def refund_address(refund_id: str) -> Place[RefundAddress]:
    """Question 140."""
    return Place(RefundAddress, joined("REFUND_ADDRESS", refund_id), "REFUND_ADDRESS")


def closed_gift(ticket_id: str, gift_id: str = "") -> Place[Gift]:
    """Question 47: a gift that is no longer open."""
    return Place(Gift, ticket(ticket_id).pk, joined("GIFT", gift_id))
