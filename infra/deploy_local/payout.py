"""A payout through the package: closed and approved by two members of staff, claimed by the schedule, paid once.

The way is stream -> bus -> payments queue -> provider. The sandbox bank keeps its transfers in the table, so that they
can be counted.
"""

import json
from datetime import timedelta
from functools import partial

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import accounts, new_accounts
from chalicelib.domain.events import categories, events
from chalicelib.domain.organizers import organizers
from chalicelib.domain.payments import payments
from chalicelib.domain.payments.charges import PaymentTerms
from chalicelib.domain.sale import orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.schemas.examples import demo
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Venue
from chalicelib.vocabulary.access import AdminRole, Portal
from chalicelib.vocabulary.messages import Fact
from chalicelib.vocabulary.payments import PaymentMethod
from infra.deploy.door import Answer, Door
from infra.deploy.seen import NotSeen, hold, wait_for
from infra.deploy_local import gate
from infra.deploy_local.deployment import Deployment
from infra.local.console import step

_EVENT_ID, _CATEGORY_ID = "evt_deploylocal_gala", "cat_deploylocal_gala"
# Above SECOND_PERSON_OVER, after the platform's fee.
_PRICE, _QUANTITY = 12_000_000, 2
_SECOND_EMAIL, _SECOND_PASSWORD = "second@example.com", "second-Person-2026"  # nosec B105  # of this run
_ACCOUNT = {"title": demo.ORGANIZER_NAME, "iban": "PK36SCBL0000001123456702"}
# The schedule runs each minute; MiniStack runs one function at a time.
_SECONDS = 420.0
_REPEATS = 2


class Payouts:
    """An event that is over, and the payout of its money."""

    def __init__(self, deployment: Deployment) -> None:
        """Look up the payments queue by its name."""
        self._sqs = deployment.cloud.client("sqs")
        self._queue: str = self._sqs.get_queue_url(QueueName=config().payments_queue_name)["QueueUrl"]

    def check(self, door: Door, admin: Door) -> None:
        """Check that a payout needs a second person, and is paid once however often it is asked for."""
        step("an event that is over; an administrator closes its books")
        _sell_out()
        settlement = wait_for(
            "the books are closed, once the stream has booked", partial(_closed, admin), seconds=_SECONDS
        )
        payout_id = _today(admin, settlement)
        _approve(admin, gate.log_in_staff(door, _SECOND_EMAIL, _SECOND_PASSWORD), payout_id)
        step("schedule -> stream -> bus -> payments queue -> provider")
        paid = wait_for("it is paid", lambda: _paid(admin, payout_id), seconds=_SECONDS)
        once = [(payout_id, paid["net"])]
        hold("the provider made one transfer, of its sum", _transfers(), once)
        self._repeat(payout_id)
        hold("still one, after its message came again", _transfers(), once)
        hold("the payout has not changed", _payout(admin, payout_id), paid)

    def _repeat(self, payout_id: str) -> None:
        """Send the payout's message again, and wait until the worker has taken all of them off its queue."""
        fact = json.dumps({"detail-type": Fact.PAYOUT_DUE, "detail": {"payout_id": payout_id}})
        for _ in range(_REPEATS):
            self._sqs.send_message(QueueUrl=self._queue, MessageBody=fact)
        wait_for("the payments queue is empty", lambda: self._count() == 0, seconds=_SECONDS)

    def _count(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)


