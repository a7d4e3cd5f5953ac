"""Debts of organizers: what providers took back after the settlement of an event (D-FIN-06).

A settlement deducts what was taken back of its own event. What is taken back later is owed by the organizer, whose next
payouts are reduced by it. The sum of an event changes in the transaction of each move, so that a settlement and a move
at once count it in one place. A dispute that is won later reduces the debt; what was deducted already is given back.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib.clients.bus import Published
from chalicelib.domain import money
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.ledger import account_names, account_totals, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import OrganizerDebt, Settlement, TakenBack
from chalicelib.table.operations import Write

_ATTEMPTS = 20


def lose(event_id: str, currency: str, amount: int) -> Write:
    """Return the write that adds what a provider took back of an event, for the transaction that books it."""
    actions: list[Action] = [
        TakenBack.kind.set(TakenBack),
        TakenBack.event_id.set(event_id),
        TakenBack.currency.set(currency),
        TakenBack.lost.add(amount),
    ]
    return operations.change(keys.money.taken_back(event_id, currency), actions)


class Taken(Struct, frozen=True):
    """What was taken back of an event, the part that is charged, and the write that charges all of it.

    The write fails if more was taken back, or charged, since the read.
    """

    lost: int
    charged: int
    charging: Write


def taken_back(event_id: str, currency: str) -> Taken:
    """Return what was taken back of an event (consistent read)."""
    place = keys.money.taken_back(event_id, currency)
    known = operations.get(place)
    if known is None:
        # What was booked before these sums existed is on the event's account only.
        lost = -account_totals.total(account_names.chargebacks(event_id), currency, consistent=True).minor
        charged = TakenBack(*place, event_id=event_id, currency=currency, lost=lost, charged=lost)
        return Taken(lost, 0, operations.put(charged, TakenBack.pk.does_not_exist()))
    as_read = TakenBack.lost == known.lost
    as_read &= TakenBack.charged.does_not_exist() if known.charged is None else TakenBack.charged == known.charged
    return Taken(known.lost, known.charged or 0, operations.change(place, [TakenBack.charged.set(known.lost)], as_read))


class Collected(Struct, frozen=True):
    """What was charged of an event so far, by its settlement and after it, and the condition that it is as read."""

    amount: int
    unchanged: Write


def collected(event_id: str, currency: str) -> Collected:
    """Return what was charged of an event whose books are closed (consistent read)."""
    place = keys.money.taken_back(event_id, currency)
    known = operations.get(place)
    charged = known.charged if known is not None else None
    same = TakenBack.charged.does_not_exist() if charged is None else TakenBack.charged == charged
    return Collected(charged or 0, operations.check(place, same))


def of(organizer_id: str, currency: str) -> OrganizerDebt:
    """Return what an organizer owes (consistent read)."""
    place = keys.money.organizer_debt(organizer_id, currency)
    return operations.get(place) or OrganizerDebt(*place, organizer_id=organizer_id, currency=currency)


def of_many(owing: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
    """Return what organizers owe in a currency, at one request (eventually consistent)."""
    places = {keys.money.organizer_debt(*one): one for one in dict.fromkeys(owing)}
    found = operations.get_many(list(places), consistent=False)
    sums = {place: debt.owed for place, debt in found.items()}
    return {one: sums.get(place, 0) for place, one in places.items()}


def deducted(debt: OrganizerDebt, net: int) -> int:
    """Return what a payout of `net` is reduced by: all that is owed, at most the payout itself.

    With the last units that no bank can be sent, such as the third decimal of a dinar: they raise the next payout.
    """
    less = min(debt.owed, net)
    return less + money.unpayable(Money(net - less, debt.currency))


def change(debt: OrganizerDebt, by: int) -> list[Write]:
    """Return the write that changes a debt, on the condition that it is as it was read; none if it stays."""
    if not by:
        return []
    known = debt.revision
    as_read = OrganizerDebt.revision.does_not_exist() if known is None else OrganizerDebt.revision == known
    actions: list[Action] = [
        OrganizerDebt.kind.set(OrganizerDebt),
        OrganizerDebt.organizer_id.set(debt.organizer_id),
        OrganizerDebt.currency.set(debt.currency),
        OrganizerDebt.owed.set(debt.owed + by),
        OrganizerDebt.revision.set((known or 0) + 1),
    ]
    place = keys.money.organizer_debt(debt.organizer_id, debt.currency)
    return [operations.change(place, actions, as_read)]


@follows(*every(TakenBack))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Charge to organizers what was taken back of events whose books are closed; idempotent."""
    after = [change.after for change in changes]
    for event_id, currency in dict.fromkeys(
        (taken.event_id, taken.currency) for taken in after if isinstance(taken, TakenBack)
    ):
        _collect(event_id, currency)
    return []


def _collect(event_id: str, currency: str) -> None:
    settlement = operations.get(keys.money.settlement(event_id))
    if settlement is None:
        return  # its settlement will deduct it
    for _ in retries.attempts(_ATTEMPTS):
        taken = taken_back(event_id, currency)
        more = taken.lost - taken.charged
        if not more:
            return
        debt = of(settlement.organizer_id, currency)
        # Where its customers got the money back, the event's account has it, and not its organizer (D-MONEY-09).
        is_reversed = settlement.reversed_at is not None
        owing = account_names.sales(event_id) if is_reversed else account_names.owed(settlement.organizer_id)
        of_debt = f"jrn_debt_{settlement.organizer_id}_{currency}_{(debt.revision or 0) + 1}"
        booked = journals.post(
            journals.Movement(
                new_id("jrn") if is_reversed else of_debt,  # either way the charge is made once
                type="settlement" if is_reversed else "debt",
                currency=currency,
                entries=[Posting(account_names.chargebacks_settled(event_id), more), Posting(owing, -more)],
                references={"event_id": event_id, "organizer_id": settlement.organizer_id},
            )
        )
        as_read = Settlement.reversed_at.exists() if is_reversed else Settlement.reversed_at.does_not_exist()
        still = operations.check(settlement.place, as_read)
        try:
            operations.commit(*booked, taken.charging, still, *(() if is_reversed else change(debt, more)))
        except operations.ConditionFailed:
            settlement = operations.get(settlement.place) or settlement
            continue  # more was taken back, a payout was reduced, or the event was cancelled
        ids = {"event_id": event_id, "organizer_id": settlement.organizer_id}
        logger.warning("organizer owes", extra={**ids, "amount": more, "owed": debt.owed + more})
        return
    raise Unavailable(retry_after=1)
