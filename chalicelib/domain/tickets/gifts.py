"""Gifts: a ticket for a phone number, which moves to the customer as soon as the number registers.

A pending gift is stored under the MAC of its number, and its ticket is pledged to it. One transaction writes both, and
one ends both. A gift is claimed, cancelled by the giver, or closed because the ticket was scanned or withdrawn.
An ended gift is stored with its ticket, so a registration reads pending gifts only.

A gift and a registration of the same number may race. A gift is stored only while the number has no login. So either
the gift sees the registered number, or the registration finds the gift.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.config import config
from chalicelib.domain import idempotency
from chalicelib.domain.access import accounts, numbers
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.events import deeds, events
from chalicelib.domain.events.deeds import Deed
from chalicelib.domain.quotations import quote
from chalicelib.domain.tickets import transfers
from chalicelib.errors import IdempotencyMismatch, NotFound, Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Gift, Login, Ticket
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import AccountStatus, Portal
from chalicelib.vocabulary.tickets import GiftStatus, TicketStatus

# The most gifts that one log-in claims; the rest wait for the next log-in.
_CLAIMED_AT_ONCE = 100


class GiftInput(Struct, frozen=True):
    """A ticket to give: the number, the recipient's name as the giver knows it, and a message for the app."""

    ticket_id: str
    mobile_number: str
    name: str | None = None
    message: str | None = None


class OwnGift(Struct, frozen=True):
    """A gift as its giver sees it."""

    id: str
    status: GiftStatus
    ticket_id: str
    name: str | None
    created_at: datetime


def give(giver_id: str, present: GiftInput, *, operation_id: str) -> OwnGift:
    """Give a ticket to a number: at once if it is registered, else when it registers.

    A pending gift of the same ticket is replaced; the giver's own number takes it back. Idempotent per `operation_id`.
    Raises NotFound, InvalidState (scanned, not valid; the event is over, cancelled or not published), Conflict (a
    refund request is open; nothing to take back), IdempotencyMismatch, RateLimited, Unavailable.
    """
    giver = accounts.get(giver_id)
    try:
        gift = _give(giver, present, operation_id=operation_id)
    except Refusal:
        # A retry: this operation may have succeeded before, and its response may have been lost.
        result = idempotency.result_of(operation_id)
        if result is None:
            raise
        gift = _found(result, present)
    _notify(giver, gift, present, operation_id=operation_id)
    return OwnGift(
        id=gift.gift_id,
        status=gift.status,
        ticket_id=gift.ticket_id,
        name=present.name,
        created_at=gift.created_at,
    )


def _give(giver: Account, present: GiftInput, *, operation_id: str) -> Gift:
    for attempt in retries.attempts():
        ticket = transfers.own(giver.account_id, present.ticket_id)
        event = events.get(ticket.event_id)
        is_own_number = present.mobile_number == giver.mobile_number
        deeds.require(Deed.TAKE_BACK if is_own_number else Deed.GIFT, event, ticket)
        waiting = of_ticket(ticket)
        if ticket.pledge is not None and waiting is None:
            continue  # the gift ended after the ticket was read
        if is_own_number and waiting is not None:
            gift, writes = _taking_back(ticket, waiting)
        else:
            if attempt == 0:
                transfers.count_look_up(giver.account_id)
            gift, writes = _giving(ticket, present, to=numbers.find_by_number(present.mobile_number))
            if waiting is not None:
                writes += _ending(waiting, as_=_ended(waiting, GiftStatus.CANCELLED))
        result = f"{gift.gift_id} {numbers.number_mac(present.mobile_number)}"
        try:
            operations.commit(*writes, idempotency.once(operation_id, result), deeds.while_unchanged(event))
        except operations.ConditionFailed:
            if (first := idempotency.result_of(operation_id)) is not None:
                return _found(first, present)
            continue
        logger.info("gift", extra={"gift_id": gift.gift_id, "ticket_id": ticket.ticket_id, "status": gift.status})
        return gift
    raise Unavailable("This ticket or its card is being changed by others. Try again.", retry_after=1)


def of_ticket(ticket: Ticket) -> Gift | None:
    """Return the pending gift that a ticket is pledged to."""
    if ticket.pledge is None or ticket.pledged_to is None:
        return None
    return operations.get(keys.tickets.gift(ticket.pledged_to, ticket.pledge))


