"""Deeds of the payment provider and the bank: an honest one reports what it did, late, twice, out of order or never."""

from random import Random

from chalicelib import clock
from chalicelib.clients.providers import Move, MoveKind, MoveWord, OutcomeStatus
from chalicelib.domain.payments import sandbox, sandbox_callbacks
from chalicelib.domain.payouts import sandbox_bank
from chalicelib.table import keys, operations
from chalicelib.table.items import Payment, SandboxCharge, SandboxDispute, SandboxPayout
from tests.domain.histories.world import World, one_of, require
from tests.support import payers

# Each of these is one way that a dispute goes.
_DISPUTES = (
    (MoveWord.OPENED, MoveWord.WITHDRAWN, MoveWord.LOST),
    (MoveWord.OPENED, MoveWord.WITHDRAWN, MoveWord.WON, MoveWord.REINSTATED),
    (MoveWord.OPENED, MoveWord.WON),
    (MoveWord.OPENED, MoveWord.WITHDRAWN, MoveWord.LOST, MoveWord.WON, MoveWord.REINSTATED),
    (MoveWord.OPENED, MoveWord.LOST),
)


def _charges(world: World) -> dict[str, SandboxCharge]:
    return {one.reference: one for one in world.store.all(SandboxCharge)}


def _paid(world: World, draw: Random) -> tuple[Payment, SandboxCharge] | None:
    charges = _charges(world)
    found = [
        (one, charges[one.provider_reference])
        for one in world.store.all(Payment)
        if one.provider_reference in charges and charges[one.provider_reference].status == "succeeded"
    ]
    return one_of(draw, found)  # type: ignore[type-var]


def _tell(world: World, raw: bytes) -> None:
    """Keep a callback; it is sent now or later."""
    if raw not in world.callbacks:
        world.callbacks.append(raw)


def deliver(world: World, draw: Random) -> None:
    """Send a callback, of now or of long ago, perhaps twice."""
    _note(world)
    for raw in draw.sample(world.callbacks, min(len(world.callbacks), draw.randint(1, 3))):
        for _ in range(draw.choice((1, 1, 2))):
            send(world, raw)


def report_all(world: World) -> None:
    """Send each callback that is outstanding, and each other one again."""
    _note(world)
    _end_disputes(world)
    for raw in reversed(world.callbacks):
        send(world, raw)


def _note(world: World) -> None:
    """Keep a callback for each charge that has ended."""
    charges = _charges(world)
    for payment in world.store.all(Payment):
        charge = charges.get(payment.provider_reference or "")
        if charge is not None and charge.status in ("succeeded", "failed"):
            status = OutcomeStatus(charge.status)
            _tell(world, payers.told(payment, status, event_id=f"sbe_{charge.status}_{payment.payment_id}"))


def send(world: World, raw: bytes) -> None:
    """Send a callback, which is taken."""
    signature = sandbox_callbacks.sign(raw, at=int(clock.now().timestamp()))
    headers = {"gatehouse-signature": signature}
    answer = world.send("POST", "/api/v1/payments/webhook/", raw=raw, token=None, headers=headers)
    require(answer.status == 200, "a callback is taken", raw, answer.text)


def pay_at_its_page(world: World, draw: Random) -> None:
    """Let a customer pay, or fail to, at the provider's own page."""
    waiting = [one for one in _charges(world).values() if one.status in ("open", "acting")]
    payments = {one.provider_reference for one in world.store.all(Payment)}
    charge = one_of(draw, [one for one in waiting if one.reference in payments])
    if charge:
        charge.status = draw.choice(("succeeded", "succeeded", "failed"))
        if charge.status == "succeeded":
            charge.put_in_gsi2(keys.reconciliation.sandbox_day(clock.now().date().isoformat(), charge.reference))
        operations.record(operations.put(charge))


