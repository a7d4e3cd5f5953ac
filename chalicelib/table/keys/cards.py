"""Keys of NFC cards and card requests."""

from chalicelib.table.items.cards import Card, CardRequest, OpenCardRequest, UnknownCard
from chalicelib.table.keys import access
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


def unknown_card(uid: str) -> Place[UnknownCard]:
    """Question 48."""
    return Place(UnknownCard, card(uid).pk, "REFUSED")


def open_card_request(customer_id: str) -> Place[OpenCardRequest]:
    """Question 49; there is one at a time."""
    return Place(OpenCardRequest, access.account(customer_id).pk, "OPEN_CARD_REQUEST")


def merchant_cards(merchant_id: str, status: str, uid: str = "") -> Key:
    """Question 52."""
    return Key(joined("MERCHANT_CARDS", merchant_id, status), uid)
