"""Payment providers: the configured one for new payments, and any earlier one by name."""

from collections.abc import Callable

from chalicelib.clients.providers import Provider
from chalicelib.clients.providers import stripe as stripe_client
from chalicelib.clients.providers.stripe import Stripe
from chalicelib.config import config
from chalicelib.domain.payments import sandbox
from chalicelib.domain.payments.sandbox import Sandbox

_MADE: dict[str, Callable[[], Provider]] = {sandbox.NAME: Sandbox, stripe_client.NAME: Stripe}

NAMES = tuple(_MADE)


def chosen() -> Provider:
    """Return the provider of new payments (`PAYMENT_PROVIDER`)."""
    return named(config().payment_provider)


def named(name: str) -> Provider:
    """Return a provider by the name stored in its payments."""
    return _MADE[name]()