def dispute(world: World, draw: Random) -> None:
    """Open a dispute of a charge, or say the next words of one; they arrive in any order."""
    if (found := _paid(world, draw)) is None:
        return
    payment, charge = found
    left = charge.amount - int(charge.refunded or 0)
    known = _dispute_of(world, charge)
    if known is None and left <= 0:
        return
    amount = int(known.amount or 0) if known else draw.choice((left, left, max(1, left // 3)))
    for raw in _say(world, payment, known, amount, most=draw.choice((1, 2))):
        if draw.random() < 0.8:
            send(world, raw)


def _dispute_of(world: World, charge: SandboxCharge) -> SandboxDispute | None:
    return next((one for one in world.store.all(SandboxDispute) if one.charge == charge.reference), None)


def _say(world: World, payment: Payment, known: SandboxDispute | None, amount: int, *, most: int) -> list[bytes]:
    """Keep callbacks for the next words of a dispute, and return them."""
    reference, charge = f"dp_{payment.payment_id[4:]}", str(payment.provider_reference)
    # It goes the same way until its end.
    is_given_up = known is not None and known.answer == "accept"
    words = _DISPUTES[0 if is_given_up else sum(payment.payment_id.encode()) % len(_DISPUTES)]
    said = len([raw for raw in world.callbacks if reference.encode() in raw])
    told = []
    for word in words[said : said + most]:
        move = Move(reference, MoveKind.DISPUTE, amount, payment.currency, (word,))
        event_id = f"sbe_{reference}_{word}"
        told.append(sandbox_callbacks.moved(payment.payment_id, charge, move, event_id=event_id))
        _tell(world, told[-1])
    return told


def _end_disputes(world: World) -> None:
    """Let each dispute come to its end."""
    charges = _charges(world)
    for payment in world.store.all(Payment):
        charge = charges.get(payment.provider_reference or "")
        known = _dispute_of(world, charge) if charge else None
        if known is not None:
            _say(world, payment, known, int(known.amount or 0), most=len(MoveWord))


def refund_by_hand(world: World, draw: Random) -> None:
    """Refund a charge on the provider's own pages, in part or in full, and report it."""
    if (found := _paid(world, draw)) is None:
        return
    payment, charge = found
    left = charge.amount - int(charge.refunded or 0)
    disputed = any(one.charge == charge.reference for one in world.store.all(SandboxDispute))
    if left <= 0 or disputed:
        return
    amount, key = draw.choice((left, max(1, left // 2))), f"hand{world.number()}"
    move = sandbox.Sandbox().refund(charge.reference, amount=amount, currency=charge.currency, key=key)
    hand = Move(move.reference, MoveKind.REFUND, amount, charge.currency, (MoveWord.SUCCEEDED,))
    _tell(world, sandbox_callbacks.moved(payment.payment_id, charge.reference, hand, event_id=f"sbe_{key}"))
    send(world, world.callbacks[-1])


def fail_refund(world: World, draw: Random) -> None:
    """Report that a refund could not be delivered."""
    charges = _charges(world)
    found = [
        (payment, reference, move)
        for payment in world.store.all(Payment)
        for reference, move in (payment.moves or {}).items()
        if move["kind"] == "refund" and move.get("key") and payment.provider_reference in charges
    ]
    if not found:
        return
    payment, reference, made = draw.choice(found)
    move = Move(reference, MoveKind.REFUND, int(made["amount"]), payment.currency, (MoveWord.FAILED,), made["key"])
    raw = sandbox_callbacks.moved(
        payment.payment_id, str(payment.provider_reference), move, event_id=f"sbe_failed_{reference}"
    )
    _tell(world, raw)
    send(world, raw)


def bounce(world: World, draw: Random) -> None:
    """Send a transfer to an organizer back, and report it."""
    if sent := one_of(draw, [one for one in world.store.all(SandboxPayout) if one.status == "paid"]):
        sandbox_bank.bounce(sent.key)
        _tell(world, payers.told_of_payout(sent.key))
        send(world, world.callbacks[-1])
