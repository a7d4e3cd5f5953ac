"""The platform with Stripe as its provider, for the tests against each imitation of Stripe."""

import json
from typing import Any

import pytest

from chalicelib.clients import aws, secrets
from chalicelib.clients.providers import stripe as client
from chalicelib.config import config
from chalicelib.vocabulary.access import SecretLife
from tests.support.client import Answer, call
from tests.support.cloud import MASTER_SECRET
from tests.support.stripe_double import sign


def put_secret(**fields: str) -> None:
    """Give the platform keys of a provider."""
    name = config().secret_name.format(life=SecretLife.PROVIDERS)
    value = json.dumps({"key_1": MASTER_SECRET, **fields})
    aws.client("secretsmanager").put_secret_value(SecretId=name, SecretString=value)
    secrets.forget()


def point_at(url: str, monkeypatch: pytest.MonkeyPatch, **keys: str) -> None:
    """Make Stripe, at this address, the provider of new payments. Call `leave` at the end."""
    monkeypatch.setenv("PAYMENT_PROVIDER", "stripe")
    monkeypatch.setenv("STRIPE_API_BASE", url)
    config.cache_clear()
    put_secret(**keys)


def leave() -> None:
    """Forget the address and its connections; the caller that changed the environment restores it."""
    client.forget()
    config.cache_clear()


def deliver(event: dict[str, Any] | bytes, *, age: int = 0, signature: str | None = None) -> Answer:
    """Send an event to the webhook as Stripe does."""
    raw = event if isinstance(event, bytes) else json.dumps(event).encode()
    headers = {"stripe-signature": sign(raw, age=age) if signature is None else signature}
    return call("POST", "/api/v1/payments/webhook/", raw=raw, headers=headers)
