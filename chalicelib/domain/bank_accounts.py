"""Bank accounts of customers and organizers: encrypted under the owner's data key, and shown masked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BankAccount:
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
