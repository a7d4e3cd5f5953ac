"""The states of a card as staff change them, one card at a time.

A state changes in one transaction together with the card's ability to pay. `version` is the optimistic lock of two
members of staff who look at the same card.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import idempotency
from chalicelib.domain.access.permissions import Permission, may
from chalicelib.domain.approvals import verifications
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.cards import balances, cards, own_cards
from chalicelib.domain.cards.balances import StatementLine
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.cards.own_cards import CardHolding
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.money import Money
from chalicelib.errors import AlreadyExists, Conflict, Forbidden, InvalidState, NotFound, Unavailable
from chalicelib.identifiers import masked_uid
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Card
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.cards import CardStatus, CardType

# What staff may make of a card. A replaced card stays replaced; a hold begins and ends at a shop's counter.
BECOMES: Mapping[CardStatus, tuple[CardStatus, ...]] = {
    CardStatus.STOCK: (CardStatus.ACTIVE, CardStatus.BLOCKED, CardStatus.LOST),
    CardStatus.HELD: (CardStatus.BLOCKED, CardStatus.LOST),
    CardStatus.ACTIVE: (CardStatus.STOCK, CardStatus.BLOCKED, CardStatus.LOST),
    CardStatus.BLOCKED: (CardStatus.STOCK, CardStatus.ACTIVE, CardStatus.LOST),
    CardStatus.LOST: (CardStatus.STOCK, CardStatus.ACTIVE, CardStatus.BLOCKED),
    CardStatus.REPLACED: (),
}
_SHOWN_LINES = 10


class CardAtDesk(Struct, frozen=True):
    """A card as staff see it: its balance, how many lines its ledger has, and the newest of them."""

    holding: CardHolding
    lines: Sequence[StatementLine] = ()

    @property
    def id(self) -> str:
        """The card's id."""
        return self.holding.card.card_id

    @property
    def uid(self) -> str:
        """The UID in hex."""
        return self.holding.card.uid

    @property
    def type(self) -> CardType:
        """Whether the card proves itself."""
        return self.holding.card.type

    @property
    def status(self) -> CardStatus:
        """The current status; an expired hold counts as stock."""
        return cards.shown_status(self.holding.card)

    @property
    def customer_id(self) -> str | None:
        """The customer who has it."""
        return self.holding.card.customer_id

    @property
    def merchant_id(self) -> str | None:
        """The shop whose stock it is of."""
        return self.holding.card.merchant_id

    @property
    def merchant_name(self) -> str | None:
        """The shop's name."""
        return self.holding.merchant_name

    @property
    def balance(self) -> Money:
        """What its holder can spend."""
        return self.holding.money

    @property
    def entries(self) -> int:
        """How many lines its ledger has."""
        return self.holding.balance.entries

    @property
    def assigned_at(self) -> datetime | None:
        """When its customer got it."""
        return self.holding.card.assigned_at

    @property
    def blocked_at(self) -> datetime | None:
        """When it was taken out of use."""
        return self.holding.card.blocked_at

    @property
    def block_reason(self) -> str | None:
        """Why it was taken out of use."""
        return self.holding.card.block_reason

    @property
    def replaced_by(self) -> str | None:
        """The UID of the card that replaced it."""
        return self.holding.card.replaced_by

    @property
    def tickets(self) -> int:
        """How many tickets it opens, at all events."""
        return sum(len(ids) for ids in self.holding.card.tickets.values())

    @property
    def version(self) -> int:
        """The version that a change must name."""
        return version_of(self.holding.card)


class CardChange(Struct, frozen=True):
    """A change of a card's state by a member of staff; `version` is the one they saw, None for any."""

    status: CardStatus
    reason: str
    version: int | None = None


def version_of(card: Card) -> int:
    """Return how often the state of a card was changed."""
    return card.version or 0


def show(name: str) -> CardAtDesk:
    """Return a card by its id or UID, with the newest lines of its ledger. Raises NotFound, ValidationFailed."""
    uid = cards.name_to_uid(name)
    found = own_cards.holdings([uid])
    if not found:
        raise NotFound("There is no such card.")
    return CardAtDesk(found[0], balances.newest_lines(uid, _SHOWN_LINES))