def _taking_back(ticket: Ticket, waiting: Gift) -> tuple[Gift, list[Write]]:
    gift = _ended(waiting, GiftStatus.CANCELLED)
    return gift, [_unpledging(ticket), *_ending(waiting, as_=gift)]


def _giving(ticket: Ticket, present: GiftInput, *, to: Account | None) -> tuple[Gift, list[Write]]:
    """Return the gift and its writes: the ticket moves if the number is registered, else it is pledged."""
    gift = Gift(
        gift_id=new_id("gft"),
        ticket_id=ticket.ticket_id,
        event_id=ticket.event_id,
        giver_id=ticket.customer_id,
        status=GiftStatus.PENDING,
        name=present.name,
        created_at=clock.now(),
    )
    if to is not None and to.status == AccountStatus.ACTIVE:
        claimed = _ended(gift, GiftStatus.CLAIMED)
        return claimed, [
            *transfers.handing_over(ticket, to=to, message=present.message),
            operations.put(claimed),
        ]
    mac, version = numbers.number_mac(present.mobile_number), numbers.index_version()
    gift.message, gift.number_version = present.message, version
    gift.put_in_gsi2(keys.tickets.gifts_by_version(version, gift.gift_id))
    gift.pk, gift.sk = keys.tickets.gift(mac, gift.gift_id)
    pledged = [Ticket.pledge.set(gift.gift_id), Ticket.pledged_to.set(mac)]
    writes = [
        operations.change(keys.tickets.ticket(ticket.ticket_id), pledged, transfers.is_as_read(ticket)),
        operations.put(gift, Gift.pk.does_not_exist()),
    ]
    if to is None:
        # A later registration finds the gift. An earlier one fails this check, and the retry finds its account.
        login = keys.access.login(Portal.WEBAPP, present.mobile_number)
        writes.append(operations.check(login, Login.pk.does_not_exist()))
    return gift, writes


def _ended(gift: Gift, status: GiftStatus) -> Gift:
    """Return the ended gift, as stored with its ticket. What its giver called the receiver is not kept.

    An erasure of the receiver would not find it once the ticket is another's again.
    """
    return Gift(
        *keys.tickets.closed_gift(gift.ticket_id, gift.gift_id),
        gift_id=gift.gift_id,
        ticket_id=gift.ticket_id,
        event_id=gift.event_id,
        giver_id=gift.giver_id,
        status=status,
        created_at=gift.created_at,
    )


def _ending(waiting: Gift, *, as_: Gift) -> list[Write]:
    """Return the writes that end a pending gift; they fail if it has ended already."""
    return [operations.remove(waiting.place, Gift.pk.exists()), operations.put(as_)]


def _unpledging(ticket: Ticket) -> Write:
    actions = [Ticket.pledge.remove(), Ticket.pledged_to.remove()]
    return operations.change(keys.tickets.ticket(ticket.ticket_id), actions, Ticket.pledge == ticket.pledge)


def _found(result: str, present: GiftInput) -> Gift:
    """Return the current state of the gift that an operation made. Raises IdempotencyMismatch for another number."""
    gift_id, mac = result.split()
    if mac not in (macs := numbers.all_macs(present.mobile_number)):
        raise IdempotencyMismatch
    # Pending first: a gift moves from pending to ended, never back. It may have been re-keyed meanwhile.
    waiting = operations.get_many([keys.tickets.gift(mac, gift_id) for mac in macs])
    gift = next(iter(waiting.values()), None) or operations.get(keys.tickets.closed_gift(present.ticket_id, gift_id))
    if gift is None:
        raise NotFound
    return gift


def _notify(giver: Account, gift: Gift, present: GiftInput, *, operation_id: str) -> None:
    """Send the number of a pending gift a text; `customer_notices` notifies registered customers."""
    if gift.status is not GiftStatus.PENDING:
        return
    title = quote(events.get(gift.event_id).title)
    how = f"Register with this number to get it: {config().public_url.rstrip('/')}/claim"
    text = f"Gatehouse: {quote(giver.name)} has a ticket for you: {title}. {how}"
    transfers.notify(present.mobile_number, text, ticket_id=gift.ticket_id, operation_id=operation_id)


