"""The labels of customers on the tickets that they hold in person, so that a gate shows them without a further read.

Staff label a customer, and the stream copies that to their tickets; so it does where a ticket gets another customer.
A dependent's or a guest's ticket has labels of its own only.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Ticket
from chalicelib.vocabulary.access import Portal

# Of a customer's tickets, the newest.
_MOST_TICKETS = 1_000


@follows(*every(Account, Ticket))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Copy the labels of these customers, and those of the customers of these tickets; idempotent."""
    ticket_ids: dict[str, None] = {}
    for change in changes:
        before, after = change.before, change.after
        if isinstance(after, Account) and after.portal == Portal.WEBAPP and _labels(before) != _labels(after):
            ticket_ids |= dict.fromkeys(_tickets_of(after.account_id))
        elif isinstance(after, Ticket) and _holder(before) != _holder(after):
            ticket_ids[after.ticket_id] = None
    if ticket_ids:
        _copy(ticket_ids)
    return []


def _labels(account: object) -> list[str]:
    return [str(label) for label in account.labels or ()] if isinstance(account, Account) else []


def _holder(ticket: object) -> tuple[str | None, str | None]:
    return (ticket.customer_id, ticket.dependent_id) if isinstance(ticket, Ticket) else (None, None)


def _tickets_of(customer_id: str) -> list[str]:
    partition = keys.tickets.customer_tickets(customer_id).pk
    raws = operations.query(partition, index="gsi2", newest_first=True, limit=_MOST_TICKETS)
    return [raw["gsi2sk"]["S"] for raw in raws]


def _copy(ticket_ids: Iterable[str]) -> None:
    tickets = operations.get_many(map(keys.tickets.ticket, ticket_ids)).values()
    owners = {ticket.customer_id for ticket in tickets if ticket.customer_id}
    accounts = operations.get_many(map(keys.access.account, sorted(owners)))
    for ticket in tickets:
        customer_id, dependent_id = _holder(ticket)
        own = accounts.get(keys.access.account(customer_id)) if customer_id and not dependent_id else None
        if _labels(own) != [str(label) for label in ticket.customer_labels or ()]:
            # Where it has another holder by now, its change of that follows.
            with suppress(operations.ConditionFailed):
                _label(ticket, _labels(own))


def _label(ticket: Ticket, labels: Sequence[str]) -> None:
    copied = Ticket.customer_labels
    same = Ticket.pk.exists()
    for attribute, value in ((Ticket.customer_id, ticket.customer_id), (Ticket.dependent_id, ticket.dependent_id)):
        same &= attribute.does_not_exist() if value is None else attribute == value
    actions = [copied.set(list(labels)) if labels else copied.remove()]
    operations.record(operations.change(ticket.place, actions, same))
