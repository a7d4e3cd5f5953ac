"""Bodies of the staff's portal: NFC cards."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib import scanned_text
from chalicelib.schemas.texts import LINES
from chalicelib.schemas.wire import Id, In, Moment, MoneyOut, Out, Scanned, Version
from chalicelib.vocabulary.cards import CardBatchAction, CardStatus, CardType, EntryType

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), LINES]
Uid = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    Scanned(scanned_text.card_name),
    Field(description="A UID in hex, with or without separators, in either case.", examples=["04A1B2C3D4E580"]),
]


class CardIn(In):
    """The card to create: stock of the platform, or of a shop."""

    uid: Uid
    type: CardType = CardType.UID
    merchant_id: Id | None = None


class CardChangeIn(In):
    """The new state of a card; `version` is the one that was read."""

    status: CardStatus
    reason: Why
    version: Version | None = None


class CardOut(Out):
    """A card in the staff's list."""

    id: str
    uid: str
    type: CardType
    status: CardStatus
    customer_id: str | None
    merchant_id: str | None
    created_at: Moment | None
    assigned_at: Moment | None
    blocked_at: Moment | None
    version: int


class LedgerLineOut(Out):
    """One line of a card's ledger; `amount` is signed."""

    id: str
    type: EntryType
    amount: MoneyOut
    balance_after: MoneyOut
    reference: str | None
    created_at: Moment


class LedgerSummaryOut(Out):
    """A card's balance, how many lines its ledger has, and the newest ten."""

    balance: MoneyOut
    entries: int
    newest: list[LedgerLineOut]


class CardDetailsOut(CardOut):
    """A card with a summary of its ledger; `tickets` counts those that it opens."""

    merchant_name: str | None
    block_reason: str | None
    replaced_by: str | None = Field(description="The UID of the card that has taken its place.")
    tickets: int
    ledger: LedgerSummaryOut


class BulkIn(In):
    """Cards, as a list or as a CSV, and what to do with them; a form may carry the CSV as a file."""

    action: CardBatchAction
    cards: Annotated[list[str], Field(min_length=1, max_length=10_000)] | None = Field(
        None, description="UIDs in hex, at most 10,000; a bad one is reported by its place and stops no other."
    )
    csv: str | None = Field(None, description="A CSV in UTF-8: a column uid, or the first one without a header.")
    merchant_id: Id | None = None
    reason: Why | None = None


class BulkOut(Out):
    """The job, and how many rows it tries; the others are among its errors already."""

    job_id: str
    accepted: int


class BulkQuery(In):
    """The job of bulk work."""

    job_id: Id


class ReplacementIn(In):
    """The card that takes the place of a lost one."""

    to_uid: Uid
    reason: Why


class ReplacementOut(Out):
    """What moved to the replacement; the same answer each time."""

    from_card_id: str
    to_card_id: str
    to_uid: str
    customer_id: str | None
    balance: MoneyOut
    tickets: int
    dependents: int
    replaced_at: Moment
