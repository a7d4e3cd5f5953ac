"""Money that the payment provider takes back: the callbacks of a dispute, through the webhook, for tests."""

from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.domain.payments import sandbox_callbacks
from chalicelib.table.items import Order
from tests.support import payers
from tests.support.streams import StreamReader

LOST = (MoveWord.OPENED, MoveWord.WITHDRAWN, MoveWord.LOST)


def tell(order: Order, amount: int, *words: MoveWord, reference: str = "dp_1") -> None:
    """Report words of a dispute of an order's payment, as the provider does."""
    payment = payers.stored(order.payment_id)
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
