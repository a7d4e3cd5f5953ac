"""Keys of scans, the check-in log and an event's running totals."""

from chalicelib import folding
from chalicelib.table.items.gate import (
    AttendeeWord,
    CheckinDay,
    Counters,
    Leave,
    LogPage,
    ReceivedNumbers,
    Scan,
    ScanReceipt,
)
from chalicelib.table.items.tickets import Ticket
from chalicelib.table.keys import sale, tickets
from chalicelib.table.places import Key, Place, joined

LOG_SHARDS = 4


def counters(event_id: str) -> Place[Counters]:
    """Question 2."""
    return Place(Counters, joined("EVENT", event_id), "COUNTERS")


def attendee(event_id: str, name: str, ticket_id: str) -> Key:
    """Question 4: a ticket under the beginning of its holder's name."""
    return Key(attendees(event_id, name), joined(attendee_prefix(name), ticket_id))


def attendee_prefix(name: str) -> str:
    """Question 4: the beginning of a name, or of a part of it, as sort keys have it."""
    return folding.typed(name)


def attendees(event_id: str, prefix: str) -> str:
    """Question 4: the partition of names with this prefix."""
    return joined("ATTENDEES", event_id, (folding.typed(prefix) or "_")[0])


def attendee_word(event_id: str, words: str, ticket_id: str) -> Place[AttendeeWord]:
    """Question 98: a ticket under its holder's folded name from a later word on."""
    return Place(AttendeeWord, attendee_words(event_id, words), joined(words, ticket_id))


def ticket_of_attendee_word(sk: str) -> str:
    """Question 98: the ticket in a sort key."""
    return sk.rpartition("#")[2]


def attendee_words(event_id: str, words: str) -> str:
    """Question 98: the partition of names that have a later word with this first letter."""
    return joined("ATTENDEE_WORDS", event_id, words[:1])


def scan(caller_id: str, scan_id: str, subject: str) -> Place[Scan]:
    """Question 6."""
    return Place(Scan, joined("SCAN", caller_id, scan_id), joined("SCAN", subject))


def scanned_ticket(scan_sk: str) -> Place[Ticket] | None:
    """Question 6: the ticket that the sort key of a scan names, or None if it names something else."""
    subject = scan_sk.partition("#")[2]
    return tickets.ticket(subject) if subject.startswith("tkt_") else None


def receipt(caller_id: str, scan_id: str) -> Place[ScanReceipt]:
    """Question 190: a record made without the network, beside the scan that it became."""
    return Place(ScanReceipt, joined("SCAN", caller_id, scan_id), "RECEIPT")


def log_shard(log_id: str) -> str:
    """Question 7: the shard of an entry, from its id."""
    return str(ord(log_id[-1]) % LOG_SHARDS)


def log(event_id: str, log_id: str) -> Key:
    """Question 7: one entry."""
    return Key(joined("LOG", event_id, log_shard(log_id)), log_id)


def log_partitions(event_id: str) -> list[str]:
    """Question 7: all of an event's log partitions."""
    return [joined("LOG", event_id, str(shard)) for shard in range(LOG_SHARDS)]


def log_page(event_id: str, log_id: str) -> Place[LogPage]:
    """Question 251: a page of the log, by its oldest entry."""
    return Place(LogPage, joined("LOG_PAGES", event_id), log_id)


def ticket_log(event_id: str, ticket_id: str, log_id: str = "") -> Key:
    """Question 8, for a ticket."""
    return Key(joined("TICKET_LOG", event_id, ticket_id), log_id)


def card_log(event_id: str, uid: str, log_id: str = "") -> Key:
    """Question 8, for a card whose scan found no ticket."""
    return Key(joined("CARD_LOG", event_id, uid), log_id)


def leave(event_id: str, log_id: str) -> Place[Leave]:
    """Question 195: a leave, by its log entry."""
    return Place(Leave, joined("LEAVES", event_id, log_shard(log_id)), log_id)


def leave_partitions(event_id: str) -> list[str]:
    """Question 195: all partitions of an event's leaves."""
    return [joined("LEAVES", event_id, str(shard)) for shard in range(LOG_SHARDS)]


def on_leave(event_id: str, log_id: str) -> Key:
    """Question 196: a leave from which the bearer has not returned."""
    return Key(joined("ON_LEAVE", event_id, log_shard(log_id)), log_id)


def on_leave_partitions(event_id: str) -> list[str]:
    """Question 196: all partitions of an event's open leaves."""
    return [joined("ON_LEAVE", event_id, str(shard)) for shard in range(LOG_SHARDS)]


def ticket_leave(ticket_id: str, log_id: str = "") -> Key:
    """Question 197: a leave of a ticket."""
    return Key(joined("TICKET_LEAVES", ticket_id), log_id)


def checkin_day(event_id: str, day: str) -> Place[CheckinDay]:
    """Question 57: the check-ins of a day that the event's counters no longer hold."""
    return Place(CheckinDay, *sale.sales_totals(event_id, "HOURS", day))


def received_numbers(device_id: str) -> Place[ReceivedNumbers]:
    """Question 205."""
    return Place(ReceivedNumbers, joined("DEVICE", device_id), "RECEIVED")
