"""NFC cards: registered, blocked, and found by UID or id."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.approvals import verifications
from chalicelib.domain.ledger import card_balances
from chalicelib.errors import AlreadyExists, NotFound, Unavailable, ValidationFailed
from chalicelib.identifiers import card_id_of, masked_uid, parse_uid, uid_of_card_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Card, UnknownCard
from chalicelib.table.operations import Write
from chalicelib.vocabulary.cards import CardStatus, CardType

# A 4-byte UID starting with 08 is random at every tap (ISO/IEC 14443-3), so it identifies no card.
_RANDOM_UID = "08"
NOT_A_UID = "must be a UID in hex of 4, 7, 8 or 10 bytes that is not random (08…)"
_OUT_OF_USE = (CardStatus.BLOCKED, CardStatus.LOST, CardStatus.REPLACED)


class CardRegistration(Struct, frozen=True):
    """One card to register."""

    uid: str
    type: CardType = CardType.UID
    status: CardStatus = CardStatus.ACTIVE
    customer_id: str | None = None
    merchant_id: str | None = None
    tickets: dict[str, list[str]] | None = None


def name_to_uid(name: str, *, field: str = "card_id") -> str:
    """Return the UID for a card's id or its UID in hex. Raises ValidationFailed, naming `field`."""
    uid = uid_of_card_id(name) or parse_uid(name)
    if uid is None:
        message = "must be a card's id or its UID in hex (4, 7, 8 or 10 bytes)"
        raise ValidationFailed(details=[{"field": field, "message": message}])
    return uid


def lasting_uid(text: str) -> str | None:
    """Return the UID in a text, or None where it is none, or one that changes at every tap."""
    uid = parse_uid(text)
    return None if uid is None or (len(uid) == 8 and uid.startswith(_RANDOM_UID)) else uid  # 4 bytes in hex


def new_item(registration: CardRegistration) -> Card:
    """Return a new card, not yet written. Raises ValidationFailed."""
    uid = lasting_uid(registration.uid)
    if uid is None:
        raise ValidationFailed(details=[{"field": "uid", "message": NOT_A_UID}])
    now = clock.now()
    card_id = card_id_of(uid, created_at=now)
    owned = keys.cards.customer_cards(registration.customer_id, card_id) if registration.customer_id else None
    merchant_id = registration.merchant_id
    of_merchant = keys.cards.merchant_cards(merchant_id, registration.status, uid) if merchant_id else None
    return Card(
        *keys.cards.card(uid),
        gsi1=owned,
        gsi2=of_merchant,
        card_id=card_id,
        uid=uid,
        type=registration.type,
        status=registration.status,
        customer_id=registration.customer_id,
        merchant_id=merchant_id,
        assigned_at=now if registration.status is CardStatus.ACTIVE else None,
        tickets=registration.tickets or {},
    )


def registered(card: Card, unknown: UnknownCard | None) -> list[Write]:
    """Return the two writes of a new card, which takes over the events that refused it while it was unknown.

    A concurrent refusal is either in `unknown`, or it finds the card and marks it (`remember_unknown`).
    """
    card.refused_at = seen = set(unknown.refused_at) if unknown else None
    unchanged = UnknownCard.refused_at == seen if seen else UnknownCard.pk.does_not_exist()
    place = keys.cards.unknown_card(card.uid)
    return [operations.put(card, Card.pk.does_not_exist()), operations.check(place, unchanged)]


def with_verified_shop(card: Card, writes: Sequence[Write]) -> list[Write]:
    """Return the writes of a card together with the condition that its shop is verified, if it has one."""
    return [*writes, *([verifications.check(card.merchant_id)] if card.merchant_id is not None else [])]


