"""One order, and every step of its payments: steps that run in any order, any number of times."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from chalicelib.clients.providers import OutcomeStatus
from chalicelib.domain.payments import payments, reconciliation
from chalicelib.domain.payments.charges import PaymentTerms
from chalicelib.domain.sale import orders, rules
from chalicelib.errors import Refusal
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Order, Payment
from chalicelib.vocabulary.payments import PaymentMethod
from tests.support import payers, purchases
from tests.support.factories import make_customer

UID = "04C1D2E3F40009"
# After the sweep has closed what was left open: an order's 10 minutes, its payments' grace of 5, and some.
LATE = timedelta(minutes=6)


@dataclass
class World:
    """One order for the last ticket of its category, its customer, and another buyer of the same ticket."""

    method: PaymentMethod = PaymentMethod.CARD
    token: str | None = None
    category: Category = field(default_factory=payers.last_ticket)
    customer: Account = field(default_factory=make_customer)
    other: Account = field(default_factory=make_customer)
    order: Order = field(init=False)

    def __post_init__(self) -> None:
        payers.card_with(self.customer, 200_000, uid=UID)
        self.order = purchases.book(self.customer, self.category)

    def process(self, method: PaymentMethod | None = None, token: str | None = None) -> str:
        method, token = method or self.method, token or self.token
        terms = PaymentTerms(method, token=token if method is PaymentMethod.CARD else None)
        return payments.start(
            self.customer.account_id, order_id=self.order.order_id, terms=terms, operation_id=new_id("op")
        ).payment_id

    def newest(self) -> str | None:
        pointer = operations.get(keys.money.open_payment(self.order.order_id, self.method))
        return pointer.payment_id if pointer else None

    def confirm(self, payment_id: str | None = None) -> None:
        if wanted := payment_id or self.newest():
            payments.confirm(self.customer.account_id, wanted)

    def callback(self, status: OutcomeStatus) -> None:
        """Send a provider's callback for the newest payment; each callback keeps its id."""
        if payment_id := self.newest():
            raw = payers.told(payers.stored(payment_id), status, event_id=f"sbe_{status}_{payment_id}")
            assert payers.post_webhook(raw).status == 200

    def expire(self) -> None:
        """Run the sweep after the expiry of the order and of its payments."""
        orders.expire(self.order.order_id)
        for payment in self.payments():
            reconciliation.reconcile(payment.payment_id)

    def sell_to_other(self) -> None:
        want = rules.RequestedTickets(self.category.category_id, 1, [])
        orders.book(self.other, event_id=self.order.event_id, wants=[want], operation_id=new_id("op"))

    def refund(self) -> None:
        """Run the worker that refunds what is owed."""
        for payment in self.payments():
            reconciliation.refund(payment.payment_id)

    def payments(self) -> Iterator[Payment]:
        yield from (Payment.from_raw_data(raw) for raw in payers.all_raws("payment"))


def attempt(step: Callable[[], object]) -> bool:
    """Run a step that the platform may refuse; return whether it succeeded."""
    with suppress(Refusal):
        step()
        return True
    return False
