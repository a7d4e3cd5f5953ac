"""Refunds at a payment provider: each is made once for its key, and waits while our balance there is too small."""

import hashlib
from datetime import timedelta

from chalicelib.clients.providers import Declined, Move, OutOfFunds
from chalicelib.domain.payments import providers, resolution
from chalicelib.observability import logger
from chalicelib.table.items import Payment

# How long until a refund that waits is tried again, and over how long the tries of many are spread.
_ASK_AGAIN_AFTER, _SPREAD_SECONDS = timedelta(minutes=2), 180
# How long until one that waits for the end of a dispute is looked at again. That end publishes it, so this is for the
# case that the message is lost.
WHILE_DISPUTED = timedelta(hours=6)


def make(payment: Payment, *, amount: int, currency: str, key: str) -> Move | None:
    """Give back minor units of a charge, and return the refund; None while our balance is too small for it.

    The caller has the sweep try it again after `until_next_try`: it is nobody's fault, and goes on by itself.
    Raises Unavailable.
    """
    provider = providers.named(payment.provider)
    try:
        return provider.refund(payment.provider_reference, amount=amount, currency=currency, key=key)
    except OutOfFunds:
        ids = {"refund_key": key, "payment_id": payment.payment_id, "provider": payment.provider}
        logger.warning("refund waits for the provider's balance", extra=ids)
        return None
    except Declined as declined:
        raise resolution.unknown(payment, declined) from declined


def until_next_try(name: str) -> timedelta:
    """Return how long a refund waits for its next try, spread by its name."""
    spread = int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) % _SPREAD_SECONDS
    return _ASK_AGAIN_AFTER + timedelta(seconds=spread)