def _sell_out() -> None:
    """Store an event that ended yesterday, its sale, its organizer's bank account, and a second member of staff.

    It sets the clock of the whole process, so nothing else may run meanwhile.
    """
    customer = _account(Portal.WEBAPP, demo.CUSTOMER_NUMBER)
    organizer = _account(Portal.ORGANIZER, demo.ORGANIZER_NUMBER)
    organizers.change(organizer.account_id, {"bank_account": _ACCOUNT})
    new_accounts.create_admin(email=_SECOND_EMAIL, password=_SECOND_PASSWORD, name="Second", role=AdminRole.FINANCE)
    begins_at = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
    events.create(
        events.EventDraft(
            event_id=_EVENT_ID,
            organizer_id=organizer.account_id,
            organizer_name=organizer.name,
            title="Gatehouse Gala",
            description="It is over, and its books are open.",
            category=demo.EVENT_CATEGORY,
            starts_at=begins_at,
            ends_at=begins_at + timedelta(hours=2),
            timezone=demo.TIMEZONE,
            venue=Venue(name=demo.EVENT_VENUE.name, city=demo.EVENT_VENUE.city),
        )
    )
    draft = categories.CategoryDraft(category_id=_CATEGORY_ID, name="Gala", price=_PRICE, capacity=_QUANTITY)
    categories.add(_EVENT_ID, draft)
    with clock.set_to(begins_at - timedelta(days=1)):
        categories.forget()
        order = orders.book(
            customer,
            event_id=_EVENT_ID,
            wants=[RequestedTickets(_CATEGORY_ID, _QUANTITY)],
            operation_id="deploylocal_book",
        )
        paid = payments.start(
            customer.account_id,
            order_id=order.order_id,
            terms=PaymentTerms(PaymentMethod.CARD, token="tok_ok"),  # noqa: S106 # nosec B106  # the sandbox's, no secret
            operation_id="deploylocal_pay",
        )
        payments.confirm(customer.account_id, paid.payment_id)


def _closed(admin: Door) -> dict[str, str]:
    """Close the books; return the settlement, or {} while a sale is not booked yet. Raises NotSeen."""
    answer = admin.call("POST", "/api/finances/settlements/", {"event_id": _EVENT_ID})
    if answer.status not in (201, 503):
        raise NotSeen(f"the books are not closed: {answer}")
    return answer.body if answer.status == 201 else {}


def _today(admin: Door, settlement: dict[str, str]) -> str:
    """Replace a settlement's payout, which is due in some days, by one of today; return its id."""
    cancelled = _act(admin, settlement["payout_id"], "cancel")
    hold("its payout of a later day is cancelled", cancelled.body["status"], "cancelled")
    asked = {"settlement_id": settlement["id"], "scheduled_for": clock.now().date().isoformat()}
    made = admin.call("POST", "/api/payouts/", asked)
    hold("one of today is asked for", made.status, 201)
    hold("  and waits for a second person", made.body["status"], "awaiting_second")
    payout_id: str = made.body["id"]
    return payout_id


def _approve(first: Door, second: Door, payout_id: str) -> None:
    own = _act(first, payout_id, "approve")
    hold("nobody approves their own", (own.status, own.body["error"]["code"]), (403, "SECOND_PERSON_NEEDED"))
    hold("a second person does", _act(second, payout_id, "approve").status, 200)
    again = _act(second, payout_id, "approve")
    hold("a second approval has the first answer", (again.status, bool(again.body["approved_by"])), (200, True))


def _act(caller: Door, payout_id: str, action: str) -> Answer:
    return caller.call("PUT", f"/api/payouts/{payout_id}/", {"action": action})


def _payout(caller: Door, payout_id: str) -> dict[str, object]:
    found: dict[str, object] = caller.call("GET", f"/api/payouts/{payout_id}/").body
    return found


def _paid(caller: Door, payout_id: str) -> dict[str, object]:
    """Return a payout once it is paid, and {} before that. Raises NotSeen where it failed."""
    found = _payout(caller, payout_id)
    if found.get("status") == "failed":
        raise NotSeen(f"the payout failed: {found}")
    return found if found.get("status") == "paid" else {}


def _transfers() -> list[tuple[str, dict[str, str]]]:
    """Return the key and the sum of each payout that the sandbox bank has made since yesterday."""
    today = clock.now().date()
    days = (day.isoformat() for day in (today - timedelta(days=1), today))
    partitions = [each for day in days for each in keys.reconciliation.sandbox_partitions(day)]
    marks = [raw["gsi2sk"]["S"] for each in partitions for raw in operations.query(each, index="gsi2")]
    places = [keys.money.sandbox_payout(mark) for mark in marks if mark.startswith("pto_")]
    return [(each.key, demo.money(each.amount)) for each in operations.get_many(places).values()]


def _account(portal: Portal, login: str) -> Account:
    found = accounts.find(portal, login)
    if found is None:
        raise NotSeen(f"the demo data has no account {login}")
    return found
