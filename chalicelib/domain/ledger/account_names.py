"""The names of the ledger's accounts: each says whose money it is, and on which side."""

FEES = "fees"
# Account of the fees for new cards.
CARD_FEES = "card_fees"
# Account of charges that must be refunded.
REFUNDS_DUE = "refunds_due"
# Account of money that is owed to customers, and that no card holds any more.
UNCLAIMED = "unclaimed"
# Account of charge-backs of reloads, whose cards keep the balance: negative by what the platform lost.
CARD_LOSSES = "chargebacks:cards"
_CARD = "card:"


def card(uid: str) -> str:
    """Return the account of a card: the amount that its holder can spend."""
    return f"{_CARD}{uid}"


def is_card(account: str) -> bool:
    """Return whether an account is a card's, which has a balance instead of a total."""
    return account.startswith(_CARD)


def clearing(provider: str) -> str:
    """Return the account of a payment provider: negative by the amount that the provider holds for us."""
    return f"clearing:{provider}"


def sales(event_id: str) -> str:
    """Return the account of an event's sales: the amount owed to its organizer."""
    return f"sales:{event_id}"


def chargebacks(event_id: str | None) -> str:
    """Return the account of money that a provider took back without our decision: negative, for an event or a card."""
    return f"chargebacks:{event_id}" if event_id else CARD_LOSSES


def chargebacks_settled(event_id: str) -> str:
    """Return the account of what a settlement deducted for charge-backs; the two accounts of an event cancel out."""
    return f"chargebacks_settled:{event_id}"


def disputed(event_id: str | None) -> str:
    """Return the account of money of an event, or of cards, that a dispute may take: negative by what is frozen."""
    return f"disputed:{event_id or 'cards'}"


def frozen(event_id: str | None) -> str:
    """Return the account of what is frozen for disputes; with `disputed` it comes to zero."""
    return f"frozen:{event_id or 'cards'}"


def merchant(merchant_id: str) -> str:
    """Return the account of a merchant: negative by the amount that the merchant collected for us."""
    return f"merchant:{merchant_id}"


def payable(organizer_id: str) -> str:
    """Return the account of what the platform owes to an organizer by its settlements."""
    return f"payable:{organizer_id}"


def owed(organizer_id: str) -> str:
    """Return the account of what an organizer owes to the platform: negative by that amount."""
    return f"owed:{organizer_id}"


def in_transit(provider: str) -> str:
    """Return the account of payouts that a provider has accepted and not paid yet."""
    return f"in_transit:{provider}"
