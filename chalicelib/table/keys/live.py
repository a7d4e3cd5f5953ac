"""Keys of live updates: connections, listeners, and the messages of a channel."""

from chalicelib.table.items.live import (
    Listener,
    LiveConnection,
    LiveCounters,
    LiveHead,
    LiveNews,
    LiveOf,
    LiveSockets,
    LiveTicket,
    LiveTold,
)
from chalicelib.table.places import Place, joined


def ticket(ticket_hash: str) -> Place[LiveTicket]:
    """Question 80."""
    return Place(LiveTicket, joined("LIVE_TICKET", ticket_hash), "LIVE_TICKET")


def connection(connection_id: str) -> Place[LiveConnection]:
    """Question 81."""
    return Place(LiveConnection, joined("LIVE_CONNECTION", connection_id), "LIVE_CONNECTION")


def of_principal(principal_id: str, connection_id: str = "") -> Place[LiveOf]:
    """Question 82."""
    return Place(LiveOf, joined("LIVE_OF", principal_id), connection_id)


def sockets(principal_id: str) -> Place[LiveSockets]:
    """Question 89."""
    return Place(LiveSockets, joined("LIVE_SOCKETS", principal_id), "LIVE_SOCKETS")


def listener(channel: str, connection_id: str = "") -> Place[Listener]:
    """Question 83."""
    return Place(Listener, joined("LISTENERS", channel), connection_id)


def head(channel: str) -> Place[LiveHead]:
    """Question 84."""
    return Place(LiveHead, joined("LIVE", channel), "HEAD")


def counters(channel: str) -> Place[LiveCounters]:
    """Question 84: the marker that an event's counters changed."""
    return Place(LiveCounters, head(channel).pk, "COUNTERS")


def news(channel: str, source: str) -> Place[LiveNews]:
    """Question 85; `source` identifies the news, and is the same in each redelivery by the stream."""
    return Place(LiveNews, head(channel).pk, joined("NEWS", source))


def told(channel: str, number: int) -> Place[LiveTold]:
    """Question 86; twelve digits, so that text order is number order."""
    return Place(LiveTold, head(channel).pk, joined("TOLD", f"{number:012d}"))


def told_number(sk: str) -> int:
    """Question 86: the number in a sort key."""
    return int(sk.rpartition("#")[2])
