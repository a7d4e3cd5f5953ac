"""Payment providers: what the platform asks of each, in its own words.

A provider knows money only. Whatever is asked of it carries the payment's id, so that the same question asked
again has no second effect; what it answers is the truth about the money, never about the order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class OutcomeStatus(StrEnum):
    """What a provider says became of a charge: pending ones may still turn out either way."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be charged; `amount` is in minor units. `token` is the customer's means of payment, if known.

    Where `is_owner_away`, the token is a saved one and nobody is there to be asked for anything.
    """

    payment_id: str
    amount: int
    currency: str
    token: str | None = None
    return_url: str | None = None
    is_owner_away: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A charge as the provider opened it; the customer's browser confirms it by `client_secret`."""

    reference: str
    client_secret: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a charge; `amount` and `currency` say what was really taken.

    `is_closed` says that the provider takes no money for it any more, whatever anyone sends.
    """

    reference: str
    status: OutcomeStatus
    amount: int
    currency: str
    failure_reason: str | None = None
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A callback that the provider signed; without an outcome it says nothing that payments rest on."""

    event_id: str
    payment_id: str | None = None
    outcome: Outcome | None = None


class Declined(Exception):
    """The provider refuses what was asked, and will when it is asked again: `code` is its word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Provider(Protocol):
    """A payment provider. Each call raises Unavailable where the answer did not come, and is safe to repeat."""

    def create(self, charge: Charge) -> Opened:
        """Open a charge; the same payment's again returns the same one."""

    def confirm(self, charge: Charge, reference: str) -> Outcome:
        """Take the money if it can be taken now, and return what became of the charge."""

    def retrieve(self, reference: str) -> Outcome:
        """Return what became of a charge."""

    def cancel(self, reference: str) -> Outcome:
        """Close a charge that has taken no money; return what became of it, success if it had."""

    def refund(self, reference: str, *, amount: int, key: str) -> str:
        """Give back minor units of a charge, once for each key, and return the refund's own reference.

        Raises Declined where more would be given back than was taken.
        """

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> Notice:
        """Return what a callback says. Raises BadSignature for one that the provider did not sign just now."""
