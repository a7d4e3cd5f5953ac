"""Bank accounts of customers and organizers: encrypted under the owner's data key, and shown masked."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from chalicelib.domain.crypto.encryption import Envelope

_FIELD = "bank_account"


class BankAccount(Struct, frozen=True):
    """A masked bank account. `iban` shows the country, check digits and last four characters only."""

    title: str
    iban: str


def masked(account: Mapping[str, Any]) -> BankAccount:
    """Return a bank account in masked form, the only form shown, also to its owner."""
    iban = str(account["iban"])
    return BankAccount(title=account["title"], iban=f"{iban[:4]}{'*' * (len(iban) - 8)}{iban[-4:]}")


def to_text(account: Mapping[str, Any]) -> str:
    """Return the text form of a bank account, for encryption."""
    return json.dumps({"title": account["title"], "iban": account["iban"]})


def from_text(text: str) -> BankAccount:
    """Return a masked bank account from its decrypted text form."""
    return masked(json.loads(text))


def sealed(envelope: Envelope, account: Mapping[str, Any], *, stored: bytes | None) -> bytes:
    """Encrypt a bank account; `stored` itself where it holds the same one, so that a request that comes again is none.

    Raises UndecryptableData for a stored one of an erased owner.
    """
    text = to_text(account)
    if stored is not None and json.loads(envelope.open(_FIELD, stored)) == json.loads(text):
        return stored
    return envelope.seal(_FIELD, text)


def fact_of(present: bytes | None, chosen: bytes | None) -> str | None:
    """Return what identifies a change for its notice, the same each time; None where there was nothing to remove."""
    if chosen is not None:
        return f"set/{hashlib.sha256(chosen).hexdigest()}"
    return None if present is None else f"removed/{hashlib.sha256(present).hexdigest()}"
