"""A customer's own cards, each with its balance and merchant. Another customer's card is not found."""

from collections.abc import Sequence

from msgspec import Struct

from chalicelib.domain import paging
from chalicelib.domain.cards import card_requests, cards
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.money import Money
from chalicelib.domain.paging import Page
from chalicelib.errors import InvalidState, NotFound
from chalicelib.identifiers import parse_uid, uid_of_card_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, CardBalance, CardRequest
from chalicelib.table.ranges import Before
from chalicelib.vocabulary.cards import CardStatus


class AutoReloadSettings(Struct, frozen=True):
    """Whether automatic reload is on, the balance below which it tops up, and the amount."""

    enabled: bool
    threshold: Money
    amount: Money


class CardHolding(Struct, frozen=True):
    """A card with its balance; `merchant_name` is None if unknown."""

    card: Card
    balance: CardBalance
    merchant_name: str | None = None

    @property
    def money(self) -> Money:
        """The balance as money."""
        return Money(self.balance.amount, self.balance.currency)

    @property
    def auto_reload(self) -> AutoReloadSettings | None:
        """The latest automatic reload settings, or None if there are none."""
        balance = self.balance
        if balance.auto_threshold is None or balance.auto_amount is None:
            return None
        return AutoReloadSettings(
            enabled=balance.auto_enabled,
            threshold=Money(balance.auto_threshold, balance.currency),
            amount=Money(balance.auto_amount, balance.currency),
        )


class OwnCards(Struct, frozen=True):
    """A page of a customer's cards, and their request for a card that is open or was rejected."""

    page: Page[CardHolding]
    requests: list[CardRequest]


def overview(customer_id: str, *, page_size: int, cursor: str | None) -> OwnCards:
    """Return a page of a customer's cards, and their request for a card. Raises InvalidCursor."""
    page = of(customer_id, page_size=page_size, cursor=cursor)
    return OwnCards(page, card_requests.shown_to(customer_id))


def get(customer_id: str, name: str) -> CardHolding:
    """Return the current state of a customer's card by its id or UID.

    Raises NotFound (also for another customer's card).
    """
    uid = uid_of_card_id(name) or parse_uid(name)
    found = holdings([uid]) if uid else []
    if not found or found[0].card.customer_id != customer_id:
        raise NotFound("There is no such card among yours.")
    return found[0]


def active(customer_id: str, name: str) -> CardHolding:
    """Return a customer's active card. Raises NotFound, InvalidState (not active)."""
    holding = get(customer_id, name)
    if holding.card.status != CardStatus.ACTIVE:
        raise InvalidState(f"This card is {holding.card.status}. Use an active one.")
    return holding


def of(customer_id: str, *, page_size: int, cursor: str | None) -> Page[CardHolding]:
    """Return a page of a customer's cards, newest first. Raises InvalidCursor."""
    bound_to = f"own-cards/{customer_id}"
    before = paging.unseal(cursor, bound_to=bound_to) if cursor else None
    partition = keys.cards.customer_cards(customer_id).pk
    raws = operations.query(
        partition, Before(before) if before else None, index="gsi1", newest_first=True, limit=page_size + 1
    )
    card_ids = [raw["gsi1sk"]["S"] for raw in raws[:page_size]]
    following = paging.seal(card_ids[-1], bound_to=bound_to) if len(raws) > page_size else None
    uids = [uid for uid in map(uid_of_card_id, card_ids) if uid]
    # The index may lag and still list a card of another customer.
    own = [holding for holding in holdings(uids) if holding.card.customer_id == customer_id]
    return Page(results=own, next=following)


def block(customer_id: str, name: str, *, reason: str) -> CardHolding:
    """Block a customer's card immediately, at every gate and for every payment. Raises NotFound, Unavailable."""
    uid = get(customer_id, name).card.uid
    cards.block(uid, customer_id=customer_id, reason=reason)
    return get(customer_id, uid)


def holdings(uids: Sequence[str]) -> list[CardHolding]:
    """Return the existing cards in this order; a page costs two batch reads, or one if no card has a merchant."""
    places = [place for uid in uids for place in (keys.cards.card(uid), keys.money.card_balance(uid))]
    found = operations.get_many(places)
    known = [card for uid in uids if isinstance(card := found.get(keys.cards.card(uid)), Card)]
    merchants = operations.get_many(
        [keys.access.account(card.merchant_id) for card in known if card.merchant_id], consistent=False
    )
    holdings = []
    for card in known:
        balance = found.get(keys.money.card_balance(card.uid))
        merchant = merchants.get(keys.access.account(card.merchant_id)) if card.merchant_id else None
        holdings.append(
            CardHolding(
                card=card,
                balance=balance if isinstance(balance, CardBalance) else card_balances.no_balance(card.uid),
                merchant_name=merchant.name if merchant else None,
            )
        )
    return holdings
