"""Saved means of payment: each is bound to the customer who saved it first, for ever (D-SEC-52)."""

import hashlib

from chalicelib.config import config
from chalicelib.domain.payments import providers
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import SavedMethod
from chalicelib.table.operations import Write
from chalicelib.table.places import Place


def require_own(customer_id: str, token: str | None) -> None:
    """Raise NotFound if a token names a means of payment that another customer saved."""
    if token is None or not providers.chosen().names_saved_method(token):
        return
    found = operations.get(_place(token))
    if found is not None and found.customer_id != customer_id:
        raise NotFound("You have no such saved means of payment.")


def binding(customer_id: str, token: str | None) -> list[Write]:
    """Return the writes that bind a means of payment to the customer who saves it; they fail if it is another's."""
    if token is None or not providers.chosen().names_saved_method(token):
        return []
    saved = SavedMethod(*_place(token), customer_id=customer_id)
    return [operations.put(saved, SavedMethod.pk.does_not_exist() | (SavedMethod.customer_id == customer_id))]


def unbinding(token: str) -> list[Write]:
    """Return the writes that forget whose a means of payment was, after the provider has deleted it."""
    if not providers.chosen().names_saved_method(token):
        return []
    return [operations.remove(_place(token))]


def _place(token: str) -> Place[SavedMethod]:
    # The id itself is stored sealed only.
    return keys.money.saved_method(config().payment_provider, hashlib.sha256(token.encode()).hexdigest())
