"""Keys of NFC cards and card requests."""

from chalicelib.table.items.cards import (
    Card,
    CardBatch,
    CardBatchProblems,
    CardBatchRows,
    CardRequest,
    CardRequestOwner,
    OpenCardRequest,
    UnknownCard,
)
from chalicelib.table.keys import access, jobs
from chalicelib.table.places import Key, Place, joined


def card(uid: str) -> Place[Card]:
    """Question 5."""
    return Place(Card, joined("CARD", uid), "CARD")


def customer_cards(customer_id: str, card_id: str = "") -> Key:
    """Question 42."""
    return Key(joined("CUSTOMER_CARDS", customer_id), card_id)


def card_request(customer_id: str, request_id: str = "") -> Place[CardRequest]:
    """Question 43."""
    return Place(CardRequest, access.account(customer_id).pk, joined("CARD_REQUEST", request_id))


def card_request_owner(request_id: str) -> Place[CardRequestOwner]:
    """Question 151."""
    return Place(CardRequestOwner, joined("CARD_REQUEST", request_id), "CARD_REQUEST")


def unknown_card(uid: str) -> Place[UnknownCard]:
    """Question 48."""
    return Place(UnknownCard, card(uid).pk, "REFUSED")


def open_card_request(customer_id: str) -> Place[OpenCardRequest]:
    """Question 49; there is one at a time."""
    return Place(OpenCardRequest, access.account(customer_id).pk, "OPEN_CARD_REQUEST")


def merchant_cards(merchant_id: str, status: str, uid: str = "") -> Key:
    """Question 52."""
    return Key(joined("MERCHANT_CARDS", merchant_id, status), uid)


def batch(job_id: str) -> Place[CardBatch]:
    """Question 69: a bulk job on cards."""
    return Place(CardBatch, *jobs.job(job_id))


def batch_rows(job_id: str, number: int) -> Place[CardBatchRows]:
    """Question 150: one part of its list."""
    return Place(CardBatchRows, jobs.job(job_id).pk, joined("ROWS", f"{number:05d}"))


def batch_problems(job_id: str, name: str) -> Place[CardBatchProblems]:
    """Question 150: problems of some of its rows."""
    return Place(CardBatchProblems, jobs.job(job_id).pk, joined("PROBLEMS", name))
