"""Attendees by any word of their name.

A ticket is in the index under the first word, from the transaction of its sale. The stream writes a row for each later
word, which costs one write unit. A row may be late or outdated, so a search reads the tickets and compares the names.
"""

from collections.abc import Sequence

from chalicelib import folding
from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendeeWord, Ticket
from chalicelib.table.operations import RawItem
from chalicelib.table.places import Place
from chalicelib.table.ranges import Begins

# The most tickets that one search returns; more letters select among more.
MOST_TICKETS = 25
# Of words in any order, the longest selects this many tickets, whose names are compared.
_MOST_COMPARED = 100


@follows(*every(Ticket))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Write the rows of new names, and remove those of former ones; idempotent."""
    # Of several changes of a ticket in one batch the last one counts: a row that it removes is not written.
    is_there: dict[Place[AttendeeWord], bool] = {}
    for change in changes:
        before, after = rows_of(change.before), rows_of(change.after)
        is_there |= {place: False for place in before if place not in after}
        is_there |= {place: True for place in after if place not in before}
    operations.remove_many(place for place, stays in is_there.items() if not stays)
    operations.put_many(AttendeeWord(*place) for place, stays in is_there.items() if stays)
    return []


def rows_of(ticket: object) -> list[Place[AttendeeWord]]:
    """Return the rows of a ticket's name. A reservation has none, since it is not in the index of names."""
    if not isinstance(ticket, Ticket) or ticket.gsi1pk is None:
        return []
    later = folding.beginnings(ticket.holder_name)[1:]
    return [keys.gate.attendee_word(ticket.event_id, words, ticket.ticket_id) for words in later]


def tidy(rows: Sequence[AttendeeWord]) -> None:
    """Remove rows of names that their tickets no longer have; for a command after a time whose changes were not read.

    A search finds nobody by them, but they keep the name of somebody who may have been erased since.
    """
    tickets = {row.place: keys.tickets.ticket(keys.gate.ticket_of_attendee_word(row.sk)) for row in rows}
    found = operations.get_many(dict.fromkeys(tickets.values()))
    outdated = [row for row, ticket in tickets.items() if row not in rows_of(found.get(ticket))]
    if operations.remove_many(outdated):
        # A ticket that had its former name back meanwhile keeps its rows.
        again = operations.get_many(dict.fromkeys(tickets[row] for row in outdated)).values()
        operations.put_many(AttendeeWord(*row) for ticket in again for row in rows_of(ticket) if row in outdated)


def find(event_id: str, name: str) -> list[str]:
    """Return the ids of the tickets of an event whose holder's name is found by what an usher typed."""
    words = folding.words(name)
    if not words:
        return []
    found = _named(event_id, folding.typed(name), name, limit=MOST_TICKETS)
    if not found and len(words) > 1:
        found = _named(event_id, max(map(folding.typed, words), key=len), name, limit=_MOST_COMPARED)
    return found[:MOST_TICKETS]


def _named(event_id: str, typed: str, name: str, *, limit: int) -> list[str]:
    """Return the tickets whose names have a word that begins as typed, if the whole name fits."""
    first: list[RawItem] = operations.query(
        keys.gate.attendees(event_id, typed), Begins(typed), index="gsi1", limit=limit
    )
    places = dict.fromkeys(operations.places_of(Ticket, first))
    if len(places) < limit:
        later = operations.query(keys.gate.attendee_words(event_id, typed), Begins(typed), limit=limit - len(places))
        ids = [keys.gate.ticket_of_attendee_word(raw["sk"]["S"]) for raw in later]
        places |= {keys.tickets.ticket(ticket_id): None for ticket_id in ids}
    tickets = operations.get_many(places, consistent=False)
    return [
        tickets[place].ticket_id
        for place in places
        if place in tickets
        and tickets[place].event_id == event_id
        and folding.is_found(tickets[place].holder_name, name)
    ]