def create(uid: str, card_type: CardType, *, merchant_id: str | None, operation_id: str) -> CardAtDesk:
    """Register a card as stock of the platform, or of a shop; idempotent by operation.

    Raises AlreadyExists, ValidationFailed (the UID), NotFound (the shop), Unavailable.
    """
    require_merchant(merchant_id)
    card = cards.new_item(CardRegistration(uid, type=card_type, status=CardStatus.STOCK, merchant_id=merchant_id))
    for _ in retries.attempts():
        if (done := idempotency.result_of(operation_id)) is not None:
            return show(done)
        unknown = operations.get(keys.cards.unknown_card(card.uid))
        writes = cards.with_verified_shop(card, cards.registered(card, unknown))
        try:
            acts.commit(*writes, idempotency.once(operation_id, card.uid), subject=_created(card))
        except operations.ConditionFailed as failure:
            if 0 in failure.failures and len(writes) not in failure.failures:
                raise AlreadyExists("A card with this UID is known already.") from failure
            if merchant_id is not None and 2 in failure.failures:
                raise verifications.not_verified(merchant_id) from failure
            continue  # an event refused it after the read, or an earlier try of this operation came through
        logger.info("card created", extra={"card_id": card.card_id, "merchant_id": merchant_id})
        return show(card.uid)
    raise Unavailable("This card is being scanned by many at once. Try again.", retry_after=1)


def require_merchant(merchant_id: str | None) -> None:
    """Raise NotFound where a shop is named that does not exist."""
    if merchant_id is None:
        return
    account = operations.get(keys.access.account(merchant_id))
    if not isinstance(account, Account) or account.portal != Portal.MERCHANT:
        raise NotFound("There is no such merchant.")


def change(name: str, wanted: CardChange, *, role: str | None) -> CardAtDesk:
    """Change a card's state as the state machine allows; idempotent for the state that it has.

    Who may not manage may only block. Raises NotFound, ValidationFailed, Forbidden, InvalidState, Conflict (a stale
    version, with the present state), Unavailable.
    """
    if wanted.status is not CardStatus.BLOCKED and not may(role, Permission.MANAGE):
        raise Forbidden("Your role may only block a card.")
    uid = cards.name_to_uid(name)
    for _ in retries.attempts():
        card = operations.get(keys.cards.card(uid))
        if card is None:
            raise NotFound("There is no such card.")
        if cards.shown_status(card) is wanted.status:
            return show(uid)
        _require_fresh(card, wanted.version)
        subject = AuditSubject(
            "card",
            card.card_id,
            before={"status": card.status, "reason": card.block_reason},
            after={"status": wanted.status, "reason": wanted.reason},
        )
        try:
            acts.commit(*changing(card, wanted.status, reason=wanted.reason), subject=subject)
        except operations.ConditionFailed:
            continue  # another change of the card was written first
        ids = {"card_id": card.card_id, "customer_id": card.customer_id}
        logger.info("card changed by staff", extra={**ids, "status": wanted.status})
        return show(uid)
    raise Unavailable("This card is being changed by others. Try again.", retry_after=1)


def changing(card: Card, status: CardStatus, *, reason: str) -> list[Write]:
    """Return the two writes that change a card's state, on the condition that it is as read. Raises InvalidState."""
    require_becomes(card, status)
    is_usable = status in (CardStatus.ACTIVE, CardStatus.STOCK)
    out_of_use: list[Action] = [
        Card.block_reason.remove() if is_usable else Card.block_reason.set(reason),
        Card.blocked_at.remove() if is_usable else Card.blocked_at.set(clock.now()),
        # A card that staff block keeps its balance and tickets until staff move them (D-STATE-05).
        Card.kept_by_staff.set(True) if status is CardStatus.BLOCKED else Card.kept_by_staff.remove(),
    ]
    return [
        operations.change(keys.cards.card(card.uid), [*cards.becoming(card, status), *out_of_use], as_seen(card)),
        card_balances.freeze(card.uid, is_frozen=status is not CardStatus.ACTIVE),
    ]


def require_becomes(card: Card, status: CardStatus) -> None:
    """Raise InvalidState where the state machine does not lead from a card's state to another."""
    now, is_someones = cards.shown_status(card), card.customer_id is not None
    allowed = [each for each in BECOMES[now] if not (is_someones and each is CardStatus.STOCK)]
    if status not in allowed:
        state = f"{now} and has a customer" if is_someones else now
        raise InvalidState(f"This card is {state}. It can become {', '.join(allowed) or 'nothing else'}, not {status}.")


def as_seen(card: Card) -> Condition:
    """Return the condition that state, customer, shop, hold and version of a card are as read."""
    same: Condition = cards.as_read(card) & (
        Card.version.does_not_exist() if card.version is None else Card.version == card.version
    )
    return same


def _require_fresh(card: Card, version: int | None) -> None:
    if version is not None and version != version_of(card):
        present = {"version": version_of(card), "status": cards.shown_status(card), "reason": card.block_reason}
        raise Conflict.stale("The card", present)


def _created(card: Card) -> AuditSubject:
    after = {"uid": masked_uid(card.uid), "type": card.type, "status": card.status, "merchant_id": card.merchant_id}
    return AuditSubject("card", card.card_id, after=after)
