"""The sandbox provider: charges no money, and keeps its own records in the table as a real provider would.

The customer's token selects the result. `tok_ok` (the default) succeeds, `tok_declined` is declined, and
`tok_timeout` succeeds but loses its first response. `tok_3ds` asks its owner to act first, and succeeds when it is
confirmed again. Its callbacks are in `sandbox_callbacks`.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from pydantic import ValidationError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.providers import (
    Charge,
    Declined,
    ListedMoney,
    ListedPage,
    MoneyKind,
    Move,
    MoveKind,
    MoveWord,
    NextAction,
    Notice,
    Opened,
    Outcome,
    OutcomeStatus,
    OutOfFunds,
    TransferStatus,
)
from chalicelib.domain.payments import sandbox_callbacks
from chalicelib.domain.payments.sandbox_callbacks import (
    FAILED_KIND,
    MOVES,
    PAYOUT_KIND,
    SIGNATURE_HEADER,
    SUCCEEDED_KIND,
    SandboxCallback,
)
from chalicelib.errors import BadSignature, Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Item, SandboxCharge, SandboxDispute, SandboxFunds, SandboxPayout, SandboxRefund
from chalicelib.table.places import Key, Place
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.payments import DisputeAnswer

NAME = "sandbox"
OK, DECLINED, TIMEOUT, CHALLENGED = "tok_ok", "tok_declined", "tok_timeout", "tok_3ds"
TOKENS = (OK, DECLINED, TIMEOUT, CHALLENGED)
# The position of the balance in the transaction of a refund.
_FUNDS_AT = 2
_OPEN, _SUCCEEDED, _FAILED, _CANCELED = "open", "succeeded", "failed", "canceled"
# Its owner must act at the bank; the next confirmation says that they did.
_ACTING = "acting"
_LISTED_AT_ONCE = 100
_UNPAID = (_OPEN, _ACTING)


class Sandbox:
    """The provider `sandbox`."""

    def names_saved_method(self, token: str) -> bool:  # noqa: ARG002  # the Protocol's signature
        """Return False: its tokens are words that all customers share."""
        return False

    def forget_method(self, token: str) -> None:
        """Keep everything: it has no saved means of payment, only words that all customers share."""

    def create(self, charge: Charge) -> Opened:
        """Open a charge; idempotent per payment. Raises Declined for an unknown token."""
        if charge.token not in (None, *TOKENS):
            raise Declined("unknown_token")
        reference = f"sbx_{charge.payment_id.removeprefix('pay_')}"
        item = SandboxCharge(
            *keys.money.sandbox_charge(reference),
            reference=reference,
            amount=charge.amount,
            currency=charge.currency,
            token=charge.token or OK,
            status=_OPEN,
        )
        with suppress(operations.ConditionFailed):  # this payment's charge is open already
            operations.record(operations.put(item, SandboxCharge.pk.does_not_exist()))
        return Opened(reference=reference, client_secret=_client_secret(reference))

    def confirm(self, charge: Charge, reference: str) -> Outcome:
        """Complete an open charge as its token says. Raises Declined, Unavailable (`tok_timeout`)."""
        book = _book(reference)
        if book.status not in _UNPAID:
            return _outcome(book)
        if not _close(reference, _next(book, charge), was=book):
            return _outcome(_book(reference))
        if book.token == TIMEOUT:
            raise Unavailable("The payment provider did not answer in time. Try again.", retry_after=1)
        return _outcome(_book(reference))

    def retrieve(self, reference: str) -> Outcome:
        """Return the outcome of a charge. Raises Declined for an unknown reference."""
        return _outcome(_book(reference))

    def cancel(self, reference: str) -> Outcome:
        """Cancel a charge if it is open, and return its outcome. Raises Declined for an unknown reference."""
        book = _book(reference)
        if book.status in _UNPAID:
            _close(reference, _CANCELED, was=book)
        return _outcome(_book(reference))

    def refund(self, reference: str, *, amount: int, currency: str, key: str) -> Move:
        """Refund an amount once per `key`, and return the refund.

        Raises Declined if the refunds would exceed the charge, or if it never succeeded.
        """
        of_charge, of_funds = keys.money.sandbox_charge(reference), keys.money.sandbox_funds(currency)
        known = operations.get_many((of_charge, of_funds))
        book = known.get(of_charge)
        if not isinstance(book, SandboxCharge):
            raise Declined("no_such_charge")
        given_back = [SandboxCharge.refunded.add(amount), SandboxCharge.refunds.add({key})]
        unless_more = (
            (SandboxCharge.status == _SUCCEEDED)
            & ~SandboxCharge.refunds.contains(key)
            & (SandboxCharge.refunded <= book.amount - amount)
        )
        made = SandboxRefund(
            *keys.reconciliation.sandbox_refund(f"{reference}/{key}"),
            gsi2=_today(f"{reference}/{key}"),
            reference=f"{reference}/{key}",
            charge=reference,
            amount=amount,
            currency=currency,
        )
        taken = [SandboxFunds.amount.add(-amount)]
        # Last, so that a repeat after the balance ran out is still known as one.
        paid = [operations.change(of_funds, taken, _enough(amount))] if of_funds in known else []
        try:
            operations.commit(
                operations.change(of_charge, given_back, unless_more),
                operations.put(made),
                *paid,
            )
        except operations.ConditionFailed as failure:
            found = failure.found(SandboxCharge) or book
            if failure.failures.keys() == {_FUNDS_AT}:
                raise OutOfFunds("balance_insufficient") from failure
            if key not in (found.refunds or ()):
                raise Declined("charge_already_refunded") from failure
        return Move(
            reference=f"{reference}/{key}",
            kind=MoveKind.REFUND,
            amount=amount,
            currency=currency,
            words=(MoveWord.SUCCEEDED,),
            key=key,
        )

    def accept_dispute(self, reference: str, *, amount: int, currency: str) -> Move:
        """Give up a dispute: its amount is taken, and it is lost. Raises Declined where it was contested."""
        _answered(reference, DisputeAnswer.ACCEPT)
        return Move(reference, MoveKind.DISPUTE, amount, currency, (MoveWord.OPENED, MoveWord.LOST))

    def contest_dispute(self, reference: str, *, evidence: str, key: str) -> None:  # noqa: ARG002  # the Protocol's
        """Store that a dispute is contested. Raises Declined where it was accepted."""
        _answered(reference, DisputeAnswer.CONTEST)

    def listed(self, day: date, after: str | None) -> ListedPage:
        """Return the next movements of a day, by its partitions."""
        shard, _, last = (after or "0:").partition(":")
        partitions = keys.reconciliation.sandbox_partitions(day.isoformat())
        where = Between(f"{last}!", "~") if last else None
        raws = operations.query(partitions[int(shard)], where, index="gsi2", limit=_LISTED_AT_ONCE)
        items = operations.get_many(operations.places_of(Item, raws))
        found = tuple(_listed(item) for item in items.values())
        if len(raws) == _LISTED_AT_ONCE:
            return ListedPage(found, f"{shard}:{raws[-1]['gsi2sk']['S']}")
        following = int(shard) + 1
        return ListedPage(found, f"{following}:" if following < len(partitions) else None)

    def found(self, reference: str, kind: MoneyKind) -> ListedMoney | None:
        """Return one movement."""
        place: Place[Any]
        match kind:
            case MoneyKind.CHARGE:
                place = keys.money.sandbox_charge(reference)
            case MoneyKind.REFUND:
                place = keys.reconciliation.sandbox_refund(reference)
            case MoneyKind.DISPUTE:
                place = keys.disputes.sandbox_dispute(reference)
            case MoneyKind.PAYOUT:
                place = keys.money.sandbox_payout(reference)
        item = operations.get(place)
        return _listed(item) if item is not None else None

    def balance(self, currency: str) -> int | None:
        """Return what `set_balance` left it, or None while nobody has set a balance."""
        funds = operations.get(keys.money.sandbox_funds(currency))
        return funds.amount if funds else None

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> Notice:
        """Verify a callback's signature and return its content. Raises BadSignature."""
        sandbox_callbacks.require_signature(raw, headers.get(SIGNATURE_HEADER) or "")
        try:
            said = SandboxCallback.model_validate_json(raw)
        except ValidationError as error:
            raise BadSignature("The body is signed, but it is no callback.") from error
        statuses = {SUCCEEDED_KIND: OutcomeStatus.SUCCEEDED, FAILED_KIND: OutcomeStatus.FAILED}
        if said.type == PAYOUT_KIND:
            return Notice(event_id=said.id, payout_key=said.reference)
        if said.type in MOVES:
            kind, word = MOVES[said.type]
            move = Move(said.move_reference, kind, said.amount, said.currency, (word,), said.refund_key, said.made_on)
            if kind is MoveKind.DISPUTE:
                _record_dispute(said.reference, move)
            elif word is MoveWord.FAILED and move.key is not None:
                _record_failed_refund(said.reference, move)
            return Notice(event_id=said.id, payment_id=said.payment_id, charge=said.reference, moves=(move,))
        if said.type not in statuses:
            return Notice(event_id=said.id, unknown="other")
        outcome = Outcome(
            reference=said.reference,
            status=statuses[said.type],
            amount=said.amount,
            currency=said.currency,
            failure_reason=said.failure_reason,
            is_closed=True,
        )
        return Notice(event_id=said.id, payment_id=said.payment_id, outcome=outcome)


