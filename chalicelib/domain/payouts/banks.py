"""The providers of payouts: the configured one for new payouts, and any earlier one by name."""

from collections.abc import Callable

from chalicelib.clients.providers import Bank
from chalicelib.clients.providers import stripe as stripe_client
from chalicelib.clients.providers.stripe_payouts import StripePayouts
from chalicelib.config import config
from chalicelib.domain.payouts import sandbox_bank
from chalicelib.domain.payouts.sandbox_bank import SandboxPayouts

_MADE: dict[str, Callable[[], Bank]] = {sandbox_bank.NAME: SandboxPayouts, stripe_client.NAME: StripePayouts}


def chosen_name() -> str:
    """Return the name of the provider of new payouts (`PAYOUT_PROVIDER`)."""
    return config().payout_provider


def named(name: str) -> Bank:
    """Return a provider of payouts by its name."""
    return _MADE[name]()
