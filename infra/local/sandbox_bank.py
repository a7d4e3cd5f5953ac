"""What the sandbox's bank does by itself: a customer disputes a payment there, and the provider calls back."""

import secrets
import urllib.request
from typing import Any

from chalicelib import clock
from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.domain.payments import resolution, sandbox, sandbox_callbacks
from chalicelib.domain.sale import orders
from chalicelib.errors import InvalidState, ValidationFailed

_CALLBACKS = "/api/v1/payments/webhook/"
_SECONDS = 20


class SandboxBank:
    """Disputes paid bookings. Its callbacks are signed, and enter by the platform's own door."""

    def __init__(self, port: int) -> None:
        """`port` is the run's own."""
        self._door = f"http://127.0.0.1:{port}{_CALLBACKS}"

    def dispute(self, asked: dict[str, Any]) -> dict[str, str]:
        """Dispute what a booking was paid with: `{"booking_id"}`. Raises NotFound, InvalidState, ValidationFailed."""
        booking_id = asked.get("booking_id")
        if not isinstance(booking_id, str) or not booking_id:
            raise ValidationFailed(details=[{"field": "booking_id", "message": "name a booking"}])
        payment_id = orders.get(booking_id).payment_id
        payment = resolution.get(payment_id) if payment_id else None
        if payment is None or payment.provider != sandbox.NAME or not payment.provider_reference:
            raise InvalidState("This booking was not paid through the sandbox, so no bank can dispute it.")
        # One dispute for each payment: a repeat reports the same one.
        reference = f"sbd_{payment.payment_id}"
        move = Move(reference, MoveKind.DISPUTE, int(payment.amount), payment.currency, (MoveWord.OPENED,))
        charge = payment.provider_reference
        body = sandbox_callbacks.moved(payment.payment_id, charge, move, event_id=f"sbe_{secrets.token_hex(8)}")
        signature = sandbox_callbacks.sign(body, at=int(clock.now().timestamp()))
        headers = {sandbox_callbacks.SIGNATURE_HEADER: signature, "content-type": "application/json"}
        request = urllib.request.Request(self._door, body, headers, method="POST")  # noqa: S310  # this machine's own address
        with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310 # nosec B310  # as above
            pass
        return {"payment_id": payment.payment_id, "reference": reference}
