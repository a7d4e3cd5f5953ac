"""Claims: money that no payment takes back is claimed by a link that works once (D-CRD-08).

The link goes to the card's customer. Only a digest of its token is stored. A registered customer who has the link moves
the balance to their own active card, in one transaction with the end of the link.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from msgspec import Struct

from chalicelib import clock
from chalicelib.clients import messages
from chalicelib.clients.messages import Channel, Message
from chalicelib.clients.secrets import SESSIONS
from chalicelib.config import config
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.card_office import pay_backs
from chalicelib.domain.card_office.pay_backs import LeftoverAnswer
from chalicelib.domain.cards import cards, own_cards
from chalicelib.domain.customers import contacts
from chalicelib.domain.customers.contacts import Contact
from chalicelib.domain.ledger import account_names, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.errors import InvalidState, NotFound, Unavailable
from chalicelib.identifiers import id_of_fact, new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Card, CardBalance, CardClaim, NewestCardClaim
from chalicelib.vocabulary.cards import EntryType, LeftoverAction, LeftoverState

LIFETIME = timedelta(days=30)
# A claim that was used is shown again for as long.
_KEPT = timedelta(days=400)
_TOKENS = "tokens of claim links"
_NO_LINK = (
    "This link is not valid. It was used, it has expired, a newer one was sent, or our staff have blocked the card."
)


class Claimed(Struct, frozen=True):
    """A claim that was carried out: how much is on which card now."""

    claim_id: str
    card_id: str
    amount: Money
    claimed_at: datetime


def make_link(uid: str, *, by: str, operation_id: str) -> LeftoverAnswer:
    """Send a card's customer a link to claim its balance, in place of an earlier one; or ask for the second person.

    Raises NotFound, InvalidState (nothing is left, or the card has no customer), SecondPersonNeeded, Unavailable.
    """
    if (first := pay_backs.first_answer(operation_id)) is not None:
        return first
    card, balance = pay_backs.read(uid)
    money, nothing = Money(balance.amount, balance.currency), Money(0, balance.currency)
    contact = contacts.find_many([card.customer_id]).get(card.customer_id) if card.customer_id else None
    if contact is None or not contact.ways:
        raise InvalidState("This card has no customer who can be reached. Its balance stays.")
    asking = LeftoverAnswer(LeftoverState.AWAITING_SECOND, money, nothing)
    once = pay_backs.answered_once(operation_id, asking)
    if not pay_backs.may_act(uid, money, LeftoverAction.CLAIM_LINK, by=by, once=once):
        return asking
    token, claim_id, now = _token(operation_id), new_id("clm"), clock.now()
    claim = CardClaim(
        *keys.money.card_claim(_digest(token)),
        claim_id=claim_id,
        card_uid=uid,
        customer_id=card.customer_id,
        expires_at=now + LIFETIME,
        created_at=now,
        ttl=int((now + _KEPT).timestamp()),
    )
    # Before the first answer is stored, which would otherwise be given again for a link that nobody got.
    _send(token, operation_id, contact, money, uid=uid)
    newest = operations.put(NewestCardClaim(*keys.money.newest_claim(uid), claim_id=claim_id))
    sent = LeftoverAnswer(LeftoverState.LINK_SENT, money, nothing)
    claimable = {"claim_id": claim_id, "amount": balance.amount, "currency": balance.currency}
    subject = AuditSubject("card", card.card_id, after=claimable)
    try:
        acts.commit(
            pay_backs.answered_once(operation_id, sent),
            operations.put(claim, CardClaim.pk.does_not_exist()),
            newest,
            subject=subject,
        )
    except operations.ConditionFailed as failure:
        first = pay_backs.first_answer(operation_id)
        if first is None:
            raise Unavailable(retry_after=1) from failure
        return first
    logger.info("claim link sent", extra={"claim_id": claim_id, "card_id": card.card_id, "by": by})
    return sent


def _send(token: str, operation_id: str, contact: Contact, money: Money, *, uid: str) -> None:
    """Queue the link by each way to a card's customer. Raises Unavailable."""
    link = _link(token)
    left = f"{money.currency} {money.amount} is left on your card ...{uid[-4:]}"
    text = f"Gatehouse: {left}. Claim it within {LIFETIME.days} days: {link}"
    for channel, address in contact.ways:
        messages.enqueue(
            Message(
                message_id=id_of_fact("msg", f"claim/{operation_id}/{channel}"),
                channel=channel,
                to=address,
                subject="[Gatehouse] Money is left on your card" if channel is Channel.EMAIL else None,
                body=text,
                # It is sealed in the queue, since the token is worth money.
                is_code=True,
            )
        )


