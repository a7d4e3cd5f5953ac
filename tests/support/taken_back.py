"""Money that the payment provider takes back: the callbacks of a dispute, through the webhook, for tests."""

import json

from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.domain.payments import sandbox_callbacks
from chalicelib.table.items import Order
from tests.support import paid_out, payers
from tests.support.meanwhile import asked
from tests.support.streams import StreamReader

_DUE = ("payment.returned", "payment.refund_due", "ticket.refund_due", "card.pay_back_due")
LOST = (MoveWord.OPENED, MoveWord.WITHDRAWN, MoveWord.LOST)


def tell(order: Order, amount: int, *words: MoveWord, reference: str = "dp_1") -> None:
    """Report words of a dispute of an order's payment, as the provider does."""
    tell_of(order.payment_id, amount, *words, reference=reference)


def tell_of(payment_id: str, amount: int, *words: MoveWord, reference: str = "dp_1") -> None:
    """Report words of a dispute of a payment, as the provider does."""
    payment = payers.stored(payment_id)
    for word in words:
        move = Move(reference, MoveKind.DISPUTE, amount, "PKR", (word,))
        callback = sandbox_callbacks.moved(
            payment.payment_id, payment.provider_reference or "", move, event_id=f"sbe_{reference}_{word}"
        )
        assert payers.post_webhook(callback).status == 200


def fail_refund(order: Order) -> None:
    """Report that the one refund of an order's payment could not be delivered."""
    payment = payers.stored(order.payment_id)
    ((reference, made),) = (payment.moves or {}).items()
    move = Move(reference, MoveKind.REFUND, int(made["amount"]), "PKR", (MoveWord.FAILED,), made["key"])
    callback = sandbox_callbacks.moved(
        payment.payment_id, payment.provider_reference or "", move, event_id=f"sbe_{reference}"
    )
    assert payers.post_webhook(callback).status == 200


def lose(order: Order, amount: int, stream: StreamReader) -> None:
    """Report a dispute that is lost, and project what follows."""
    tell(order, amount, *LOST)
    project_all(stream)


def project_all(stream: StreamReader) -> None:
    """Project what is new, and what that writes."""
    while stream.drain():
        pass


def deliver_due(stream: StreamReader) -> None:
    """Project what is new, and deliver what follows to the payments queue, each message twice."""
    while True:
        with asked("PutEvents", service="events") as published:
            project_all(stream)
        sent = [entry for request in published for entry in request["Entries"]]
        due = [entry for entry in sent if entry["DetailType"] in _DUE]
        if not due:
            return
        for entry in [*due, *due]:
            message = {"detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
            assert paid_out.deliver(message) == paid_out.DONE
