"""Payment providers: the interface that the platform needs from each.

A provider knows money only. Every request carries the payment's id, so that a retry has no second effect. Its response
is authoritative for the money, never for the order.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class OutcomeStatus(StrEnum):
    """The outcome of a charge; a pending one may still succeed or fail."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Charge(Struct, frozen=True):
    """A charge to open; `amount` is in minor units. `token` is the customer's means of payment, if known.

    With `is_owner_away`, the token is a saved one and the customer cannot answer a challenge.
    """

    payment_id: str
    amount: int
    currency: str
    token: str | None = None
    return_url: str | None = None
    is_owner_away: bool = False


class Opened(Struct, frozen=True):
    """A charge as the provider opened it; the customer's browser confirms it by `client_secret`."""

    reference: str
    client_secret: str | None


class NextAction(Struct, frozen=True):
    """What the owner of a means of payment must do before a charge goes on, such as 3-D Secure.

    `type` is the provider's word. The browser opens `url`, or passes `client_secret` to the provider's script.
    """

    type: str
    url: str | None = None
    client_secret: str | None = None


class Outcome(Struct, frozen=True):
    """The outcome of a charge; `amount` and `currency` are what was really charged.

    With `is_closed` the provider accepts no further payment for it. `action` is what a pending one waits for.
    """

    reference: str
    status: OutcomeStatus
    amount: int
    currency: str
    failure_reason: str | None = None
    is_closed: bool = False
    action: NextAction | None = None


class MoveKind(StrEnum):
    """How money moves at the provider after a charge."""

    REFUND = "refund"
    DISPUTE = "dispute"


class MoveWord(StrEnum):
    """What a provider has said of a refund (the first three) or of a dispute (the others)."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    OPENED = "opened"
    WITHDRAWN = "withdrawn"
    REINSTATED = "reinstated"
    WON = "won"
    LOST = "lost"


class Move(Struct, frozen=True):
    """A refund or a dispute of a charge, in the provider's words; `amount` is in minor units.

    `reference` is the provider's id of it. `key` is ours for a refund that we asked for. A `won` dispute includes one
    that was closed without a charge-back. `made_on` is the day, in UTC, under which the provider lists it.
    """

    reference: str
    kind: MoveKind
    amount: int
    currency: str
    words: tuple[MoveWord, ...]
    key: str | None = None
    made_on: date | None = None


class MoneyKind(StrEnum):
    """A kind of movement that a provider lists."""

    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"


class ListedMoney(Struct, frozen=True):
    """A movement as its provider lists it; `amount` is in minor units.

    `reference` is the provider's id; of a payout it is our key. `payment_id` is ours, as the provider stores it.
    `status` is `failed` where no money moved for good; a dispute is `pending` until it is lost (`succeeded`) or won.
    """

    reference: str
    kind: MoneyKind
    payment_id: str | None
    amount: int
    currency: str
    status: OutcomeStatus


class ListedPage(Struct, frozen=True):
    """A part of a provider's list of a day; `after` continues it."""

    found: tuple[ListedMoney, ...]
    after: str | None


class Notice(Struct, frozen=True):
    """A callback that the provider signed; without outcome and moves it says nothing that payments rest on.

    `charge` is the provider's reference of the charge whose `moves` it reports. `payout_key` is our key of a payout of
    which it says something new. `unknown` is the family of a kind of
    callback that the platform does not read, one of a fixed set of words.
    """

    event_id: str
    payment_id: str | None = None
    outcome: Outcome | None = None
    charge: str | None = None
    moves: tuple[Move, ...] = ()
    payout_key: str | None = None
    unknown: str | None = None


class Declined(Exception):
    """The provider refuses what was asked, and will when it is asked again: `code` is its word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class OutOfFunds(Declined):
    """The provider holds too little of our money for a refund; the same one succeeds once there is more."""


class Provider(Protocol):
    """A payment provider. Each call raises Unavailable where the answer did not come, and is safe to repeat."""

    def names_saved_method(self, token: str) -> bool:
        """Whether a token may name a means of payment that one customer has saved."""

    def forget_method(self, token: str) -> None:
        """Delete a saved means of payment at the provider; one that is gone already is no error."""

    def create(self, charge: Charge) -> Opened:
        """Open a charge; the same payment's again returns the same one."""

    def confirm(self, charge: Charge, reference: str) -> Outcome:
        """Take the money if it can be taken now, and return what became of the charge."""

    def retrieve(self, reference: str) -> Outcome:
        """Return what became of a charge."""

    def cancel(self, reference: str) -> Outcome:
        """Close a charge that has taken no money; return what became of it, success if it had."""

    def refund(self, reference: str, *, amount: int, currency: str, key: str) -> Move:
        """Give back minor units of a charge, once for each key, and return the refund.

        Raises Declined where more would be given back than was taken, OutOfFunds where our balance is too small.
        """

    def accept_dispute(self, reference: str, *, amount: int, currency: str) -> Move:
        """Give up a dispute, and return it; safe to repeat. Raises Declined where it is over or was contested."""

    def contest_dispute(self, reference: str, *, evidence: str, key: str) -> None:
        """Send the evidence of a dispute, once. Raises Declined where it is over or was accepted."""

    def listed(self, day: date, after: str | None) -> ListedPage:
        """Return a part of the charges, refunds, disputes and payouts that were made on a day (UTC)."""

    def found(self, reference: str, kind: MoneyKind) -> ListedMoney | None:
        """Return one movement, or None where the provider has none."""

    def balance(self, currency: str) -> int | None:
        """Return how many minor units of our money it can pay refunds from; None where it sets no limit."""

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> Notice:
        """Return what a callback says. Raises BadSignature for one that the provider did not sign just now."""


class TransferStatus(StrEnum):
    """What became of a transfer to a bank account; a pending one may still be paid or fail."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"


class Transfer(Struct, frozen=True):
    """Money to send to a bank account; `amount` is in minor units. A repeated `key` has no second effect.

    `reference` is what the receiver reads on the statement of the account. `receiver` is the provider's own id of the
    account, where it has one (`Bank.receiver`).
    """

    key: str
    amount: int
    currency: str
    holder: str
    iban: str
    reference: str
    receiver: str | None = None


class Payee(Struct, frozen=True):
    """A bank account that money will be sent to; `key` is ours, and another for other details of the account."""

    key: str
    holder: str
    iban: str
    currency: str


class Sent(Struct, frozen=True):
    """A transfer as the provider knows it; `reference` is the provider's id."""

    reference: str
    status: TransferStatus
    failure_reason: str | None = None


class BalanceTooLow(Exception):
    """The provider's balance lacks the money for a transfer. Nothing was sent; it can be tried again later."""


class Bank(Protocol):
    """A provider of payouts. Each call raises Unavailable where the answer did not come, and is safe to repeat."""

    def receiver(self, payee: Payee) -> str | None:
        """Make a bank account known to the provider, and return its id there; None where none is needed.

        Raises Declined.
        """

    def send(self, transfer: Transfer) -> Sent:
        """Send money once for each key, and return what became of it. Raises Declined, BalanceTooLow."""

    def find(self, key: str) -> Sent | None:
        """Return what became of the transfer with a key, or None where there is none.

        One that was paid may have come back since: it is failed from then on, and its money is on our balance again.
        """
