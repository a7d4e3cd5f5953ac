"""Bank accounts to pay customers and organizers on: sealed under their owner's key, and shown masked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where somebody is paid; `iban` shows its country, check digits and last four characters only."""

    title: str
    iban: str


def masked(account: Mapping[str, Any]) -> BankAccount:
    """Return a bank account as it may be shown, also to its owner."""
    iban = str(account["iban"])
    return BankAccount(title=account["title"], iban=f"{iban[:4]}{'*' * (len(iban) - 8)}{iban[-4:]}")


def to_text(account: Mapping[str, Any]) -> str:
    """Return a bank account as it is sealed."""
    return json.dumps({"title": account["title"], "iban": account["iban"]})


def from_text(text: str) -> BankAccount:
    """Return a bank account, masked, from what was sealed."""
    return masked(json.loads(text))
