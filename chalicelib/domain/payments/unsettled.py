"""Charges that cannot be recorded: counted, so that each one ends in tickets or in money that is owed back (D-ARC-21).

A provider has the money, and the transaction that would settle it fails. A fault of ours fails each time: a request
that DynamoDB refuses, an item that is too large, a bug. An outage or contention passes.
"""

from datetime import timedelta

from chalicelib import clock
from chalicelib.clients.providers import Outcome, OutcomeStatus
from chalicelib.errors import Refusal, Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Payment
from chalicelib.vocabulary.payments import PaymentStatus

# Our choice: a customer who confirms again, a callback and the sweep make five tries within minutes.
MOST_FAULTS = 5
# Contention that lasts so long, over so many tries, is no contention: a condition can never hold.
_MOST_TRIES, _PATIENCE = 8, timedelta(hours=2)


def is_final(payment: Payment, outcome: Outcome, fault: Exception, *, internal: bool) -> bool:
    """Count a failure to record an outcome, and return whether it is the last: the charge is owed back now.

    A refusal of an internal payment, such as a balance that is too low, takes no money and is no failure. Where the
    count cannot be written either, the failure is not the last.
    """
    is_open = payment.status in (PaymentStatus.REQUIRES_CONFIRMATION, PaymentStatus.FAILED)
    is_outage = isinstance(fault, Unavailable)
    is_refused = internal and isinstance(fault, Refusal) and not is_outage
    if outcome.status is not OutcomeStatus.SUCCEEDED or not is_open or is_refused:
        return False
    ids = {"payment_id": payment.payment_id, "order_id": payment.order_id, "fault": type(fault).__name__}
    try:
        counted = _counted(payment, is_fault=not is_outage)
    except Exception:  # noqa: BLE001  # the caller raises the first failure
        logger.exception("failure of a settlement not counted", extra=ids)
        return False
    faults, tries = int(counted.unsettled_faults or 0), int(counted.unsettled_tries or 0)
    lasts = counted.unsettled_since is not None and clock.now() - counted.unsettled_since >= _PATIENCE
    is_last = faults >= MOST_FAULTS or (tries >= _MOST_TRIES and lasts)
    logger.warning("charge not recorded", extra={**ids, "tries": tries, "faults": faults, "is_last": is_last})
    return is_last


def _counted(payment: Payment, *, is_fault: bool) -> Payment:
    actions = [
        Payment.unsettled_tries.add(1),
        Payment.unsettled_faults.add(int(is_fault)),
        Payment.unsettled_since.set(Payment.unsettled_since | clock.now()),
    ]
    place = keys.money.payment(payment.payment_id)
    return Payment.from_raw_data(operations.record(operations.change(place, actions, Payment.pk.exists())))
