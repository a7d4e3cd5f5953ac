"""Previews of a cancellation: how many tickets, how much money by way of payment, and what a provider's balance lacks.

Sums come from the event's running totals, so a preview of any size is two queries. It sends a code to the one who asks.
"""

from collections.abc import Sequence

from msgspec import Struct

from chalicelib import clock
from chalicelib.clients.providers import Declined
from chalicelib.config import config
from chalicelib.domain.access import accounts, numbers, otp
from chalicelib.domain.access.otp import VerifiedCode
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.events import events
from chalicelib.domain.money import Money
from chalicelib.domain.payments import payment_decisions, providers
from chalicelib.domain.sale import sales_totals
from chalicelib.errors import InvalidState, OtpExhausted, OtpExpired, OtpInvalid, Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import CancellationPreview, Counters, Event
from chalicelib.vocabulary.access import OtpPurpose
from chalicelib.vocabulary.events import EventStatus

CANCELLABLE = (EventStatus.PUBLISHED, EventStatus.LIVE)


class PaidWay(Struct, frozen=True):
    """The tickets that were paid one way, and their money; `provider` is `wallet` for cards' balances.

    `lacks` is how much more than its balance the provider would have to pay back, None where it cannot be known.
    """

    provider: str
    tickets: int
    amount: Money
    balance: Money | None
    lacks: Money | None


class Preview(Struct, frozen=True):
    """What a cancellation would do now; `issued` are tickets without an order, which become void too."""

    tickets: int
    issued: int
    total: Money
    ways: Sequence[PaidWay]


def of(event_id: str) -> Preview:
    """Return the preview of an event's cancellation, as far as the stream has been processed. Raises Unavailable."""
    sold = sales_totals.by_way(event_id)
    counters = operations.get(keys.gate.counters(event_id)) or Counters()
    currency = config().currency
    ways = []
    for name, sums in sorted(sold.items()):
        # What refunds have left of a ticket's price is nobody's to give back: the ticket is gone.
        tickets, amount = sums.tickets - sums.refunded_tickets, sums.revenue - sums.refunded - sums.kept
        if tickets or amount:
            ways.append(_way(name, tickets, amount, currency))
    return Preview(
        tickets=sum(way.tickets for way in ways),
        issued=counters.sold,
        total=Money(sum(way.amount.minor for way in ways), currency),
        ways=ways,
    )


def _way(name: str, tickets: int, amount: int, currency: str) -> PaidWay:
    balance = None
    if name not in payment_decisions.INTERNAL and amount:
        try:
            balance = providers.named(name).balance(currency)
        except (Declined, Unavailable) as unknown:
            # The cancellation must not wait for a provider that is away: its refunds do.
            logger.warning("balance not known", extra={"provider": name, "error": type(unknown).__name__})
    return PaidWay(
        provider=name,
        tickets=tickets,
        amount=Money(amount, currency),
        balance=None if balance is None else Money(balance, currency),
        lacks=None if balance is None else Money(max(amount - balance, 0), currency),
    )


def require_cancellable(event: Event) -> None:
    """Raise InvalidState, by name, for an event that is not on sale."""
    if event.status not in CANCELLABLE:
        raise InvalidState(f"This event is {event.status}. Only a published or live event can be cancelled.")


def show(event_id: str, *, by: str) -> Preview:
    """Return the preview of a cancellation, and send its code to the one who asks.

    A code that can still be entered is not sent again. Raises NotFound, InvalidState, RateLimited, Unavailable.
    """
    event = events.get(event_id)
    require_cancellable(event)
    preview = of(event_id)
    staff = accounts.get(by)
    place = keys.cancellations.preview(event_id, by)
    known = operations.get(place)
    # Codes of other events are others: they are counted apart, and void none of this one.
    subject = f"{staff.login}/{event_id}"
    if known is None or not otp.waits(OtpPurpose.CANCELLATION, known.challenge_id, subject):
        otp.take_send(OtpPurpose.CANCELLATION, subject, address=None)
        # Whether it is given back is said with the code, not before.
        paid = f"for which {preview.total.currency} {preview.total.amount} was paid"
        about = {"event_title": event.title, "fee": paid, "found_by": numbers.number_macs(subject)}
        challenge_id = otp.send(OtpPurpose.CANCELLATION, staff.login, account=staff, pending=about).challenge_id
    else:
        challenge_id = known.challenge_id
    shown = CancellationPreview(
        *place, event_id=event_id, admin_id=by, challenge_id=challenge_id, previewed_at=clock.now()
    )
    total = {"amount": preview.total.amount, "currency": preview.total.currency}
    after = {"previewed": total, "tickets": preview.tickets}
    acts.commit(operations.put(shown), subject=AuditSubject("event", event_id, after=after))
    return preview


def verify(event_id: str, code: str, *, by: str, address: str) -> VerifiedCode | None:
    """Return the verified code of a preview, unspent; None for a wrong, old or foreign one. Counts a try."""
    known = operations.get(keys.cancellations.preview(event_id, by))
    if known is None:
        return None
    try:
        return otp.verify(
            OtpPurpose.CANCELLATION,
            code,
            challenge_id=known.challenge_id,
            mobile_number=None,
            address=address,
            account_id=by,
        )
    except (OtpInvalid, OtpExpired, OtpExhausted):
        return None
