"""Payouts on their way to the provider: the sweep claims what is due, the queue's worker pays it (D-FIN-02).

The claim moves a payout to `processing`, which nobody can hold or cancel. It requires that nothing holds the payout at
that moment, since one that came back from its provider was out of reach of a hold. From there the provider is asked
with the payout's own id as idempotency key. So a repeated message, a lost answer or a crash before the record pays
once. The sweep looks at a payout in process again, so a lost message delays it and loses nothing.

The books: acceptance moves the money from the organizer's account to the one in transit; payment clears that against
the provider; a failure after acceptance moves it back. A payout that bounces after it was paid goes back to the
organizer's account too, with an alarm, and staff retry it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.clients.providers import BalanceTooLow, Bank, Declined, Payee, Sent, Transfer, TransferStatus
from chalicelib.domain import timezones
from chalicelib.domain.approvals import verifications
from chalicelib.domain.background.changes import Change, every, follows, that_became
from chalicelib.domain.crypto import encryption
from chalicelib.domain.ledger import account_names, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.payouts import banks, payout_states, settlements
from chalicelib.errors import Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, OrganizerProfile, Payout
from chalicelib.table.operations import Write
from chalicelib.vocabulary.messages import Fact
from chalicelib.vocabulary.payouts import PayoutStatus, PayoutWait

# Our choices: when the sweep looks again at a payout that waits, at one that the queue should have paid, and at one
# that the provider has not paid out yet.
_WAIT, _STUCK, _PENDING = timedelta(hours=1), timedelta(minutes=5), timedelta(minutes=15)
OVERDUE, SENT = "payout overdue", "payout sent"


def take_due(payout_id: str) -> bool:
    """Claim a scheduled payout, or pay one in process again; return whether there was anything to do.

    Raises Unavailable.
    """
    payout = operations.get(keys.money.payout(payout_id))
    if payout is None or not payout.is_due:
        return False
    _check_day(payout)
    if payout.status == PayoutStatus.PROCESSING:
        if not pay(payout_id):
            _look_again(payout_id)
        return True
    if payout.status == PayoutStatus.PAID:
        return _check_paid(payout)
    if payout.status != PayoutStatus.SCHEDULED:
        _try(payout, Payout.not_due())
        return False
    hold = settlements.hold_of(payout.event_id)
    if hold is not None:
        held = payout_states.entering(payout, PayoutStatus.ON_HOLD)
        if _try(payout, held, settlements.hold_as_read(payout.event_id, hold)):
            logger.info("payout held", extra={"payout_id": payout_id, "event_id": payout.event_id})
        return True
    waits_for = _waits_for(payout.organizer_id)
    if waits_for is not None:
        later = payout_states.entering(payout, PayoutStatus.SCHEDULED, due=clock.now() + _WAIT)
        _try(payout, [*later, Payout.waits_for.set(waits_for)])
        return True
    claimed = payout_states.entering(payout, PayoutStatus.PROCESSING, due=clock.now() + _STUCK)
    named = [Payout.provider.set(payout.provider or banks.chosen_name()), Payout.attempt.set(payout.attempt or 1)]
    allowed = verifications.check(payout.organizer_id), settlements.hold_as_read(payout.event_id, None)
    if _try(payout, [*claimed, *named, Payout.waits_for.remove()], *allowed):
        logger.info("payout claimed", extra={"payout_id": payout_id})
    return True


def _check_day(payout: Payout) -> None:
    """Report a payout that its provider has not accepted by the end of its day, unless its organizer is waited for.

    The day is one of the event's time zone, which may end after that of UTC.
    """
    is_unsent = payout.status in (PayoutStatus.SCHEDULED, PayoutStatus.PROCESSING) and payout.accepted_at is None
    if not is_unsent or payout.waits_for in (PayoutWait.VERIFICATION, PayoutWait.BANK_ACCOUNT):
        return
    day, now = date.fromisoformat(payout.scheduled_for), clock.now()
    if now.date() <= day:
        return
    if timezones.local(now, payout_states.timezone_of(payout.event_id)).date() > day:
        # An alarm counts these lines.
        logger.error(OVERDUE, extra={"payout_id": payout.payout_id, "event_id": payout.event_id})


def _check_paid(payout: Payout) -> bool:
    """Look at a paid payout of which its provider said something; return whether it has bounced. Raises Unavailable."""
    sent = banks.named(str(payout.provider)).find(_key(payout, payout.attempt or 1))
    if sent is None or sent.status is not TransferStatus.FAILED:
        _try(payout, Payout.not_due())
        return False
    return _bounced(payout, sent)


def _bounced(payout: Payout, sent: Sent) -> bool:
    """Return a paid payout to the books, as failed; return whether this call did."""
    actions = [
        *payout_states.entering(payout, PayoutStatus.FAILED),
        Payout.failure_reason.set(sent.failure_reason or "bounced"),
        Payout.accepted_at.remove(),
        Payout.paid_at.remove(),
        Payout.reference.remove(),
    ]
    back = _posted(
        payout, "bounced", account_names.clearing(str(payout.provider)), account_names.payable(payout.organizer_id)
    )
    owed_again = settlements.pending(payout.organizer_id, payout.net, payout.currency)
    if not _try(payout, actions, *back, owed_again):
        return False  # another delivery recorded it
    ids = {"payout_id": payout.payout_id, "event_id": payout.event_id, "attempt": payout.attempt}
    # An alarm counts these lines.
    logger.error("payout bounced", extra={**ids, "reason": sent.failure_reason})
    return True


def _look_again(payout_id: str) -> None:
    """Keep a payout that is still in process in the sweep."""
    payout = payout_states.get(payout_id)
    if payout.status == PayoutStatus.PROCESSING:
        _try(payout, payout_states.entering(payout, PayoutStatus.PROCESSING, due=clock.now() + _PENDING))


def _waits_for(organizer_id: str) -> PayoutWait | None:
    """Return what an organizer lacks to be paid, or None."""
    account, profile = keys.access.account(organizer_id), keys.organizers.profile(organizer_id)
    found = operations.get_many([account, profile])
    known, details = found.get(account), found.get(profile)
    if not isinstance(known, Account) or known.verified_at is None:
        return PayoutWait.VERIFICATION
    if not isinstance(details, OrganizerProfile) or details.bank_account is None:
        return PayoutWait.BANK_ACCOUNT
    return None


def pay(payout_id: str) -> bool:
    """Send a claimed payout to its provider, record what became of it, and return whether this call did that.

    Idempotent, also concurrently. Raises Unavailable.
    """
    payout = operations.get(keys.money.payout(payout_id))
    if payout is None or payout.status != PayoutStatus.PROCESSING:
        return False
    bank = banks.named(str(payout.provider))
    try:
        sent = _earlier(bank, payout) or _sent(bank, payout)
    except BalanceTooLow:
        logger.warning("payout waits for the provider's balance", extra={"payout_id": payout_id})
        return _wait_for(payout, PayoutWait.PROVIDER_BALANCE)
    except Declined as declined:
        return _record(payout, Sent(reference="", status=TransferStatus.FAILED, failure_reason=declined.code))
    if sent is None:
        return _wait_for(payout, PayoutWait.BANK_ACCOUNT)
    return _record(payout, sent)


def _wait_for(payout: Payout, what: PayoutWait) -> bool:
    """Schedule a claimed payout of which nothing was sent again, and return whether this call did."""
    waiting = payout_states.entering(payout, PayoutStatus.SCHEDULED, due=clock.now() + _WAIT)
    return _try(payout, [*waiting, Payout.waits_for.set(what)])


def _sent(bank: Bank, payout: Payout) -> Sent | None:
    """Send this attempt, and return what became of it; None where the organizer took the bank account away before.

    Raises Unavailable, Declined, BalanceTooLow.
    """
    profile = operations.get(keys.organizers.profile(payout.organizer_id))
    if profile is None or profile.bank_account is None:
        # The answer to an earlier message may have been lost.
        return bank.find(_key(payout, payout.attempt or 1))
    return bank.send(_transfer(payout, bank, profile))


def _earlier(bank: Bank, payout: Payout) -> Sent | None:
    """Return the transfer of this payout that exists and has not failed, of any attempt."""
    for attempt in range(1, (payout.attempt or 1) + 1):
        if attempt == payout.attempt and payout.accepted_at is None:
            continue  # sending it again returns it
        found = bank.find(_key(payout, attempt))
        if found is not None and (found.status is not TransferStatus.FAILED or attempt == payout.attempt):
            return found
    return None


def _key(payout: Payout, attempt: int) -> str:
    """Return the provider's idempotency key: the payout's id, and its attempt from the second on."""
    return payout.payout_id if attempt == 1 else f"{payout.payout_id}.{attempt}"


def _transfer(payout: Payout, bank: Bank, profile: OrganizerProfile) -> Transfer:
    """Return what to send. Raises Unavailable, Declined."""
    text = encryption.open_sealed(payout.organizer_id, "bank_account", bytes(profile.bank_account))
    account = json.loads(text)
    return Transfer(
        key=_key(payout, payout.attempt or 1),
        amount=payout.net,
        currency=payout.currency,
        holder=account["title"],
        iban=account["iban"],
        reference=payout.invoice_number,
        receiver=_receiver(payout, bank, profile, account),
    )


def _receiver(payout: Payout, bank: Bank, profile: OrganizerProfile, account: Mapping[str, str]) -> str | None:
    """Return the provider's id of the organizer's bank account; a changed account gets another. Raises Declined."""
    sealed = hashlib.sha256(bytes(profile.bank_account)).hexdigest()
    known_as = f"{payout.provider}/{sealed}"
    if profile.receiver_of == known_as:
        return str(profile.receiver)
    payee = Payee(f"{payout.organizer_id}/{sealed}", account["title"], account["iban"], payout.currency)
    receiver = bank.receiver(payee)
    if receiver is None:
        return None
    same = OrganizerProfile.bank_account == bytes(profile.bank_account)
    stored = [OrganizerProfile.receiver.set(receiver), OrganizerProfile.receiver_of.set(known_as)]
    try:
        operations.record(operations.change(keys.organizers.profile(payout.organizer_id), stored, same))
    except operations.ConditionFailed as failure:
        raise Unavailable("The bank account was just changed.", retry_after=1) from failure
    return receiver


def _record(payout: Payout, sent: Sent) -> bool:
    """Record what became of a transfer with its journals, and return whether that changed anything."""
    actions: list[Action] = []
    writes: list[Write] = []
    is_accepted = payout.accepted_at is not None
    has_failed = sent.status is TransferStatus.FAILED
    if not is_accepted and not has_failed:
        actions += [Payout.accepted_at.set(clock.now()), Payout.reference.set(sent.reference)]
        writes += _posted(payout, "accepted", account_names.payable(payout.organizer_id), _transit(payout))
    if sent.status is TransferStatus.PENDING:
        if is_accepted:
            return False
        actions += payout_states.entering(payout, PayoutStatus.PROCESSING, due=clock.now() + _PENDING)
    elif has_failed:
        actions += payout_states.entering(payout, PayoutStatus.FAILED)
        actions += [Payout.failure_reason.set(sent.failure_reason or "unknown"), Payout.accepted_at.remove()]
        if is_accepted:
            actions.append(Payout.reference.remove())
            writes += _posted(payout, "returned", _transit(payout), account_names.payable(payout.organizer_id))
    else:
        actions += [*payout_states.entering(payout, PayoutStatus.PAID), Payout.paid_at.set(clock.now())]
        actions.append(Payout.failure_reason.remove())
        writes += _posted(payout, "paid", _transit(payout), account_names.clearing(str(payout.provider)))
        writes.append(settlements.pending(payout.organizer_id, -payout.net, payout.currency))
    if not _try(payout, actions, *writes):
        return False  # another delivery recorded the same transfer
    ids = {"payout_id": payout.payout_id, "event_id": payout.event_id, "attempt": payout.attempt}
    logger.info(SENT, extra={**ids, "result": sent.status.value})
    return True


def _transit(payout: Payout) -> str:
    return account_names.in_transit(str(payout.provider))


def _posted(payout: Payout, what: str, source: str, target: str) -> list[Write]:
    return journals.post(
        journals.Movement(
            f"jrn_payout_{payout.payout_id}_{payout.attempt}_{what}",
            type=f"payout_{what}",
            currency=payout.currency,
            entries=[Posting(source, -payout.net), Posting(target, payout.net)],
            references={
                "payout_id": payout.payout_id,
                "payout_key": _key(payout, payout.attempt or 1),
                "event_id": payout.event_id,
                "organizer_id": payout.organizer_id,
            },
        )
    )


def _try(payout: Payout, actions: Sequence[Action], *writes: Write) -> bool:
    """Change a payout that is as it was read, and return whether it was."""
    try:
        operations.commit(payout_states.change(payout, actions), *writes)
    except operations.ConditionFailed:
        return False
    return True


@follows(*every(Payout))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Publish the payouts that were claimed, so that the worker pays them."""
    return [
        Published(
            fact=Fact.PAYOUT_DUE,
            fact_id=f"{payout.payout_id}/{payout.attempt}",
            occurred_at=clock.now(),
            ids={"payout_id": payout.payout_id},
        )
        for payout in that_became(changes, Payout, PayoutStatus.PROCESSING)
    ]
