"""Alerts to the platform's staff by mail: device events, suspected clones, and money that moves at the provider."""

import hashlib
from typing import Any

from chalicelib.clients import messages
from chalicelib.clients.messages import Channel, Message
from chalicelib.clients.providers import MoveWord
from chalicelib.config import config
from chalicelib.domain.quotations import quote
from chalicelib.vocabulary.messages import Fact

TEXTS = {
    Fact.DEVICE_ENROLLED: (
        "A reader was enrolled",
        """Reader {device_id} was enrolled for event {event_id}, {gate}.
If nobody of yours did this, revoke it now: DELETE /api/devices/{device_id}/""",
    ),
    Fact.DEVICE_REVOKED: ("A reader was revoked", "Reader {device_id} of event {event_id} is locked out."),
    Fact.DEVICE_SILENT: (
        "A reader is silent",
        """Reader {device_id} of event {event_id}, {gate}, has not been heard of since {last_seen_at}.
Check its power and network; the scans that it holds are sent when it is back.""",
    ),
    Fact.CLONE_SUSPECTED: (
        "A card may have been cloned",
        """A scan at event {event_id}, {gate}, was refused because the card did not prove itself
(log entry {log_id}). Look at the card's other scans before you block it.""",
    ),
    Fact.PAYMENT_DISPUTED: (
        "A payment is disputed",
        """Payment {payment_id} of {whose}: the provider's dispute {reference} is {word}.
Answer it in time. Until it ends, the payout of a payment's event is held.""",
    ),
    Fact.PAYMENT_REFUND_FAILED: (
        "A refund failed",
        """Payment {payment_id} of {whose}: the refund {reference} failed at the provider.
The customer has no money yet. Refund it at the provider in another way; it is not tried again.""",
    ),
    Fact.PAYMENT_REFUNDED_OUTSIDE: (
        "A payment was refunded at the provider",
        """Payment {payment_id} of {whose}: the refund {reference} was not asked for here.
A full refund withdraws the tickets that nobody used. Otherwise the payout of their event is held.""",
    ),
    Fact.PAYMENT_GIVEN_UP: (
        "A payment could not be recorded",
        """Payment {payment_id} of {whose} was charged, and every try to record it failed.
What was taken is returned, and an order is closed. Find the fault in the log before others meet it.""",
    ),
}

# Words after which nobody has anything to answer.
_DISPUTE_OVER = (
    "A dispute is over",
    """Payment {payment_id} of {whose}: the provider's dispute {reference} is {word}.
It needs no answer any more. A payout that is still held is for staff to release.""",
)
_OVER = (MoveWord.WON, MoveWord.LOST, MoveWord.REINSTATED)

_NAMES = ("device_id", "event_id", "gate", "log_id", "last_seen_at", "payment_id", "reference", "word")


def mail(fact: Fact, detail: dict[str, Any]) -> None:
    """Queue the mail that notifies staff of a fact; a missing id shows as "?"."""
    is_over = fact is Fact.PAYMENT_DISPUTED and detail.get("word") in _OVER
    subject, text = _DISPUTE_OVER if is_over else TEXTS[fact]
    known = dict.fromkeys(_NAMES, "?")
    # A reload of a card is for no event.
    known["whose"] = f"event {detail['event_id']}" if detail.get("event_id") else "a card's reload"
    given = {name: value for name, value in detail.items() if value is not None}
    if "gate" in given:
        given["gate"] = quote(given["gate"])  # an organizer names the gates
    if "reference" in given:
        given["reference"] = quote(given["reference"])
    body = text.format(**{**known, **given})
    messages.enqueue(
        Message(
            # Derived from the fact, so a redelivered fact has the same message id.
            message_id="msg_" + hashlib.sha256(str(detail.get("fact_id")).encode()).hexdigest()[:26],
            channel=Channel.EMAIL,
            to=config().alerts_mail_to,
            subject=f"[Gatehouse] {subject}",
            body=body,
        )
    )