def _enough(amount: int) -> Condition:
    enough: Condition = SandboxFunds.amount >= amount
    return enough


def set_balance(currency: str, amount: int | None) -> None:
    """Set the balance that refunds are paid from, in minor units, or lift the limit with None. For tests and demos."""
    place = keys.money.sandbox_funds(currency)
    if amount is None:
        operations.record(operations.remove(place))
    else:
        operations.record(operations.put(SandboxFunds(*place, amount=amount)))


def _answered(reference: str, answer: DisputeAnswer) -> None:
    as_before = SandboxDispute.answer.does_not_exist() | (SandboxDispute.answer == answer)
    given = [SandboxDispute.kind.set(SandboxDispute), SandboxDispute.answer.set(answer)]
    try:
        operations.record(operations.change(keys.disputes.sandbox_dispute(reference), given, as_before))
    except operations.ConditionFailed as failure:
        raise Declined("dispute_answered") from failure


def _record_dispute(charge: str, move: Move) -> None:
    """Record a dispute that a callback reports: its list is what the sandbox has said."""
    listed = _today(move.reference)
    said: list[Action] = [
        SandboxDispute.kind.set(SandboxDispute),
        SandboxDispute.reference.set(move.reference),
        SandboxDispute.charge.set(charge),
        SandboxDispute.amount.set(move.amount),
        SandboxDispute.currency.set(move.currency),
        SandboxDispute.words.add({word.value for word in move.words}),
        SandboxDispute.gsi2pk.set(SandboxDispute.gsi2pk | listed.pk),
        SandboxDispute.gsi2sk.set(SandboxDispute.gsi2sk | listed.sk),
    ]
    operations.record(operations.change(keys.disputes.sandbox_dispute(move.reference), said))