def claim_all(customer: Account) -> int:
    """Move the tickets of pending gifts for a customer's number to them; return how many this call moved.

    Each ticket moves in a transaction of its own, so calls may repeat and overlap. A gift whose ticket was scanned or
    withdrawn meanwhile is closed, and so is one of an event that is over or cancelled: the giver has the ticket again.
    A gift that cannot be moved now waits for the next call.
    """
    if customer.mobile_number is None or customer.status != AccountStatus.ACTIVE:
        return 0
    count = 0
    for mac in numbers.macs_of_gifts(customer.mobile_number):
        waiting = operations.query(keys.tickets.gift(mac).pk, limit=_CLAIMED_AT_ONCE, consistent=True)
        count += sum(_claim(Gift.from_raw_data(raw), customer) for raw in waiting)
    return count


def end_waiting(mobile_number: str) -> int:
    """Close the gifts that wait for a number that is being erased; their givers have the tickets again.

    Return how many this call closed. Raises Unavailable.
    """
    count = 0
    for mac in numbers.macs_of_gifts(mobile_number):
        for raw in operations.query(keys.tickets.gift(mac).pk, consistent=True):
            count += _close(Gift.from_raw_data(raw))
    return count


@follows(*every(Ticket))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Close gifts whose tickets were refunded or cancelled: their number may never register. Idempotent."""
    for change in changes:
        before, after = change.before, change.after
        if isinstance(before, Ticket) and isinstance(after, Ticket) and _leaves_its_gift(before, after):
            end(before)
    return []


def end(ticket: Ticket) -> bool:
    """Close the pending gift that a ticket is pledged to; False if none waits. Raises Unavailable."""
    gift = of_ticket(ticket)
    return gift is not None and _close(gift)


def _leaves_its_gift(before: Ticket, after: Ticket) -> bool:
    is_kept = after.pledge == before.pledge and after.status == TicketStatus.VALID
    return before.pledged_to is not None and not is_kept


def _close(gift: Gift) -> bool:
    """Close one gift; False if it ended meanwhile."""
    closed = _ended(gift, GiftStatus.CLOSED)
    for _ in retries.attempts():
        ticket = operations.get(keys.tickets.ticket(gift.ticket_id))
        is_pledged = ticket is not None and ticket.pledge == gift.gift_id
        unpledged = [_unpledging(ticket)] if ticket is not None and is_pledged else []
        try:
            operations.commit(*_ending(gift, as_=closed), *unpledged)
        except operations.ConditionFailed:
            if operations.get(gift.place) is None:
                return False
            continue
        return True
    raise Unavailable(retry_after=1)


def _claim(gift: Gift, customer: Account) -> bool:
    """Move the ticket of one gift; False if the gift was closed, claimed elsewhere or could not be moved now."""
    try:
        for _ in retries.attempts():
            status, writes = _claiming(gift, customer)
            if status is GiftStatus.PENDING:
                return False
            try:
                operations.commit(*writes)
            except operations.ConditionFailed:
                if operations.get(gift.place) is None:
                    return False
                continue
            logger.info("gift", extra={"gift_id": gift.gift_id, "ticket_id": gift.ticket_id, "status": status})
            return status is GiftStatus.CLAIMED
    except Unavailable:
        # The customer's log-in must not fail because of a gift.
        pass
    logger.warning("gift could not be claimed now", extra={"gift_id": gift.gift_id})
    return False


def _claiming(gift: Gift, customer: Account) -> tuple[GiftStatus, list[Write]]:
    """Return what becomes of a gift, and the writes; a pending one waits on, without writes."""
    ticket = operations.get(keys.tickets.ticket(gift.ticket_id))
    pledged = ticket if ticket is not None and ticket.pledge == gift.gift_id else None
    if pledged is not None:
        event = events.get(pledged.event_id)
        refused = deeds.found(Deed.CLAIM, event, pledged)
        if refused is None:
            claimed = _ended(gift, GiftStatus.CLAIMED)
            moved = transfers.handing_over(pledged, to=customer, message=gift.message)
            return GiftStatus.CLAIMED, [*moved, *_ending(gift, as_=claimed), deeds.while_unchanged(event)]
        if not refused.is_final:
            return GiftStatus.PENDING, []
    closed = _ending(gift, as_=_ended(gift, GiftStatus.CLOSED))
    return GiftStatus.CLOSED, [*closed, _unpledging(pledged)] if pledged else closed