def register(registration: CardRegistration) -> Card:
    """Register a card. A merchant who is not verified gets none.

    Raises AlreadyExists for a UID in use, InvalidState (the merchant), ValidationFailed, Unavailable.

    Earlier scans that refused the unknown card keep their answer: the card is marked with their events.
    """
    card = new_item(registration)
    for _ in retries.attempts():
        writes = with_verified_shop(card, registered(card, operations.get(keys.cards.unknown_card(card.uid))))
        try:
            operations.commit(*writes)
        except operations.ConditionFailed as failure:
            if 0 in failure.failures:
                raise AlreadyExists("A card with this UID is known already.") from failure
            if 2 in failure.failures:
                raise verifications.not_verified(card.merchant_id) from failure
            continue  # another event refused it after the read
        return card
    raise Unavailable("This card is being scanned by many at once. Try again.", retry_after=1)


def register_many(registrations: Iterable[CardRegistration]) -> int:
    """Write many new cards in batches, for seeding; return their count."""
    return operations.put_many(new_item(registration) for registration in registrations)


def find(name: str) -> Card | None:
    """Return a card by its id or UID, or None. Raises ValidationFailed if the name is neither."""
    return operations.get(keys.cards.card(name_to_uid(name)))


def shown_status(card: Card) -> CardStatus:
    """Return a card's current status: an expired hold counts as in stock, even before its sweep."""
    if card.status == CardStatus.HELD and card.held_until is not None and card.held_until <= clock.now():
        return CardStatus.STOCK
    return card.status


def held_until(card: Card) -> datetime | None:
    """Return the end of a card's hold for a customer, or None if it is not held."""
    moment: datetime | None = card.held_until if shown_status(card) is CardStatus.HELD else None
    return moment


class ShopCard(Struct, frozen=True):
    """A card as its merchant sees it."""

    card: Card

    @property
    def uid(self) -> str:
        """The card's UID, masked once the shop has handed the card out."""
        is_in_hand = self.status in (CardStatus.STOCK, CardStatus.HELD)
        return self.card.uid if is_in_hand else masked_uid(self.card.uid)

    @property
    def status(self) -> CardStatus:
        """The card's current status."""
        return shown_status(self.card)

    @property
    def held_until(self) -> datetime | None:
        """The end of its hold, or None."""
        return held_until(self.card)


def becoming(card: Card, status: CardStatus, *, held_by: str = "", held_until: datetime | None = None) -> list[Action]:
    """Return the actions that change a card's status and its key in the merchant's index.

    They replace any hold; `held_by` is the assignment of a new hold, which ends at `held_until`.
    """
    actions: list[Action] = [
        Card.status.set(status),
        # The time of the first change that took it out of use, so that a late tap is judged as of its own moment.
        Card.inactive_since.remove()
        if status is CardStatus.ACTIVE
        else Card.inactive_since.set(Card.inactive_since | clock.now()),
        Card.held_by.set(held_by) if held_by else Card.held_by.remove(),
        Card.held_until.set(held_until) if held_until else Card.held_until.remove(),
        Card.version.add(1),
    ]
    if card.merchant_id:
        place = keys.cards.merchant_cards(card.merchant_id, status, card.uid)
        actions += Card.in_gsi2(place)
    return actions


def as_read(card: Card) -> Condition:
    """Return the condition that a card's status, customer, merchant and hold are unchanged since the read."""
    same: Condition = Card.status == card.status
    for attribute, value in (
        (Card.customer_id, card.customer_id),
        (Card.merchant_id, card.merchant_id),
        (Card.held_by, card.held_by),
    ):
        same = same & (attribute.does_not_exist() if value is None else attribute == value)
    return same