def _record_failed_refund(charge: str, move: Move) -> None:
    """Record that a refund was not delivered: its money is back on the charge, which another one may return."""
    back = [SandboxCharge.refunded.add(-move.amount), SandboxCharge.refunds.delete({move.key})]
    made = keys.reconciliation.sandbox_refund(f"{charge}/{move.key}")
    with suppress(operations.ConditionFailed):  # it was reported before
        operations.commit(
            operations.change(keys.money.sandbox_charge(charge), back, SandboxCharge.refunds.contains(move.key)),
            operations.change(made, [SandboxRefund.has_failed.set(True)], SandboxRefund.pk.exists()),
        )


def _book(reference: str) -> SandboxCharge:
    book = operations.get(keys.money.sandbox_charge(reference))
    if book is None:
        raise Declined("no_such_charge")
    return book


def _next(book: SandboxCharge, charge: Charge) -> str:
    """Return the status that a confirmation gives an unpaid charge; an owner who is away cannot act at the bank."""
    if book.token == DECLINED or (book.token == CHALLENGED and charge.is_owner_away):
        return _FAILED
    return _ACTING if book.token == CHALLENGED and book.status == _OPEN else _SUCCEEDED


def _close(reference: str, status: str, *, was: SandboxCharge) -> bool:
    """Move an unpaid charge to another status, and return whether this call did it."""
    try:
        operations.record(
            operations.change(
                keys.money.sandbox_charge(reference),
                [SandboxCharge.status.set(status), *(Item.in_gsi2(_today(reference)) if status == _SUCCEEDED else [])],
                SandboxCharge.status == was.status,
            )
        )
    except operations.ConditionFailed:
        return False
    return True