def claim(token: str, *, customer_id: str, card_name: str) -> Claimed:
    """Move what a link names to the customer's own active card, once; the same customer gets the first answer again.

    Raises NotFound (no such link, or no such card), InvalidState (the card is not active), Unavailable.
    """
    place = keys.money.card_claim(_digest(token))
    for _ in retries.attempts():
        found = operations.get(place)
        if found is None:
            raise NotFound(_NO_LINK)
        if found.claimed_at is not None and found.claimed_by == customer_id:
            return _done(found)
        newest = operations.get(keys.money.newest_claim(found.card_uid))
        is_newest = newest is not None and newest.claim_id == found.claim_id
        if found.claimed_at is not None or found.expires_at <= clock.now() or not is_newest:
            raise NotFound(_NO_LINK)
        target = own_cards.active(customer_id, card_name)
        try:
            source, balance = _source(found)
        except InvalidState:
            if (operations.get(place) or found).claimed_at is None:
                raise
            continue  # this claim was carried out between the two reads
        if source.uid == target.card.uid:
            raise InvalidState("The money is on this card already. Name another card.")
        credited = target.balance
        if not credited.entries:
            credited.currency = balance.currency
        movement = journals.Movement(
            f"jrn_claim_{found.claim_id}",
            type="claim",
            currency=balance.currency,
            entries=[
                Posting(
                    account_names.card(source.uid),
                    -balance.amount,
                    EntryType.TRANSFER_OUT,
                    reference=target.card.card_id,
                ),
                Posting(
                    account_names.card(target.card.uid), balance.amount, EntryType.TRANSFER_IN, reference=source.card_id
                ),
            ],
            references={"claim_id": found.claim_id, "from_card_id": source.card_id, "to_card_id": target.card.card_id},
        )
        spent = [
            CardClaim.claimed_at.set(clock.now()),
            CardClaim.claimed_by.set(customer_id),
            CardClaim.to_card_id.set(target.card.card_id),
            CardClaim.amount.set(balance.amount),
            CardClaim.currency.set(balance.currency),
        ]
        try:
            operations.commit(
                operations.change(place, spent, CardClaim.claimed_at.does_not_exist()),
                *journals.post(movement, balances=[balance, credited]),
                operations.check(keys.cards.card(target.card.uid), cards.as_read(target.card)),
                operations.check(keys.cards.card(source.uid), cards.as_read(source)),
            )
        except operations.ConditionFailed:
            continue  # another claim, a movement on one of the cards or a change of their states was first
        logger.info("leftover claimed", extra={"claim_id": found.claim_id, "customer_id": customer_id})
        return _done(operations.get(place) or found)
    raise Unavailable("These cards are being used at this moment. Try again.", retry_after=1)


def _source(found: CardClaim) -> tuple[Card, CardBalance]:
    """Return the card and the balance that a link names.

    Raises InvalidState (nothing is left), NotFound (staff blocked the card after the link was made: it keeps its
    balance, as D-STATE-05 says).
    """
    card, balance = pay_backs.read(found.card_uid)
    if card.kept_by_staff and card.blocked_at is not None and card.blocked_at > found.created_at:
        raise NotFound(_NO_LINK)
    return card, balance


def _link(token: str) -> str:
    """Return the link; a fragment reaches no server's log."""
    base = urlsplit(config().public_url)
    return base._replace(path=f"{base.path.rstrip('/')}/claim", fragment=token).geturl()


def _token(operation_id: str) -> str:
    """Return the token of an operation, the same in each try: all that are sent for it open the same claim."""
    key = SESSIONS.current(_TOKENS)
    return base64.urlsafe_b64encode(hmac.digest(key, operation_id.encode(), hashlib.sha256)).decode().rstrip("=")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _done(found: CardClaim) -> Claimed:
    money = Money(found.amount or 0, found.currency or config().currency)
    return Claimed(found.claim_id, found.to_card_id or "", money, found.claimed_at or clock.now())