def block(uid: str, *, customer_id: str, reason: str) -> Card:
    """Block a customer's card permanently; idempotent. A lost or replaced card is left unchanged.

    The customer keeps the balance: `balances.gather` moves it to their next active card. Raises NotFound (not theirs),
    Unavailable.
    """
    for _ in retries.attempts():
        card = _known(uid)
        if card.customer_id != customer_id:
            raise NotFound("There is no such card.")
        if card.status in _OUT_OF_USE:
            return card
        now = clock.now()
        actions = [
            *becoming(card, CardStatus.BLOCKED),
            Card.blocked_at.set(now),
            Card.block_reason.set(reason),
        ]
        try:
            operations.commit(
                operations.change(keys.cards.card(uid), actions, as_read(card)),
                card_balances.freeze(uid, is_frozen=True),
            )
        except operations.ConditionFailed:
            continue  # another change of the card was written first
        logger.info("card blocked by its customer", extra={"card_id": card.card_id, "customer_id": customer_id})
        return _known(uid)
    raise Unavailable(retry_after=1)


def is_given_up(card: Card) -> bool:
    """Whether a card is out of use for good, and its customer may have its balance and tickets on another card."""
    return card.status in _OUT_OF_USE and not card.kept_by_staff


def _known(uid: str) -> Card:
    card = operations.get(keys.cards.card(uid))
    if card is None:
        raise NotFound("There is no such card.")
    return card


def claim_counter(uid: str, *, counter: int, key_version: int, scan_key: str) -> tuple[Card | None, bool]:
    """Consume one SUN message: store its counter if it is higher than the stored one, and the version of its keys.

    Returns the card, or None for an unknown one, and whether this scan owns the counter. A retry of the scan still
    owns it. A message under older keys than the card has is not consumed.
    """
    write = operations.change(
        keys.cards.card(uid),
        [Card.sun_counter.set(counter), Card.sun_scan_key.set(scan_key), Card.sun_key.set(key_version)],
        Card.pk.exists()
        & (Card.sun_counter < counter)
        & (Card.sun_key.does_not_exist() | (Card.sun_key <= key_version)),
    )
    try:
        return Card.from_raw_data(operations.record(write)), True
    except operations.ConditionFailed as failure:
        card = failure.found(Card)
        ours = card is not None and card.sun_scan_key == scan_key and card.sun_counter == counter
        return card, ours


def has_newer_keys(card: Card, key_version: int) -> bool:
    """Whether a card was re-keyed after the version of a message, which cannot be from the card then."""
    return card.sun_key is not None and key_version < card.sun_key


def mark_refused(uid: str, *, event_id: str) -> None:
    """Record that a card was refused at an event; idempotent."""
    mark = operations.change(keys.cards.card(uid), [Card.refused_at.add({event_id})], Card.pk.exists())
    with suppress(operations.ConditionFailed):  # a missing card admits nobody
        operations.record(mark)


def remember_unknown(uid: str, *, event_id: str) -> bool:
    """Record that an unregistered card was refused at an event, for its later registration.

    Returns whether the card is registered by now. If so, the card itself is marked, because its registration may have
    read before this write. A later registration reads this record. In both cases the registered card has the mark.
    A UID that is another one at each tap, such as a phone's, is never registered.
    """
    if lasting_uid(uid) is None:
        return False
    remembered = [UnknownCard.kind.set(UnknownCard), UnknownCard.refused_at.add({event_id})]
    operations.record(operations.change(keys.cards.unknown_card(uid), remembered))
    is_known = operations.get(keys.cards.card(uid)) is not None
    if is_known:
        mark_refused(uid, event_id=event_id)
    return is_known


def hint_admitted(uid: str, *, ticket_id: str, scan_key: str, at: datetime) -> None:
    """Record on a family's card that a ticket was admitted, so the next tap uses the next ticket.

    Only a hint: it may be late or missing, and the ticket alone decides.
    """
    for _ in range(8):
        card = operations.get(keys.cards.card(uid))
        if card is None or ticket_id in card.admitted:
            return
        before = dict(card.admitted)
        write = operations.change(
            keys.cards.card(uid),
            [
                Card.admitted.set({**before, ticket_id: scan_key}),
                Card.admitted_at.set({**card.admitted_at, ticket_id: int(at.timestamp() * 1000)}),
            ],
            Card.admitted == before,
        )
        try:
            operations.record(write)
        except operations.ConditionFailed:
            continue
        return