def _outcome(book: SandboxCharge) -> Outcome:
    statuses = {
        _OPEN: OutcomeStatus.PENDING,
        _ACTING: OutcomeStatus.PENDING,
        _SUCCEEDED: OutcomeStatus.SUCCEEDED,
    }
    reasons, is_acting = {_FAILED: "card_declined", _CANCELED: "canceled"}, book.status == _ACTING
    return Outcome(
        reference=book.reference,
        status=statuses.get(book.status, OutcomeStatus.FAILED),
        amount=book.amount,
        currency=book.currency,
        failure_reason=reasons.get(book.status),
        is_closed=book.status not in _UNPAID,
        action=NextAction("confirm_again", client_secret=_client_secret(book.reference)) if is_acting else None,
    )


def _today(reference: str) -> Key:
    return keys.reconciliation.sandbox_day(clock.now().date().isoformat(), reference)


def _listed(item: Item) -> ListedMoney:
    match item:
        case SandboxRefund():
            paid = _payment_of(item.charge)
            status = OutcomeStatus.FAILED if item.has_failed else OutcomeStatus.SUCCEEDED
            return ListedMoney(item.reference, MoneyKind.REFUND, paid, item.amount, item.currency, status)
        case SandboxDispute():
            reference, amount, paid = str(item.reference), int(item.amount or 0), _payment_of(str(item.charge))
            return ListedMoney(reference, MoneyKind.DISPUTE, paid, amount, str(item.currency), _standing(item))
        case SandboxPayout():
            has_failed = item.status == TransferStatus.FAILED
            status = OutcomeStatus.FAILED if has_failed else OutcomeStatus.SUCCEEDED
            return ListedMoney(item.key, MoneyKind.PAYOUT, None, item.amount, item.currency, status)
        case SandboxCharge():
            book = _outcome(item)
            paid = _payment_of(book.reference)
            return ListedMoney(book.reference, MoneyKind.CHARGE, paid, book.amount, book.currency, book.status)
    raise TypeError(type(item).__name__)


def _standing(dispute: SandboxDispute) -> OutcomeStatus:
    words = dispute.words or set()
    if MoveWord.WON in words:
        return OutcomeStatus.FAILED
    return OutcomeStatus.SUCCEEDED if MoveWord.LOST in words else OutcomeStatus.PENDING


def _payment_of(charge: str) -> str:
    """Return the payment that a charge was opened for; one that was charged again ends in a dot and a number."""
    return f"pay_{charge.removeprefix('sbx_').partition('.')[0]}"


def _client_secret(reference: str) -> str:
    return f"{reference}_secret"
